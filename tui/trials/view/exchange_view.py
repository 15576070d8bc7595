"""One side of an exchange, request or response: its body or its headers, to pick from, copy and search."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import ClassVar, Literal
from urllib.parse import urlsplit

from textual import on
from textual.binding import BindingType

from core.http.exchange import Exchange
from core.units import duration, size
from core.wording import clean
from tui.importing.curl import to_curl
from tui.trials.exchanges import ExchangeEntry
from tui.trials.state import CANCELLED, gives_records
from tui.widgets.base import WidgetMessage, hidden, shown
from tui.widgets.display_text import safe
from tui.widgets.doc_panel import DocPanel
from tui.widgets.doc_text import CUT_HERE, NodePath, TextKind
from tui.widgets.doc_view import DocView
from tui.widgets.external_editor import EditorFailed, view_elsewhere

Side = Literal["request", "response"]
Pairs = Iterable[tuple[str, str]]

_ADDED_BY_CURL = frozenset({"host", "content-length", "accept-encoding", "connection"})
_KINDS: tuple[tuple[str, TextKind], ...] = (
    ("ndjson", "jsonl"),
    ("jsonl", "jsonl"),
    ("json-lines", "jsonl"),
    ("json", "json"),
    ("csv", "csv"),
    ("xml", "xml"),
    ("html", "xml"),
)
_LANGUAGES: Mapping[TextKind, str] = {"cut-json": "json"}
"""Kinds of texts that editors know under another name."""


def first_line(exchange: Exchange, side: Side) -> str:
    """The request line, or status, type, size and time of the answer."""
    if side == "request":
        return f"{exchange.method} {clean(exchange.url)}"
    if exchange.status is None and exchange.error == CANCELLED:
        return "■ Cancelled before there was an answer"
    if exchange.status is None:
        return f"✗ No answer: {clean(exchange.error or 'unknown reason')}"
    mark = "✗" if exchange.status >= 400 else "✓"
    facts = [f"{mark} {exchange.status} {clean(exchange.reason)}".rstrip()]
    facts += [content_type(exchange.response_headers)] if content_type(exchange.response_headers) else []
    facts += [size(exchange.response_size)] if exchange.response_size is not None else []
    facts.append(duration(exchange.seconds) if exchange.seconds >= 1 else f"{round(exchange.seconds * 1000)} ms")
    if exchange.error:
        facts.append(clean(exchange.error))
    if is_cut(exchange):
        facts.append(f"only the first {size(len((exchange.response_body or '').encode()))} are kept")
    return " · ".join(facts)


def is_cut(exchange: Exchange) -> bool:
    """Whether only the beginning of the answer was kept."""
    return exchange.cut and not (exchange.response_body or "").startswith("<binary")


def headers_text(exchange: Exchange, side: Side) -> str:
    """The head of a message as it goes over the wire."""
    if side == "request":
        url = urlsplit(exchange.url)
        first = f"{exchange.method} {url.path or '/'}{'?' + url.query if url.query else ''} {exchange.http_version}"
        return "\n".join([first, *_lines(exchange.request_headers)])
    if exchange.status is None:
        return "There is no answer, so there are no headers."
    first = f"{exchange.http_version} {exchange.status} {clean(exchange.reason)}".rstrip()
    return "\n".join([first, *_lines(exchange.response_headers)])


def body(exchange: Exchange, side: Side) -> tuple[str, TextKind]:
    """The body of a message and its kind; an empty text when there is none."""
    if side == "request":
        text, headers = exchange.request_body or "", exchange.request_headers
    else:
        text, headers = exchange.response_body or "", exchange.response_headers
    return text, kind_of(text, content_type(headers))


def marked_body(exchange: Exchange, side: Side) -> tuple[str, TextKind]:
    """The body as it is shown: one that was cut says so at its end; JSON that was cut is of a kind of its own."""
    text, kind = body(exchange, side)
    if side == "request" or not is_cut(exchange):
        return text, kind
    return (text, "cut-json") if kind == "json" else (f"{text}\n{CUT_HERE}", kind)


def kind_of(text: str, media_type: str) -> TextKind:
    """The kind of a body, by its media type, else by how it begins."""
    for word, kind in _KINDS:
        if word in media_type:
            return kind
    begin = text[:200].lstrip()
    if begin.startswith(("{", "[")):
        return "json"
    return "xml" if begin.startswith("<") and not begin.startswith("<binary") else "text"


def content_type(headers: Pairs) -> str:
    """The media type without its parameters."""
    return header(headers, "content-type").partition(";")[0].strip().lower()


def header(headers: Pairs, wanted: str) -> str:
    """The value of a header; empty when there is none."""
    return next((value for name, value in headers if name.lower() == wanted), "")


def entry_title(entry: ExchangeEntry, partition: str = "") -> str:
    """An exchange as it is listed: its number and title, counted where there are several of its kind."""
    title = entry.title
    portion, attempt = entry.event.portion, entry.head.attempt
    if portion is not None:
        title = f"{title} {entry.page}, portion {portion}"
    if gives_records(entry.event):
        title += f", attempt {attempt}" if portion is None or attempt > 1 else ""
    elif entry.repeat > 1 or entry.title.endswith("Polling"):
        title = f"{title} {entry.repeat}"
    return f"{entry.number}  {title}{'  ' + partition if partition else ''}"


def entry_facts(entry: ExchangeEntry) -> str:
    """Time, status code and API status of an exchange, in a line."""
    status = CANCELLED if entry.cancelled else "no answer" if entry.head.status is None else str(entry.head.status)
    mark = "■" if entry.cancelled else "✗" if entry.failed else "✓"
    facts = f"+{entry.offset:.1f} s  {mark} {status}"
    if entry.api_status is not None:
        facts += f"  {clean(entry.api_status)} → {entry.meaning or 'not mapped'}"
    return facts


def curl_command(exchange: Exchange) -> str:
    """The request as a curl command; secrets stay masked."""
    headers = [(name, value) for name, value in exchange.request_headers if name.lower() not in _ADDED_BY_CURL]
    return to_curl(exchange.method, exchange.url, headers, exchange.request_body)


def _lines(headers: Pairs) -> list[str]:
    return [f"{clean(name)}: {clean(value)}" for name, value in headers]


class ExchangeView(DocPanel):
    """Shows the body of a message, or its headers: also where there is no body."""

    BINDING_GROUP_TITLE = "Request and response"
    BINDINGS: ClassVar[list[BindingType]] = [
        shown("e", "toggle_headers", "Headers", "Show the headers, or the body again", "exchange.headers"),
        shown("c", "copy_curl", "Copy curl", "Copy the request as a curl command", "exchange.curl"),
        shown("ctrl+e", "view_elsewhere", "$EDITOR", "Look at the text in your own editor", "exchange.elsewhere"),
        hidden("v", "view_elsewhere(True)", "$PAGER", "Look at the text in your own pager", "exchange.pager"),
        hidden("s", "save", "Save body", "Save the body to a file", "exchange.save"),
    ]

    @dataclass
    class NodePicked(WidgetMessage["ExchangeView"]):
        """A person picked a node of a JSON answer, to use it in the stream."""

        exchange: Exchange
        path: NodePath
        value: object

    @dataclass
    class CopyRequested(WidgetMessage["ExchangeView"]):
        """A person wants a text on the clipboard; `what` names it. The app copies it."""

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
    def _shows_headers(self) -> bool:
        return self._headers or (self._exchange is not None and not body(self._exchange, self._side)[0].strip())

    def _text(self, exchange: Exchange) -> tuple[str, TextKind]:
        if self._shows_headers:
            return headers_text(exchange, self._side), "text"
        return marked_body(exchange, self._side)

    def _line(self, exchange: Exchange) -> str:
        line = first_line(exchange, self._side)
        if self._headers:
            return f"{line} · headers"
        return f"{line} · no body" if self._shows_headers else line

    async def show_found(self, query: str, *, headers: bool) -> None:
        """Go to a text in the headers or in the body."""
        self._headers = headers
        if self._exchange is not None:
            self.show_exchange(self._exchange, "")
        await self.find(query)

    def action_toggle_headers(self) -> None:
        """Show the headers, or the body again."""
        self._headers = not self._headers
        if self._exchange is not None:
            self.show_exchange(self._exchange, "")

    def action_copy_curl(self) -> None:
        """Copy the request as a curl command."""
        if self._exchange is not None:
            self.post_message(self.CopyRequested(self, curl_command(self._exchange), "curl command"))

    def action_save(self) -> None:
        """Save the body to a file."""
        if self._exchange is not None:
            text, kind = body(self._exchange, self._side)
            self.post_message(self.SaveRequested(self, text, ".txt" if kind == "text" else f".{kind}"))

    async def action_view_elsewhere(self, pager: bool = False) -> None:
        """Look at the text as it is shown, in $EDITOR or in $PAGER; nothing of it can be changed."""
        doc = self.document.doc
        text = "\n".join(safe(line) for line in doc.text.split("\n"))
        try:
            await view_elsewhere(self.app, text, _LANGUAGES.get(doc.kind, doc.kind), pager=pager)
        except EditorFailed as error:
            self.app.notify(str(error), severity="error", markup=False)

    @on(DocView.NodeChosen)
    def _pick(self, event: DocView.NodeChosen) -> None:
        event.stop()
        if self._exchange is not None:
            self.post_message(self.NodePicked(self, self._exchange, event.path, event.value))
