"""Recorded HTTP exchanges, secrets masked and bodies capped, and how they are recorded."""

from __future__ import annotations

import asyncio
import time
import zlib
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

import httpx

from core import units
from core.http.charsets import charset_named, marked_encoding, readable_text
from core.http.secrets import Secrets

BODY_LIMIT = 1_000_000
"""Bytes of a request or response body that an exchange keeps, unless the session sets another limit."""
MARGIN = 16_384
"""Bytes behind what is kept of a body that are looked at, so that a secret that is cut is masked as a whole."""
_LARGE = 65_536
"""Bytes of a body that is made readable in a thread: more take milliseconds, and as many waits for other threads."""
_FEW = 10
"""Bytes are no text if more than one in this many characters is invalid."""
_GZIP_MAGIC = b"\x1f\x8b"
_ZIP = b"PK\x03\x04"
_ZIP_HEADER = 30
"""Bytes before the name of the first file in a zip (APPNOTE.TXT, 4.3.7)."""
_DEFLATED = 8


class Role(StrEnum):
    """What a request is for."""

    PAGE = "page"
    PARENT = "parent"
    CREATE = "create"
    START = "start"
    POLL = "poll"
    TARGET = "target"
    LINK = "link"
    DOWNLOAD = "download"
    ABORT = "abort"
    DELETE = "delete"
    AUTH = "auth"
    SCHEMA = "schema"
    PROPERTIES = "properties"
    FILE = "file"
    LIST = "list"


@dataclass(frozen=True, slots=True)
class Exchange:
    """One request and its response, or the error in its place.

    Header values and bodies are text for people: secrets are masked, bytes that are no text are described, and long
    bodies are cut (`cut` says whether the response's was; `response_size` is the whole size as transferred, None if
    unknown). `attempt` counts from 1 over the retries of one request. `seconds` last from sending to the last byte.
    """

    role: Role
    method: str
    url: str
    request_headers: tuple[tuple[str, str], ...]
    request_body: str | None
    started: datetime
    seconds: float
    attempt: int = 1
    status: int | None = None
    reason: str = ""
    http_version: str = "HTTP/1.1"
    response_headers: tuple[tuple[str, str], ...] = ()
    response_body: str | None = None
    response_size: int | None = None
    cut: bool = False
    error: str | None = None


@dataclass(slots=True)
class Allowance:
    """Bytes of bodies that may be kept: those of each body, and those that all bodies together may have on top."""

    each: int = BODY_LIMIT
    spare: int = 0


class Recording:
    """Records one exchange while it happens.

    `finish` makes the exchange and passes it to `record`; nothing after the first one that came to its end has an
    effect.
    """

    def __init__(
        self,
        request: httpx.Request,
        *,
        role: Role,
        attempt: int,
        started: datetime,
        secrets: Secrets,
        record: Callable[[Exchange], None],
        allowance: Allowance | None = None,
    ) -> None:
        self.request = request
        self.exchange: Exchange | None = None
        self._role = role
        self._attempt = attempt
        self.started = started
        self._clock = time.perf_counter()
        self._secrets = secrets
        self._record = record
        self._response: httpx.Response | None = None
        self._allowance = allowance or Allowance()
        self._kept = bytearray()
        self._room = self._allowance.each
        self._margin = MARGIN if self._room else 0
        self._seen = 0

    def responded(self, response: httpx.Response) -> None:
        """Status and headers have arrived."""
        self._response = response

    def received(self, part: bytes) -> None:
        """A part of the body has arrived, decompressed."""
        self._seen += len(part)
        spared = min(max(0, self._seen - self._room), self._allowance.spare)
        self._allowance.spare -= spared
        self._room += spared
        self._kept += part[: max(0, self._room + self._margin - len(self._kept))]

    def finish(self, error: str | None = None, *, complete: bool = True) -> Exchange:
        """End the exchange; `error` says why it failed, `complete` whether all of the body arrived."""
        return self._finished(self.exchange or self._made(error, complete, self._seconds))

    async def finish_aside(self, *, complete: bool = True) -> Exchange:
        """The same without an error; a large body becomes text in a thread, while the event loop goes on."""
        if len(self._kept) < _LARGE:
            return self.finish(complete=complete)
        return self._finished(await asyncio.to_thread(self._made, None, complete, self._seconds))

    def _finished(self, made: Exchange) -> Exchange:
        if self.exchange is None:
            self.exchange = made
            self._kept.clear()
            self._record(made)
        return self.exchange

    @property
    def _seconds(self) -> float:
        """The time since the request was sent; what is recorded of it takes none."""
        return time.perf_counter() - self._clock

    def _made(self, error: str | None, complete: bool, seconds: float) -> Exchange:
        return self._with_answer(self._sent(error, seconds), complete and error is None)

    def _sent(self, error: str | None, seconds: float) -> Exchange:
        request, mask = self.request, self._secrets.mask
        body, limit = request.content, self._allowance.each
        text = self._text(body[: limit + self._margin], limit, len(body), _content_type(request))
        return Exchange(
            role=self._role,
            method=request.method,
            url=mask(str(request.url)),
            request_headers=self._secrets.mask_headers(_as_sent(request.headers)),
            request_body=text if body else None,
            started=self.started,
            seconds=seconds,
            attempt=self._attempt,
            error=None if error is None else mask(error),
        )

    def _with_answer(self, exchange: Exchange, complete: bool) -> Exchange:
        response = self._response
        if response is None:
            return exchange
        announced = response.headers.get("content-length", "")
        size = int(announced) if announced.isdigit() else None
        kept, each = bytes(self._kept), self._allowance.each
        inner = _unpacked(kept, each + self._margin)
        begin, limit = (kept, self._room) if inner is None else (inner, each)
        whole = None if inner is None else False
        text = self._text(begin, limit, self._seen, _content_type(response), complete=whole)
        return replace(
            exchange,
            status=response.status_code,
            reason=self._secrets.mask(response.reason_phrase),
            http_version=response.http_version,
            response_headers=self._secrets.mask_headers(_as_sent(response.headers)),
            response_body=text,
            response_size=response.num_bytes_downloaded if complete else size,
            cut=self._seen > self._room or len(begin) > limit,
        )

    def _text(self, begin: bytes, limit: int, size: int, content_type: str, *, complete: bool | None = None) -> str:
        """The first `limit` bytes of a body as text, masked; `begin` is somewhat longer."""
        text = body_text(begin, size, content_type, complete=complete)
        cut = len(body_text(begin[:limit], size, content_type, complete=False)) if len(begin) > limit else None
        return self._secrets.mask(text, cut)


def _content_type(message: httpx.Request | httpx.Response) -> str:
    return str(message.headers.get("content-type", ""))


def _as_sent(headers: httpx.Headers) -> list[tuple[str, str]]:
    encoding = headers.encoding
    return [(name.decode("latin-1"), value.decode(encoding, "replace")) for name, value in headers.raw]


def body_text(begin: bytes, size: int, content_type: str, *, complete: bool | None = None) -> str:
    """The first bytes of a body as text, or a description if they are none: `<binary, 12.3 MB, application/gzip>`.

    Unless they are `complete` (None: by their number), they may end within a character.
    """
    is_whole = size <= len(begin) if complete is None else complete
    text = _as_text(begin, charset_named(content_type), complete=is_whole)
    if text is not None:
        return text
    kind = content_type.partition(";")[0].strip()
    return f"<{', '.join(filter(None, ('binary', units.size(size, byte='bytes'), kind)))}>"


def _as_text(begin: bytes, charset: str | None, *, complete: bool) -> str | None:
    """The text of bytes, or None if they are none. Unless they are `complete`, they may end within a character.

    Single bytes of a text may be invalid: they are shown as U+FFFD.
    """
    marked = marked_encoding(begin)
    for encoding in (marked, None if b"\0" in begin else "utf-8", charset):
        text = "" if encoding is None else readable_text(begin, encoding, complete=complete)
        if text and "\ufffd" not in text and "\0" not in text:
            return text
    if b"\0" in begin:
        return None
    text = readable_text(begin, charset, complete=complete)
    return text if text.count("\ufffd") * _FEW <= len(text) else None


def _unpacked(begin: bytes, limit: int) -> bytes | None:
    """Up to `limit` bytes of the file in a gzip body, or of the first file in a zip; None if the body is neither.

    `begin` is as much of the beginning of the body as there is.
    """
    if begin.startswith(_GZIP_MAGIC):
        return _inflated(begin, zlib.MAX_WBITS | 16, limit)
    if begin.startswith(_ZIP) and int.from_bytes(begin[8:10], "little") == _DEFLATED:
        names = int.from_bytes(begin[26:28], "little") + int.from_bytes(begin[28:30], "little")
        return _inflated(begin[_ZIP_HEADER + names :], -zlib.MAX_WBITS, limit)
    return None


def _inflated(packed: bytes, window: int, limit: int) -> bytes | None:
    with suppress(zlib.error):
        return zlib.decompressobj(window).decompress(packed, limit) or None
    return None
