"""The manifest as text, in sync with the forms: what is typed goes into the session, edits made there show here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from textual import on
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.timer import Timer
from textual.widgets import Static, TextArea

from core.manifest.problems import Path, Position, Problem
from tui.model.editor import Change, ChangeKind
from tui.model.session import BuilderSession
from tui.widgets.base import WidgetMessage
from tui.widgets.code_editor import CodeEditor
from tui.widgets.display_text import safe

READ_DELAY = 0.3
"""Seconds without a key after which what was typed is parsed."""


class YamlView(Vertical):
    """Edits the text of a session's manifest. Text that can't be parsed is kept, with its first problem marked."""

    BINDING_GROUP_TITLE = "YAML"
    HELP = "The manifest as it is saved. What is typed here shows in the forms as soon as it can be read."

    @dataclass
    class Broken(WidgetMessage["YamlView"]):
        """What is typed can't be parsed, or (`problem` is None) can be parsed again."""

        problem: Problem | None

    def __init__(self, session: BuilderSession) -> None:
        super().__init__(classes="yaml-view")
        self._session = session
        self._timer: Timer | None = None
        self._unsubscribe: Callable[[], None] = lambda: None

    def compose(self) -> ComposeResult:
        yield Static(markup=False, classes="yaml-view--state")
        yield CodeEditor("", "yaml", tab_behavior="indent")

    def on_mount(self) -> None:
        self._unsubscribe = self._session.subscribe(self._session_changed)
        self._show_text()  # an editor that is given a long text before it is set up goes through it several times

    def on_unmount(self) -> None:
        self._unsubscribe()

    @property
    def editor(self) -> CodeEditor:
        return self.query_one(CodeEditor)

    @property
    def problem(self) -> Problem | None:
        """Why the text can't be parsed."""
        return next(iter(self._session.text_problems), None)

    # From the session

    def _session_changed(self, change: Change) -> None:
        if change.kind in (ChangeKind.VALUES, ChangeKind.FILE) and self._timer is None:
            self._show_text()

    def _show_text(self) -> None:
        """Show the session's text; the cursor stays on its line."""
        if self.editor.text != self._session.text:
            cursor, scroll = self.editor.cursor_location, self.editor.scroll_offset
            with self.prevent(TextArea.Changed):
                self.editor.load_text(self._session.text)
            self.editor.move_cursor(cursor)
            self.editor.scroll_to(*scroll, animate=False)
        self._show_state()

    def go_to(self, path: Path) -> None:
        """Put the cursor where the value at a path is written."""
        document = self._session.document
        if not self._session.has_broken_text:
            self._go_to(document.position(document.through_refs(path)))

    def go_to_problem(self) -> None:
        """Put the cursor where the text can't be read."""
        if self.problem is not None:
            self._go_to(self.problem.position)

    def _go_to(self, position: Position | None) -> None:
        self.editor.focus()
        if position is not None:  # centering works only once the editor has its size
            self.call_after_refresh(self.editor.move_cursor, (position.line - 1, position.column - 1), center=True)

    # Into the session

    @on(TextArea.Changed)
    def _type(self, event: TextArea.Changed) -> None:
        event.stop()
        if self._timer is not None:
            self._timer.reset()
        elif self.editor.text != self._session.text:
            self._timer = self.set_timer(READ_DELAY, self.flush)

    def flush(self) -> None:
        """Parse what was typed, now."""
        if self._timer is None:
            return
        self._timer.stop()
        self._session.edit_text(self.editor.text)
        self._timer = None
        self._show_state()
        self.post_message(self.Broken(self, self.problem))

    def discard(self) -> None:
        """Go back to the last text that could be parsed."""
        if self._timer is not None:
            self._timer.stop()
            self._timer = None
        self._session.discard_text()
        self._show_text()

    def _show_state(self) -> None:
        problem = self.problem
        self.editor.error_line = problem.position.line - 1 if problem and problem.position else None
        state = self.query_one(".yaml-view--state", Static)
        if problem is None:
            state.update(Content("✓ YAML, in step with the forms"))
        else:
            at = f"Line {problem.position.line}, column {problem.position.column}: " if problem.position else ""
            hint = f" ({problem.hint})" if problem.hint else ""
            state.update(Content(safe(f"✗ {at}{problem.message}{hint}")))
        state.set_class(problem is not None, "-broken")
