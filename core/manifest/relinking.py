"""Keeping references right through edits: they follow what moves, and are written out where what they lead to goes."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from core.manifest.editing import Edit, Editor
from core.manifest.links import (
    Link,
    Moved,
    at,
    carried,
    check_circles,
    exists,
    is_below,
    links,
    reference_to,
    target_of,
)
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


def relink(editor: Editor, edit: Edit, before: dict[str, Any], known: list[Link], where: Moved) -> None:
    """Complete an edit that was just done to what was `before`, with the references `known` in it, so that these mean
    what they meant.

    `where` says where places are now. Raises CircleError when the edit makes a reference lead back to itself.
    """
    concerned = [link for link in known if _is_concerned(link, edit, where)]
    if concerned:
        _Relinking(editor, edit, before, where).follow(concerned)
    if edit.adds_references or any(link.target is None for link in known):
        check_circles(known, links(editor.value))


def _is_concerned(link: Link, edit: Edit, where: Moved) -> bool:
    """Whether a reference may lead elsewhere now; one that counts from a list's end does whenever that moves."""
    if link.target is None:
        return False
    return where(link.target) != link.target or is_below(link.target, edit.path_before) or "/-" in link.text


class _Relinking:
    """Lets references follow, or write out, what they led to."""

    def __init__(self, editor: Editor, edit: Edit, before: dict[str, Any], where: Moved) -> None:
        self._editor = editor
        self._edit = edit
        self._before = before
        self._where = where
        self._now = editor.value

    def follow(self, concerned: Iterable[Link]) -> None:
        written_out: list[Path] = []
        for link in concerned:
            path = self._there(link.path)
            is_left = path is not None and at(self._now, path) == link.text
            if path is None or not is_left or any(is_below(path, place) for place in written_out):
                continue
            assert link.target is not None
            new = self._there(link.target)
            if new is not None and target_of(self._now, link.text) == new:
                continue
            if new is not None and target_of(self._now, reference_to(new)) == new:
                self._write(path, reference_to(new))
            elif not is_below(link.path, link.target):
                place = path[: len(path) - len(link.path) + len(link.place)]
                self._write(place, carried(self._before, at(self._before, link.place), self._leads))
                written_out.append(place)

    def _there(self, place: Path) -> Path | None:
        new = self._where(place)
        return new if new is not None and exists(self._now, new) else None

    def _leads(self, target: Path) -> Path | None:
        """Where a place is that a reference can name."""
        new = self._there(target)
        return new if new == target or (new is not None and target_of(self._now, reference_to(new)) == new) else None

    def _write(self, path: Path, value: Any) -> None:
        done = self._editor.set(path, value)
        if done is not None:
            self._edit.join(done)
