"""Takes JSON text apart: whole documents, and the elements of a long array one after the other.

An array is cut where an element seems to end. `orjson` reads what lies before the cut as an array of its own;
when that succeeds, the cut was at the end of an element, for reading JSON from left to right has only one
outcome. Where no such cut is found quickly, the standard library reads element by element.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from typing import Any

import orjson

from core.components.decoders.errors import DecodeError, quote, too_long
from core.components.decoders.streams import BLOCK, LARGEST_DOCUMENT
from core.http.charsets import integer, loads
from core.http.messages import around

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
    key_end = pending.find(":", 0, 1_000)
    separator = "}," + pending[1 : key_end + 1]
    cut = len(pending)
    for _ in range(CUTS_TRIED if key_end > 0 else 0):
        cut = pending.rfind(separator, 0, cut)
        if cut < 0:
            break
        try:
            return orjson.loads(f"[{pending[1 : cut + 1]}]"), pending[cut + 1 :]
        except orjson.JSONDecodeError:
            continue
    return _split_one_by_one(pending, count)


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
    """Whether more text may mend the error."""
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
            f"The JSON array breaks off {place}, behind {quote(before)}: the response seems to be cut short.",
            retryable=True,
        )
    return DecodeError(
        f"The response is not valid JSON: {place} of the array, {quote(after)} can't follow {quote(before)}."
    )


def _too_deep(count: int) -> DecodeError:
    return DecodeError(f"The JSON is nested too deeply to be read, after element {count:,} of the array.")
