"""Decodes zip archives: every file in them, in order, by another decoder."""

from __future__ import annotations

import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from typing import IO, Annotated, Any

from pydantic import Field

from core.components.base import NotInAirbyte
from core.components.decoders.errors import DecodeError, not_this
from core.components.decoders.inflation import RATIO, Inflation, MaxRatio
from core.components.decoders.streams import BLOCK, peek
from core.components.roles import Decoder

IN_MEMORY = 8 * 1024 * 1024
"""Bytes of an archive that are kept in memory; a larger one is kept in a temporary file."""
_DAMAGE = (zipfile.BadZipFile, zlib.error, EOFError, OSError, NotImplementedError, ValueError)


class ZipfileDecoder(Decoder):
    """The response is a zip archive. All files in it are read one after the other."""

    label = "zip"

    decoder: Annotated[Decoder, NotInAirbyte("IterableDecoder", "XmlDecoder", "ZipfileDecoder")] = Field(
        title="Inner format", description="The format of the files in the archive."
    )
    max_ratio: MaxRatio = RATIO

    def decode(self, chunks: Iterator[bytes]) -> Iterator[Any]:
        """The elements of all files of the archive; nothing for an empty body.

        Folders and the shadow files of macOS are left out. Raises `DecodeError`.
        """
        head, stream = peek(chunks)
        if not head:
            return
        with tempfile.SpooledTemporaryFile(IN_MEMORY) as file:
            for block in stream:
                file.write(block)
            size = file.tell()
            guard = Inflation("zip archive", self.max_ratio)
            guard.packed(size)
            with _opened(file, head) as archive:
                for member in _files(archive):
                    yield from self._elements(archive, member, guard)

    def _elements(self, archive: zipfile.ZipFile, member: zipfile.ZipInfo, guard: Inflation) -> Iterator[Any]:
        try:
            yield from self.decoder.decode(_content(archive, member, guard))
        except DecodeError as error:
            message = f"In the file `{member.filename}` of the zip archive: {error}"
            raise DecodeError(message, retryable=error.retryable) from None


def _opened(file: IO[bytes], head: bytes) -> zipfile.ZipFile:
    try:
        return zipfile.ZipFile(file)
    except _DAMAGE as error:
        if head.startswith(b"PK"):
            message = f"The zip archive is damaged or cut short ({error})."
            raise DecodeError(message, retryable=True) from None
        raise not_this("a zip archive", head) from None


def _files(archive: zipfile.ZipFile) -> Iterator[zipfile.ZipInfo]:
    for member in archive.infolist():
        if not member.is_dir() and not member.filename.startswith("__MACOSX/"):
            yield member


def _content(archive: zipfile.ZipFile, member: zipfile.ZipInfo, guard: Inflation) -> Iterator[bytes]:
    if member.flag_bits & 0x1:
        raise DecodeError("It is encrypted with a password, and such files can't be read.")
    try:
        with archive.open(member) as file:
            while block := file.read(BLOCK):
                guard.unpacked(len(block))
                yield block
    except _DAMAGE as error:
        raise DecodeError(f"It is damaged or can't be unpacked ({error}).") from None
