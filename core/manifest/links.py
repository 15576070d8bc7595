"""References as links between places of one raw tree: where they are and lead, and keeping them right through edits."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

from core.manifest.editing import Edit, TreeEditor
from core.manifest.problems import Path, show_path
from core.manifest.references import REF, VERBATIM_FIELDS, is_reference, lookup

PathMove = Callable[[Path], Path | None]
"""Says where a place is after an edit; None when it is gone."""


class CircleError(ValueError):
    """An edit would make the reference at the raw path `path` lead back to the place that it stands in."""

    def __init__(self, link: ReferenceLink) -> None:
        self.path = link.path
        super().__init__(
            f"`{link.text}` at `{show_path(link.place) or 'the top'}` would lead back to itself: references may not go "
            "round in a circle. Refer to something else, or write the value itself."
        )


@dataclass(frozen=True, slots=True)
class ReferenceLink:
    """A reference: the raw path of its text, and the one that it leads to, None when it leads nowhere."""

    path: Path
    text: str
    target: Path | None

    @property
    def place(self) -> Path:
        """The raw path of what the reference stands for: of the mapping around a `$ref`, or of the text itself."""
        return self.path[:-1] if self.path[-1] == REF else self.path


def reference_texts(value: Any, path: Path = ()) -> list[tuple[Path, str]]:
    """Every reference in a raw tree, in the order in which they are written: the raw path of its text, and the text."""
    found: list[tuple[Path, str]] = []
    _collect(value, path, found)
    return found


def _collect(value: Any, path: Path, found: list[tuple[Path, str]]) -> None:
    if isinstance(value, str):
        if is_reference(value):
            found.append((path, value))
    elif isinstance(value, dict):
        for key, item in value.items():
            if isinstance(item, dict | list | str) and key not in VERBATIM_FIELDS:
                _collect(item, (*path, key), found)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            if isinstance(item, dict | list | str):
                _collect(item, (*path, index), found)


def links(root: Any) -> list[ReferenceLink]:
    """Every reference of a raw tree, in the order in which they are written."""
    known: dict[str, Path | None] = {}
    found = []
    for path, text in reference_texts(root):
        if text not in known:
            known[text] = target_of(root, text)
        found.append(ReferenceLink(path, text, known[text]))
    return found


def target_of(root: Any, reference: str) -> Path | None:
    """The raw path that a reference leads to, None when it leads nowhere."""
    try:
        return lookup(root, reference)
    except LookupError:
        return None


def reference_to(target: Path) -> str:
    """The text of a reference to a raw path."""
    return "#/" + "/".join(map(str, target))


def is_below(path: Path, above: Path) -> bool:
    """Whether a path is another one, or leads into it."""
    return path[: len(above)] == above


def overlap(one: Path, other: Path) -> bool:
    """Whether one of two places is in the other."""
    return is_below(one, other) or is_below(other, one)


class ReferenceGraph:
    """Where the references in one raw tree lead in the end."""

    def __init__(self, links: Iterable[ReferenceLink]) -> None:
        self.links = tuple(links)
        self._next: dict[Path, set[Path]] = {link.target: set() for link in self.links if link.target is not None}
        for link in self.links:
            if link.target is not None:
                for end in range(len(link.path) + 1):
                    if link.path[:end] in self._next:
                        self._next[link.path[:end]].add(link.target)

    def leading_to(self, place: Path, *, inside: bool) -> frozenset[Path]:
        """The targets of references that hold a place, or are `inside` of it, or lead on to one of these."""
        found = {target for target in self._next if is_below(place, target) or (inside and is_below(target, place))}
        while more := {target for target, after in self._next.items() if target not in found and after & found}:
            found |= more
        return frozenset(found)

    def circles(self) -> list[ReferenceLink]:
        """The references that can't be followed to an end, because they lead round in a circle."""
        open_ones = self._next
        while ended := {target for target, after in open_ones.items() if not after & open_ones.keys()}:
            open_ones = {target: after for target, after in open_ones.items() if target not in ended}
        while begun := open_ones.keys() - {target for after in open_ones.values() for target in after}:
            open_ones = {target: after for target, after in open_ones.items() if target not in begun}
        return [
            link
            for link in self.links
            if link.target in open_ones and any(is_below(link.path, target) for target in open_ones)
        ]


def check_circles(before: Iterable[ReferenceLink], after: Iterable[ReferenceLink]) -> None:
    """Raise CircleError when there are more references in a circle than before (a file may come with some)."""
    circles = ReferenceGraph(after).circles()
    if circles and len(circles) > len(known := ReferenceGraph(before).circles()):
        raise CircleError(next((link for link in circles if link not in known), circles[0]))


def copied_with_references(root: Any, value: Any, moved: PathMove, seen: frozenset[Path] = frozenset()) -> Any:
    """A copy of a value from a raw tree in which references follow what `moved`; those to what is gone are written out.

    A circle among the latter, or a reference that leads nowhere, stays as it is.
    """
    if is_reference(value):
        target = target_of(root, value)
        if target is None or target in seen:
            return value
        new = moved(target)
        if new is None:
            return copied_with_references(root, at(root, target), moved, seen | {target})
        return value if new == target else reference_to(new)
    if isinstance(value, list):
        return [copied_with_references(root, item, moved, seen) for item in value]
    if not isinstance(value, dict):
        return value
    own = {
        key: deepcopy(item) if key in VERBATIM_FIELDS else copied_with_references(root, item, moved, seen)
        for key, item in value.items()
    }
    if not is_reference(value.get(REF)) or is_reference(own[REF]):
        return own
    stands_for = own.pop(REF)
    return {**stands_for, **own} if isinstance(stands_for, dict) else stands_for


def at(root: Any, path: Path) -> Any:
    """The value at a path that exists."""
    for key in path:
        root = root[key]
    return root


def exists(root: Any, path: Path) -> bool:
    """Whether there is a value, be it null, at a path."""
    for key in path:
        keys = root if isinstance(root, dict) else range(len(root)) if isinstance(root, list) else ()
        if key not in keys:
            return False
        root = root[key]
    return True


def unmoved(place: Path) -> Path:
    """Where places are after a value was written: where they were, as far as they exist."""
    return place


def erased(path: Path) -> PathMove:
    """Where places are after a key or a list's item was removed."""
    if isinstance(path[-1], int):
        return removed(path[:-1], path[-1])
    return lambda place: None if is_below(place, path) else place


def renamed(path: Path, key: str) -> PathMove:
    """Where places are after a key got another name."""
    return lambda place: (*path[:-1], key, *place[len(path) :]) if is_below(place, path) else place


def inserted(path: Path, index: int) -> PathMove:
    """Where places are after an item was put into the list at a path."""
    return _renumbered(path, lambda number: number + (number >= index))


def removed(path: Path, index: int) -> PathMove:
    """Where places are after an item was taken out of the list at a path."""
    return _renumbered(path, lambda number: None if number == index else number - (number > index))


def moved(path: Path, start: int, end: int) -> PathMove:
    """Where places are after an item of the list at a path was moved."""

    def new(number: int) -> int:
        if number == start:
            return end
        return number - (start < number <= end) + (end <= number < start)

    return _renumbered(path, new)


def _renumbered(path: Path, new: Callable[[int], int | None]) -> PathMove:
    depth = len(path)

    def where(place: Path) -> Path | None:
        if place[:depth] != path or len(place) == depth or not isinstance(place[depth], int):
            return place
        number = new(int(place[depth]))
        return None if number is None else (*path, number, *place[depth + 1 :])

    return where


def relink(editor: TreeEditor, edit: Edit, before: dict[str, Any], known: list[ReferenceLink], where: PathMove) -> None:
    """Complete an edit that was just done to what was `before`, with the references `known` in it, so that these mean
    what they meant.

    `where` says where places are now. Raises CircleError when the edit makes a reference lead back to itself.
    """
    concerned = [link for link in known if _is_concerned(link, edit, where)]
    if concerned:
        _Relinking(editor, edit, before, where).follow(concerned)
    if edit.adds_references or any(link.target is None for link in known):
        check_circles(known, links(editor.value))


def _is_concerned(link: ReferenceLink, edit: Edit, where: PathMove) -> bool:
    """Whether a reference may lead elsewhere now; one that counts from a list's end does whenever that moves."""
    if link.target is None:
        return False
    return where(link.target) != link.target or is_below(link.target, edit.path_before) or "/-" in link.text


class _Relinking:
    """Lets references follow, or write out, what they led to."""

    def __init__(self, editor: TreeEditor, edit: Edit, before: dict[str, Any], where: PathMove) -> None:
        self._editor = editor
        self._edit = edit
        self._before = before
        self._where = where
        self._now = editor.value

    def follow(self, concerned: Iterable[ReferenceLink]) -> None:
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
                self._write(place, copied_with_references(self._before, at(self._before, link.place), self._leads))
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
