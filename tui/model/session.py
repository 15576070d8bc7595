"""The session of the builder: the document that is edited, and everything that is known and remembered about it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path as FilePath
from typing import Any

from core.connector import Connector, load_connector
from core.manifest.document import Document
from core.manifest.history import UndoableChange
from core.manifest.links import CircleError, PathMove, check_circles
from core.manifest.problems import ManifestError, Path, Problem
from tui.model import problems
from tui.model.editor import Change, ChangeKind, ManifestEditor
from tui.model.files import ChangedOnDiskError, FileStamp, ReadOnlyError, is_read_only, is_same
from tui.model.input_values import TrialValues
from tui.model.inputs import Inputs
from tui.model.layout import REQUESTERS, LayoutTab, stream_tabs
from tui.model.problems import Counts, FieldLocation, Finding, ManifestCheck, Visibility
from tui.model.sharing import Sharing
from tui.model.streams import Streams, TrialMarks
from tui.model.type_memory import TypeMemory

NEW = """\
version: 7.0.0
type: DeclarativeSource

check:
  type: CheckStream
  stream_names: []

streams: []

spec:
  type: Spec
  connection_specification:
    $schema: http://json-schema.org/draft-07/schema#
    type: object
    required: []
    properties: {}
    additionalProperties: true
"""


@dataclass(frozen=True, slots=True)
class Unfinished:
    """Text that was typed into a field and is not a valid value of it yet, and why."""

    text: str
    message: str


class BuilderSession(ManifestEditor):
    """A manifest that is being built. See `ManifestEditor` for reading, editing, undo and listening.

    `streams`, `inputs` and `sharing` edit what their names say, `values` are the test values of the inputs, `types`
    remembers what was entered under other component types. `findings` are those of the last `refresh()`.
    """

    def __init__(self, document: Document, *, problems_visible: bool, stamp: FileStamp | None = None) -> None:
        super().__init__(document)
        self.findings: tuple[Finding, ...] = ()
        self.visibility = Visibility(visible=problems_visible)
        self.trial_marks = TrialMarks()
        self.values = TrialValues(document.file)
        self.inputs = Inputs(self, self.values)
        self.types = TypeMemory(self, self.inputs, self.visibility)
        self.streams = Streams(self, self.types, self.visibility, self.trial_marks, self.stream_counts)
        self.sharing = Sharing(self)
        self._unfinished: dict[Path, Unfinished] = {}
        self._typed_text: str | None = None
        self.text_problems: tuple[Problem, ...] = ()
        """Why the text typed last can't be read; empty when it can."""
        self._unreadable: str | None = None
        self._saved: Document | None = document
        self.stamp = stamp or (FileStamp.of(FilePath(document.file)) if document.file else None)
        """The file as it was when it was read or saved, which is what the manifest is based on."""
        self._connector: tuple[Document, Any, Connector] | None = None

    @classmethod
    def new(cls, comment: str = "") -> BuilderSession:
        """A session on an empty manifest, below a comment. Problems are shown only where the user has been."""
        return cls(Document.parse(comment + NEW), problems_visible=False)

    @classmethod
    def open(cls, path: FilePath | str) -> BuilderSession:
        """A session on a file. Raises ManifestError."""
        stamp = FileStamp.of(FilePath(path))  # taken before reading: what is written in between is a change
        return cls(Document.load(path), problems_visible=True, stamp=stamp)

    @classmethod
    def from_text(
        cls, text: str, path: FilePath | str | None = None, *, based_on: FileStamp | None = None
    ) -> BuilderSession:
        """A session on text that is not saved yet, such as a draft; `path` is the file it belongs to.

        `based_on` is that file as it was when the text was written; without it, as it is now. Raises ManifestError.
        """
        document = Document.parse(text, str(path) if path is not None else None)
        session = cls(document, problems_visible=True, stamp=based_on if path is not None else None)
        session._saved = None
        return session

    # The file

    @property
    def path(self) -> FilePath | None:
        return FilePath(self.document.file) if self.document.file else None

    @property
    def dirty(self) -> bool:
        """Whether there is something to save."""
        if self._typed_text is not None:
            return self._typed_text != self._unreadable
        return self.document is not self._saved or self.document.dirty

    @property
    def changed_on_disk(self) -> bool:
        """Whether somebody else wrote to the file since it was read or saved here."""
        return self.stamp is not None and self.path is not None and self.stamp.differs(self.path)

    def save(
        self, path: FilePath | str | None = None, *, overwrite: bool = False, overwrite_read_only: bool = False
    ) -> None:
        """Write the file, all at once or not at all; from now on all problems are shown.

        Raises ChangedOnDiskError when somebody else has written to it (unless `overwrite`) or when another file would
        be replaced, ReadOnlyError when it is marked so (unless `overwrite_read_only`), ManifestError when it can't be
        written, ValueError when there is no file yet.
        """
        target = FilePath(path) if path is not None else self.path
        if target is not None:
            same = self.path is not None and is_same(target, self.path)
            if not overwrite and (self.changed_on_disk if same else os.path.lexists(target)):
                raise ChangedOnDiskError(target, ours=same)
            if not overwrite_read_only and is_read_only(target):
                raise ReadOnlyError(target)
        self.document.save(path)
        assert self.path is not None
        self._saved = self.document
        self.stamp = FileStamp.of(self.path)
        self.visibility.mark((), visible=True)
        self.seal()
        if path is not None:
            self.values.bind(self.path)
        self.notify(Change(ChangeKind.FILE))

    # The manifest as text

    @property
    def text(self) -> str:
        """The manifest as YAML, or the text typed last when that is not valid (see `edit_text`)."""
        return self.document.text if self._typed_text is None else self._typed_text

    def edit_text(self, text: str) -> None:
        """Apply an edit of the manifest's text, as one step to undo together with those before it.

        When the text can't be read, or adds a circle of references, the document stays as it was, and the text is kept,
        with its `text_problems`, until it is valid or `discard_text()` is called.
        """
        if text == self.document.text:
            self.discard_text()
            return
        try:
            document = self._parsed(text)
        except ManifestError as error:
            self._typed_text, self.text_problems = text, error.problems
            self.notify(Change(ChangeKind.FILE))
        else:
            self._typed_text, self.text_problems = None, ()
            self.replace_document(document, merges="text")

    def _parsed(self, text: str) -> Document:
        document = Document.parse(text, self.document.file)
        try:
            check_circles(self.document.links, document.links)
        except CircleError as error:
            place = document.position(error.path)
            raise ManifestError([Problem(str(error), error.path, position=place, file=document.file)]) from None
        return document

    @property
    def has_broken_text(self) -> bool:
        """Whether the text typed last can't be read as a manifest."""
        return self._typed_text is not None

    def open_text(self, text: str) -> None:
        """Keep the text of a file that can't be read as a manifest."""
        self._unreadable = text
        self.edit_text(text)

    def discard_text(self) -> None:
        """Forget typed text that is not valid."""
        self._typed_text, self.text_problems = None, ()
        self.notify(Change(ChangeKind.FILE))

    # Problems

    def checking(self) -> Iterator[None]:
        """Check the manifest in steps of a few milliseconds; `findings` are updated at the end.

        It ends early when the manifest is edited meanwhile.
        """
        view = self.view
        check = ManifestCheck(view)
        for _ in check.steps():
            yield
            if view is not self.view:
                return
        self.findings = tuple(check.findings)
        self.notify(Change(ChangeKind.PROBLEMS))

    def refresh(self) -> None:
        """Check the manifest now: a few milliseconds for most, some hundred for one of 500 KB (see `checking`)."""
        for _ in self.checking():
            pass

    def problems(self, path: Path = (), *, all_of_them: bool = False) -> list[Finding]:
        """The problems at a path and below it: those that are shown already, or all of them."""
        unfinished = [Finding(place, Problem(one.message, place)) for place, one in self._unfinished.items()]
        found = problems.below([*unfinished, *self.findings], path)
        return found if all_of_them else [one for one in found if self.visibility.is_visible(one.path)]

    def counts(self, path: Path = ()) -> Counts:
        """How many problems are shown at a path and below it."""
        return Counts.of(self.problems(path))

    def tab_counts(self, stream: int) -> tuple[Counts, ...]:
        """How many problems are shown in each tab of a stream."""
        return problems.by_tab(self.stream_problems(stream), self.tabs(stream), self.streams.around(stream))

    def stream_problems(self, stream: int, *, all_of_them: bool = False) -> list[Finding]:
        """The problems of a stream, with those of what is around it: shown already, or all of them."""
        found = self.problems(self.streams.around(stream), all_of_them=all_of_them)
        return [one for one in found if self.streams.at(one.path) == stream]

    def stream_counts(self, stream: int) -> Counts:
        """How many problems of a stream are shown."""
        return Counts.of(self.stream_problems(stream))

    def in_order(self, path: Path = ()) -> list[Finding]:
        """The problems that are shown at a path and below it, in the order of the forms."""
        return sorted(self.problems(path), key=lambda one: self._order(one.path))

    def next_problem(self, after: Path | None = None) -> Finding | None:
        """The first problem that comes after a path in the order of the forms, from the start again at the end."""
        found = self.in_order()
        if after is not None:
            here = self._order(after)
            found = [one for one in found if self._order(one.path) > here] + found
        return found[0] if found else None

    def locate(self, path: Path) -> FieldLocation:
        """Where in the builder a path is shown, to go there: after an undo, say, or for a problem."""
        stream = self.streams.at(path)
        if stream is None:
            return problems.locate(path)
        return problems.locate_in(stream, self.streams.inside(path), self.tabs(stream))

    def touch(self, path: Path) -> None:
        """Show the problems at a path from now on, because the user has been there."""
        self.visibility.mark(path, visible=True)
        self.seal()
        self.notify(Change(ChangeKind.PROBLEMS, (path,)))

    def reveal(self, *paths: Path) -> None:
        """Show all problems below these paths from now on, because they are to be tested or saved."""
        for path in paths or ((),):
            self.visibility.mark(path, visible=True)
        self.notify(Change(ChangeKind.PROBLEMS, paths))

    def keep_unfinished(self, path: Path, text: str, message: str) -> None:
        """Keep text that is not a valid value of its field (broken JSON, say); it counts as an error.

        It is one step to undo together with edits of the field before and after it, until `seal()`.
        """
        with self.group(path, merges=("set", path)):
            self._change_unfinished(path, Unfinished(text, message))
        self.notify(Change(ChangeKind.PROBLEMS, (path,)))

    def _change_unfinished(self, path: Path, text: Unfinished | None) -> None:
        """Keep or (None) forget the unfinished text of a field, as a part of the open group."""
        before = self._unfinished.get(path)
        if before != text:
            self._history.record(_UnfinishedChange(self, path, before, text))
            self.put_unfinished(path, text)

    def put_unfinished(self, path: Path, text: Unfinished | None) -> None:
        """Keep or (None) forget the unfinished text of a field; this is no step to undo."""
        self._unfinished.pop(path, None)
        if text is not None:
            self._unfinished[path] = text

    def unfinished(self, path: Path) -> Unfinished | None:
        """Text typed into a field that is not a valid value of it."""
        return self._unfinished.get(path)

    def tabs(self, stream: int) -> tuple[LayoutTab, ...]:
        """The tabs of a stream; none when its kind has no form."""
        retriever = self.value((*self.streams.path(stream), "retriever"))
        if not isinstance(retriever, dict):
            return ()
        above = (*self.streams.path(stream), "retriever")
        in_parts = frozenset(name for name in REQUESTERS if self._has_url_in_parts((*above, name)))
        return stream_tabs(str(retriever.get("type")), self.view.place(stream), in_parts)

    def _has_url_in_parts(self, requester: Path) -> bool:
        url, base, path = (self.exists((*requester, key)) for key in ("url", "url_base", "path"))
        return not url and (base or path)

    # Running

    @property
    def connector(self) -> Connector:
        """The manifest ready to run, with all its problems."""
        if self._connector is None or self._connector[:2] != (self.document, self.view):
            self._connector = (self.document, self.view, load_connector(self.document))
        return self._connector[2]

    # What is kept by path

    def set(self, path: Path, value: Any, *, merge: bool = False) -> None:
        """Write a value; see `ManifestEditor.set`."""
        with self.group(path, merges=("set", path) if merge else None):
            self._change_unfinished(path, None)
            super().set(path, value, merge=merge)

    def unset(self, path: Path) -> None:
        """Remove a value (see `ManifestEditor.unset`), and the inputs that came with it and that nothing else uses."""
        with self.group(path):
            for place in [one for one in self._unfinished if one[: len(path)] == path]:
                self._change_unfinished(place, None)
            super().unset(path)
            self.types.drop_unused_inputs()

    def choose_type(self, path: Path, name: str) -> None:
        """Make the component at a path one of another type; see `TypeMemory.choose`."""
        self.types.choose(path, name)

    def add_component(self, path: Path, name: str) -> Path:
        """Append a new component of a type to a list; returns its path."""
        return self.types.add(path, name)

    def follow(self, moved: PathMove) -> None:
        super().follow(moved)
        self.visibility.follow(moved)
        self.types.follow(moved)
        places = {moved(path): one for path, one in self._unfinished.items()}
        self._unfinished = {path: one for path, one in places.items() if path is not None}

    def _order(self, path: Path) -> tuple[int, int, int, int, str]:
        return (*self.locate(path).order, str(path))


@dataclass(slots=True)
class _UnfinishedChange(UndoableChange):
    """Another unfinished text of a field, or none."""

    session: BuilderSession
    path: Path
    before: Unfinished | None
    after: Unfinished | None

    def undo(self) -> None:
        self.session.put_unfinished(self.path, self.before)

    def redo(self) -> None:
        self.session.put_unfinished(self.path, self.after)

    def absorb(self, later: UndoableChange) -> bool:
        if isinstance(later, _UnfinishedChange) and later.path == self.path:
            self.after = later.after
            return True
        return False
