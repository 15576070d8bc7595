"""The full help: what the focused place is for, and every key that works there."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import ClassVar

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widgets import Static

from tui.screens.help_topic import Topic
from tui.widgets.cells import safe
from tui.widgets.dialog import Answer, Dialog
from tui.widgets.keys import hidden

_TERM = 26


class HelpDialog(Dialog[None]):
    """Shows topics one below the other."""

    BINDINGS: ClassVar[list[BindingType]] = [
        hidden("q,f1,question_mark", "cancel", "Close", "Close the help", "help.close"),
    ]

    def __init__(self, title: str, topics: Iterable[Topic]) -> None:
        super().__init__(title, [Answer("cancel", "Close")])
        self._topics = tuple(topics)

    def compose_body(self) -> ComposeResult:
        """The topics, which scroll."""
        with VerticalScroll(classes="help-dialog--body"):
            for topic in self._topics:
                if topic.heading:
                    yield Static(Content(topic.heading), classes="help-dialog--heading")
                yield Static(_table(topic), classes="help-dialog--text")

    def on_mount(self) -> None:
        """Let the keys scroll."""
        self.query_one(VerticalScroll).focus()


def _table(topic: Topic) -> RenderableType:
    """Terms at the left, what is said of them at the right; a text without a term takes the whole width."""
    if not any(term and text for term, text in topic.lines):
        return Text("\n".join(safe(term or text) for term, text in topic.lines))
    table = Table.grid(padding=(0, 2), expand=True)
    table.add_column(style="bold", max_width=_TERM)
    table.add_column(ratio=1)
    for term, text in topic.lines:
        table.add_row(Text(safe(term)), Text(safe(text)))
    return table


def key_topics(groups: Sequence[tuple[str, Sequence[tuple[str, str]]]]) -> Iterable[Topic]:
    """Topics of keys: what is said of each, by where they work."""
    return (Topic(f"Keys: {name}" if name else "Keys", tuple(lines)) for name, lines in groups if lines)
