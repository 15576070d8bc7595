"""Unpacks gzip, and guards against small bodies that unpack to enormous ones."""

from __future__ import annotations

import zlib
from collections.abc import Iterator

from core.decoding.chunks import BLOCK
from core.decoding.errors import DecodeError
from core.http.bodies import is_bomb

GZIP = b"\x1f\x8b"
"""How a gzip file begins."""
_WINDOW = 16 + zlib.MAX_WBITS


class Inflation:
    """Counts the bytes that go into a decompressor and those that come out."""

    def __init__(self, what: str, ratio: float) -> None:
        self._what = what
        self._ratio = ratio
        self._packed = 0
        self._unpacked = 0

    def packed(self, count: int) -> None:
        """Count bytes that went in."""
        self._packed += count

    def unpacked(self, count: int) -> None:
        """Count bytes that came out. Raises `DecodeError` when they are out of all proportion."""
        self._unpacked += count
        if is_bomb(self._packed, self._unpacked, self._ratio):
            raise DecodeError(
                f"The {self._what} unpacks to more than {self._ratio:,g} times its size "
                f"({self._unpacked:,} bytes so far). It looks like a bomb and is not read any further; "
                "`max_ratio` of the decoder sets the limit."
            )


def gunzip(chunks: Iterator[bytes], max_ratio: float) -> Iterator[bytes]:
    """The decompressed bytes of all members of a gzip file, in blocks. Raises `DecodeError`."""
    guard = Inflation("gzip file", max_ratio)
    member = zlib.decompressobj(_WINDOW)
    for chunk in chunks:
        guard.packed(len(chunk))
        data = chunk
        while data:
            if member.eof:
                data = data.lstrip(b"\0")  # padding, as tapes and block devices leave it
                if not data:
                    break
                member = zlib.decompressobj(_WINDOW)
            block, data = _inflate(member, data)
            guard.unpacked(len(block))
            if block:
                yield block
    if not member.eof:
        raise DecodeError("The gzip file ends in the middle: the response seems to be cut short.", retryable=True)


def _inflate(member: zlib._Decompress, data: bytes) -> tuple[bytes, bytes]:
    """A block of output, and the input that is left."""
    try:
        block = member.decompress(data, BLOCK)
    except zlib.error as error:
        raise DecodeError(f"The gzip file is damaged ({error}).") from None
    return block, member.unused_data if member.eof else member.unconsumed_tail
