"""How slowly the body of an answer may come in."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass

import httpx

from core.http.policy import BodyRefused
from core.units import count, time_span


@dataclass(frozen=True, slots=True)
class Pace:
    """So many bytes per second, on average over so many seconds (curl: `--speed-limit` and `--speed-time`)."""

    rate: int
    seconds: float

    def follow(self, body: httpx.AsyncByteStream, silence: float | None) -> httpx.AsyncByteStream:
        """A body that is given up with `BodyRefused` where it comes in more slowly.

        `silence` is how many seconds the manifest lets a server be silent: the average is over so many at least.
        """
        return _Paced(body, Pace(self.rate, max(self.seconds, silence or 0.0)))


class _Paced(httpx.AsyncByteStream):
    """Time counts while a part is waited for, from the first one on: not while the reader is busy with one."""

    def __init__(self, body: httpx.AsyncByteStream, pace: Pace) -> None:
        self._body = body
        self._pace = pace

    async def __aiter__(self) -> AsyncIterator[bytes]:
        clock, parts = asyncio.get_running_loop().time, aiter(self._body)
        enough = self._pace.rate * self._pace.seconds
        part, came, left = await anext(parts, None), 0, self._pace.seconds
        while part is not None:
            yield part
            came += len(part)
            if came >= enough:
                came, left = 0, self._pace.seconds
            begun = clock()
            try:
                async with asyncio.timeout(left):
                    part = await anext(parts, None)
            except TimeoutError:
                raise self._too_slow(came) from None
            left -= clock() - begun

    async def aclose(self) -> None:
        await self._body.aclose()

    def _too_slow(self, came: int) -> BodyRefused:
        return BodyRefused(
            f"only {count(came, 'byte')} of the answer came in the last {time_span(self._pace.seconds)}, and less than "
            f"{self._pace.rate} bytes a second are not waited for here; where the API is merely slow, a read with a "
            "limit of one record may succeed"
        )
