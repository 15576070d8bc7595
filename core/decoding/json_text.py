"""Takes JSON text apart within bounds: whole documents, and the elements of a long array one after the other."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import orjson

from core.decoding.chunks import BLOCK, LARGEST_DOCUMENT
from core.decoding.errors import DecodeError, quote, too_long
from core.http.charsets import integer, loads
from core.http.messages import around

DEEPEST = 1_000
"""Levels; as many as `orjson` reads, give or take a few."""
LONGEST_TEXT = 16 * 1024 * 1024
"""Bytes of a text or number; the parser starts over with it for each block that arrives."""

_ENDS = (b",", b"]", b"}", b'"')
_CLOSED_AT_ONCE = 64
_ALL_BUT_BRACKETS = bytes(byte for byte in range(256) if byte not in b"[]{}")


def bounded(blocks: Iterator[bytes], items: Callable[[], int]) -> Iterator[bytes]:
    """The same blocks of a JSON document. Raises `DecodeError` when more is nested than `DEEPEST`, and for a text or
    number that is longer than `LONGEST_TEXT`.

    `items` says how many items have been found: where there are new ones in every block, nothing is deep, and only
    the quotation marks are counted, which costs little.
    """
    depth, found, in_text, escape, length = 0, -1, 0, b"", 0
    for block in blocks:
        whole = escape + block
        escapes = b"\\" in whole
        if found in (-1, items()) or _opened(whole) > DEEPEST or (escapes and b"\\\\" in whole):
            text, escape = _without_escapes(whole)
            parts = text.split(b'"')
            depth = _depth_after(b"".join(parts[in_text::2]).translate(None, _ALL_BUT_BRACKETS), depth)
            in_text = (in_text + len(parts) - 1) % 2
            end = text.rfind(b'"') if in_text else max(map(text.rfind, _ENDS))
            length = len(text) - end if end >= 0 else length + len(text)
        else:
            depth, length, escape = 0, 0, whole[-1:] if whole.endswith(b"\\") else b""
            in_text = (in_text + whole.count(b'"') - (whole.count(b'\\"') if escapes else 0)) % 2
        if length > LONGEST_TEXT:
            raise too_long("one text or number of the JSON document", LONGEST_TEXT)
        found = items()
        yield block


def _opened(text: bytes) -> int:
    return text.count(b"[") + text.count(b"{") - text.count(b"]") - text.count(b"}")


def _without_escapes(block: bytes) -> tuple[bytes, bytes]:
    """The block without escaped quotation marks, and the backslash that the next block begins with."""
    if b"\\" not in block:
        return block, b""
    text = block.replace(b"\\\\", b"").replace(b'\\"', b"")
    return (text[:-1], b"\\") if text.endswith(b"\\") else (text, b"")


def _depth_after(brackets: bytes, depth: int) -> int:
    """The depth after so many brackets. Raises `DecodeError`."""
    for _ in range(_CLOSED_AT_ONCE):
        rest = brackets.replace(b"{}", b"").replace(b"[]", b"")
        if len(rest) == len(brackets):
            break
        brackets = rest
    for bracket in brackets:
        depth = depth + 1 if bracket in b"[{" else max(0, depth - 1)
        if depth > DEEPEST:
            raise DecodeError(f"The JSON is nested too deeply to be read: more than {DEEPEST:,} levels.")
    return depth


CUTS_TRIED = 3
LONGEST_WORD = 32
"""Characters at the end of a text that may be the start of something (`-Infini`, `\\u00`, the `e+` of a number)."""

_skip_space = re.compile(r"[ \t\r\n]*").match


_read_value = json.JSONDecoder(parse_int=integer).raw_decode


def array_elements(texts: Iterable[str], block: int = BLOCK) -> Iterator[Any]:
    """The elements of a JSON array whose text arrives in pieces and begins with the bracket.

    Holds about `block` characters, or the longest element when that is longer. Raises `DecodeError`, also for an
    element that does not end within `LARGEST_DOCUMENT`.
    """
    pieces: list[str] = []
    length, wanted, count = 0, block, 0
    for text in texts:
        pieces.append(text)
        length += len(text)
        if length < wanted:
            continue
        elements, rest = _split("".join(pieces), count)
        yield from elements
        count += len(elements)
        pieces, length = [rest], len(rest)
        if length > LARGEST_DOCUMENT:
            raise too_long(f"element {count + 1:,} of the JSON array", LARGEST_DOCUMENT)
        wanted = length + max(length, block)
    yield from _last_elements("".join(pieces), count)


def _split(pending: str, count: int) -> tuple[list[Any], str]:
    """The complete elements at the start of `pending`, and the text that is left.

    Both begin with what separates an element from the one before: the opening bracket or a comma.
    """
    separator = _separator(pending)
    cut = len(pending)
    for _ in range(CUTS_TRIED if separator else 0):
        cut = pending.rfind(separator, 0, cut)
        if cut < 0:
            break
        try:
            return orjson.loads(f"[{pending[1 : cut + 1]}]"), pending[cut + 1 :]
        except orjson.JSONDecodeError:
            continue
    return _split_one_by_one(pending, count)


def _separator(pending: str) -> str:
    """What ends an element and begins the next one, as far as the first one shows; empty: it doesn't."""
    if pending.startswith("[", 1):
        return "],["
    key_end = pending.find(":", 0, 1_000)
    return "}," + pending[1 : key_end + 1] if key_end > 0 else ""


def _split_one_by_one(pending: str, count: int) -> tuple[list[Any], str]:
    elements: list[Any] = []
    position = 0
    while True:
        start = _skip_space(pending, position + 1).end()  # type: ignore[union-attr]  # it matches everywhere
        try:
            element, end = _read_value(pending, start)
        except ValueError as error:
            if not _may_go_on(pending, start, error):
                raise _broken(pending, _position(error, start), count + len(elements)) from None
            break
        except RecursionError:
            raise _too_deep(count + len(elements)) from None
        end = _skip_space(pending, end).end()  # type: ignore[union-attr]
        if end == len(pending):
            break
        if pending[end] != ",":
            closed = pending[end] == "]" and not pending[end + 1 :].strip(" \t\r\n")
            if not closed and end <= len(pending) - LONGEST_WORD:
                raise _broken(pending, end, count + len(elements) + 1)
            break
        elements.append(element)
        position = end
    return elements, pending[position:]


def _may_go_on(pending: str, start: int, error: ValueError) -> bool:
    """Whether more text may fix the error."""
    if _is_cut(error):
        return True
    if pending.startswith("[") and pending.startswith("]", start):
        return not pending[start + 1 :].strip(" \t\r\n")
    return _position(error, start) > len(pending) - LONGEST_WORD


def _is_cut(error: ValueError) -> bool:
    return isinstance(error, json.JSONDecodeError) and error.msg.startswith("Unterminated string")


def _position(error: ValueError, start: int) -> int:
    return error.pos if isinstance(error, json.JSONDecodeError) else start


def _last_elements(pending: str, count: int) -> list[Any]:
    try:
        elements = loads(f"[{pending[1:]}")
    except json.JSONDecodeError as error:
        raise _broken(pending, len(pending) if _is_cut(error) else error.pos, count) from None
    except ValueError:
        raise _too_deep(count) from None
    if not elements and count:
        raise _broken(pending, 1, count)
    return list(elements)


def _broken(pending: str, position: int, count: int) -> DecodeError:
    before, after = around(pending, position, 40)
    place = f"after element {count:,}" if count else "in the first elements"
    if not after.strip():
        return DecodeError(
            f"The JSON array breaks off {place}, after {quote(before)}: the response seems to be cut short.",
            retryable=True,
        )
    return DecodeError(
        f"The response is not valid JSON: {place} of the array, {quote(after)} can't follow {quote(before)}."
    )


def _too_deep(count: int) -> DecodeError:
    return DecodeError(f"The JSON is nested too deeply to be read, after element {count:,} of the array.")
