"""Numbers, slices and foreign texts as people read them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from core.http.secrets import mask_known
from core.texts import clean

_SLICE_SHOWN = 90
_GROUP_SHOWN = 3
_UNITS = ("kB", "MB", "GB", "TB")


def one_line(text: str, longest: int) -> str:
    """A text from elsewhere on one line, without secrets, cut where it is too long."""
    line = " ".join(clean(mask_known(text)).split())
    return line if len(line) <= longest else f"{line[: longest - 3]}..."


def slice_name(slice_: Mapping[str, Any] | None) -> str:
    """A slice as `name=value, name=value`; empty for the only slice of a stream."""
    return one_line(", ".join(f"{name}={value}" for name, value in _told(slice_)), _SLICE_SHOWN)


def slice_values(slice_: Mapping[str, Any] | None) -> str:
    """The same without the names, which are alike in all slices of a stream."""
    return one_line(", ".join(value for _, value in _told(slice_)), _SLICE_SHOWN)


def _told(slice_: Mapping[str, Any] | None) -> Iterator[tuple[str, str]]:
    return ((name, _value(value)) for name, value in (slice_ or {}).items() if not _says_nothing(value))


def _says_nothing(value: Any) -> bool:
    return all(map(_says_nothing, value)) if isinstance(value, list) else value in ({}, None, "")


def _value(value: Any) -> str:
    """A value of a slice; of a group the first few, and how many there are besides."""
    if not isinstance(value, list):
        return str(value)
    more = f" and {len(value) - _GROUP_SHOWN} more" if len(value) > _GROUP_SHOWN else ""
    return ", ".join(map(str, value[:_GROUP_SHOWN])) + more


def count(number: int, one: str, many: str = "") -> str:
    """`1 record`, `12,000 records`."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def duration(seconds: float, *, whole: bool = False) -> str:
    """`0.4 s` (`0 s` when only whole seconds are wanted), `12 s`, `3 min 05 s`, `2 h 07 min`."""
    if seconds < 9.95 and not whole:
        return f"{max(0.0, seconds):.1f} s"
    rounded = round(seconds)
    if rounded < 60:
        return f"{rounded} s"
    if rounded < 3600:
        return f"{rounded // 60} min {rounded % 60:02} s"
    return f"{rounded // 3600} h {rounded % 3600 // 60:02} min"


def size(number: int) -> str:
    """`812 B`, `1.2 MB`."""
    if number < 1000:
        return f"{number} B"
    amount = float(number)
    for unit in _UNITS:
        amount /= 1000
        if amount < 999.95 or unit == _UNITS[-1]:
            break
    return f"{amount:.1f} {unit}"
