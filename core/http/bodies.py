"""Responses whose bodies are decompressed bit by bit and are bounded in size and time."""

from __future__ import annotations

import asyncio
import zlib
from collections.abc import AsyncGenerator, AsyncIterator, Iterator, Sequence
from contextlib import aclosing
from typing import Self

import httpx

from core.http.charsets import charset_of, readable_text
from core.http.exchange import Role
from core.http.policy import BodyRefused

FREE_BYTES = 100_000_000
"""Bytes that any compressed body may unpack to, however small it is."""
RATIO = 1_000.0
"""How many times its packed size a body may have beyond `FREE_BYTES`; 1,032 is the most that gzip can reach."""


def is_bomb(packed: int, unpacked: int, ratio: float = RATIO) -> bool:
    """Whether a compressed body grows more than is plausible; sizes are in bytes."""
    return unpacked > FREE_BYTES and unpacked > packed * ratio


BLOCK = 262_144
"""Bytes that are unpacked at once."""
LARGEST_ANSWER = 64_000_000
"""The most bytes of a response that is read as a whole."""
LARGEST_PAGE = 512_000_000
"""The most bytes of a page of records that a paginator looks into."""
LARGEST_ASIDE = 1_048_576
"""Bytes of the body of a redirect or an error that are read; the rest is left out."""
LONGEST = 3600.0
"""Seconds that reading a body as a whole may take."""
CODINGS = "gzip, deflate"
"""The content encodings that requests accept."""

_MOST_CODINGS = 3
_UNKNOWN = frozenset({"br", "zstd", "compress", "x-compress", "dcb", "dcz"})
_GZIP_MAGIC = b"\x1f\x8b"
_FRAMING = frozenset({"content-encoding", "content-length", "transfer-encoding"})
_PAGES = frozenset({Role.PAGE, Role.PARENT, Role.LIST, Role.DOWNLOAD})


class GuardedResponse(httpx.Response):
    """A response of httpx whose body comes from `aiter_bytes`, or from `content` after `read_whole`.

    Its text can be read whatever charset it names, and whatever its bytes are.
    """

    _limit: int | None = None
    _cuts = False
    _whole = False

    @classmethod
    def of(cls, response: httpx.Response) -> Self:
        """The same response, its body unread."""
        guarded = cls(
            response.status_code,
            headers=response.headers,
            stream=response.stream,
            request=response.request,
            extensions=response.extensions,
        )
        guarded.next_request = response.next_request
        return guarded

    @classmethod
    def with_body(cls, response: httpx.Response, content: bytes) -> Self:
        """The same response with a body that is decoded and complete."""
        headers = [item for item in response.headers.multi_items() if item[0] not in _FRAMING]
        return cls(
            response.status_code,
            headers=headers,
            content=content,
            request=response.request,
            extensions=response.extensions,
        )

    @property
    def text(self) -> str:
        """The body as text for people, free of a byte order mark."""
        return readable_text(self.content, charset_of(self))

    async def read_whole(self, role: Role) -> bool:
        """Read the body; whether all of it was read (of a redirect or an error, only the beginning may be).

        Raises `httpx.HTTPError`, and `BodyRefused` for a body that is too long.
        """
        self._cuts = self.status_code >= httpx.codes.MULTIPLE_CHOICES
        self._limit = LARGEST_ASIDE if self._cuts else LARGEST_PAGE if role in _PAGES else LARGEST_ANSWER
        try:
            async with asyncio.timeout(LONGEST):
                await self.aread()
        except TimeoutError:
            raise BodyRefused(f"the answer did not end within {LONGEST / 60:g} minutes") from None
        finally:
            await self.aclose()
        return self._whole

    async def aiter_bytes(self, chunk_size: int | None = None) -> AsyncIterator[bytes]:
        """The body without its content encodings. Raises `httpx.HTTPError`."""
        if self._whole or self.is_closed:
            async for part in super().aiter_bytes(chunk_size):
                yield part
            return
        try:
            async with aclosing(self._bounded()) as parts:
                async for part in parts:
                    yield part
        except (BodyRefused, httpx.DecodingError):
            if not self._cuts:  # of a redirect or an error, the status is what counts
                raise

    async def _bounded(self) -> AsyncGenerator[bytes, None]:
        size = 0
        async with aclosing(_unpacked(self)) as parts:
            async for part in parts:
                size += len(part)
                if self._limit is not None and size > self._limit:
                    yield part[: self._limit - size]
                    raise BodyRefused(f"the answer is longer than {self._limit // 1_000_000:,} MB")
                yield part
        self._whole = True


async def _unpacked(response: httpx.Response) -> AsyncGenerator[bytes, None]:
    coders = [_Coder(name) for name in _codings(response)]
    packed, grown = 0, [0] * len(coders)

    def through(data: bytes, stage: int) -> Iterator[bytes]:
        if stage == len(coders):
            yield data
            return
        for block in coders[stage].unpack(data):
            grown[stage] += len(block)
            if is_bomb(packed, grown[stage]):
                raise BodyRefused(
                    f"its body, of {packed:,} bytes so far, unpacks to more than {grown[stage]:,}; it looks like a bomb"
                )
            yield from through(block, stage + 1)

    async for data in response.aiter_raw():
        packed += len(data)
        for part in through(data, 0):
            yield part
    for coder in coders:
        coder.end()


def unpacked(response: httpx.Response, packed: bytes) -> tuple[bytes, httpx.DecodingError | None]:
    """A body without the content encodings that its response names; what could be unpacked of one that is damaged, with
    the error that says so. Raises `BodyRefused`.
    """
    body, damage = packed, None
    for name in _codings(response):
        coder, whole = _Coder(name), bytearray()
        try:
            for block in coder.unpack(body):
                whole += block
                if is_bomb(len(packed), len(whole)):
                    raise BodyRefused(f"its body, of {len(packed):,} bytes, unpacks to more than {len(whole):,}")
            coder.end()
        except httpx.DecodingError as error:
            damage = damage or error
        body = bytes(whole)
    return body, damage


def _codings(response: httpx.Response) -> Sequence[str]:
    """The content encodings of a response, in the order in which they are removed."""
    named = response.headers.get_list("content-encoding", split_commas=True)
    names = [name.strip().lower().removeprefix("x-") for name in named]
    unknown = next((name for name in names if name in _UNKNOWN), None)
    if unknown is not None:
        raise BodyRefused(
            f"its body is packed in `{unknown}`, which Longhaul does not unpack; "
            f"the `Accept-Encoding` header of the request should be `{CODINGS}`, as it is when the manifest sets none"
        )
    codings = [name for name in reversed(names) if name in ("gzip", "deflate")]
    if len(codings) > _MOST_CODINGS:
        raise BodyRefused(f"its body is packed {len(codings)} times, one in the other")
    return codings


class _Coder:
    """Removes one content encoding: gzip with all its members, or deflate, with or without the header of zlib."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._begin = b""
        self._inflater: zlib._Decompress | None = None

    def unpack(self, data: bytes) -> Iterator[bytes]:
        """The unpacked bytes, in blocks. Raises `httpx.DecodingError`."""
        full = False  # more may come out although there is no input left
        while data or (full and self._inflater is not None and not self._inflater.eof):
            if self._inflater is None:
                data = self._begin + data
                if len(data) < len(_GZIP_MAGIC):
                    self._begin = data
                    return
                self._begin = b""
                self._inflater = zlib.decompressobj(_window(self._name, data))
            elif self._inflater.eof:
                data = self._behind(data)
                continue
            try:
                block = self._inflater.decompress(data, BLOCK)
            except zlib.error as error:
                raise httpx.DecodingError(f"the body can't be unpacked as {self._name} ({error})") from None
            data = self._inflater.unused_data if self._inflater.eof else self._inflater.unconsumed_tail
            full = len(block) == BLOCK
            if block:
                yield block

    def _behind(self, data: bytes) -> bytes:
        """What follows a member of gzip: the next member; anything else is not part of the body."""
        data = self._begin + data
        self._begin = b""
        if self._name != "gzip":
            return b""
        if data.startswith(_GZIP_MAGIC):
            self._inflater = None
            return data
        if data == _GZIP_MAGIC[:1]:
            self._begin = data
        return b""

    def end(self) -> None:
        """The body has ended. Raises `httpx.DecodingError` if the compressed data has not."""
        unfinished = self._inflater is not None and not self._inflater.eof
        if unfinished or (self._inflater is None and self._begin):
            raise httpx.DecodingError(f"the body, packed in {self._name}, ends in the middle")


def _window(name: str, begin: bytes) -> int:
    if name == "gzip":
        return zlib.MAX_WBITS | 16
    has_header = begin[0] & 0x0F == zlib.DEFLATED and int.from_bytes(begin[:2], "big") % 31 == 0
    return zlib.MAX_WBITS if has_header else -zlib.MAX_WBITS
