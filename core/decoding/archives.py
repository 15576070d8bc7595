"""Archives: the files in a zip or tar archive, recognized by the first bytes, and which of them are read."""

from __future__ import annotations

import tempfile
import zipfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import IO, Any

from core.decoding.chunks import BLOCK, Labelled, peek
from core.decoding.errors import BodyKind, DecodeError, not_this, packed_kind
from core.decoding.inflation import GZIP, Inflation, gunzip
from core.decoding.name_patterns import matcher
from core.decoding.tar import RECORD, File, is_empty_tar, is_tar, tar_files
from core.http.messages import shorten

Decode = Callable[[Iterator[bytes], str | None], Iterator[Any]]
"""Gives the elements of a body that arrives in chunks; gets its charset, too."""

IN_MEMORY = 8 * 1024 * 1024
"""Bytes of an archive that are kept in memory; a larger one is kept in a temporary file."""

_ZIP = frozenset({BodyKind.ZIP, BodyKind.EMPTY_ZIP})
_SHOWN = 5
"""Names of files that an error lists."""
_LONGEST_NAME = 200
"""Characters of a name that an error shows."""
_DAMAGE = (
    *(zipfile.BadZipFile, zlib.error, EOFError, OSError, NotImplementedError, ValueError, LookupError),
    *(OverflowError, RuntimeError),
)


@dataclass(frozen=True, slots=True)
class Selection:
    """Which files of an archive are read, by patterns for their names (none: all), and the field for the name.

    `labels_inside`: decoders inside label records, too.
    """

    patterns: Sequence[str] = ()
    field: str | None = None
    labels_inside: bool = False

    @property
    def by_name(self) -> bool:
        """Whether names are needed at all."""
        return bool(self.patterns) or self.field is not None

    def matcher(self) -> Callable[[str], bool]:
        """The function that says whether a file of this name is read."""
        return matcher(self.patterns) if self.patterns else lambda name: True


def unpacked(decode: Decode, chunks: Iterator[bytes], charset: str | None, max_ratio: float) -> Iterator[Any]:
    """The elements that `decode` gives in a body in gzip, in all files of one in zip, or in one that is not packed.

    Raises `DecodeError` when the body is damaged, cut short or a bomb.
    """
    head, stream = peek(chunks, RECORD)
    if head.startswith(GZIP):
        return decode(gunzip(stream, max_ratio), charset)
    if packed_kind(head) in _ZIP:
        return of_files(zip_files(stream, max_ratio), "zip archive", decode, charset)
    return decode(stream, charset)


def ungzipped(chunks: Iterator[bytes], max_ratio: float) -> Iterator[bytes]:
    """The bytes of a body in gzip, or of one that is not. Raises `DecodeError`."""
    head, stream = peek(chunks, RECORD)
    return gunzip(stream, max_ratio) if head.startswith(GZIP) else stream


def of_archive(
    decode: Decode,
    chunks: Iterator[bytes],
    charset: str | None,
    max_ratio: float,
    selection: Selection,
    *,
    expected: str,
    single: bool,
) -> Iterator[Any]:
    """The elements that `decode` gives in the files of a zip or tar archive, which may be in gzip as a whole.

    A body that is no archive, in gzip or not, is one file when `single` says so, and no names are needed: otherwise it
    is not what was `expected` ("a zip archive"). Raises `DecodeError`.
    """
    head, stream = peek(chunks, RECORD)
    in_gzip = head.startswith(GZIP)
    if in_gzip:
        head, stream = peek(gunzip(stream, max_ratio), RECORD)
    head = head[:RECORD]
    if packed_kind(head) in _ZIP:
        return of_files(zip_files(stream, max_ratio), "zip archive", decode, charset, selection)
    if is_tar(head) or packed_kind(head) is BodyKind.TAR or (is_empty_tar(head) and not single):
        return of_files(tar_files(stream), "tar archive", decode, charset, selection)
    if single and not selection.by_name:
        return decode(stream, charset)
    if not head:
        return iter(())
    where = "It is inside gzip." if in_gzip else ""
    if single:
        where += " `members` and `member_field` need files with names; leave them empty to read a body without."
    raise not_this(expected, head, where.strip())


def of_files(
    files: Iterator[File], archive: str, decode: Decode, charset: str | None, selection: Selection | None = None
) -> Iterator[Any]:
    """The elements of the chosen files of an archive, one file after the other, labelled with its name if asked for.

    Raises `DecodeError` with the file that can't be read, and when the archive has files but none was chosen.
    """
    selection, labels = selection or Selection(), dict[str, str]()
    elements = _elements(files, archive, lambda content: decode(content, charset), selection, labels)
    return Labelled(elements, labels) if selection.field is not None or selection.labels_inside else elements


def _elements(
    files: Iterator[File],
    archive: str,
    decode: Callable[[Iterator[bytes]], Iterator[Any]],
    selection: Selection,
    labels: dict[str, str],
) -> Iterator[Any]:
    chosen = selection.matcher()
    left_out: list[str] = []
    read = skipped = 0
    for name, content in files:
        if not chosen(name):
            skipped += 1
            left_out += [name] if len(left_out) < _SHOWN else []
            continue
        read += 1
        try:
            elements = decode(content)
            if selection.field is not None:
                labels[selection.field] = name
            yield from _noting(elements, labels) if isinstance(elements, Labelled) else elements
        except DecodeError as error:
            message = f"In the file `{shorten(name, _LONGEST_NAME)}` of the {archive}: {error}"
            raise DecodeError(message, retryable=error.retryable) from None
    if skipped and not read:
        raise _none_chosen(selection.patterns, archive, left_out, skipped)


def _noting(elements: Labelled, labels: dict[str, str]) -> Iterator[Any]:
    for element in elements:
        labels |= elements.labels
        yield element


def _none_chosen(patterns: Sequence[str], archive: str, names: list[str], count: int) -> DecodeError:
    wanted = " or ".join(f"“{pattern}”" for pattern in patterns)
    shown = ", ".join(f"“{shorten(name, _LONGEST_NAME)}”" for name in names)
    more = f" and {count - len(names):,} more" if count > len(names) else ""
    return DecodeError(
        f"No file in the {archive} has a name like {wanted}; there are {shown}{more}. "
        "`members` of the decoder says which files are read."
    )


def zip_files(stream: Iterator[bytes], max_ratio: float) -> Iterator[File]:
    """The files of a zip archive; folders and the shadow files of macOS are left out. Raises `DecodeError`.

    The archive's directory is at its end: a large archive waits in a temporary file.
    """
    with tempfile.SpooledTemporaryFile(IN_MEMORY) as file:
        for block in stream:
            file.write(block)
        guard = Inflation("zip archive", max_ratio)
        guard.packed(file.tell())
        with _opened(file) as archive:
            for member in archive.infolist():
                name = member.filename  # it may be empty
                if not name.endswith("/") and not name.startswith("__MACOSX/"):
                    yield name, _content(archive, member, guard)


def _opened(file: IO[bytes]) -> zipfile.ZipFile:
    try:
        return zipfile.ZipFile(file)
    except _DAMAGE as error:
        raise DecodeError(f"The zip archive is damaged or cut short ({error}).", retryable=True) from None


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
