"""Imports that are carried out: what is recognised is placed into a new manifest, which is read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from core.connector import load_connector
from core.manifest.document import Document
from core.reading import open_reader
from tests.support.reading import Told, no_wait
from tui.importing.drafts import Source, WholeManifest
from tui.importing.material import Material
from tui.importing.placing import Placed, place
from tui.importing.recognition import recognise
from tui.model.session import BuilderSession


def source_of(text: str) -> Source:
    """What a text is recognised as; it must not be a whole manifest."""
    found = recognise(Material(text))
    assert not isinstance(found, WholeManifest)
    return found


def imported(text: str, *keys: str) -> tuple[BuilderSession, Placed]:
    """A new session with the chosen offers of a text; with the recommended ones when none is named."""
    source = source_of(text)
    chosen = keys or tuple(offer.key for offer in source.offers() if offer.recommended)
    session = BuilderSession.new()
    return session, place(session, source.drafts(chosen))


async def read(session: BuilderSession, config: Mapping[str, Any] | None = None) -> dict[str, Told]:
    """Read all streams of a session with its test values."""
    loaded = load_connector(Document.parse(session.text))
    assert loaded.usable, "\n".join(map(str, loaded.problems))
    found = {}
    async with open_reader(loaded, {**session.values.config(), **(config or {})}, sleep=no_wait) as reader:
        for name in loaded.stream_names:
            found[name] = Told()
            async for event in reader.read(name):
                found[name].events.append(event)
    return found
