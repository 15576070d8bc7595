"""Compares what was recorded with what there is now, except for what is different each time: masked secrets, times
around the moment of the recording, random UUIDs.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from core.http.secrets import MASK

Place = tuple[str | int, ...]
MISSING = "(nothing)"
"""Stands for a value that is not there."""

_UUID = r"[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}"
MOMENT = r"\d{4}-\d\d-\d\d[T +]\d\d(?::|%3A)\d\d(?:(?::|%3A)\d\d(?:[.,]\d+)?)?(?:Z|[+-]\d\d:?\d\d|%2B\d\d:?\d\d)?"
"""A time in ISO 8601, as it is, or quoted in a URL."""
EPOCH = r"(?<![\d.])\d{10}(?:\d{3}|\d{6})?(?:\.\d+)?(?!\d)"
"""Seconds, milliseconds or microseconds since 1970."""
_CHANGING = re.compile(f"({_UUID})|({MOMENT})|({EPOCH})")
_NEAR = 2 * 86_400.0
"""Seconds around the recording within which a time may be one that the recording's moment led to."""
_SLACK = 5.0
_SAME = "\0"


@dataclass(frozen=True, slots=True)
class Mismatch:
    """A place at which two values differ, with what is there."""

    place: Place
    recorded: Any
    found: Any


@dataclass
class Comparison:
    """Compares with values of a recording that began at `start` and took `seconds`.

    `uuids` are the random ones that were made since. Without `start`, times must be the same.
    """

    start: datetime | None = None
    seconds: float = 0.0
    uuids: set[str] = field(default_factory=set)

    def alike(self, recorded: Any, found: Any) -> bool:
        """Whether there is no mismatch."""
        return next(self.mismatches(recorded, found), None) is None

    def mismatches(self, recorded: Any, found: Any, place: Place = ()) -> Iterator[Mismatch]:
        """Where two JSON values differ; a number is no text, and 1 is not 1.0."""
        if isinstance(recorded, Mapping) and isinstance(found, Mapping):
            for key in [*recorded, *(key for key in found if key not in recorded)]:
                yield from self.mismatches(recorded.get(key, MISSING), found.get(key, MISSING), (*place, str(key)))
        elif isinstance(recorded, list) and isinstance(found, list):
            for index in range(max(len(recorded), len(found))):
                one = recorded[index] if index < len(recorded) else MISSING
                other = found[index] if index < len(found) else MISSING
                yield from self.mismatches(one, other, (*place, index))
        elif not self._same_scalar(recorded, found):
            yield Mismatch(place, recorded, found)

    def _same_scalar(self, recorded: Any, found: Any) -> bool:
        if isinstance(recorded, str) and isinstance(found, str):
            return recorded == found or self.same_text(recorded, found)
        if recorded == MASK:
            return isinstance(found, int | float) and not isinstance(found, bool)
        if type(recorded) is not type(found):
            return False
        if recorded == found:
            return True
        return isinstance(recorded, int | float) and self._same_token(str(recorded), str(found))

    def same_text(self, recorded: str, found: str) -> bool:
        """Whether texts are the same but for what is different each time."""
        olds, news = list(_CHANGING.finditer(recorded)), list(_CHANGING.finditer(found))
        if len(olds) == len(news):
            pairs = [(old, new) for old, new in zip(olds, news, strict=True) if self._same_token(old[0], new[0])]
            recorded = _without(recorded, [old.span() for old, _ in pairs])
            found = _without(found, [new.span() for _, new in pairs])
        return recorded == found or (MASK in recorded and _fits(recorded.split(MASK), found))

    def rough(self, text: str) -> str:
        """A text with one sign for all times around the recording, and one for random UUIDs where any were made: texts
        that are alike are the same then, unless something is masked in them.
        """
        return _CHANGING.sub(lambda found: self._sign(found[0]), text)

    def _sign(self, token: str) -> str:
        if re.fullmatch(_UUID, token):
            return "<uuid>" if self.uuids else token
        moment = time_of(token)
        if self.start is None or moment is None or abs(moment - self.start.timestamp()) > _NEAR:
            return token
        return "<time>"

    def _same_token(self, recorded: str, found: str) -> bool:
        if recorded == found:
            return True
        if re.fullmatch(_UUID, recorded):
            return found.lower() in self.uuids
        old, new = time_of(recorded), time_of(found)
        if self.start is None or old is None or new is None or len(recorded) != len(found):
            return False
        began = self.start.timestamp()
        return abs(old - new) <= self.seconds + _SLACK and max(abs(old - began), abs(new - began)) <= _NEAR


def shape(text: str) -> str:
    """A text with one sign for all that may be different each time: texts that are alike have the same shape, unless
    something is masked in one of them.
    """
    return _CHANGING.sub(_SAME, text)


def _without(text: str, spans: list[tuple[int, int]]) -> str:
    done, pieces = 0, []
    for start, end in spans:
        pieces += [text[done:start], _SAME]
        done = end
    return "".join([*pieces, text[done:]])


def _fits(pieces: list[str], text: str) -> bool:
    """Whether a text consists of these pieces with anything in between."""
    first, *middle, last = pieces
    if len(text) < len(first) + len(last) or not text.startswith(first) or not text.endswith(last):
        return False
    position, end = len(first), len(text) - len(last)
    for piece in middle:
        position = text.find(piece, position, end)
        if position < 0:
            return False
        position += len(piece)
    return True


def time_of(text: str) -> float | None:
    """Seconds since 1970 of a time as text; None when it is none."""
    try:
        if re.fullmatch(EPOCH, text):
            whole = text.partition(".")[0]
            return float(text) / float(10 ** (len(whole) - 10))
        plain = text.replace("%3A", ":").replace("%2B", "+").replace("+", "T", 1 if text[10:11] == "+" else 0)
        moment = datetime.fromisoformat(plain.replace(",", "."))
    except (ValueError, OverflowError):
        return None
    return moment.replace(tzinfo=moment.tzinfo or UTC).timestamp()
