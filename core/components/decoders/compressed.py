"""Decodes gzip and zip: what comes out of the archive is handed to another decoder."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any

from pydantic import Field

from core.decoding.archives import unpacked
from core.http.bodies import RATIO
from core.runtime.component import NotInAirbyte, Shown
from core.runtime.roles import Decoder
from core.runtime.slices import SliceMemory

MaxRatio = Annotated[
    float,
    Field(
        gt=0,
        title="Largest compression ratio",
        description="How many times its packed size the content may have, beyond 100 MB; what grows more is refused.",
    ),
    Shown(advanced=True, ours=True),
]


class PackedDecoder(Decoder, role=True):
    """Unpacks a body, and hands what is in it to another decoder."""

    decoder: Decoder

    @property
    def carries_over(self) -> bool:
        return self.decoder.carries_over

    def for_slice(self, memory: SliceMemory) -> Decoder:
        inner = self.decoder.for_slice(memory)
        return self if inner is self.decoder else self.model_copy(update={"decoder": inner})


class GzipDecoder(PackedDecoder):
    """The response is compressed by gzip. One that is not passes through as it is, and a zip archive is unpacked."""

    label = "gzip"

    decoder: Annotated[Decoder, NotInAirbyte("IterableDecoder", "XmlDecoder", "ZipfileDecoder")] = Field(
        title="Inner format", description="The format of what is compressed."
    )
    max_ratio: MaxRatio = RATIO

    @property
    def gives_document(self) -> bool:
        return not isinstance(self.decoder, GzipDecoder) and self.decoder.gives_document

    def decode(self, chunks: Iterator[bytes], charset: str | None = None) -> Iterator[Any]:
        """The elements of the decompressed body (`DecodeError` when it is damaged, cut short or a bomb)."""
        return unpacked(self.decoder.decode, chunks, charset, self.max_ratio)


class ZipfileDecoder(PackedDecoder):
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
        return unpacked(self.decoder.decode, chunks, charset, self.max_ratio)
