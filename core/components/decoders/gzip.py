"""Decodes gzip-compressed bodies and hands what comes out to another decoder."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any

from pydantic import Field

from core.components.base import NotInAirbyte
from core.components.decoders.inflation import RATIO, MaxRatio
from core.components.decoders.packed import unpacked
from core.components.roles import Decoder


class GzipDecoder(Decoder):
    """The response is compressed by gzip. One that is not passes through as it is, and a zip archive is unpacked."""

    label = "gzip"

    decoder: Annotated[Decoder, NotInAirbyte("IterableDecoder", "XmlDecoder", "ZipfileDecoder")] = Field(
        title="Inner format", description="The format of what is compressed."
    )
    max_ratio: MaxRatio = RATIO

    def decode(self, chunks: Iterator[bytes], charset: str | None = None) -> Iterator[Any]:
        """The elements of the decompressed body (`DecodeError` when it is damaged, cut short or a bomb)."""
        return unpacked(self.decoder, chunks, charset, self.max_ratio)
