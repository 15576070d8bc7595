"""Sections that streams share: one definition with references to it, made, found and taken apart again."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

from core.manifest.problems import Path
from core.manifest.references import REF
from tui.session.editor import Editor
from tui.session.references import dissolved, reference_to, references, target_of, users
from tui.session.structure import way

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

    def __init__(self, editor: Editor) -> None:
        self._editor = editor

    def can_share(self, path: Path) -> bool:
        """Whether the field at a path can be shared and has, or finds, something to share."""
        if not path or path[-1] not in SHAREABLE or self.target(path) is not None:
            return False
        return self._editor.exists(path) or self._editor.document.exists(self._home(path))

    def target(self, path: Path) -> Path | None:
        """The raw path of the definition that the field at a path refers to; None when it has a value of its own."""
        document = self._editor.document
        slot = self._editor.slot(path)
        written = document.get(slot)
        reference = written.get(REF) if isinstance(written, dict) and len(written) == 1 else written
        if isinstance(reference, str) and reference.startswith("#/"):
            return target_of(document, reference)
        return None

    def users(self, path: Path) -> tuple[Path, ...]:
        """The raw paths of all who share the section at a path, this one included; none when it is not shared."""
        target = self.target(path)
        return tuple(users(self._editor.document, target)) if target else ()

    def conflict(self, path: Path) -> Conflict | None:
        """What has to be chosen between before the field at a path is shared; None when nothing is in the way."""
        home = self._home(path)
        shared, own = self._editor.value(home), self._editor.value(path)
        return Conflict(shared, own) if shared is not None and own is not None and shared != own else None

    def share(self, path: Path, *, keep_own: bool = False) -> None:
        """Share the field at a path with all that share it already.

        When they have another value, `keep_own` says that the one here replaces it; else theirs counts here.
        """
        editor, home = self._editor, self._home(path)
        with editor.group(path):
            slot = editor.slot(path)
            if keep_own or not editor.document.exists(home):
                editor.write(home, deepcopy(editor.view.unwrapped(path)))
            editor.write(slot, {REF: reference_to(home)})

    def unshare(self, path: Path) -> None:
        """Give the field at a path a copy of its own. The definition goes when nobody is left who shares it."""
        editor, target = self._editor, self.target(path)
        if target is None:
            return
        with editor.group(path):
            slot = editor.slot(path)
            editor.write(slot, dissolved(editor.document, slot))
            if target[:2] == LINKED and not users(editor.document, target):
                self._drop(target)

    def copy_to(self, path: Path, others: tuple[Path, ...]) -> None:
        """Write what the field at a path says into other fields, as copies of their own."""
        value = deepcopy(self._editor.view.unwrapped(path))
        with self._editor.group(others[0] if others else path):
            for other in others:
                self._editor.write(self._editor.slot(other), deepcopy(value))

    def _home(self, path: Path) -> Path:
        """Where the shared value for the field at a path is: by the type around it, and its key.

        A definition that a person has made, and that most such fields refer to, is as good as one made here.
        """
        owner = list(way(self._editor.view, path[:-1]))[-1].component.__name__
        linked = (*LINKED, owner, path[-1])
        made = Counter() if self._editor.document.exists(linked) else Counter(self._definitions(owner, path[-1]))
        return made.most_common(1)[0][0] if made else linked

    def _definitions(self, owner: str, key: str | int) -> Iterator[Path]:
        """The definitions that fields of this name refer to as a whole, in components of a type."""
        document = self._editor.document
        for path, reference in references(document.root):
            place = path[:-1] if path[-1] == REF else path
            around, written = document.get(place[:-1]), document.get(place)
            is_whole = not isinstance(written, dict) or len(written) == 1
            if place[-1:] == (key,) and is_whole and isinstance(around, dict) and around.get("type", owner) == owner:
                target = target_of(document, reference)
                if target is not None:
                    yield target

    def _drop(self, target: Path) -> None:
        """Delete a definition and what is empty around it."""
        document = self._editor.document
        self._editor.erase(target)
        for end in range(len(target) - 1, 0, -1):
            if document.get(target[:end]) == {}:
                self._editor.erase(target[:end])
