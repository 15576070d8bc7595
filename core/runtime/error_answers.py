"""Answers that come with a good HTTP status, and hold an error in the place of records."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from itertools import chain
from typing import Any

from core.errors import ReadError
from core.http.messages import message_in, shorten
from core.runtime.field_path import is_empty
from core.runtime.roles import Extract
from core.runtime.slices import SliceMemory

_NOTHING = object()
_KEYS = frozenset({"error", "errors"})
_NO_ERROR = frozenset({"", "0", "no", "none", "null", "false", "ok", "success"})


def refusing_errors(extract: Extract, places: Callable[[Any], Iterable[Any]], memory: SliceMemory) -> Extract:
    """The same extraction; an answer without a place for records that says there was an error is a `ReadError`.

    `memory` is that of the slice, `places` gives what is at the place for records. An empty list or object there is no
    data, whatever is beside it.
    """

    def extract_or_refuse(element: Any) -> Iterable[Any]:
        found = _looked_into(extract(element))
        if not found and isinstance(element, Mapping) and not memory.takes_errors:
            said = error_in(element)
            if said is not None and all(value is None for value in places(element)):
                raise error_instead_of_records(said)
        return found

    return extract_or_refuse


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
        if str(key).lower() in _KEYS and not is_empty(value) and str(value).lower() not in _NO_ERROR:
            return shorten(message_in(dict(answer) if value is True else value) or str(value))
    return None


def error_instead_of_records(said: str) -> ReadError:
    """The error for an answer that says this in the place of records."""
    return ReadError(
        f"The answer has no place for records, but an error: {said.rstrip('.')}. If it means that there is no data, "
        "let a response filter of the error handler ignore such answers (`action: IGNORE` with a `predicate`); if it "
        "passes, let one repeat the request (`action: RETRY`)."
    )
