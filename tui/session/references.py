"""References in the raw tree: where they are, and what becomes of them when the place they lead to moves or goes."""

from __future__ import annotations

from collections.abc import Iterator
from copy import deepcopy
from typing import Any

from core.manifest.document import Document
from core.manifest.problems import Path
from core.manifest.references import REF, is_reference, lookup


def references(value: Any, path: Path = ()) -> Iterator[tuple[Path, str]]:
    """Every reference in a raw tree: the raw path of its text, and the text."""
    if is_reference(value):
        yield path, value
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from references(item, (*path, key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from references(item, (*path, index))


def target_of(document: Document, reference: str) -> Path | None:
    """The raw path that a reference leads to, None when it leads nowhere."""
    try:
        return lookup(document.root, reference)
    except LookupError:
        return None


def users(document: Document, target: Path) -> list[Path]:
    """The raw places that are references to exactly this path: mappings with a `$ref`, or texts."""
    found = []
    for path, reference in references(document.root):
        if target_of(document, reference) == target:
            found.append(path[:-1] if path[-1] == REF else path)
    return found


def reference_to(target: Path) -> str:
    """The text of a reference to a raw path."""
    return "#/" + "/".join(map(str, target))


def dissolved(document: Document, raw: Path) -> Any:
    """What a reference at a raw path (a mapping with `$ref`, or a text) stands for, as a copy without it.

    References inside the copy stay.
    """
    written = document.get(raw)
    reference = written[REF] if isinstance(written, dict) else written
    target = target_of(document, reference)
    value = deepcopy(document.get(target)) if target is not None else None
    own = {key: deepcopy(item) for key, item in written.items() if key != REF} if isinstance(written, dict) else {}
    return {**value, **own} if isinstance(value, dict) else value
