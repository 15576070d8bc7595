"""One side of an exchange, request or answer: a line about it, its body or its headers, to pick from, copy and save."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from textual import on
from textual.binding import BindingType

from core.http.exchange import Exchange
from tui.testing.exchange_text import Side, body, curl_command, first_line, headers_text, marked_body
from tui.widgets.doc_nodes import Path
from tui.widgets.doc_panel import DocPanel
from tui.widgets.doc_text import Kind
from tui.widgets.doc_view import DocView
from tui.widgets.keys import hidden, shown
from tui.widgets.message import WidgetMessage


class ExchangeView(DocPanel):
    """Shows the body of a message, or its headers: those also where there is no body."""

    BINDING_GROUP_TITLE = "Request and response"
    BINDINGS: ClassVar[list[BindingType]] = [
        shown("e", "toggle_headers", "Headers", "Show the headers, or the body again", "exchange.headers"),
        shown("c", "copy_curl", "Copy curl", "Copy the request as a curl command", "exchange.curl"),
        hidden("s", "save", "Save body", "Save the body to a file", "exchange.save"),
    ]

    @dataclass
    class NodeChosen(WidgetMessage["ExchangeView"]):
        """A node of a JSON body was chosen."""

        path: Path
        node: object
        exchange: Exchange

    @dataclass
    class CopyRequested(WidgetMessage["ExchangeView"]):
        """A person wants a text on the clipboard; `what` names it."""

        text: str
        what: str

    @dataclass
    class SaveRequested(WidgetMessage["ExchangeView"]):
        """A person wants a body in a file."""

        text: str
        suffix: str

    def __init__(self, side: Side, *, id: str | None = None) -> None:
        super().__init__(pickable=side == "response", id=id, classes="exchange-view")
        self._side = side
        self._exchange: Exchange | None = None
        self._headers = False

    def show_exchange(self, exchange: Exchange | None, empty: str) -> None:
        """Show an exchange; without one the sentence `empty`."""
        self._exchange = exchange
        if exchange is None:
            self.show(empty, "", "text")
        else:
            self.show(self._line(exchange), *self._text(exchange))

    @property
    def _on_headers(self) -> bool:
        return self._headers or (self._exchange is not None and not body(self._exchange, self._side)[0].strip())

    def _text(self, exchange: Exchange) -> tuple[str, Kind]:
        if self._on_headers:
            return headers_text(exchange, self._side), "text"
        return marked_body(exchange, self._side)

    def _line(self, exchange: Exchange) -> str:
        line = first_line(exchange, self._side)
        if self._headers:
            return f"{line} · headers"
        return f"{line} · no body" if self._on_headers else line

    def action_toggle_headers(self) -> None:
        """Show the headers, or the body again."""
        self._headers = not self._headers
        if self._exchange is not None:
            self.show_exchange(self._exchange, "")

    def action_copy_curl(self) -> None:
        """Ask for the request to be copied as a curl command."""
        if self._exchange is not None:
            self.post_message(self.CopyRequested(self, curl_command(self._exchange), "curl command"))

    def action_save(self) -> None:
        """Ask for the body to be saved."""
        if self._exchange is not None:
            text, kind = body(self._exchange, self._side)
            self.post_message(self.SaveRequested(self, text, ".txt" if kind == "text" else f".{kind}"))

    @on(DocView.NodeChosen)
    def _choose(self, event: DocView.NodeChosen) -> None:
        event.stop()
        if self._exchange is not None:
            self.post_message(self.NodeChosen(self, event.path, event.value, self._exchange))
