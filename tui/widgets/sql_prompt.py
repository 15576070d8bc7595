"""A prompt for SQL: enter runs what is typed, be it one line or several; the arrow keys bring back earlier queries."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from textual import on
from textual.binding import Binding, BindingType
from textual.widgets import TextArea

from tui.widgets.base import WidgetMessage, hidden
from tui.widgets.code_editor import CodeEditor

_MOST_LINES = 8
"""Lines that are shown at once."""
_REMEMBERED = 200
"""Queries that can be brought back."""


class SqlPrompt(CodeEditor):
    """As high as its text. `history` are the queries that were run, the latest last; those that are run are added."""

    BINDING_GROUP_TITLE = "Query"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "submit", "Run", tooltip="Run the query", id="query.run", priority=True),
        Binding("ctrl+n", "new_line", "New line", tooltip="Go on in a new line", id="query.new-line", priority=True),
        hidden(
            "up", "step(-1)", "Earlier", "In the first line: bring back an earlier query", "query.earlier", first=True
        ),
        hidden("down", "step(1)", "Later", "In the last line: bring back a later query", "query.later", first=True),
    ]

    DEFAULT_CSS = """
    SqlPrompt { height: auto; max-height: MOST; background: $surface; }
    """.replace("MOST", str(_MOST_LINES))

    @dataclass
    class Submitted(WidgetMessage["SqlPrompt"]):
        """A person wants this query to be run."""

        sql: str

    def __init__(self, text: str, history: list[str]) -> None:
        super().__init__(text, "sql")
        self.show_line_numbers = False
        self.soft_wrap = True
        self._history = history
        self._place = len(history)
        """The index of the query that is shown; beyond the last, it is a new one."""
        self._typed = text
        """The new query, while an earlier one is shown."""

    def on_mount(self) -> None:
        """What is typed first takes the place of the query that is there."""
        self.select_all()

    def action_submit(self) -> None:
        """Post `Submitted`, and remember the query."""
        if not self.text.strip():
            return
        if not self._history or self._history[-1] != self.text:
            self._history.append(self.text)
            del self._history[:-_REMEMBERED]
        self._place = len(self._history)
        self.action_to_end()
        self.post_message(self.Submitted(self, self.text))

    def action_new_line(self) -> None:
        self._break_line()

    def action_step(self, direction: int) -> None:
        """Move the cursor; from the first line up to the query before, from the last line down to the next."""
        edge = self.cursor_at_first_line if direction < 0 else self.cursor_at_last_line
        if not edge:
            self.action_cursor_up() if direction < 0 else self.action_cursor_down()
            return
        place = self._place + direction
        if direction < 0 and self._place == len(self._history) and self._history[-1:] == [self.text]:
            place -= 1  # it is what is shown already
        if not 0 <= place <= len(self._history):
            return
        if self._place == len(self._history):
            self._typed = self.text
        self._place = place
        self.load_text(self._history[place] if place < len(self._history) else self._typed)
        self.action_to_end()

    @on(TextArea.Changed)
    def _unmark(self) -> None:
        self.error_line = None
