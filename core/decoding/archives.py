"""Unpacks gzip and zip, recognized by the first bytes of a body, and guards against small bodies that unpack to
enormous ones.
"""

from __future__ import annotations

import tempfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from typing import IO, Any

from core.decoding.chunks import BLOCK, peek
from core.decoding.errors import BodyKind, DecodeError, packed_kind
from core.http.bodies import is_bomb

Decode = Callable[[Iterator[bytes], str | None], Iterator[Any]]
"""Gives the elements of a body that arrives in chunks; gets its charset, too."""


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


IN_MEMORY = 8 * 1024 * 1024
"""Bytes of an archive that are kept in memory; a larger one is kept in a temporary file."""

_GZIP = b"\x1f\x8b"
_ZIP = frozenset({BodyKind.ZIP, BodyKind.EMPTY_ZIP})
_GZIP_WINDOW = 16 + zlib.MAX_WBITS
_LONGEST_MAGIC = 100
"""Bytes that show what a body is, down to the name of the first file in a zip archive."""
_DAMAGE = (
    *(zipfile.BadZipFile, zlib.error, EOFError, OSError, NotImplementedError, ValueError, LookupError),
    *(OverflowError, RuntimeError),
)


def unpacked(decode: Decode, chunks: Iterator[bytes], charset: str | None, max_ratio: float) -> Iterator[Any]:
    """The elements that `decode` gives in a body in gzip, in all files of one in zip, or in one that is not packed.

    Raises `DecodeError` when the body is damaged, cut short or a bomb.
    """
    head, stream = peek(chunks, _LONGEST_MAGIC)
    if head.startswith(_GZIP):
        return decode(gunzip(stream, max_ratio), charset)
    if packed_kind(head) in _ZIP:
        return _of_all_files(decode, stream, charset, max_ratio)
    return decode(stream, charset)


def gunzip(chunks: Iterator[bytes], max_ratio: float) -> Iterator[bytes]:
    """The decompressed bytes of all members of a gzip file, in blocks. Raises `DecodeError`."""
    guard = Inflation("gzip file", max_ratio)
    member = zlib.decompressobj(_GZIP_WINDOW)
    for chunk in chunks:
        guard.packed(len(chunk))
        data = chunk
        while data:
            if member.eof:
                data = data.lstrip(b"\0")  # padding, as tapes and block devices leave it
                if not data:
                    break
                member = zlib.decompressobj(_GZIP_WINDOW)
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


def _of_all_files(decode: Decode, stream: Iterator[bytes], charset: str | None, max_ratio: float) -> Iterator[Any]:
    """The elements of all files of an archive; folders and the shadow files of macOS are left out."""
    with tempfile.SpooledTemporaryFile(IN_MEMORY) as file:
        for block in stream:
            file.write(block)
        guard = Inflation("zip archive", max_ratio)
        guard.packed(file.tell())
        with _opened(file) as archive:
            for member in _files(archive):
                try:
                    yield from decode(_content(archive, member, guard), charset)
                except DecodeError as error:
                    message = f"In the file `{member.filename}` of the zip archive: {error}"
                    raise DecodeError(message, retryable=error.retryable) from None


def _opened(file: IO[bytes]) -> zipfile.ZipFile:
    try:
        return zipfile.ZipFile(file)
    except _DAMAGE as error:
        raise DecodeError(f"The zip archive is damaged or cut short ({error}).", retryable=True) from None


def _files(archive: zipfile.ZipFile) -> Iterator[zipfile.ZipInfo]:
    for member in archive.infolist():
        if not member.filename.endswith("/") and not member.filename.startswith("__MACOSX/"):  # a name may be empty
            yield member


def _content(archive: zipfile.ZipFile, member: zipfile.ZipInfo, guard: Inflation) -> Iterator[bytes]:
    if member.flag_bits & 0x1:
        raise DecodeError("It is encrypted with a password, and such files can't be read.")
    try:
        file = archive.open(member)
    except _DAMAGE as error:
        raise _damaged(error) from None
    with file:
        while block := _read(file):
            guard.unpacked(len(block))
            yield block


def _read(file: IO[bytes]) -> bytes:
    try:
        return file.read(BLOCK)
    except _DAMAGE as error:
        raise _damaged(error) from None


def _damaged(error: Exception) -> DecodeError:
    return DecodeError(f"It is damaged or can't be unpacked ({error}).")
