"""One search through all requests of a trial and their answers: URLs, headers and bodies."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from textual.app import ComposeResult
from textual.content import Content
from textual.fuzzy import Matcher
from textual.widgets import Input, Label, OptionList
from textual.widgets.option_list import Option

from core.http.exchange import Exchange
from core.units import count
from tui.trials.exchanges import ExchangeEntry, ExchangeLog
from tui.trials.view.exchange_view import Side, entry_title, headers_text, marked_body
from tui.widgets.choice_dialog import ChoiceDialog, ChoiceOption
from tui.widgets.dialog import text_line
from tui.widgets.display_text import safe
from tui.widgets.doc_text import laid_out

MOST = 200
"""Places that are listed at most."""

_AT_ONCE = 8
"""Requests that are searched before the screen gets its turn."""
_BEFORE = 16
_AFTER = 60
"""Characters that are shown around what was found."""
_TITLE = 40


@dataclass(frozen=True)
class Hit(ChoiceOption):
    """Where a text was found: in the head or the body of a request or of its answer, and how often."""

    number: int = 0
    """The number of the exchange in the log."""
    side: Side = "response"
    headers: bool = False
    around: tuple[str, str, str] = ("", "", "")
    """The first place: what stands before it, the text itself, and what stands after it."""
    times: int = 1


def find(log: ExchangeLog, entry: ExchangeEntry, query: str) -> Iterator[Hit]:
    """The places of an exchange that hold a text, whatever its case. It may take a while; call it in a thread."""
    exchange = log.exchange(entry)
    pattern = re.compile(re.escape(query), re.IGNORECASE)
    for side in ("request", "response"):
        for headers in (True, False):
            text = _head(exchange, side) if headers else _body(exchange, side, pattern, query)
            first = pattern.search(text)
            if first is not None:
                times = sum(1 for _ in pattern.finditer(text))
                place = f"{side} {'head' if headers else 'body'}{f' ({times:,})' if times > 1 else ''}"
                yield Hit(
                    f"{entry.number} {side} {headers}",
                    f"{entry_title(entry)} · {place}",
                    number=entry.number,
                    side=side,
                    headers=headers,
                    around=_around(text, first),
                    times=times,
                )


def _head(exchange: Exchange, side: Side) -> str:
    if side == "response" and exchange.status is None:
        return ""
    return headers_text(exchange, side) if side == "response" else f"{exchange.url}\n{headers_text(exchange, side)}"


def _body(exchange: Exchange, side: Side, pattern: re.Pattern[str], query: str) -> str:
    """The body as it is shown. To lay it out takes long, and isn't done where it can't bring the text about."""
    source, kind = marked_body(exchange, side)
    may_differ = "\\" in source or any(char.isspace() for char in query)
    return laid_out(source, kind)[0] if may_differ or pattern.search(source) else ""


def _around(text: str, match: re.Match[str]) -> tuple[str, str, str]:
    before = text[max(0, match.start() - _BEFORE) : match.start()].rpartition("\n")[2]
    after = text[match.end() : match.end() + _AFTER].partition("\n")[0]
    return safe(before).lstrip(), safe(match[0]), safe(after)


class ExchangeSearch(ChoiceDialog):
    """Lists where a text is found while it is typed; the result is the value of a hit, to be looked up with `hit`."""

    DEFAULT_CSS = """
    ExchangeSearch > .dialog--box { width: 112; }
    """

    def __init__(self, log: ExchangeLog, query: str = "") -> None:
        super().__init__("Search in all requests", (), placeholder="Part of a URL, a header or a body")
        self._log = log
        self.query_text = query
        self._hits: list[Hit] = []

    def compose_body(self) -> ComposeResult:
        yield from super().compose_body()
        yield text_line(self._summary(0), "exchange-search--found")

    def on_mount(self) -> None:
        """Begin with what was searched before."""
        self.query_one(Input).value = self.query_text

    def hit(self, value: str) -> Hit:
        return next(hit for hit in self._hits if hit.value == value)

    def search(self, query: str) -> None:
        """Find a text; what was looked for before is given up."""
        self.query_text, self._hits = query, []
        self.workers.cancel_group(self, "search")
        if query:
            self.run_worker(self._search(query), group="search", exit_on_error=False)
        else:
            self._list(0)

    async def _search(self, query: str) -> None:
        entries = [*self._log.entries]
        for start in range(0, len(entries), _AT_ONCE):
            portion = entries[start : start + _AT_ONCE]
            try:
                self._hits += await asyncio.to_thread(self._find, portion, query)
            except OSError as error:
                self._tell(f"✗ What was kept on disk can't be read: {error.strerror or error}")
                return
            self._list(min(start + _AT_ONCE, len(entries)))
            if len(self._hits) >= MOST:
                return

    def _find(self, entries: Sequence[ExchangeEntry], query: str) -> list[Hit]:
        return [hit for entry in entries for hit in find(self._log, entry, query)]

    def _list(self, searched: int) -> None:
        """List what was found so far; the cursor stays where it is."""
        hits, listed = self._hits[:MOST], len(self._listed)
        choices = self.query_one(OptionList)
        if not self.query_text:
            self._listed = ()
            choices.clear_options()
        elif listed and hits[:listed] == self._listed:
            choices.add_options(
                Option(self.line(hit, None), str(place)) for place, hit in enumerate(hits[listed:], listed)
            )
            self._listed = hits
        else:
            self.list_options(hits)
        self._tell(self._summary(searched))

    def _tell(self, text: str) -> None:
        self.query_one(".exchange-search--found", Label).update(text)

    def _summary(self, searched: int) -> str:
        total = len(self._log.entries)
        if not self.query_text:
            return f"{count(total, 'request')} of this test, and the answers."
        if len(self._hits) >= MOST:
            return f"The first {MOST} places. Type more to find fewer."
        where = f"{searched:,} of {count(total, 'request')}" if searched < total else count(total, "request")
        times = sum(hit.times for hit in self._hits)
        found = f"{times:,} times at " if times > len(self._hits) else ""
        return f"{found}{count(len(self._hits), 'place')} · {where} searched"

    def line(self, option: ChoiceOption, matcher: Matcher | None) -> Content:
        """Which request, where in it, and what stands there."""
        assert isinstance(option, Hit)
        before, found, after = option.around
        title = Content(option.title)
        gap = " " * max(2, _TITLE - title.cell_length)
        return Content.assemble(title, gap, (before, "dim"), (found, "bold underline"), (after, "dim"))
