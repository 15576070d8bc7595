"""What is put around a stream that stands by itself: a condition, or a choice between two ways of reading it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from core.manifest.links import copied_with_references, is_below, reference_to
from core.manifest.problems import Path
from tui.model.editor import ManifestEditor

_ALWAYS = "{{ true }}"
"""A condition that leaves everything as it is until somebody writes another one."""
INCREMENTAL = "incremental_stream"
_FULL = "full_refresh_stream"


def put_below_condition(editor: ManifestEditor, path: Path) -> Path:
    """Put the stream at a path below a condition, which holds as yet; what refers to it goes on doing so. Returns the
    path of the stream.
    """
    around = {"type": "ConditionalStreams", "condition": _ALWAYS}
    _put_around(editor, path, ("streams", 0), lambda stream: {**around, "streams": [stream]}, is_one=False)
    return (*path, "streams", 0)


def read_in_two_ways(editor: ManifestEditor, path: Path) -> Path:
    """Let the stream at a path be how everything is read, and a copy of it how changes are. What refers to it as a
    whole refers to both then. Returns the path of the copy.
    """
    name = (editor.value(path) or {}).get("name", "")
    _put_around(
        editor,
        path,
        (_FULL,),
        lambda stream: {"type": "StateDelegatingStream", "name": name, _FULL: stream},
        is_one=True,
    )
    editor.set((*path, INCREMENTAL), _own_copy(editor, path))
    return (*path, INCREMENTAL)


def _own_copy(editor: ManifestEditor, path: Path) -> Any:
    """A copy of the stream that everything is read with; references inside of it lead to the copy's own parts."""
    full, copy = (*path, _FULL), (*path, INCREMENTAL)
    written = editor.view.unwrapped(full)

    def moved(place: Path) -> Path:
        return (*copy, *place[len(full) :]) if is_below(place, full) else place

    return copied_with_references(editor.document.root, written, moved)


def _put_around(
    editor: ManifestEditor, path: Path, below: Path, wrapped: Callable[[Any], Mapping[str, Any]], *, is_one: bool
) -> None:
    """Put something around the stream at a path, in which the stream is `below`; `is_one`: references to the stream
    lead to what is around it then.

    It is made at the end of the list and takes the place of the stream once all references lead there: removing the
    stream first would write it out wherever it is referred to.
    """
    document, (*above, index) = editor.document, path
    end = len(document.get(tuple(above)))
    outer: Path = (*above, end)
    inner = (*outer, *below)

    def moved(place: Path) -> Path:
        if place == path and is_one:
            return outer
        return (*inner, *place[len(path) :]) if is_below(place, path) else place

    stream = copied_with_references(document.root, document.get(document.slot(path)), moved)
    leading = [link for link in document.links if link.target is not None and is_below(link.target, path)]
    editor.insert(tuple(above), end, wrapped(stream))
    for link in leading:
        if not is_below(link.path, path):
            editor.write(link.path, reference_to(moved(link.target or ())))
    editor.remove(path)
    editor.move(tuple(above), end - 1, int(index))
