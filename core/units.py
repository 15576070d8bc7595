"""Numbers with their units, as people read them in logs, errors and progress and on screens."""

from __future__ import annotations

_MULTIPLES = ("kB", "MB", "GB", "TB")


def count(number: int, one: str, many: str = "") -> str:
    """`1 record`, `12,000 records`."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def size(number: int, *, byte: str = "B") -> str:
    """A number of bytes: `812 B`, `1.2 MB`; `byte` is the unit below 1,000, which sentences write out."""
    if number < 1000:
        return f"{number} {byte}"
    amount = float(number)
    for unit in _MULTIPLES:
        amount /= 1000
        if amount < 999.95 or unit == _MULTIPLES[-1]:
            break
    return f"{amount:.1f} {unit}"


def duration(seconds: float, *, whole: bool = False) -> str:
    """Time that passes: `0.4 s` (`0 s` when only whole seconds are wanted), `12 s`, `3 min 05 s`, `2 h 07 min`."""
    if seconds < 9.95 and not whole:
        return f"{max(0.0, seconds):.1f} s"
    rounded = round(seconds)
    if rounded < 60:
        return f"{rounded} s"
    if rounded < 3600:
        return f"{rounded // 60} min {rounded % 60:02} s"
    return f"{rounded // 3600} h {rounded % 3600 // 60:02} min"


def time_span(seconds: float) -> str:
    """A length of time that is set, in a sentence: `42 seconds`, `3.5 minutes`, `2 hours`, `10 days`."""
    for length, unit in ((86_400, "days"), (3600, "hours"), (60, "minutes")):
        if round(seconds) >= 2 * length:
            return f"{seconds / length:.3g} {unit}"
    return "1 second" if seconds == 1 else f"{seconds:.3g} seconds"
