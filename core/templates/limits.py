"""Bounds that keep a runaway template from eating the machine: how much one evaluation may do, and what operators,
loops and outputs may do.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Iterator, Mapping, Set
from contextlib import contextmanager
from contextvars import ContextVar, Token
from itertools import islice
from time import perf_counter, thread_time
from typing import Any, Final

from core.templates.errors import LimitError
from core.templates.texts import NULL, Text, join

MAX_STEPS: Final = 500_000
"""Loop iterations, calls, filters and tests."""
MAX_SECONDS: Final = 2.0
"""Of one evaluation; whoever waits for other threads meanwhile gets as many seconds of computing on top."""
MAX_MADE: Final = 500_000_000
"""Roughly the bytes of all texts, lists and objects that are made on the way."""

_SIZES: Final[dict[type, int]] = {str: 1, bytes: 1, list: 8, tuple: 8, set: 32, dict: 96}


class Work:
    """Counts the work of one evaluation. Its methods raise `LimitError` when it is too much."""

    __slots__ = ("_computed", "_end", "_made", "_steps", "given")

    def __init__(self) -> None:
        self._steps = 0
        self._made = 0
        self._end = perf_counter() + MAX_SECONDS
        self._computed: float | None = None
        self.given: frozenset[int] | None = None
        """The identities of all lists and objects that the template was given, once somebody needed them."""

    def spend(self, steps: int) -> None:
        """Count loop iterations or calls, and look at the clock."""
        self._steps += steps
        if self._steps > MAX_STEPS:
            raise LimitError(f"it takes more than {MAX_STEPS:,} loop iterations and calls")
        if perf_counter() > self._end:
            self._look_at_computing_time()

    def make(self, value: Any) -> None:
        """Count a value that was made."""
        size = _SIZES.get(type(value))
        if size is not None:
            self.make_text(size * len(value))

    def make_text(self, length: int) -> None:
        """Count a text that is made, before it is."""
        self._made += length
        if self._made > MAX_MADE:
            raise LimitError(f"it would need more than {MAX_MADE // 1_000_000} MB of memory")

    def _look_at_computing_time(self) -> None:
        now = thread_time()
        if self._computed is None:
            self._computed = now
        elif now - self._computed > MAX_SECONDS:
            raise LimitError(f"it takes more than {MAX_SECONDS:g} seconds")


_CURRENT: Final[ContextVar[Work]] = ContextVar("work")


current: Final = _CURRENT.get
"""The work of the evaluation that is going on."""


@contextmanager
def evaluation() -> Iterator[None]:
    """Count what happens in here as the work of one evaluation."""
    token = begin()
    try:
        yield
    finally:
        end(token)


def begin() -> Token[Work]:
    """The same as `evaluation`, in two steps, which is many times faster."""
    return _CURRENT.set(Work())


end: Final = _CURRENT.reset


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
