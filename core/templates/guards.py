"""Guards around Jinja's filters and tests and around the methods of values: before and after each call."""

from __future__ import annotations

import re
import string
from collections.abc import Callable, Mapping, MutableMapping, MutableSequence, MutableSet
from functools import wraps
from math import isfinite
from typing import Any, Final

from jinja2.utils import generate_lorem_ipsum

from core.templates import limits
from core.templates.errors import ChangeError, LimitError
from core.templates.limits import check_text, current, weight
from core.templates.texts import Text

MAX_WIDTH: Final = 100_000
_MAX_INDENT: Final = 100
_MAX_PRINTED: Final = 1_000_000
_MAX_COPIED: Final = 10_000_000_000

_CHANGING: Final = frozenset(
    {"add", "append", "clear", "difference_update", "discard", "extend", "insert", "intersection_update", "pop"}
    | {"popitem", "remove", "reverse", "setdefault", "sort", "symmetric_difference_update", "update"}
)
"""The methods that change lists, objects and sets."""
_PRINTF: Final = re.compile(r"[%)][-#0 +]*+(\*|[0-9]++)?(?:\.(\*|[0-9]++))?[hlL]?[a-zA-Z]")
_LONG_NUMBER: Final = re.compile(r"[0-9]{7}")
_SHALLOW: Final = frozenset(
    {"attr", "batch", "count", "d", "default", "first", "items", "last", "length", "list", "map", "random"}
    | {"reject", "rejectattr", "reverse", "select", "selectattr", "slice", "safe"}
)
"""Filters that never look into the items of a value."""


def check_format(template: str, arguments: tuple[Any, ...], named: Mapping[str, Any]) -> None:
    """Raise `LimitError` if `str.format` would make too long a text."""
    try:
        fields = list(string.Formatter().parse(template))
    except ValueError:
        return  # formatting raises the same
    specs = [spec or "" for _, name, spec, _ in fields if name is not None]
    if any("{" in spec for spec in specs):
        raise _too_wide()
    widths = [number for spec in specs for number in re.findall("[0-9]+", spec)]
    _check_formatted(template, widths, len(specs), (*arguments, *named.values()))


def check_printf(template: Any, values: Any) -> None:
    """Raise `LimitError` if `template % values` would make too long a text."""
    text = template.decode("latin-1") if isinstance(template, bytes) else str(template)
    widths = [width for pair in _PRINTF.findall(text) for width in pair if width]
    if "*" in widths:
        raise _too_wide()
    _check_formatted(text, widths, text.count("%"), values if isinstance(values, tuple) else (values,))


def _check_formatted(template: str, widths: list[str], fields: int, values: tuple[Any, ...]) -> None:
    if any(_LONG_NUMBER.search(width) for width in widths) or sum(map(int, widths)) > 2 * MAX_WIDTH:
        raise _too_wide()
    longest = max((weight(value)[0] for value in values), default=0)
    check_text(len(template) + sum(map(int, widths)) + fields * longest)


def modulo(left: Any, right: Any) -> Any:
    """`left % right`: a remainder, or a formatted text with bounded widths."""
    if isinstance(left, (str, bytes)):
        check_printf(left, right)
    limits.check_number(left)
    limits.check_number(right)
    result = left % right
    limits.check_made(result, left)
    return result


def check_call(function: Any, arguments: tuple[Any, ...], named: dict[str, Any], variables: Mapping[str, Any]) -> None:
    """Raise `LimitError` for a method that would make too much, `ChangeError` if it would change a given value."""
    owner, name = getattr(function, "__self__", None), getattr(function, "__name__", "")
    if isinstance(owner, (str, bytes)):
        _check_text_method(owner, name, arguments, named)
    elif name in _CHANGING and isinstance(owner, (MutableMapping, MutableSequence, MutableSet)):
        _check_change(owner, arguments, variables)
    elif name == "to_bytes":
        check_widths(*arguments, *named.values())
    elif name in {"strftime", "format_datetime", "day_delta"}:
        check_widths(*(len(value) for value in (*arguments, *named.values()) if isinstance(value, str)))


def _check_change(owner: Any, arguments: tuple[Any, ...], variables: Mapping[str, Any]) -> None:
    work = current()
    if work.given is None:
        work.given = _containers_in(variables)
    if id(owner) in work.given:
        raise ChangeError
    limits.check_size([], len(owner) + 1)
    work.make(arguments)


def _check_text_method(owner: str | bytes, name: str, arguments: tuple[Any, ...], named: dict[str, Any]) -> None:
    if name == "replace" and len(arguments) >= 2:
        _check_replace(owner, arguments[0], arguments[1])
    elif name == "join" and arguments:
        _check_join(owner, arguments[0])
    elif name == "translate" and arguments and isinstance(arguments[0], Mapping):
        longest = max((len(value) for value in arguments[0].values() if isinstance(value, str)), default=1)
        check_text(len(owner) * longest)
    elif name in {"center", "ljust", "rjust", "zfill"}:
        check_widths(*arguments, *named.values())
    elif name == "expandtabs":
        check_widths(*arguments, *named.values())
        tabs = owner.count("\t") if isinstance(owner, str) else owner.count(b"\t")
        check_text(len(owner) + tabs * _largest(8, *arguments, *named.values()))


def _containers_in(variables: Mapping[str, Any]) -> frozenset[int]:
    """The identities of all mutable values, at any depth."""
    found: set[int] = set()
    waiting: list[Any] = [variables]
    while waiting:
        value = waiting.pop()
        if id(value) in found or not isinstance(value, (Mapping, list, tuple, MutableSet)):
            continue
        found.add(id(value))
        waiting.extend(value.values() if isinstance(value, Mapping) else value)
        if isinstance(value, Mapping) and not isinstance(value, dict):  # such as slices, with their parts
            waiting.extend(getattr(value, name, None) for name in getattr(type(value), "__slots__", ()))
            waiting.extend(getattr(value, "__dict__", {}).values())
    return frozenset(found)


def guard_filters(filters: dict[str, Callable[..., Any]]) -> dict[str, Callable[..., Any]]:
    return {name: _guard(function, _CHECKS.get(name), name in _SHALLOW) for name, function in filters.items()}


def guard_tests(tests: Mapping[str, Any]) -> dict[str, Callable[..., Any]]:
    def guard(function: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(function)
        def guarded(*arguments: Any) -> Any:
            current().spend(1)
            for value in arguments:
                limits.weighed(value)
            return function(*arguments)

        return guarded

    return {name: guard(function) for name, function in tests.items()}


def _guard(function: Callable[..., Any], check: Callable[..., None] | None, shallow: bool) -> Callable[..., Any]:
    first = 1 if hasattr(function, "jinja_pass_arg") else 0

    @wraps(function)  # keeps Jinja's mark of what to pass to the filter
    def guarded(*passed: Any, **named: Any) -> Any:
        current().spend(1)
        arguments = passed[first:] if shallow else [limits.settled(value) for value in passed[first:]]
        if check is not None:
            check(*arguments, **named)
        result = function(*passed[:first], *arguments, **named)
        limits.check_made(result, *arguments)
        return Text(result) if type(result) is str and type(arguments[0]) is Text else result

    return guarded


def check_widths(*numbers: Any) -> None:
    """Raise `LimitError` for widths, counts and paddings that are too large."""
    if _largest(*numbers) > MAX_WIDTH:
        raise LimitError(f"it asks for a width or count of more than {MAX_WIDTH:,}")


def _widths(_value: Any, *arguments: Any, **named: Any) -> None:
    check_widths(*arguments, *named.values())


def _replace(value: Any, old: Any = "", new: Any = "", _count: Any = None) -> None:
    _check_replace(str(value), str(old), str(new))


def _join(value: Any, d: Any = "", attribute: Any = None) -> None:
    _check_join(str(d), value)


def _indent(value: Any, width: Any = 4, *_arguments: Any, **_named: Any) -> None:
    if isinstance(value, MutableSequence):  # Jinja would add the line feed to the list itself
        raise ChangeError
    wide = len(width) if isinstance(width, str) else width
    check_widths(wide)
    text = str(value)
    check_text(len(text) + text.count("\n") * _largest(wide))


def _wordwrap(value: Any, width: Any = 79, *more: Any, **named: Any) -> None:
    wrapstring = named.get("wrapstring", more[1] if len(more) > 1 else "")
    text = str(value)
    lines = text.count("\n") + len(text) // max(_largest(width), 1)
    check_text(len(text) + lines * len(str(wrapstring or "")))


def _tojson(value: Any, indent: Any = None) -> None:
    wide = len(indent) if isinstance(indent, str) else indent or 0
    if _largest(wide) > _MAX_INDENT:
        raise LimitError(f"it asks for an indentation of more than {_MAX_INDENT}")
    total, depth = weight(value)
    if total * (1 + _largest(wide) * depth // 8) > limits.MAX_WEIGHT:
        raise LimitError(f"it would unfold a value to more than {limits.MAX_WEIGHT:,} characters")


def _pprint(value: Any) -> None:
    total, depth = weight(value, _MAX_PRINTED)
    check_text(total * (depth + 1))


def _format(value: Any, *arguments: Any, **named: Any) -> None:
    check_printf(value, (*arguments, *named.values()))


def _sum(value: Any, _attribute: Any = None, start: Any = 0, **_named: Any) -> None:
    if isinstance(start, (list, tuple)) and len(value) * weight(value)[0] > _MAX_COPIED:
        raise LimitError("it joins too many lists one by one")


_CHECKS: Final[dict[str, Callable[..., None]]] = {
    **dict.fromkeys(("center", "batch", "slice", "round"), _widths),
    "replace": _replace,
    "join": _join,
    "indent": _indent,
    "wordwrap": _wordwrap,
    "tojson": _tojson,
    "pprint": _pprint,
    "format": _format,
    "sum": _sum,
}


def lipsum(n: int = 5, html: bool = True, min: int = 20, max: int = 100) -> str:
    """Filler text: `n` paragraphs of `min` to `max` words."""
    if n * max > MAX_WIDTH:
        raise LimitError(f"it asks for more than {MAX_WIDTH:,} words of filler text")
    return generate_lorem_ipsum(n, html, min, max)


def _largest(*numbers: Any) -> int:
    return max(
        (abs(int(number)) for number in numbers if isinstance(number, (int, float)) and isfinite(number)), default=0
    )


def _too_wide() -> LimitError:
    return LimitError("it formats a value with a width that is too large, or computed")


def _check_replace(text: Any, old: Any, new: Any) -> None:
    if all(isinstance(value, str) for value in (text, old, new)) or all(
        isinstance(value, bytes) for value in (text, old, new)
    ):
        check_text(len(text) + text.count(old) * max(len(new) - len(old), 0))


def _check_join(separator: Any, items: Any) -> None:
    if isinstance(items, (list, tuple)):
        check_text(len(separator) * len(items) + sum(len(item) for item in items if isinstance(item, (str, bytes))))
