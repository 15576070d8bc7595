"""Decodes JSON: one document, lines of JSON, or the items of an array deep inside one document."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from itertools import chain
from secrets import randbits
from typing import Annotated, Any, NamedTuple

import ijson  # type: ignore[import-untyped]  # it has no type hints
import orjson
from pydantic import Field

from core.components.decoders.lines import OwnEncoding
from core.decoding.chunks import (
    BLOCK,
    LARGEST_DOCUMENT,
    OTHER_ENCODING,
    ByteStream,
    Encoding,
    InBlocks,
    Lines,
    as_utf_8,
    checked,
    decoded,
    encoding_of,
    peek,
    whole_lines,
    within,
)
from core.decoding.errors import BodyKind, DecodeError, kind_of, not_this, quote, refuse_packed, too_long
from core.decoding.json_text import array_elements, bounded
from core.http.charsets import integer_of_any_length, loads
from core.http.messages import around
from core.runtime.component import Shown
from core.runtime.roles import Decoder
from core.wording import json_fault


class JsonDecoder(Decoder):
    """The response is one JSON document. The elements of a top-level array are read one by one."""

    label = "JSON"

    encoding: OwnEncoding = None

    @property
    def gives_document(self) -> bool:
        return True

    def decode(self, chunks: Iterator[bytes], charset: str | None = None) -> Iterator[Any]:
        """The elements of an array, or the document itself; nothing for an empty body.

        Airbyte takes a body that is no JSON for an empty object; here it is a `DecodeError`. Airbyte knows UTF-8 only.
        """
        head, stream = peek(chunks)
        refuse_packed(head, "a JSON document")
        encoding = encoding_of(head, self.encoding, charset)
        stream = as_utf_8(stream, encoding, charset)
        start = next((block for block in stream if block.strip()), b"").lstrip()
        stream = chain((start,), stream)
        if start.startswith(b"["):
            yield from array_elements(decoded(stream, "utf-8"))
        elif start:
            yield _document(b"".join(within(stream, LARGEST_DOCUMENT, _LARGE)), head)


_LARGE = "the JSON document (JsonItemsDecoder reads the items of a large one one by one)"


def _document(body: bytes, head: bytes) -> Any:
    try:
        return orjson.loads(body)  # nearly always, and twice as fast as by way of a text
    except orjson.JSONDecodeError:
        text = "".join(decoded((body,), "utf-8"))
    try:
        return loads(text)
    except json.JSONDecodeError as error:
        cut_short = not text[error.pos :].strip() or error.msg.startswith("Unterminated string")
        if cut_short and kind_of(head) is BodyKind.JSON:
            end = quote(around(text, len(text), 40)[0])
            message = f"The JSON document breaks off after {end}: the response seems to be cut short."
            raise DecodeError(message, retryable=True) from None
        where = f"It goes wrong at {json_fault(error)}." if kind_of(head) is BodyKind.JSON else ""
        if error.msg == "Extra data":
            where = f"{where} If each line is a JSON value of its own, choose JsonlDecoder (JSON Lines).".lstrip()
        raise _no_document(head, where) from None
    except ValueError as error:
        raise DecodeError(f"The JSON document can't be read: {error}.") from None


def _no_document(head: bytes, where: str) -> DecodeError:
    return not_this("a JSON document", head, where, kind=BodyKind.JSON)


class JsonlDecoder(Decoder):
    """The response is JSON Lines: one JSON value on each line. Blank lines are skipped.

    Objects may follow each other without a line break between them, as Firehose writes them into a bucket.
    """

    label = "JSON Lines"

    encoding: OwnEncoding = None

    def decode(self, chunks: Iterator[bytes], charset: str | None = None) -> Iterator[Any]:
        """The value of each line.

        Airbyte skips a line that is no JSON; here it is a `DecodeError` that names the line.
        """
        return InBlocks(_blocks_of_lines(chunks, self.encoding, charset))


def _blocks_of_lines(chunks: Iterator[bytes], encoding: str | None, charset: str | None) -> Iterator[list[Any]]:
    head, stream = peek(chunks)
    refuse_packed(head, "JSON Lines")
    stream = as_utf_8(stream, encoding_of(head, encoding, charset), charset)
    passed = before = 0
    blocks = whole_lines(stream, lambda: passed, _last_object)
    for text in blocks:
        complete, lines = text.endswith(b"\n"), text.removesuffix(b"\n")
        values = _values_of(lines)
        if values is None:
            yield from _as_far_as_it_goes(_one_by_one(lines, passed + 1, before, head))
            passed += lines.count(b"\n") + complete
        else:
            yield values if b"\r" in text else Lines(values, text if complete else text + b"\n")
            passed += len(values) - (not complete)
        before = 0 if complete else before + len(text)


_MARK = randbits(63)
"""A number that no line holds but by a chance that nobody has."""
_BETWEEN_LINES = b",%d," % _MARK


def _values_of(lines: bytes) -> list[Any] | None:
    """The values of lines with exactly one each, read in one go; None when they are not all so.

    The lines become one array, with a mark between them. If a value went over several lines, the mark between them
    would be missing among the items; if a line had several values, two of them would have no mark between.
    """
    array = b"[%b]" % lines.replace(b"\n", _BETWEEN_LINES)
    marks = (len(array) - len(lines) - 2) // (len(_BETWEEN_LINES) - 1)
    try:
        items = orjson.loads(array)
    except orjson.JSONDecodeError:
        return None
    return items[::2] if len(items) == 2 * marks + 1 and items[1::2].count(_MARK) == marks else None


def _as_far_as_it_goes(values: Iterator[Any]) -> Iterator[list[Any]]:
    """All values in one block, also those before an error."""
    block: list[Any] = []
    try:
        for value in values:
            block.append(value)  # noqa: PERF402  # of what an error interrupts, too
    except DecodeError:
        yield block
        raise
    yield block


class _Line(NamedTuple):
    """A line, or what is left of it after `before` bytes of objects."""

    text: bytes
    number: int
    before: int


def _one_by_one(lines: bytes, number: int, before: int, head: bytes) -> Iterator[Any]:
    """The values of lines, some of which are blank, wrong, or no plain JSON. The first one has this number, and so many
    bytes of it were read before.
    """
    for at, text in enumerate(lines.split(b"\n"), number):
        try:
            yield orjson.loads(text)
        except orjson.JSONDecodeError:
            line = _Line(text, at, before if at == number else 0)
            if line.before or _NEXT_OBJECT.search(text):
                yield from _objects_in_a_row(line, head)
            elif text.strip():
                yield _unusual_value(line, head)


_NEXT_OBJECT = re.compile(rb"\}\s*\{")
_SCANNER = json.JSONDecoder(parse_int=integer_of_any_length)


def _last_object(line: bytes) -> int:
    """Where the last object in a line begins that follows another one; 0 if none does.

    Outside of texts, an object begins right behind another one only in this way: within a value, a comma is between.
    """
    if _NEXT_OBJECT.search(line) is None:
        return 0
    line = line.replace(b"\\\\", b"  ").replace(b'\\"', b"  ")
    last = seen = marks = 0
    for place in _NEXT_OBJECT.finditer(line):
        marks += line.count(b'"', seen, place.start())
        seen = place.start()
        if marks % 2 == 0:
            last = place.end() - 1
    return last


def _objects_in_a_row(line: _Line, head: bytes) -> Iterator[Any]:
    """The objects of a line in which one follows the other with nothing but blanks between, or its one value.

    Raises `DecodeError` at the first place that is neither.
    """
    fault, text, at = None, "", 0
    try:
        text = line.text.decode().rstrip()
    except UnicodeDecodeError as error:
        fault, text = _no_utf_8(error, line), line.text[: error.start].decode()
    while at < len(text) and (found := _object_at(text, at)) is not None:
        value, at = found
        yield value
    if at == 0 and not line.before:
        yield _unusual_value(line, head)
    elif fault is not None:
        raise fault
    elif at < len(text):
        what = quote(text[at:])
        raise DecodeError(f"What follows the objects in line {line.number:,} of the response is no object: {what}.")


def _object_at(text: str, start: int) -> tuple[dict[str, Any], int] | None:
    """The object that begins there, and where what follows it begins; None if there is none."""
    try:
        value, end = _SCANNER.raw_decode(text, start)
    except (ValueError, RecursionError):
        return None
    while text[end : end + 1].isspace():
        end += 1
    return (value, end) if isinstance(value, dict) else None


def _unusual_value(line: _Line, head: bytes) -> Any:
    text = line.text
    try:
        return loads(text)
    except UnicodeDecodeError as error:
        raise _no_utf_8(error, line) from None
    except json.JSONDecodeError:
        if line.number == 1:
            raise _no_lines(text, head) from None
        raise DecodeError(
            f"Line {line.number:,} of the response is not JSON: {quote(text.decode('utf-8', 'replace'))}."
        ) from None
    except ValueError as error:
        raise DecodeError(f"Line {line.number:,} of the response can't be read: {error}.") from None


def _no_utf_8(error: UnicodeDecodeError, line: _Line) -> DecodeError:
    place = f"byte {line.before + error.start + 1:,} of the line, 0x{error.object[error.start]:02x}"
    return DecodeError(f"Line {line.number:,} is not UTF-8 text ({place}). {OTHER_ENCODING}")


def _no_lines(line: bytes, head: bytes) -> DecodeError:
    if kind_of(head) is BodyKind.JSON:
        return DecodeError(
            "Expected JSON Lines, one complete JSON value on each line, but line 1 is "
            f"{quote(line.decode('utf-8', 'replace'))}. "
            "If the response is one JSON document, choose JsonDecoder."
        )
    return not_this("JSON Lines, one JSON value on each line", head)


class JsonItemsDecoder(Decoder):
    """The response is one large JSON document; the items of the array at a path in it are read one by one."""

    label = "JSON, items of an array"

    items_path: str = Field(
        min_length=1,
        title="Items Path",
        description="The path to the array, keys separated by dots, such as `data.users`.",
    )
    encoding: Annotated[Encoding, Shown(advanced=True)] = Field(
        "utf-8", title="Encoding", description="The text encoding of the response."
    )

    def decode(self, chunks: Iterator[bytes], charset: str | None = None) -> Iterator[Any]:
        """The items of the array; nothing when there is no array at the path. Holds one item at a time.

        An `encoding` that the manifest names counts more than `charset`, its default does not.
        """
        head, stream = peek(chunks)
        refuse_packed(head, "a JSON document")
        if not head.strip():
            return
        own = self.encoding if "encoding" in self.model_fields_set else None
        body = _Watched(checked(as_utf_8(stream, encoding_of(head, own, charset), charset)))
        try:
            for item in ijson.items(
                ByteStream(body.blocks()), f"{self.items_path}.item", use_float=True, buf_size=BLOCK
            ):
                body.items += 1
                yield item
        except ijson.IncompleteJSONError as error:
            raise _not_items(error, head) from None
        except ijson.JSONError as error:
            raise _no_document(head, f"The parser says: {_reason(error)}.") from None
        except (ValueError, RecursionError) as error:
            raise DecodeError(f"The JSON can't be read, after item {body.items:,}: {_reason(error)}.") from None


class _Watched:
    """The bytes of a document of which the parser holds what belongs to one item; `items` counts those that came."""

    def __init__(self, stream: Iterator[bytes]) -> None:
        self._stream = stream
        self.items = 0

    def blocks(self) -> Iterator[bytes]:
        """The blocks of the document, while no item is too long or nested too deeply. Raises `DecodeError`."""
        items, size = 0, 0
        for block in bounded(self._stream, self._items):
            items, size = (items, size + len(block)) if items == self.items else (self.items, 0)
            if size > LARGEST_DOCUMENT:
                raise too_long(f"what follows item {self.items:,} of the JSON document", LARGEST_DOCUMENT)
            yield block

    def _items(self) -> int:
        return self.items


def _not_items(error: ijson.IncompleteJSONError, head: bytes) -> DecodeError:
    reason = _reason(error)
    if "premature EOF" in reason:
        return DecodeError("The JSON document breaks off: the response seems to be cut short.", retryable=True)
    return _no_document(head, f"The parser says: {reason}.")


def _reason(error: Exception) -> str:
    return next(iter(str(error).strip().splitlines()), type(error).__name__)
