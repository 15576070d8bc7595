"""The HTTP clients of a run: as many as its requests need that are under way at the same time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.cookiejar import CookieJar

import httpx

from core.http.cookies import OwnOrigin

SHARE = 8
"""Requests for one client; what its pool does for each grows with the square of its connections."""
MOST = 64
"""Clients; when all are busy, requests wait for a connection of the one with the fewest."""


class Clients:
    """Clients that have their cookies in common; each cookie goes to its own origin only.

    `make` gives a new client; it is called once at first.
    A client is used before a later one is, so that requests which follow each other find their connections open.
    """

    def __init__(self, make: Callable[[httpx.Limits, CookieJar], httpx.AsyncClient]) -> None:
        self._cookies = CookieJar(OwnOrigin())
        self._make = make
        self._clients: list[httpx.AsyncClient] = []
        self._busy: list[int] = []
        self._add()

    @contextmanager
    def one(self) -> Iterator[httpx.AsyncClient]:
        """A client for one request, from its beginning to the end of its answer."""
        if min(self._busy) >= SHARE and len(self._clients) < MOST:
            self._add()
        index = next((index for index, busy in enumerate(self._busy) if busy < SHARE), None)
        if index is None:
            index = self._busy.index(min(self._busy))
        self._busy[index] += 1
        try:
            yield self._clients[index]
        finally:
            self._busy[index] -= 1

    async def aclose(self) -> None:
        """Close all connections."""
        for client in self._clients:
            await client.aclose()

    def _add(self) -> None:
        limits = httpx.Limits(max_connections=SHARE, max_keepalive_connections=SHARE)
        self._clients.append(self._make(limits, self._cookies))
        self._busy.append(0)
