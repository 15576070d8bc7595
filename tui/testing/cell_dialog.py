"""A dialog with the whole value of one cell of a table."""

from __future__ import annotations

import json
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType

from tui.testing.exchange_text import kind_of
from tui.widgets.cells import escape
from tui.widgets.dialog import Answer, Dialog
from tui.widgets.doc_panel import DocPanel
from tui.widgets.doc_text import Kind
from tui.widgets.doc_view import DocView
from tui.widgets.keys import hidden

_COPY = Answer("copy", "Copy", "primary")
_CLOSE = Answer("cancel", "Close")
_TITLE = 60


class CellDialog(Dialog[None]):
    """Shows a value pretty-printed; text that is JSON itself is laid out too."""

    BINDINGS: ClassVar[list[BindingType]] = [
        hidden("q", "cancel", "Close", "Close the viewer", "cell.close"),
    ]

    def __init__(self, column: str, value: object, *, missing: bool = False) -> None:
        super().__init__(escape(column[:_TITLE]), [_COPY, _CLOSE])
        text = "The record has no such field."
        self._document: tuple[str, Kind] = (text, "text") if missing else cell_document(value)

    def compose_body(self) -> ComposeResult:
        """The value."""
        yield DocPanel(*self._document)

    def answered(self, answer: str) -> None:
        """Copy the value."""
        self.query_one(DocView).action_copy_all()


def cell_document(value: object) -> tuple[str, Kind]:
    """A value as a text and its kind: nested values as JSON, text as it is."""
    if isinstance(value, str):
        return value, kind_of(value, "")
    return json.dumps(value, ensure_ascii=False), "json"
