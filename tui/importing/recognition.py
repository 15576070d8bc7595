"""Finding out what a text or file is, and who reads it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from core.wording import json_fault
from tui.importing.curl_source import read_curl
from tui.importing.drafts import ImportRefused, Source, WholeManifest
from tui.importing.folders import read_folder
from tui.importing.har import read_har_material
from tui.importing.material import Material, material_of, read_material
from tui.importing.openapi import read_openapi
from tui.importing.pip_download import Progress
from tui.importing.postman import read_postman
from tui.importing.published import package_in, published, read_wheel

Reader = Callable[[Material], Source | WholeManifest | None]
"""Reads what it knows; None when it is something else. Raises ImportRefused when it knows it, and can't use it."""

READERS: tuple[Reader, ...] = (read_wheel, read_folder, read_openapi, read_har_material, read_postman, read_curl)
"""In the order in which they are asked. They run in a thread, and may take seconds."""

DOCUMENTS: tuple[Reader, ...] = (read_openapi, read_har_material, read_postman)
"""Those whose documents may be taken for manifests."""

_OWN = "DeclarativeSource"
"""The type of manifests; a text without it is looked at more closely."""


@contextmanager
def readable() -> Iterator[None]:
    """Refuse what is not built as it is to be, instead of raising all that comes of it."""
    try:
        yield
    except ImportRefused:
        raise
    except (TypeError, ValueError, LookupError, AttributeError, RecursionError):
        raise ImportRefused("It can't be used: a part of it is not as it is to be in such a document.") from None


async def find(text: str, progress: Progress) -> Source | WholeManifest:
    """What was typed or pasted: itself, or what it names, which is a path or a published connector.

    Reading is done in a thread; connectors are downloaded. Raises ImportRefused.
    """
    material = await asyncio.to_thread(material_of, text)
    package = package_in(text) if material.path is None else None
    return await (asyncio.to_thread(recognise, material) if package is None else published(package, progress))


def recognise(material: Material) -> Source | WholeManifest:
    """What was given, as something to take streams or a manifest from. Raises ImportRefused."""
    for reader in READERS:
        with readable():
            found = reader(material)
        if found is not None:
            return found
    if material.mapping.get("type") == _OWN or {"streams", "check"} <= material.mapping.keys():
        name = material.path.name if material.path is not None else "Pasted manifest"
        return WholeManifest(name, material.text, path=material.path)
    raise ImportRefused(f"This is nothing that Longhaul can begin from.{_fault(material.text)}")


def is_foreign(path: Path) -> bool:
    """Whether a file is no manifest, but a document of another tool that a manifest can begin from."""
    try:
        material = read_material(path)
        if _OWN in material.text or not material.mapping:
            return False
    except ImportRefused:
        return False
    try:
        with readable():
            return any(reader(material) is not None for reader in DOCUMENTS)
    except ImportRefused:  # it was recognised, and can't be used
        return True


def _fault(text: str) -> str:
    """A sentence about a text that begins as JSON does and is not: part of it may be missing."""
    if text.lstrip().startswith(("{", "[")):
        try:
            json.loads(text)
        except json.JSONDecodeError as error:
            return f" As JSON it can't be read: {json_fault(error)}."
        except RecursionError:
            pass
    return ""
