"""Chunks of bytes of any size as the readers of the formats want them: as blocks, lines, a file, or text."""

from __future__ import annotations

import codecs
import io
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import chain
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import AfterValidator

from core.decoding.errors import DecodeError, too_long
from core.http.charsets import is_single_byte, json_encoding, text_codec
from core.http.messages import shorten

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer


class Lines(list[Any]):
    """Elements and the text that they were read from: JSON Lines in UTF-8 without carriage returns, a line for each."""

    __slots__ = ("text",)

    def __init__(self, elements: Iterable[Any], text: bytes) -> None:
        super().__init__(elements)
        self.text = text

    def first(self, count: int) -> Lines:
        """The first so many."""
        return Lines(self[:count], b"".join(self.text.splitlines(keepends=True)[:count]))


class InBlocks(Iterator[Any]):
    """Elements one by one; a caller that can takes them from `blocks`, in the batches in which they were read."""

    def __init__(self, blocks: Iterator[Sequence[Any]]) -> None:
        self.blocks = blocks
        self._each = chain.from_iterable(blocks)

    def __iter__(self) -> Iterator[Any]:
        return self._each

    def __next__(self) -> Any:
        return next(self._each)


class Labelled(Iterator[Any]):
    """Elements one by one, and fields for the records in the element that came last: `labels`, which keeps changing."""

    def __init__(self, elements: Iterator[Any], labels: Mapping[str, Any]) -> None:
        self._elements = elements
        self.labels = labels

    def __next__(self) -> Any:
        return next(self._elements)

    def label(self, record: dict[str, Any]) -> None:
        """Add the fields to a record. Raises `DecodeError` for one that has such a field with another value."""
        for name, value in self.labels.items():
            if record.setdefault(name, value) != value:
                raise DecodeError(
                    f"The records in the file “{shorten(str(value), 200)}” of the archive have a field `{name}` "
                    "already; choose another name for `member_field` of the decoder."
                )


BLOCK = 65_536
"""Bytes that are parsed in one go."""


LONG_LINE = 2 * BLOCK
"""Bytes of a line after which it is read in parts, where that can be."""
LONGEST_LINE = 128 * 1024 * 1024
"""Bytes that a line of text or a cell of a table may have."""
LARGEST_DOCUMENT = 512 * 1024 * 1024
"""Bytes of a document, or of an element of an array, that is read as a whole."""

_UTF_16_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_beyond_ascii = re.compile(rb"[\x80-\xff]").search
_LONGEST_CHARACTER = 4
"""Bytes of a character in UTF-8."""


def known_encoding(name: str) -> str:
    """The same name. Raises `ValueError` when it is none of a text encoding."""
    if text_codec(name) is None:
        raise ValueError(f"`{name}` is not the name of a text encoding; common ones are utf-8, latin-1, cp1252")
    return name


Encoding = Annotated[str, AfterValidator(known_encoding)]
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


def whole_lines(
    chunks: Iterable[bytes], passed: Callable[[], int] | None = None, cut: Callable[[bytes], int] | None = None
) -> Iterator[bytes]:
    """The same bytes in blocks that end with a line feed, save for the last one, and without a byte order mark.

    `cut` says where the beginning of a long line may be cut, 0 where it may not: a block then ends there.
    Raises `DecodeError` for a line, or what is left of it, that is longer than `LONGEST_LINE`; `passed` says how many
    lines came before it.
    """
    rest: list[bytes] = []
    length, long = 0, LONG_LINE
    mark: bytes = codecs.BOM_UTF8
    for block in blocks(chunks):
        text = block.removeprefix(mark)
        mark = b""
        end = text.rfind(b"\n") + 1
        if end:
            yield b"".join((*rest, memoryview(text)[:end]))
            rest, length, long = [], 0, LONG_LINE
        rest.append(text[end:])
        length += len(text) - end
        if length >= long and cut is not None:
            text = b"".join(rest)
            end = cut(text)
            if end:
                yield text[:end]
            rest, length = [text[end:]], length - end
            long = max(LONG_LINE, 4 * length)
        if length > LONGEST_LINE:
            line = f"line {passed() + 1:,}" if passed else "one line"
            raise too_long(f"{line} of the response", LONGEST_LINE)
    if any(rest):
        yield b"".join(rest)


def ending_lines(stream: Iterable[bytes]) -> Iterator[bytes]:
    """The same blocks. Raises `DecodeError` for a line that does not end within `LONGEST_LINE`."""
    length = 0
    for block in stream:
        end = max(block.rfind(b"\n"), block.rfind(b"\r"))
        length = len(block) + (length if end < 0 else -end)
        if length > LONGEST_LINE:
            raise too_long("one line of the response", LONGEST_LINE)
        yield block


def within(chunks: Iterable[bytes], limit: int, what: str) -> Iterator[bytes]:
    """The same bytes. Raises `DecodeError` when there are more than `limit`."""
    size = 0
    for chunk in chunks:
        size += len(chunk)
        if size > limit:
            raise too_long(what, limit)
        yield chunk


def encoding_of(head: bytes, encoding: str | None, charset: str | None) -> str:
    """The encoding of a text that begins with `head`: what the mark of UTF-16 at its start says, else `encoding`,
    which the manifest names, else what `charset` of the Content-Type and the bytes make of it.
    """
    if encoding is None:
        return json_encoding(head, charset)
    return "utf-16" if head.startswith(_UTF_16_MARKS) else encoding


def as_utf_8(stream: Iterator[bytes], encoding: str, charset: str | None) -> Iterator[bytes]:
    """The bytes of a text as UTF-8. UTF-8 is not checked, so that nothing is done twice.

    Where the text seems to be UTF-8 and `charset` of the Content-Type is one of single bytes, the first character
    beyond ASCII decides. Raises `DecodeError`.
    """
    if codecs.lookup(encoding).name != "utf-8":
        return recoded(stream, encoding)
    if charset is None or not is_single_byte(charset):
        return stream
    return _by_first_character(stream, charset)


def recoded(stream: Iterable[bytes], encoding: str) -> Iterator[bytes]:
    """The bytes of a text in another encoding as UTF-8. Raises `DecodeError`."""
    return (text.encode("utf-8", "surrogatepass") for text in decoded(stream, encoding))


def _by_first_character(stream: Iterator[bytes], charset: str) -> Iterator[bytes]:
    for block in stream:
        found = _beyond_ascii(block)
        if found is None:
            yield block
            continue
        start = found.start()
        if len(block) - start < _LONGEST_CHARACTER:
            block = b"".join((block, next(stream, b"")))  # noqa: PLW2901
        rest = chain((block,), stream)
        first = block[start : start + _LONGEST_CHARACTER]
        yield from rest if _begins_with_utf_8(first) else recoded(rest, charset)


def _begins_with_utf_8(data: bytes) -> bool:
    return any(_is_text(data[:size]) for size in range(2, len(data) + 1))


def _is_text(data: bytes) -> bool:
    try:
        return bool(data.decode())
    except UnicodeDecodeError:
        return False


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
    except UnicodeError as error:
        raise DecodeError(f"The response is not text in the encoding {encoding}: {error}.") from None


OTHER_ENCODING = (
    "The API seems to use another encoding, such as latin-1, cp1252 or utf-16: name it in `encoding` of the decoder."
)


def checked(stream: Iterable[bytes]) -> Iterator[bytes]:
    """The same blocks of UTF-8. Raises `DecodeError` with the place where it is none."""
    seen: list[bytes] = []

    def noted() -> Iterator[bytes]:
        for block in stream:
            seen[:] = [block]
            yield block

    for _ in decoded(noted(), "utf-8"):
        yield from seen
        seen.clear()


def undecodable(encoding: str, error: UnicodeDecodeError, place: str = "") -> DecodeError:
    """The error for bytes that are no text in `encoding`; `place` (with a space before it) says where."""
    bad = error.object[error.start : error.start + 1].hex()
    return DecodeError(
        f"The response is not text in the encoding {encoding}: the byte {f'0x{bad}' if bad else 'at its end'}{place} "
        f"does not fit. {OTHER_ENCODING}"
    )


def line_of(error: UnicodeDecodeError, read: int) -> str:
    """` in line 7`: where the bytes are that are no text, when `read` lines of it were read before."""
    block = error.object[: error.start].replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    line = read + block.count(b"\n") + 1
    return f" in line {line:,}"


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
