"""Decodes zip archives: every file in them, in order, by another decoder."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any

from pydantic import Field

from core.components.base import NotInAirbyte
from core.components.decoders.inflation import RATIO, MaxRatio
from core.components.decoders.packed import unpacked
from core.components.roles import Decoder


class ZipfileDecoder(Decoder):
    """The response is a zip archive. All files in it are read one after the other.

    A response in gzip is unpacked, too, and one that is not packed passes through as it is.
    """

    label = "zip"

    decoder: Annotated[Decoder, NotInAirbyte("IterableDecoder", "XmlDecoder", "ZipfileDecoder")] = Field(
        title="Inner format", description="The format of the files in the archive."
    )
    max_ratio: MaxRatio = RATIO

    def decode(self, chunks: Iterator[bytes], charset: str | None = None) -> Iterator[Any]:
        """The elements of all files of the archive; nothing for an empty body.

        Folders and the shadow files of macOS are left out. Raises `DecodeError`.
        """
        return unpacked(self.decoder, chunks, charset, self.max_ratio)
