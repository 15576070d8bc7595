"""Numbers as people read them, beside slices and foreign texts (`core.wording`)."""

from __future__ import annotations

from core.wording import one_line, slice_name, slice_values

__all__ = ["count", "duration", "one_line", "size", "slice_name", "slice_values"]

_UNITS = ("kB", "MB", "GB", "TB")


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
