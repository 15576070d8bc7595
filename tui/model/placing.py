"""Where in the raw tree a value belongs that is to count at one path of the view only."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from typing import Any

from core.manifest.document import Document
from core.manifest.links import (
    CircleError,
    Reach,
    carried,
    check_circles,
    is_below,
    links,
    reference_to,
    target_of,
    texts,
)
from core.manifest.problems import Path
from core.manifest.references import REF, is_reference
from tui.model.view import View

_HOMES = ("definitions", "schemas")
"""The keys whose values count only where references lead to them."""


class Placing:
    """Finds places in a document; `write` is called for what has to be written on the way to one."""

    def __init__(self, document: Document, view: View, write: Callable[[Path, Any], None]) -> None:
        self._document = document
        self._view = view
        self._write = write

    def own_place(self, path: Path) -> Path:
        """The raw place for a value that no other path shows, as far as that can be.

        Where others follow a reference on the way too, the place is beside it.
        """
        place: Path = ()
        for depth, key in enumerate(path):
            if not self._document.exists(place):
                self._inherit(path[:depth], place, in_list=isinstance(key, int))
            place = self._below(path[:depth], place, key)
        return place

    def _inherit(self, path: Path, place: Path, *, in_list: bool) -> None:
        """Let a raw place that is missing show what the path showed, so that something can be written below."""
        slot = self._document.slot(path)
        reference = reference_to(slot)
        if self._document.exists(slot) and not in_list and target_of(self._document.root, reference) == slot:
            self._write(place, {REF: reference})
        elif (value := self._view.unwrapped(path)) is not None:
            self._write(place, deepcopy(value))

    def _below(self, path: Path, place: Path, key: str | int) -> Path:
        """The raw place of a key in what stands at `place`: beside the reference there, or in what it leads to when
        nobody else follows one to it.
        """
        for _ in range(len(self._document.links) + 1):
            written = self._document.get(place)
            reference = written.get(REF) if isinstance(written, dict) and key not in written else written
            if not is_reference(reference):
                break
            target = target_of(self._document.root, reference)
            if target is not None and self._is_alone((*target, key)):
                place = target
                continue
            if isinstance(key, int):
                self._write(place, deepcopy(self._view.unwrapped(path)))
            elif reference is written:
                self._write(place, {REF: written})
            break
        return (*place, key)

    def _is_alone(self, place: Path) -> bool:
        """Whether one reference alone leads to a place, and nothing else."""
        leading = [link for link in self._document.links if link.target and is_below(place, link.target)]
        return place[0] in _HOMES and len(leading) == 1


def fitting(document: Document, place: Path, value: Any) -> Any:
    """A copy of a value from the document that can be written at a raw place: what would lead back is written out."""
    if not texts(value):
        return deepcopy(value)
    root, reach = document.root, Reach(document.links)

    def without(back: frozenset[Path]) -> Any:
        return carried(root, value, lambda target: None if target in back or is_below(target, place) else target)

    fit = without(reach.to(place, inside=False))
    try:
        check_circles(document.links, links(_with(root, place, fit)))
    except CircleError:  # by way of what is inside of the place, and will be there again
        return without(reach.to(place, inside=True))
    return fit


def _with(tree: Any, path: Path, value: Any) -> Any:
    """A tree with another value at a path, sharing the rest with the one that is given."""
    if not path:
        return value
    if isinstance(tree, list):
        items: dict[Any, Any] = dict(enumerate(tree))
        return list({**items, path[0]: _with(items.get(path[0]), path[1:], value)}.values())
    entries = tree if isinstance(tree, dict) else {}
    return {**entries, path[0]: _with(entries.get(path[0]), path[1:], value)}
