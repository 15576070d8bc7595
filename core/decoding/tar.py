"""Reads tar archives while they arrive: what is in them, file by file, in constant memory.

`tarfile` takes a damaged header for the end of the archive, and holds extension headers of any size; so only its
parser of single headers is used here.
"""

from __future__ import annotations

import io
import tarfile
from collections.abc import Iterator

from core.decoding.chunks import BLOCK, ByteStream
from core.decoding.errors import DecodeError, too_long

File = tuple[str, Iterator[bytes]]
"""The name of a file in an archive, and its content, which is read before the next file is asked for."""

RECORD = tarfile.BLOCKSIZE
"""Bytes of a header; everything in a tar archive begins at a multiple of it."""
LARGEST_EXTENSION = 1024 * 1024
"""Bytes of a header that says more than fits into one: a long name, attributes."""

_NOTHING = bytes(RECORD)
_PAX = frozenset((tarfile.XHDTYPE, tarfile.SOLARIS_XHDTYPE))
_FILES = frozenset((tarfile.REGTYPE, tarfile.AREGTYPE, tarfile.CONTTYPE))
_WITHOUT_DATA = frozenset(
    (tarfile.LNKTYPE, tarfile.SYMTYPE, tarfile.CHRTYPE, tarfile.BLKTYPE, tarfile.DIRTYPE, tarfile.FIFOTYPE)
)
_SPARSE_FOLLOWS = 482, 504
"""Where the header of a sparse file, and each one that follows it, says whether another one follows."""


def is_tar(head: bytes) -> bool:
    """Whether a body that begins with `head` is a tar archive: its first header has the right checksum."""
    try:
        tarfile.TarInfo.frombuf(head[:RECORD], "utf-8", "replace")
    except (tarfile.HeaderError, ValueError):
        return False
    return True


def is_empty_tar(head: bytes) -> bool:
    """Whether a body that begins with `head` is a tar archive with nothing in it."""
    return head[:RECORD] == _NOTHING


def tar_files(stream: Iterator[bytes]) -> Iterator[File]:
    """The regular files of a tar archive (ustar, GNU, pax, or older).

    Links, devices, directories and the shadow files of macOS are left out.

    Raises `DecodeError` when the archive is damaged or cut short. The content of a sparse file, which is stored
    without its holes, can't be read: that raises, too.
    """
    return _Tar(stream).files()


class _Tar:
    def __init__(self, stream: Iterator[bytes]) -> None:
        self._file = io.BufferedReader(ByteStream(stream), BLOCK)
        self._content = self._padding = 0
        self._common: dict[str, str] = {}

    def files(self) -> Iterator[File]:
        own: dict[str, str] = {}
        while (header := self._header()) is not None:
            info, sparse = header
            if info.type in _PAX:
                own |= _attributes(self._extension(info))
            elif info.type == tarfile.XGLTYPE:
                self._common |= _attributes(self._extension(info))
            elif info.type == tarfile.GNUTYPE_LONGNAME:
                own["path"] = _text(self._extension(info).rstrip(b"\0"))
            elif info.type == tarfile.GNUTYPE_LONGLINK:
                self._extension(info)
            else:
                attributes = {**self._common, **own}
                own = {}
                self._expect(0 if info.type in _WITHOUT_DATA else _size(info, attributes))
                if sparse or any(key.startswith("GNU.sparse.") for key in attributes):
                    yield attributes.get("GNU.sparse.name") or attributes.get("path") or info.name, _refused()
                elif info.type in _FILES and not _is_shadow(attributes.get("path") or info.name):
                    yield attributes.get("path") or info.name, self._blocks()
                for _ in self._blocks():
                    pass
        self._read_to_end()

    def _header(self) -> tuple[tarfile.TarInfo, bool] | None:
        """The next header, and whether it is that of a sparse file; None at the end mark."""
        self._skip_padding()
        record = self._record()
        if record == _NOTHING:
            return None
        try:
            info = tarfile.TarInfo.frombuf(record, "utf-8", "replace")
        except (tarfile.HeaderError, ValueError) as error:
            raise _damaged(str(error)) from None
        sparse = info.type == tarfile.GNUTYPE_SPARSE
        more = sparse and record[_SPARSE_FOLLOWS[0]]
        while more:
            more = self._record()[_SPARSE_FOLLOWS[1]]
        return info, sparse

    def _extension(self, info: tarfile.TarInfo) -> bytes:
        """The content of a header that is about the next one."""
        size = _size(info, {})
        if size > LARGEST_EXTENSION:
            raise too_long("one header of the tar archive", LARGEST_EXTENSION)
        self._expect(size)
        return b"".join(self._blocks())

    def _expect(self, size: int) -> None:
        self._content, self._padding = size, -size % RECORD

    def _blocks(self) -> Iterator[bytes]:
        """What is left of the content."""
        while self._content:
            block = self._file.read(min(BLOCK, self._content))
            if not block:
                raise _cut_short()
            self._content -= len(block)
            yield block

    def _skip_padding(self) -> None:
        if len(self._file.read(self._padding)) < self._padding:
            raise _cut_short()
        self._padding = 0

    def _record(self) -> bytes:
        record = self._file.read(RECORD)
        if len(record) < RECORD:
            raise _cut_short()
        return record

    def _read_to_end(self) -> None:
        """Nothing but zeros may follow the end mark; what unpacks the archive checks its sum at the very end."""
        while block := self._file.read(BLOCK):
            if block.strip(b"\0"):
                raise _damaged("data follows its end mark")


def _is_shadow(name: str) -> bool:
    """Whether macOS wrote the file beside another one, for what only macOS knows of it."""
    return name.rpartition("/")[2].startswith("._")


def _size(info: tarfile.TarInfo, attributes: dict[str, str]) -> int:
    written = attributes.get("size", "")
    if written and not (written.isascii() and written.isdigit() and len(written) < 20):
        raise _damaged("bad size")
    size = int(written) if written else info.size
    if size < 0:
        raise _damaged("bad size")
    return size


def _attributes(content: bytes) -> dict[str, str]:
    """The attributes in a pax header: lines of `LENGTH NAME=VALUE`, where the length is that of the whole line."""
    attributes: dict[str, str] = {}
    position = 0
    while position < len(content):
        space = content.find(b" ", position, position + 20)
        length = content[position : max(space, position)]
        end = position + int(length) if length.isdigit() else position
        name, equals, value = content[space + 1 : end].partition(b"=")
        if not equals or not value.endswith(b"\n") or end > len(content):
            raise _damaged("bad pax header")
        attributes[_text(name)] = _text(value[:-1])
        position = end
    return attributes


def _text(raw: bytes) -> str:
    return raw.decode("utf-8", "replace")


def _refused() -> Iterator[bytes]:
    raise DecodeError("It is a sparse file, stored without its holes, and such files can't be read.")
    yield b""


def _damaged(reason: str) -> DecodeError:
    return DecodeError(f"The tar archive is damaged ({reason}).")


def _cut_short() -> DecodeError:
    return DecodeError("The tar archive ends in the middle: the response seems to be cut short.", retryable=True)
