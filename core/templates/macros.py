"""What templates can call: Airbyte's global functions and filters, described for completion and help."""

from __future__ import annotations

import base64
import builtins
import hashlib
import hmac as keyed_hash
import json
from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any, Final
from urllib.parse import quote_plus
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from jinja2 import Undefined

from core.templates import datetimes, surroundings
from core.templates.patterns import compile_pattern
from core.templates.texts import Text


def hash(value: Any, hash_type: str = "md5", salt: str | None = None) -> str:
    """The hexadecimal digest of a value, with an optional salt after it."""
    if hash_type not in hashlib.algorithms_guaranteed or hash_type.startswith("shake"):
        raise ValueError("unknown hash type")
    text = f"{value}{salt or ''}"
    return hashlib.new(hash_type, text.encode(), usedforsecurity=False).hexdigest()


def hmac(value: Any, key: str, hash_type: str = "sha256") -> str:
    """The hexadecimal SHA-256 signature of a value under a key."""
    if hash_type != "sha256":
        raise ValueError("unknown hash type")
    return keyed_hash.new(str(key).encode(), str(value).encode(), hashlib.sha256).hexdigest()


def base64encode(value: str) -> str:
    """A text as base64."""
    return base64.b64encode(value.encode()).decode()


def base64decode(value: str) -> str:
    """The text behind base64."""
    return base64.b64decode(value.encode()).decode()


def base64binascii_decode(value: str) -> str:
    """An ASCII text as base64 (Airbyte: it encodes, whatever its name says)."""
    return base64.b64encode(value.encode("ascii")).decode()


def string(value: Any) -> str:
    """A value as text that stays text: `{{ config.n | string }}` gives "5", not 5.

    Airbyte: the same, except that there a text that looks like a number becomes one all the same, and that
    quotes of JSON, and everything that stands beside the filter, come out damaged.
    """
    if isinstance(value, Undefined):
        return str(value)
    return Text(value, value) if isinstance(value, str) else Text(json.dumps(value))


def regex_search(value: str, regex: str) -> str:
    """The first capture group of the first match, or nothing."""
    found = compile_pattern(regex).search(_text(value))
    return found[1] or "" if found is not None and len(found) > 1 else ""


def regex_replace(value: str, regex: str, replacement: str) -> str:
    """A text with every match of a regular expression replaced."""
    return compile_pattern(regex).replace(_text(value), replacement)


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError("this goes with a text, not with " + type(value).__name__)
    return value


FILTERS: Final[dict[str, Callable[..., Any]]] = {
    function.__name__: function
    for function in (
        hash,
        hmac,
        base64encode,
        base64decode,
        base64binascii_decode,
        string,
        regex_search,
        regex_replace,
    )
}


def now_utc() -> datetime:
    """The current date and time in UTC."""
    return surroundings.now()


def today_utc() -> date:
    """The current date in UTC."""
    return surroundings.now().date()


def today_with_timezone(timezone: str) -> date:
    """The current date in a time zone such as "Europe/Vienna"."""
    return surroundings.now().astimezone(_zone(timezone)).date()


def timestamp(dt: float | str | datetime) -> int | float:
    """Seconds since 1970: of a number its whole part, of a date or its ISO text a decimal."""
    return int(dt) if isinstance(dt, (int, float)) else datetimes.parse_any(_given(dt)).timestamp()


def str_to_datetime(s: str) -> datetime:
    """A date and time in UTC from ISO-8601 text; UTC when it names no zone."""
    return datetimes.parse_any(_given(s))


def format_datetime(dt: str | float | date, format: str, input_format: str | None = None) -> str:
    """A date as text: `format_datetime(config.start, '%Y-%m-%d')`; numbers are seconds since 1970."""
    if isinstance(dt, datetime):
        return datetimes.format_datetime(dt, format)
    if input_format:
        return datetimes.format_datetime(datetimes.parse_datetime(_text_or_number(dt), input_format), format)
    return datetimes.format_datetime(datetimes.parse_any(_given(dt)), format)


def day_delta(num_days: int, format: str = "%Y-%m-%dT%H:%M:%S.%f%z") -> str:
    """Now plus a number of days (UTC), as text."""
    return (surroundings.now() + timedelta(days=num_days)).strftime(format)


def duration(datestring: str) -> Any:
    """A span of time from ISO-8601 text such as 'P1D', to add to dates or to subtract from them."""
    return datetimes.parse_duration(datestring)


def max(*args: Any) -> Any:
    """The largest of several values, or of one list."""
    return builtins.max(*args)


def min(*args: Any) -> Any:
    """The smallest of several values, or of one list."""
    return builtins.min(*args)


def sanitize_url(value: str) -> str:
    """A text made safe for a URL; spaces become "+"."""
    return quote_plus(value)


def camel_case_to_snake_case(value: str) -> str:
    """`someName` as `some_name`, with an underscore before every capital letter."""
    return "".join(
        f"_{letter}" if place and "A" <= letter <= "Z" else letter for place, letter in enumerate(_text(value))
    ).lower()


def generate_uuid() -> str:
    """A new random UUID, another one in every evaluation."""
    return surroundings.new_uuid()


def _given(value: Any) -> Any:
    """The value. Raises UndefinedError where there is none (Airbyte: the same)."""
    if isinstance(value, Undefined):
        value._fail_with_undefined_error()
    return value


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(str(name))
    except ZoneInfoNotFoundError:
        spellings = [known for known in available_timezones() if known.casefold() == str(name).casefold()]
        if not spellings:
            raise
        return ZoneInfo(spellings[0])


def _text_or_number(dt: Any) -> str | int | float:
    if not isinstance(dt, (str, int, float)):
        raise TypeError("an input format goes with a text or a number")
    return dt


MACROS: Final[dict[str, Callable[..., Any]]] = {
    function.__name__: function
    for function in (
        now_utc,
        today_utc,
        today_with_timezone,
        timestamp,
        str_to_datetime,
        format_datetime,
        day_delta,
        duration,
        max,
        min,
        sanitize_url,
        camel_case_to_snake_case,
        generate_uuid,
    )
}
