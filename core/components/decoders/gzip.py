"""Decodes gzip-compressed bodies and hands what comes out to another decoder."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from typing import Annotated, Any

from pydantic import Field

from core.components.base import NotInAirbyte
from core.components.decoders.errors import DecodeError, describe
from core.components.decoders.inflation import RATIO, Inflation, MaxRatio
from core.components.decoders.streams import BLOCK, peek
from core.components.roles import Decoder

MAGIC = b"\x1f\x8b"
_GZIP = 16 + zlib.MAX_WBITS


class GzipDecoder(Decoder):
    """The response is compressed by gzip. A response that is not passes through as it is."""

    label = "gzip"

    decoder: Annotated[Decoder, NotInAirbyte("IterableDecoder", "XmlDecoder", "ZipfileDecoder")] = Field(
        title="Inner format", description="The format of what is compressed."
    )
    max_ratio: MaxRatio = RATIO

    def decode(self, chunks: Iterator[bytes]) -> Iterator[Any]:
        """The elements of the decompressed body (`DecodeError` when it is damaged, cut short or a bomb)."""
        head, stream = peek(chunks, len(MAGIC))
        return self.decoder.decode(gunzip(stream, self.max_ratio) if head.startswith(MAGIC) else stream)


def gunzip(chunks: Iterator[bytes], max_ratio: float = RATIO) -> Iterator[bytes]:
    """The decompressed bytes of all members of a gzip file, in blocks. Raises `DecodeError`."""
    guard = Inflation("gzip file", max_ratio)
    member = zlib.decompressobj(_GZIP)
    for chunk in chunks:
        guard.packed(len(chunk))
        data = chunk
        while data:
            if member.eof:
                data = data.lstrip(b"\0")  # padding, as tapes and block devices leave it
                if not data:
                    break
                member = zlib.decompressobj(_GZIP)
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
        raise DecodeError(f"The gzip file is damaged ({error}); it goes on with {describe(data[:200])}.") from None
    return block, member.unused_data if member.eof else member.unconsumed_tail
