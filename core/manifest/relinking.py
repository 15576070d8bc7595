"""Keeping references right through edits: they follow what moves, and are written out where what they lead to goes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from core.manifest.editing import Edit, Editor
from core.manifest.links import Moved, at, carried, check_circles, exists, is_below, links, reference_to, target_of
from core.manifest.problems import Path


def unmoved(place: Path) -> Path:
    """Where places are after a value was written: where they were, as far as they exist."""
    return place


def erased(path: Path) -> Moved:
    """Where places are after a key or a list's item was removed."""
    if isinstance(path[-1], int):
        return removed(path[:-1], path[-1])
    return lambda place: None if is_below(place, path) else place


def renamed(path: Path, key: str) -> Moved:
    """Where places are after a key got another name."""
    return lambda place: (*path[:-1], key, *place[len(path) :]) if is_below(place, path) else place


def inserted(path: Path, index: int) -> Moved:
    """Where places are after an item was put into the list at a path."""
    return _renumbered(path, lambda number: number + (number >= index))


def removed(path: Path, index: int) -> Moved:
    """Where places are after an item was taken out of the list at a path."""
    return _renumbered(path, lambda number: None if number == index else number - (number > index))


def moved(path: Path, start: int, end: int) -> Moved:
    """Where places are after an item of the list at a path was moved."""

    def new(number: int) -> int:
        if number == start:
            return end
        return number - (start < number <= end) + (end <= number < start)

    return _renumbered(path, new)


def _renumbered(path: Path, new: Callable[[int], int | None]) -> Moved:
    depth = len(path)

    def where(place: Path) -> Path | None:
        if place[:depth] != path or len(place) == depth or not isinstance(place[depth], int):
            return place
        number = new(int(place[depth]))
        return None if number is None else (*path, number, *place[depth + 1 :])

    return where


def relink(editor: Editor, edit: Edit, before: dict[str, Any], where: Moved) -> None:
    """Complete an edit that was just done to what was `before`, so that the references mean what they meant.

    `where` says where places are now. Raises CircleError when the edit makes a reference lead back to itself.
    """
    now = editor.value

    def there(place: Path) -> Path | None:
        new = where(place)
        return new if new is not None and exists(now, new) else None

    def leads(target: Path) -> Path | None:
        new = there(target)
        return new if new == target or (new is not None and target_of(now, reference_to(new)) == new) else None

    written_out: list[Path] = []
    for link in links(before):
        path = there(link.path)
        if link.target is None or path is None or at(now, path) != link.text:
            continue
        if any(is_below(path, place) for place in written_out):
            continue
        new = there(link.target)
        if new is not None and target_of(now, link.text) == new:
            continue
        if new is not None and target_of(now, reference_to(new)) == new:
            _write(editor, edit, path, reference_to(new))
        elif not is_below(link.path, link.target):
            place = path[: len(path) - len(link.path) + len(link.place)]
            _write(editor, edit, place, carried(before, at(before, link.place), leads))
            written_out.append(place)
    check_circles(before, editor.value)


def _write(editor: Editor, edit: Edit, path: Path, value: Any) -> None:
    done = editor.set(path, value)
    if done is not None:
        edit.join(done)
