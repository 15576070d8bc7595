"""Answers that come with a good HTTP status, and hold an error in the place of records."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from itertools import chain, islice
from typing import Any

from core.errors import ReadError
from core.http.messages import shorten
from core.runtime.roles import Extract, Place
from core.runtime.slices import SliceMemory

_NOTHING = object()
_KEYS = frozenset({"error", "errors"})
_TELLING = ("message", "messages", "msg", "reason", "detail", "details", "title", "type", "code", *sorted(_KEYS))
"""What tells of an error inside of an object, the most readable first; ids and counts don't."""
_LEVELS = 20
"""Levels of objects and lists in which an error is looked for."""
_TOLD = 10
"""Errors of a list that are told."""
_WORD = re.compile(r"[^\W_]+")
_NO_ERROR = re.compile(
    r"|0+( 0+)?( errors?)?|no|no ?errors?( found)?|none|null|nil|false|n ?a|(2\d\d ?)?(ok|success(ful)?|succeeded)?"
)
"""Words that say there was no error."""


class ErrorInPlace(ReadError):
    """An answer holds an error in the place of records."""

    def __init__(self, said: str) -> None:
        super().__init__(
            f"The answer has no place for records, but an error: {said.rstrip('.')}. If it means that there is no "
            "data, let a response filter of the error handler accept such answers (`action: SUCCESS` with a "
            "`predicate`); if it passes, let one repeat the request (`action: RETRY`)."
        )


def refusing_errors(extract: Extract, place: Place) -> Extract:
    """The same extraction; an answer without a place for records that says there was an error is an `ErrorInPlace`.

    An empty list or object at the `place` for records is no data, whatever is beside it.
    """

    def extract_or_refuse(element: Any) -> Iterable[Any]:
        found = _looked_into(extract(element))
        said = None if found else _error_in_place(element, place)
        if said is not None:
            raise ErrorInPlace(said)
        return found

    return extract_or_refuse


def accepting_errors(extract: Extract, place: Place, memory: SliceMemory) -> Extract:
    """The same extraction; an answer that says there was an error needs no place for records: there is no data."""

    def extract_or_accept(element: Any) -> Iterable[Any]:
        no_place = memory.no_place
        found = _looked_into(extract(element))
        if not found and _error_in_place(element, place) is not None:
            memory.no_place = no_place
        return found

    return extract_or_accept


def _error_in_place(element: Any, place: Place) -> str | None:
    """What an answer without a place for records says of an error."""
    said = error_in(element) if isinstance(element, Mapping) else None
    return said if said is not None and place(element) is None else None


def _looked_into(found: Iterable[Any]) -> Iterable[Any]:
    """The same items; an empty tuple where what gives them has none."""
    if isinstance(found, (list, tuple)):
        return found
    items = iter(found)
    first = next(items, _NOTHING)
    return () if first is _NOTHING else chain((first,), items)


def error_in(answer: Mapping[str, Any]) -> str | None:
    """What an answer says in a field for errors, in whatever case its name is; None where it has none, or no error."""
    for key, value in answer.items():
        said = _said_by(value) if str(key).lower() in _KEYS else None
        if said is not None and value is True:  # what it was is told beside it
            said = _said_by({name: beside for name, beside in answer.items() if beside is not True}) or said
        if said is not None:
            return shorten(said)
    return None


def _said_by(value: Any, levels: int = _LEVELS) -> str | None:
    """The error that a value of an answer tells of in so many levels; None where it tells of none."""
    match value:
        case None | False:
            return None
        case True:
            return "true"
        case Mapping():
            fields = {str(key).lower(): field for key, field in value.items()}
            return _joined((fields[name] for name in _TELLING if name in fields), levels)
        case list():
            return _joined(value, levels)
        case int() | float():
            return None if value == 0 or 200 <= value < 300 else str(value)
        case _:
            text = str(value)
            return None if _NO_ERROR.fullmatch(" ".join(_WORD.findall(text.lower()))) else text


def _joined(values: Iterable[Any], levels: int) -> str | None:
    if levels == 0:
        return None
    told = (said.rstrip(".") for value in values if (said := _said_by(value, levels - 1)) is not None)
    return ", ".join(islice(told, _TOLD)) or None
