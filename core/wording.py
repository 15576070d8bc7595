"""Slices and foreign texts as people read them in logs, errors and progress and on screens."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from core.http.secrets import mask_known

_KEY = re.compile(r"`([a-z][a-z0-9]*(?:_[a-z0-9]+)*)`")
_JSON_FAULTS = {
    "unexpected content after": "something follows the end of the value",
    "trailing comma": "there is a comma before a closing bracket",
    "Extra data": "something follows the end of the value",
    "Expecting value": "a value is missing or not written as JSON (texts need double quotes)",
    "Expecting ',' delimiter": "a comma or a closing bracket is missing",
    "Expecting ':' delimiter": "a colon is missing",
    "Expecting property name": "a name in double quotes is missing",
    "Illegal trailing comma": "there is a comma before a closing bracket",
    "Invalid control character": "a line break or tab stands within a text",
    "Invalid \\escape": "a backslash stands before a letter that it can't escape",
    "Invalid \\uXXXX escape": "four hexadecimal digits have to follow `\\u`",
    "Unterminated string": "a text begins that has no closing quotation mark",
}


def keys_named(text: str) -> list[str]:
    """The keys of a manifest that a message of the engine names, in their order.

    Backticks mark them; what a message quotes of elsewhere has none (`core.http.messages.shorten`).
    """
    return _KEY.findall(text)


def clean(text: str) -> str:
    """A text from elsewhere without the characters that control a terminal; line feeds stay.

    Characters that change the direction of writing, and invisible ones, count as such.
    """
    if text.isprintable():
        return text
    return "".join(
        letter if letter == "\n" or letter.isprintable() else " " if letter.isspace() else "\N{REPLACEMENT CHARACTER}"
        for letter in text
    )


def on_one_line(text: str) -> str:
    """The same on one line, so that no part of it can pass for a line of its own."""
    return text if text.isprintable() else clean(text).replace("\n", " ")


def indented(text: str) -> str:
    """The same, with all lines but the first indented."""
    return text if text.isprintable() else clean(text).replace("\n", "\n    ")


_SLICE_SHOWN = 90
_GROUP_SHOWN = 3
_LISTED = 10
_PARENT = "parent_slice"
_INTERVAL = ("start_time", "end_time")
_DAY = r"(\d{4}-\d\d-\d\d)[T ]"
_ZONE = r"(?:\.0+)?(?:Z|\+00:?00)?"
_FIRST_MOMENT = re.compile(f"{_DAY}00:00:00{_ZONE}")
_LAST_MOMENT = re.compile(rf"{_DAY}(?:00:00:00{_ZONE}|23:59:59(?:\.\d+)?(?:Z|\+00:?00)?)")


def one_line(text: str, longest: int) -> str:
    """A text from elsewhere on one line, without secrets, cut where it is too long."""
    line = " ".join(clean(mask_known(text)).split())
    return line if len(line) <= longest else f"{line[: longest - 3]}..."


def slice_name(slice_: Mapping[str, Any] | None) -> str:
    """A slice as `name=value, 2024-03-01 → 2024-03-07`; empty for the only slice of a stream."""
    parts = (f"{name}={value}" if name else value for name, value in _parts(slice_))
    return one_line(", ".join(parts), _SLICE_SHOWN)


def slice_values(slice_: Mapping[str, Any] | None) -> str:
    """The same without the names, which are the same in all slices of a stream."""
    return one_line(", ".join(value for _, value in _parts(slice_)), _SLICE_SHOWN)


def listed(names: Iterable[str], most: int = _LISTED) -> str:
    """The first of the names, and how many more there are: `a, b and 3 more`."""
    known = list(names)
    more = f" and {len(known) - most} more" if len(known) > most else ""
    return ", ".join(known[:most]) + more


def _parts(slice_: Mapping[str, Any] | None) -> Iterator[tuple[str, str]]:
    """Names and values of what sets a slice apart from others; an interval has no name."""
    interval = _interval(slice_ or {})
    yield from _named({name: value for name, value in (slice_ or {}).items() if name not in interval})
    if interval:
        yield "", _span(*map(str, interval.values()))


def _named(values: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for name, value in values.items():
        if name == _PARENT and isinstance(value, Mapping):
            yield from _named(value)
        elif not _is_empty(value):
            yield name, _value(value)


def _interval(slice_: Mapping[str, Any]) -> Mapping[str, Any]:
    """The two ends of the interval that a cursor gave the slice, by their names."""
    cursor: Mapping[str, Any] = getattr(slice_, "cursor_slice", {})
    if len(cursor) == 2:
        return cursor
    ends = {name: slice_[name] for name in _INTERVAL if name in slice_}
    return ends if len(ends) == 2 else {}


def _span(start: str, end: str) -> str:
    """`2024-03-01 → 2024-03-07`; the times of whole days are left out, and so is an end that never comes."""
    if end == "inf":
        return f"from {start}"
    first, last = _FIRST_MOMENT.fullmatch(start), _LAST_MOMENT.fullmatch(end)
    if first and last:
        start, end = first[1], last[1]
    return start if start == end else f"{start} → {end}"


def _is_empty(value: Any) -> bool:
    return all(map(_is_empty, value)) if isinstance(value, list) else value in ({}, None, "")


def _value(value: Any) -> str:
    """A value of a slice; of a group the first few, and how many more there are."""
    if isinstance(value, Mapping):
        return ", ".join(f"{name}={text}" for name, text in _named(value))
    if not isinstance(value, list):
        return str(value)
    more = f" and {len(value) - _GROUP_SHOWN} more" if len(value) > _GROUP_SHOWN else ""
    return ", ".join(map(_value, value[:_GROUP_SHOWN])) + more


def json_fault(error: json.JSONDecodeError) -> str:
    """Where a text stops being JSON and why: "line 2, column 1: something follows the end of the value"."""
    return f"line {error.lineno}, column {error.colno}: {why_not_json(error)}"


def why_not_json(error: json.JSONDecodeError) -> str:
    """Why a text is not JSON, without the place."""
    return next((plain for said, plain in _JSON_FAULTS.items() if error.msg.startswith(said)), "this can't be read")
