"""The exchanges of a trial: numbered, titled, with the bodies in memory or on disk."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache
from typing import Any

import orjson

from core.events import ExchangeFinished
from core.http.exchange import Exchange, Role
from tui.trials.records import Spool
from tui.trials.state import CANCELLED, FINAL_ROLES

IN_MEMORY = 32_000_000
"""Characters of bodies that are kept in memory."""

_RECALLED = 4
"""Exchanges from disk that are cached in memory while they are looked at."""

_TITLES: Mapping[Role, str] = {
    Role.PAGE: "Page",
    Role.PARENT: "Parent Stream",
    Role.CREATE: "Async Job -- Create",
    Role.START: "Async Job -- Start",
    Role.POLL: "Async Job -- Polling",
    Role.TARGET: "Download Target",
    Role.LINK: "Download Link",
    Role.DOWNLOAD: "Async Job -- Download",
    Role.ABORT: "Async Job -- Abort",
    Role.DELETE: "Async Job -- Delete",
    Role.AUTH: "Refresh token",
    Role.SCHEMA: "Schema loader",
    Role.PROPERTIES: "Properties",
    Role.FILE: "File",
    Role.LIST: "Rest of a list",
}
_GLOBAL = frozenset({Role.AUTH, Role.PARENT, Role.SCHEMA, Role.PROPERTIES})
"""Requests that belong to no partition, whichever one needed them first."""
_SHARED = frozenset({Role.AUTH, Role.SCHEMA})
"""Those of them that are the same for a stream and its parents."""


@dataclass(slots=True)
class ExchangeEntry:
    """One exchange of the log. `head` is the exchange, without its bodies where those are on disk.

    `partition` is None for requests that serve all partitions, `page` for those that give no records. `offset` is in
    seconds since the read began. A poll has the API's status and the bucket that it was taken for.
    """

    number: int
    title: str
    head: Exchange
    event: ExchangeFinished
    partition: int | None
    page: int | None
    offset: float
    api_status: str | None = None
    meaning: str | None = None
    repeat: int = 1
    """Counts the exchanges of this title in its partition, to distinguish the third poll from the second."""
    spooled: tuple[int, int] | None = None

    @property
    def failed(self) -> bool:
        """Whether there is no answer, or one with an error; an exchange that was cancelled has not failed."""
        head = self.head
        return not self.cancelled and (head.error is not None or head.status is None or head.status >= 400)

    @property
    def cancelled(self) -> bool:
        """Whether the read was ended before the answer was there."""
        return self.head.error == CANCELLED


class ExchangeLog:
    """All exchanges of a read, in the order they ended. `final` are the roles of those that the read is for."""

    def __init__(
        self, spool: Spool | None = None, in_memory: int = IN_MEMORY, *, final: frozenset[Role] = FINAL_ROLES
    ) -> None:
        self._final = final
        self.entries: list[ExchangeEntry] = []
        self._spool = spool or Spool()
        self._in_memory = self._room = in_memory
        self._repeats: dict[tuple[str, int | None], int] = {}
        self._answers: dict[tuple[int | None, int | None], ExchangeEntry] = {}
        """The last answer that the read is for, of each page of each partition."""
        self._recall = lru_cache(_RECALLED)(self._read)

    def __len__(self) -> int:
        return len(self.entries)

    def add(self, event: ExchangeFinished, began: datetime, partition: int | None, page: int | None) -> ExchangeEntry:
        """Number an exchange and store it. Raises `OSError` when the disk is full."""
        exchange = event.exchange
        owner = None if exchange.role in _GLOBAL or event.parent is not None else partition
        title = _title(event)
        self._repeats[title, owner] = self._repeats.get((title, owner), 0) + 1
        offset = max(0.0, (exchange.started - began).total_seconds())
        entry = ExchangeEntry(
            number=len(self.entries) + 1,
            title=title,
            head=exchange,
            event=event,
            partition=owner,
            page=page,
            offset=offset,
            repeat=self._repeats[title, owner],
        )
        self._make_room(entry)
        self.entries.append(entry)
        if exchange.role in self._final and event.parent is None:
            self._answers[owner, page] = entry
        return entry

    def exchange(self, entry: ExchangeEntry) -> Exchange:
        """The whole exchange of an entry, bodies included."""
        head = entry.head  # first of all: another thread may be moving the bodies to disk
        return head if entry.spooled is None else self._recall(entry.number)

    def _read(self, number: int) -> Exchange:
        entry = self.entries[number - 1]
        assert entry.spooled is not None
        request, response = orjson.loads(self._spool.read(*entry.spooled))
        return replace(entry.head, request_body=request, response_body=response)

    def note_status(self, partition: int, api_status: str | None, meaning: str | None) -> None:
        """Note the status that the last poll of a partition found."""
        for entry in reversed(self.entries):
            if entry.head.role is Role.POLL and entry.partition == partition:
                entry.api_status, entry.meaning = api_status, meaning
                return

    def last_json(self, role: Role) -> Any:
        """The latest answer to a request of a role; None where there is none that is JSON."""
        entry = next((one for one in reversed(self.entries) if one.head.role is role), None)
        try:
            return None if entry is None else orjson.loads(self.exchange(entry).response_body or "")
        except orjson.JSONDecodeError:
            return None

    def others(self, partition: int | None = None) -> list[ExchangeEntry]:
        """What is not the answer shown for a page: those of a partition (None: of any) and the global ones.

        Earlier attempts at a page and redirects on the way to it are among them.
        """
        return [
            entry
            for entry in self.entries
            if (partition is None or entry.partition in (None, partition)) and not self.is_answer(entry)
        ]

    def finals(self, partition: int | None) -> list[ExchangeEntry]:
        """The answers that the read is for, the last one of each page; those of a partition (None: of any)."""
        return [one for one in self._answers.values() if partition is None or one.partition == partition]

    def is_answer(self, entry: ExchangeEntry) -> bool:
        """Whether an exchange is the answer shown for a page."""
        return self._answers.get((entry.partition, entry.page)) is entry

    @staticmethod
    def to_look_at(entries: Sequence[ExchangeEntry]) -> ExchangeEntry | None:
        """Which of some requests of a read that is over to show first: the first that failed for good, else the first
        that failed, else the last.
        """
        answered = {_request_of(one) for one in entries if not one.failed and not one.cancelled}
        failed = [one for one in entries if one.failed]
        for_good = [one for one in failed if _request_of(one) not in answered]
        return next(iter((*for_good, *failed)), entries[-1] if entries else None)

    def _make_room(self, entry: ExchangeEntry) -> None:
        """Move the bodies to disk when there are enough of them in memory."""
        exchange = entry.head
        length = len(exchange.request_body or "") + len(exchange.response_body or "")
        if length <= self._room:
            self._room -= length
            return
        self._to_disk(entry)

    def _to_disk(self, entry: ExchangeEntry) -> None:
        exchange = entry.head
        data = orjson.dumps([exchange.request_body, exchange.response_body])
        entry.spooled = (self._spool.append(data), len(data))
        entry.head = replace(exchange, request_body=None, response_body=None)
        entry.event = replace(entry.event, exchange=entry.head)

    @property
    def in_memory(self) -> int:
        """Characters of bodies that are in memory."""
        return self._in_memory - self._room

    def put_away(self) -> None:
        """Move the bodies to disk; no more exchanges come. Raises `OSError`."""
        for entry in self.entries:
            if entry.spooled is None and (entry.head.request_body or entry.head.response_body):
                self._to_disk(entry)
        self._room = self._in_memory
        self._recall.cache_clear()


def _request_of(entry: ExchangeEntry) -> tuple[Role, int | None, str]:
    """What identifies a request, however often it was repeated."""
    return entry.head.role, entry.partition, entry.head.url


def _title(event: ExchangeFinished) -> str:
    """What an exchange is called; one of a parent stream says which, and what it is for where that is no page."""
    title = _TITLES[event.exchange.role]
    if event.parent is None or event.exchange.role in _SHARED:
        return title
    return f"Parent Stream -- {event.parent}" + ("" if event.exchange.role is Role.PARENT else f": {title}")
