"""Bounds that keep a runaway template from eating the machine: what operators, loops and outputs may do.

Inside one template: texts of up to `MAX_TEXT` characters, lists of up to `MAX_ITEMS` items, whole numbers of up to
`MAX_BITS` bits, and values that unfold to `MAX_WEIGHT` when they are written, compared or sorted: a list that holds
another twice, which holds a third twice, is small until then. `core.templates.work` bounds the sum of it all. Values
that come from outside may be longer; they are bounded where they are read.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Iterator, Mapping, Set
from itertools import islice
from typing import Any, Final

from core.templates.errors import LimitError
from core.templates.texts import NULL, Text, join
from core.templates.work import MAX_STEPS, current

MAX_TEXT: Final = 10_000_000
MAX_OUTPUT: Final = 100_000_000
MAX_ITEMS: Final = 1_000_000
MAX_BITS: Final = 65_536
MAX_WEIGHT: Final = 20_000_000
MAX_DEPTH: Final = 400

_PER_ITEM: Final = 8
"""What an item weighs beside its text: about the characters that are written around it."""
_SMALL: Final = 1000
"""Texts that are shorter need not be counted: there can't be many enough of them."""
_ATOMS: Final = frozenset({str, int, float, bool, type(None), Text})
_SHOWN: Final = _ATOMS - {type(None)}
_CONTAINERS: Final = (list, tuple, dict, Set, Mapping)


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


def check_number(number: Any) -> None:
    """Raise LimitError for a whole number that is too long to reckon with."""
    if isinstance(number, int):
        _check_bits(number.bit_length())


def check_made(value: Any, *sources: Any) -> None:
    """Count what was made; raise LimitError when it is too long, and longer than all that it was made of."""
    if type(value) is str and len(value) < _SMALL:
        return
    current().make(value)
    if isinstance(value, int):
        check_number(value)
    elif isinstance(value, (str, bytes, list, tuple)) and len(value) > MAX_ITEMS:
        known = (len(source) for source in sources if isinstance(source, (str, bytes, list, tuple)))
        if len(value) > max(known, default=0):
            check_size(value, len(value))


def weighed(value: Any) -> Any:
    """The same value, when it is not too large and not nested too deeply for being written, compared or sorted."""
    if type(value) not in _ATOMS and isinstance(value, _CONTAINERS):
        weight(value)
    return value


def settled(value: Any) -> Any:
    """A value as a filter may have it: weighed, and a list of bounded length where it is made step by step."""
    if type(value) in _ATOMS:
        return value
    if isinstance(value, Iterator):
        value = list(islice(value, MAX_ITEMS + 1))
        check_size(value, len(value))
    return weighed(value)


def weight(value: Any, most: int = MAX_WEIGHT) -> tuple[int, int]:
    """What a value unfolds to, and how deep it is nested.

    Raises:
        LimitError: it is nested too deeply, or weighs more than `most`.

    """
    if not isinstance(value, _CONTAINERS):
        return len(value) if isinstance(value, (str, bytes)) else _PER_ITEM, 0
    total = 0
    level = [value]
    for depth in range(MAX_DEPTH):
        below: list[Any] = []
        for container in level:
            total += _PER_ITEM * len(container)
            for item in (*container, *container.values()) if isinstance(container, Mapping) else container:
                if type(item) is str:
                    total += len(item)
                elif type(item) not in _ATOMS and isinstance(item, _CONTAINERS):
                    below.append(item)
            if total > most:
                raise LimitError(f"it would unfold a value to more than {most:,} characters")
        if not below:
            return total, depth
        level = below
    raise LimitError(f"it works on a value that is nested more than {MAX_DEPTH} deep")


def shown(value: Any) -> Any:
    """What is put out for a value."""
    if type(value) in _SHOWN:
        return value
    return NULL if value is None else weighed(value)


def add(left: Any, right: Any) -> Any:
    """`left + right`, bounded."""
    if isinstance(left, str) and isinstance(right, str):
        check_text(len(left) + len(right))
        return join([left, right]) if type(left) is Text or type(right) is Text else left + right
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


def _bounded(function: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    def bounded(left: Any, right: Any) -> Any:
        check_number(left)
        check_number(right)
        result = function(left, right)
        check_made(result, left, right)
        return result

    return bounded


OPERATORS: Final[dict[str, Callable[[Any, Any], Any]]] = {
    "+": _bounded(add),
    "-": _bounded(operator.sub),
    "*": _bounded(multiply),
    "/": _bounded(operator.truediv),
    "//": _bounded(operator.floordiv),
    "**": _bounded(power),
}


def concatenate(*parts: Any) -> str:
    """`a ~ b ~ c`, bounded."""
    return joined([str(weighed(part)) for part in parts])


def joined(chunks: Iterable[str]) -> str:
    """The chunks of a macro's or block's output as one text, bounded."""
    pieces = list(chunks)
    length = sum(map(len, pieces))
    check_text(length)
    if length > _SMALL:
        current().make_text(length)
    return join(pieces)


def output(chunks: list[str]) -> str:
    """The chunks of a template's output as one text, which may be larger: it may hold what comes from outside."""
    if len(chunks) == 1:
        return chunks[0]
    if sum(map(len, chunks)) > MAX_OUTPUT:
        raise LimitError(f"it would make a text of more than {MAX_OUTPUT:,} characters")
    return join(chunks)


def loop_items(iterable: Any) -> Any:
    """What a loop may iterate over, counted: the same thing when it has a length, or else a list of bounded length."""
    if not hasattr(iterable, "__len__"):
        if not isinstance(iterable, Iterable):
            return iterable
        iterable = list(islice(iterable, MAX_STEPS + 1))
    current().spend(len(iterable))
    return iterable


def _check_bits(bits: int) -> None:
    if bits > MAX_BITS:
        raise LimitError(f"it would make a number of more than {MAX_BITS:,} bits")
