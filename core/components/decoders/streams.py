"""Chunks of bytes of any size as the readers of the formats want them: as blocks, lines, a file, or text."""

from __future__ import annotations

import codecs
import io
from collections.abc import Iterable, Iterator
from itertools import chain
from typing import TYPE_CHECKING, Annotated

from pydantic import AfterValidator

from core.components.decoders.errors import DecodeError

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

BLOCK = 65_536
"""Bytes that are parsed in one go."""


def _known_encoding(name: str) -> str:
    try:
        codecs.lookup(name)
    except LookupError:
        raise ValueError(
            f"`{name}` is not the name of a text encoding; common ones are utf-8, latin-1, cp1252"
        ) from None
    return name


Encoding = Annotated[str, AfterValidator(_known_encoding)]
"""The name of a text encoding that Python knows."""


def blocks(chunks: Iterable[bytes], size: int = BLOCK) -> Iterator[bytes]:
    """The same bytes in blocks of at least `size` bytes, save for the last one; no block is empty."""
    waiting: list[bytes] = []
    length = 0
    for chunk in filter(None, chunks):
        waiting.append(chunk)
        length += len(chunk)
        if length >= size:
            yield chunk if len(waiting) == 1 else b"".join(waiting)
            waiting, length = [], 0
    if length:
        yield b"".join(waiting)


def peek(chunks: Iterator[bytes], size: int = BLOCK) -> tuple[bytes, Iterator[bytes]]:
    """The first bytes, at least `size` where there are so many, and all bytes including these."""
    stream = blocks(chunks, size)
    head = next(stream, b"")
    return head, chain((head,) if head else (), stream)


def whole_lines(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """The same bytes in blocks that end with a line feed, save for the last one, and without a byte order mark."""
    rest: list[bytes] = []
    mark: bytes = codecs.BOM_UTF8
    for block in blocks(chunks):
        text = block.removeprefix(mark)
        mark = b""
        end = text.rfind(b"\n") + 1
        if end:
            yield b"".join((*rest, text[:end]))
            rest = []
        rest.append(text[end:])
    if any(rest):
        yield b"".join(rest)


def decoded(stream: Iterable[bytes], encoding: str) -> Iterator[str]:
    """The text of the bytes. A byte order mark is dropped. Raises `DecodeError`."""
    decoder = codecs.getincrementaldecoder(tolerating_mark(encoding))()
    position = 0
    try:
        for block in stream:
            yield decoder.decode(block)
            position += len(block)
        yield decoder.decode(b"", final=True)
    except UnicodeDecodeError as error:
        raise undecodable(encoding, error, f" at position {position + error.start:,}") from None


def undecodable(encoding: str, error: UnicodeDecodeError, place: str = "") -> DecodeError:
    """The error for bytes that are no text in `encoding`; `place` (with a space before it) says where."""
    byte = f"0x{error.object[error.start]:02x}{place}"
    return DecodeError(
        f"The response is not text in the encoding {encoding}: the byte {byte} does not fit. "
        "The API seems to use another encoding, such as latin-1 or utf-16."
    )


def tolerating_mark(encoding: str) -> str:
    """The encoding that reads the same and drops a byte order mark."""
    return "utf-8-sig" if codecs.lookup(encoding).name == "utf-8" else encoding


class ByteStream(io.RawIOBase):
    """A readable file over chunks of bytes."""

    def __init__(self, chunks: Iterable[bytes]) -> None:
        self._chunks = iter(chunks)
        self._rest = memoryview(b"")

    def readable(self) -> bool:
        """Always."""
        return True

    def readinto(self, buffer: WriteableBuffer) -> int:
        """Fill `buffer` as far as one chunk goes; 0 at the end."""
        target = memoryview(buffer).cast("B")
        while not self._rest:
            chunk = next(self._chunks, None)
            if chunk is None:
                return 0
            self._rest = memoryview(chunk)
        count = min(len(target), len(self._rest))
        target[:count] = self._rest[:count]
        self._rest = self._rest[count:]
        return count


def text_lines(chunks: Iterable[bytes], encoding: str, newline: str | None = None) -> io.TextIOWrapper:
    """The text of the bytes, to be read line by line; `newline` as `open` has it."""
    buffered = io.BufferedReader(ByteStream(chunks), BLOCK)
    return io.TextIOWrapper(buffered, tolerating_mark(encoding), newline=newline)
