"""Sections that streams share: one definition and references to it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

from core.manifest.links import overlap, reference_to, target_of
from core.manifest.problems import Path
from core.manifest.references import REF, is_reference
from core.manifest.resolver import resolve_references
from tui.model.editor import ManifestEditor
from tui.model.view import components_to, without_circles

LINKED: Path = ("definitions", "linked")
SHAREABLE = frozenset(
    {
        "authenticator",
        "request_parameters",
        "request_headers",
        "request_body",
        "error_handler",
        "paginator",
        "download_paginator",
        "transformations",
        "file_uploader",
    }
)
"""The fields that can be shared (Airbyte: the same, and the base URL, which is out of use)."""


@dataclass(frozen=True, slots=True)
class Conflict:
    """Two different values for one shared section: the one that is shared already, and the one that is here."""

    shared: Any
    own: Any


class Sharing:
    """Shares sections of the manifest in an editor: there is one shared value for each field of a component type."""

    def __init__(self, editor: ManifestEditor) -> None:
        self._editor = editor

    def can_share(self, path: Path) -> bool:
        """Whether the field at a path can be shared and has, or finds, something to share."""
        if not path or path[-1] not in SHAREABLE or self.target(path) is not None:
            return False
        home = self._home(path)
        return self._editor.slot(path) != home and (self._editor.exists(path) or self._editor.document.exists(home))

    def target(self, path: Path) -> Path | None:
        """The raw path of the definition that the field at a path refers to; None when it has a value of its own."""
        document = self._editor.document
        written = document.get(self._editor.slot(path))
        reference = written.get(REF) if isinstance(written, dict) and len(written) == 1 else written
        return target_of(document.root, reference) if is_reference(reference) else None

    def users(self, path: Path) -> tuple[Path, ...]:
        """The raw paths of all who share the section at a path, this one included; none when it is not shared."""
        target = self.target(path)
        return tuple(self._users(target)) if target else ()

    def conflict(self, path: Path) -> Conflict | None:
        """The values to choose between before the field at a path is shared; None when there is no conflict."""
        shared, own = self._resolved(self._home(path)), self._resolved(path)
        return Conflict(shared, own) if shared is not None and own is not None and shared != own else None

    def share(self, path: Path, *, keep_own: bool = False) -> None:
        """Share the field at a path with all that share it already.

        When they have another value, `keep_own` says that the one here replaces it; else theirs counts here, and here
        alone: others that follow a `$ref` to the same place keep theirs.
        """
        if self.target(path) is not None or self._editor.slot(path) == self._home(path):
            return
        editor, document, home = self._editor, self._editor.document, self._home(path)
        takes_theirs = not keep_own and document.exists(home) and self._resolved(home) != self._resolved(path)
        with editor.group(path):
            if keep_own or not document.exists(home):
                editor.write(home, without_circles(document, home, editor.view.unwrapped(path)))
            slot = editor.own_place(path) if takes_theirs else self._place(path)
            editor.write(home, without_circles(document, slot, document.get(home)))
            editor.write(slot, {REF: reference_to(home)})

    def reuse(self, path: Path, source: Path) -> None:
        """Let the field at a path, which has no value, be what another is, by reference.

        The other is shared for that. Where it can't be, because others share something else, this one gets a copy.
        """
        with self._editor.group(path):
            if self.target(source) is None and self.conflict(source) is None:
                self.share(source)
            target = self.target(source)
            if target is None:
                self.copy_to(source, (path,))
            else:
                self._editor.set(path, {REF: reference_to(target)})

    def unshare(self, path: Path) -> None:
        """Give the field at a path a copy of its own. The definition goes when nobody is left who shares it."""
        editor, target = self._editor, self.target(path)
        if target is None:
            return
        with editor.group(path):
            self._write_copy(path, editor.view.unwrapped(path))
            if target[:2] == LINKED and not self._users(target):
                self._drop(target)

    def copy_to(self, path: Path, others: tuple[Path, ...]) -> None:
        """Write what the field at a path says into other fields, as copies of their own."""
        value = deepcopy(self._editor.view.unwrapped(path))
        with self._editor.group(others[0] if others else path):
            for other in others:
                self._write_copy(other, value)

    def _resolved(self, path: Path) -> Any:
        """What is written for a path with all references followed, without what parameters hand down to it."""
        document = self._editor.document
        place = document.through_refs(path)
        return resolve_references(document.root, place).tree if document.exists(place) else self._editor.value(path)

    def _write_copy(self, path: Path, value: Any) -> None:
        place = self._editor.own_place(path)
        self._editor.write(place, without_circles(self._editor.document, place, value))

    def _place(self, path: Path) -> Path:
        """Where the value at a path is written; what parameters hand down is written for this path alone."""
        handed_down = self._editor.view.is_handed_down(path)
        return self._editor.own_place(path) if handed_down else self._editor.slot(path)

    def _users(self, target: Path) -> list[Path]:
        """The raw places that are references to exactly this path: mappings with a `$ref`, or texts."""
        return [link.place for link in self._editor.document.links if link.target == target]

    def _home(self, path: Path) -> Path:
        """Where the shared value for the field at a path is: by the type around it, and its key.

        A definition that a person has made, and that most such fields refer to, is as good as one made here.
        """
        owner = list(components_to(self._editor.view, path[:-1]))[-1].component.__name__
        linked = (*LINKED, owner, path[-1])
        if self._editor.document.exists(linked):
            return linked
        slot = self._editor.slot(path)
        made = Counter(home for home in self._definitions(owner, path[-1]) if not overlap(home, slot))
        return made.most_common(1)[0][0] if made else linked

    def _definitions(self, owner: str, key: str | int) -> Iterator[Path]:
        """The definitions that fields of this name refer to as a whole, in components of a type."""
        document = self._editor.document
        for link in document.links:
            around, written = document.get(link.place[:-1]), document.get(link.place)
            is_whole = not isinstance(written, dict) or len(written) == 1
            is_such = link.place[-1:] == (key,) and isinstance(around, dict) and around.get("type", owner) == owner
            if is_whole and is_such and link.target is not None and link.target[:1] == LINKED[:1]:
                yield link.target

    def _drop(self, target: Path) -> None:
        """Delete a definition and what is empty around it."""
        document = self._editor.document
        self._editor.erase(target)
        for end in range(len(target) - 1, 0, -1):
            if document.get(target[:end]) == {}:
                self._editor.erase(target[:end])
