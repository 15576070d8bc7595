"""Bounds that keep a runaway template from eating the machine.

Inside one template: texts of up to `MAX_TEXT` characters, lists of up to `MAX_ITEMS` items, `MAX_STEPS` loop
iterations and calls, whole numbers of up to `MAX_BITS` bits, and widths (padding, indentation, batches) of up
to `MAX_WIDTH`. Values that come from outside are not bounded, and neither is the time that a regular
expression takes.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from functools import wraps
from itertools import islice
from typing import Any, Final

from jinja2.utils import generate_lorem_ipsum

from core.templates.errors import LimitError

MAX_TEXT: Final = 10_000_000
MAX_ITEMS: Final = 1_000_000
MAX_STEPS: Final = 500_000
MAX_BITS: Final = 65_536
MAX_WIDTH: Final = 100_000

_PRINTF_WIDTH = re.compile(r"%(?:\([^)]*\))?[^a-zA-Z%]*(?:[0-9]{6,}|\*)")
_FORMAT_WIDTH = re.compile(r"\{[^{}]*[:.](?:[^{}]*[0-9]{6,}|[^{}]*\{)")


def check_text(length: int) -> None:
    """Raise LimitError when a text of that length must not be made."""
    if length > MAX_TEXT:
        raise LimitError(f"it would make a text of more than {MAX_TEXT:,} characters")


def check_size(example: Any, length: int) -> None:
    """Raise LimitError when a value of the kind of `example` must not get that long."""
    if isinstance(example, (str, bytes)):
        check_text(length)
    elif length > MAX_ITEMS:
        raise LimitError(f"it would make a list of more than {MAX_ITEMS:,} items")


def add(left: Any, right: Any) -> Any:
    """`left + right`, bounded."""
    if hasattr(left, "__len__") and hasattr(right, "__len__"):
        check_size(left, len(left) + len(right))
    return left + right


def multiply(left: Any, right: Any) -> Any:
    """`left * right`, bounded."""
    if isinstance(left, int) and isinstance(right, int):
        _check_bits(left.bit_length() + right.bit_length())
    elif isinstance(right, int) and hasattr(left, "__len__"):
        check_size(left, len(left) * right)
    elif isinstance(left, int) and hasattr(right, "__len__"):
        check_size(right, left * len(right))
    return left * right


def power(left: Any, right: Any) -> Any:
    """`left ** right`, bounded."""
    if isinstance(left, int) and isinstance(right, int):
        _check_bits(left.bit_length() * right)
    return left**right


def modulo(left: Any, right: Any) -> Any:
    """`left % right`: a remainder, or a formatted text with bounded widths."""
    if isinstance(left, str):
        _check_pattern(_PRINTF_WIDTH, left)
    return left % right


OPERATORS: Final[dict[str, Callable[[Any, Any], Any]]] = {"+": add, "*": multiply, "**": power, "%": modulo}


def concatenate(*parts: Any) -> str:
    """`a ~ b ~ c`, bounded."""
    text = "".join(map(str, parts))
    check_text(len(text))
    return text


def joined(chunks: Iterable[str]) -> str:
    """The chunks of a template's output as one text, bounded."""
    texts = []
    length = 0
    for chunk in chunks:
        length += len(chunk)
        check_text(length)
        texts.append(chunk)
    return "".join(texts)


def loop_items(iterable: Any) -> Any:
    """What a loop may iterate over: the same thing when it has a length, or else a list of bounded length."""
    if hasattr(iterable, "__len__") or not isinstance(iterable, Iterable):
        return iterable
    return list(islice(iterable, MAX_STEPS + 1))


def check_format(template: str) -> None:
    """Raise LimitError when a text for `str.format` holds a width that is too large, or computed."""
    _check_pattern(_FORMAT_WIDTH, template)


def check_method(owner: str | bytes, name: str, arguments: tuple[Any, ...], named: dict[str, Any]) -> None:
    """Raise LimitError when calling this method of a text would make too long a text."""
    if name == "replace" and len(arguments) >= 2:
        _check_replace(owner, arguments[0], arguments[1])
    elif name == "join" and arguments:
        _check_join(owner, arguments[0])
    elif name in {"center", "ljust", "rjust", "zfill", "expandtabs"}:
        _check_widths(*arguments, *named.values())


def guard_filters(filters: dict[str, Callable[..., Any]]) -> dict[str, Callable[..., Any]]:
    """Those of Jinja's own filters that can grow without bound, bounded."""

    def guard(name: str, check: Callable[..., None]) -> Callable[..., Any]:
        original = filters[name]

        @wraps(original)  # keeps Jinja's mark of what the filter wants passed
        def guarded(*arguments: Any, **named: Any) -> Any:
            check(*arguments, **named)
            return original(*arguments, **named)

        return guarded

    def widths(_value: Any, *arguments: Any, **named: Any) -> None:
        _check_widths(*arguments, *named.values())

    def replace(_context: Any, value: Any, old: Any = "", new: Any = "", _count: Any = None) -> None:
        _check_replace(str(value), str(old), str(new))

    def join(_context: Any, value: Any, d: Any = "", attribute: Any = None) -> None:
        _check_join(str(d), value)

    def printf(value: Any, *_arguments: Any, **_named: Any) -> None:
        _check_pattern(_PRINTF_WIDTH, str(value))

    checks: dict[str, Callable[..., None]] = dict.fromkeys(("center", "indent", "batch", "slice", "round"), widths)
    checks |= {"replace": replace, "join": join, "format": printf}
    return {name: guard(name, check) for name, check in checks.items()}


def lipsum(n: int = 5, html: bool = True, min: int = 20, max: int = 100) -> str:
    """Filler text: `n` paragraphs of `min` to `max` words."""
    if n * max > MAX_WIDTH:
        raise LimitError(f"it asks for more than {MAX_WIDTH:,} words of filler text")
    return generate_lorem_ipsum(n, html, min, max)


def _check_bits(bits: int) -> None:
    if bits > MAX_BITS:
        raise LimitError(f"it would make a number of more than {MAX_BITS:,} bits")


def _check_widths(*numbers: Any) -> None:
    if any(isinstance(number, int) and abs(number) > MAX_WIDTH for number in numbers):
        raise LimitError(f"it asks for a width or count of more than {MAX_WIDTH:,}")


def _check_pattern(pattern: re.Pattern[str], template: str) -> None:
    if pattern.search(template):
        raise LimitError("it formats a value with a width that is too large, or computed")


def _check_replace(text: Any, old: Any, new: Any) -> None:
    if type(old) is type(new) is type(text):
        check_text(len(text) + text.count(old) * len(new))


def _check_join(separator: Any, items: Any) -> None:
    if isinstance(items, (list, tuple)):
        check_text(len(separator) * len(items) + sum(len(item) for item in items if isinstance(item, (str, bytes))))
