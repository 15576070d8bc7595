"""Dates as text and back, with the format tokens of Airbyte.

Formats are those of `datetime.strptime` and `strftime`, and as whole formats `%s` (seconds since 1970),
`%s_as_float`, `%ms` (milliseconds) and `%epoch_microseconds`; inside a format `%_ms` is three digits of
milliseconds.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import Any, Final

import isodate  # type: ignore[import-untyped]  # it ships no types

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_UNITS: Final = {
    "%s": timedelta(seconds=1),
    "%ms": timedelta(milliseconds=1),
    "%epoch_microseconds": timedelta(microseconds=1),
}
_ISO_FORMAT: Final = re.compile(r"%Y-%m-%d(?:[T ]%H:%M:%S(?:\.(?:%f|%_ms))?(?:Z|%z)?)?")
_ISO_TEXT: Final = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
    r"(?:[T ](?:[01][0-9]|2[0-3]):[0-9]{2}:[0-9]{2}(?:\.(?:[0-9]{3}|[0-9]{6}))?(?:Z|[+-][0-9]{2}:[0-9]{2})?)?"
)
_DIGITS: Final = {
    "%Y": "[0-9]{4}",
    "%m": "[0-9]{2}",
    "%d": "[0-9]{2}",
    "%H": "[0-9]{2}",
    "%M": "[0-9]{2}",
    "%S": "[0-9]{2}",
    "%f": "(?:[0-9]{3}|[0-9]{6})",
    "%_ms": "(?:[0-9]{3}|[0-9]{6})",
    "%z": "(?:Z|[+-][0-9]{2}:[0-9]{2})",
}


class DatetimeError(ValueError):
    """A value is not a date or duration in the expected form.

    `problem` says so without the value; the message includes the value.
    """

    def __init__(self, problem: str, value: object) -> None:
        self.problem = problem
        self.value = value
        super().__init__(f"{value!r} {problem}")


def parse_datetime(value: str | int | float, format: str) -> datetime:
    """The aware date and time of a value in a format; UTC if it names no zone.

    Raises `DatetimeError` if the value does not fit the format.
    """
    shape = _iso_shape(format)
    if shape is not None and isinstance(value, str) and shape.fullmatch(value):
        parse = datetime.fromisoformat
    elif format in _UNITS:
        return _from_number(value, format)
    else:
        parse = _slow_parser(format)
    try:
        return _aware(parse(str(value)))
    except (ValueError, OverflowError, OSError):
        raise DatetimeError(f"does not fit the date format “{format}”", value) from None


def format_datetime(dt: datetime, format: str) -> str:
    """A date and time as text in a format; a naive one counts as UTC.

    Airbyte: the same, but its `%ms` and `%epoch_microseconds` can lose the last digit to rounding.
    """
    if format in _UNITS:
        return str(int((_aware(dt) - _EPOCH) / _UNITS[format]))
    if format == "%s_as_float":
        return str(_aware(dt).timestamp())
    return dt.strftime(format.replace("%_ms", f"{dt.microsecond // 1000:03d}"))


def parse_any(value: str | int | float | date) -> datetime:
    """The date and time, in UTC, of an ISO-8601 text, of seconds since 1970, or of a date.

    Raises `DatetimeError` if the text is not ISO-8601, or the number is out of range.
    """
    if isinstance(value, datetime):
        return _aware(value).astimezone(UTC)
    if isinstance(value, date):
        return datetime.combine(value, time(), UTC)
    if isinstance(value, (int, float)):
        return parse_datetime(value, "%s_as_float" if isinstance(value, float) else "%s")
    if isinstance(value, (list, dict)):
        raise DatetimeError("is not a date", value)
    if not isinstance(value, str):
        raise TypeError("a date is a text, a number or a date, not " + type(value).__name__)
    try:
        parsed = datetime.fromisoformat(value) if _ISO_TEXT.fullmatch(value) else _parsed(value)
        return _aware(parsed).astimezone(UTC)
    except (ValueError, OverflowError):
        raise DatetimeError("is not a date in ISO-8601 form, such as 2024-01-31T08:00:00Z", value) from None


def _parsed(iso: str) -> datetime:
    from dateutil.parser import isoparse  # takes a while to load

    return isoparse(iso)


def parse_duration(iso: str) -> Any:
    """An ISO-8601 duration as timedelta, or as isodate's Duration if it has months or years. Raises `DatetimeError`."""
    try:
        return isodate.parse_duration(iso)
    except isodate.ISO8601Error:
        raise DatetimeError("is not a duration in ISO-8601 form, such as P1D or PT1H", iso) from None


def _aware(dt: datetime) -> datetime:
    return dt if dt.tzinfo is not None else dt.replace(tzinfo=UTC)


def _from_number(value: str | int | float, format: str) -> datetime:
    try:
        return _EPOCH + int(value) * _UNITS[format]
    except (TypeError, ValueError, OverflowError):
        raise DatetimeError(f"does not fit the date format “{format}”", value) from None


def _slow_parser(format: str) -> Any:
    if format == "%s_as_float":
        return lambda text: datetime.fromtimestamp(float(text), UTC)
    plain = format.replace("%_ms", "%f")
    return lambda text: datetime.strptime(text, plain)


@lru_cache(maxsize=256)
def _iso_shape(format: str) -> re.Pattern[str] | None:
    """For a format that ISO parsing covers, the pattern of its texts when written in full.

    `fromisoformat` is many times faster than `strptime`, and they agree on such texts.
    """
    if not _ISO_FORMAT.fullmatch(format):
        return None
    return re.compile(re.sub(r"%_ms|%.|\.", lambda token: _DIGITS.get(token[0], r"\."), format))
