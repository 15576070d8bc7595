"""Limits that keep a runaway template from exhausting the machine: on an evaluation as a whole, and on its operators,
loops and outputs.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Iterator, Mapping, Set
from contextlib import contextmanager
from contextvars import ContextVar, Token
from itertools import islice
from time import perf_counter, thread_time
from typing import Any, Final

from core.templates.errors import HurryError, LimitError
from core.templates.texts import NULL, Text, join

MAX_STEPS: Final = 500_000
"""Loop iterations, calls, filters and tests."""
MAX_SECONDS: Final = 2.0
"""Of one evaluation; after that, it may use as many more seconds of CPU time, in case it waited for other threads."""
MAX_MADE: Final = 500_000_000
"""Roughly the bytes of all texts, lists and objects that an evaluation makes."""

_SIZES: Final[dict[type, int]] = {str: 1, bytes: 1, list: 8, tuple: 8, set: 32, dict: 96}


_PATIENCE: Final[ContextVar[float | None]] = ContextVar("patience", default=None)


@contextmanager
def hurried(seconds: float) -> Iterator[None]:
    """Give each evaluation within this context only so many seconds, for one that somebody waits for."""
    token = _PATIENCE.set(seconds)
    try:
        yield
    finally:
        _PATIENCE.reset(token)


class Work:
    """Counts the work of one evaluation. Its methods raise `LimitError` if it is too much."""

    __slots__ = ("_end", "_made", "_overtime_start", "_patience", "_steps", "given")

    def __init__(self) -> None:
        self._steps = 0
        self._made = 0
        self._patience = _PATIENCE.get()
        self._end = perf_counter() + (MAX_SECONDS if self._patience is None else self._patience)
        self._overtime_start: float | None = None
        self.given: frozenset[int] | None = None
        """The identities of all lists and objects that the template was given; None until they are needed."""

    def spend(self, steps: int) -> None:
        """Count loop iterations or calls, and check the time."""
        self._steps += steps
        if self._steps > MAX_STEPS:
            raise LimitError(f"it takes more than {MAX_STEPS:,} loop iterations and calls")
        if perf_counter() > self._end:
            self._check_cpu_time()

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

    def _check_cpu_time(self) -> None:
        if self._patience is not None:
            raise HurryError(f"it takes more than {self._patience:g} seconds")
        now = thread_time()
        if self._overtime_start is None:
            self._overtime_start = now
        elif now - self._overtime_start > MAX_SECONDS:
            raise LimitError(f"it takes more than {MAX_SECONDS:g} seconds")


_CURRENT: Final[ContextVar[Work]] = ContextVar("work")


current: Final = _CURRENT.get
"""The work of the current evaluation."""


@contextmanager
def evaluation() -> Iterator[None]:
    """Count what happens within this context as the work of one evaluation."""
    token = begin()
    try:
        yield
    finally:
        end(token)


def begin() -> Token[Work]:
    """The beginning of an `evaluation`; in two steps, it is many times faster."""
    return _CURRENT.set(Work())


end: Final = _CURRENT.reset


MAX_TEXT: Final = 10_000_000
MAX_OUTPUT: Final = 100_000_000
MAX_ITEMS: Final = 1_000_000
MAX_BITS: Final = 65_536
MAX_WEIGHT: Final = 20_000_000
MAX_DEPTH: Final = 400

_PER_ITEM: Final = 8
"""What an item weighs in addition to its text: about the characters that are written around it."""
_SMALL: Final = 1000
"""Texts that are shorter than this need not be counted: there can't be enough of them."""
_ATOMS: Final = frozenset({str, int, float, bool, type(None), Text})
_SHOWN: Final = _ATOMS - {type(None)}
_CONTAINERS: Final = (list, tuple, dict, Set, Mapping)


def check_text(length: int) -> None:
    """Raise `LimitError` for a text that would be too long."""
    if length > MAX_TEXT:
        raise LimitError(f"it would make a text of more than {MAX_TEXT:,} characters")


def check_size(example: Any, length: int) -> None:
    """Raise `LimitError` for a value of the type of `example` that would be too long."""
    if isinstance(example, (str, bytes)):
        check_text(length)
    elif length > MAX_ITEMS:
        raise LimitError(f"it would make a list of more than {MAX_ITEMS:,} items")


def check_number(number: Any) -> None:
    """Raise `LimitError` for an integer that is too long to calculate with."""
    if isinstance(number, int):
        _check_bits(number.bit_length())


def check_made(value: Any, *sources: Any) -> None:
    """Count what was made; raise `LimitError` if it is too long, and longer than all that it was made of."""
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
    """The same value. Raises `LimitError` if it is too large or too deeply nested to be written, compared or sorted."""
    if type(value) not in _ATOMS and isinstance(value, _CONTAINERS):
        weight(value)
    return value


def settled(value: Any) -> Any:
    """A value that a filter may have: weighed, and a list of bounded length instead of an iterator."""
    if type(value) in _ATOMS:
        return value
    if isinstance(value, Iterator):
        value = list(islice(value, MAX_ITEMS + 1))
        check_size(value, len(value))
    return weighed(value)


def weight(value: Any, most: int = MAX_WEIGHT) -> tuple[int, int]:
    """How long a value is when written, in characters, and how deeply it is nested.

    Raises `LimitError` if it is nested too deeply, or weighs more than `most`.
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
    """The output for a value."""
    if type(value) in _SHOWN:
        return value
    return NULL if value is None else weighed(value)


def add(left: Any, right: Any) -> Any:
    if isinstance(left, str) and isinstance(right, str):
        check_text(len(left) + len(right))
        return join([left, right]) if type(left) is Text or type(right) is Text else left + right
    if hasattr(left, "__len__") and hasattr(right, "__len__"):
        check_size(left, len(left) + len(right))
    return left + right


def multiply(left: Any, right: Any) -> Any:
    if isinstance(left, int) and isinstance(right, int):
        _check_bits(left.bit_length() + right.bit_length())
    elif isinstance(right, int) and hasattr(left, "__len__"):
        check_size(left, len(left) * right)
    elif isinstance(left, int) and hasattr(right, "__len__"):
        check_size(right, left * len(right))
    return left * right


def power(left: Any, right: Any) -> Any:
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
    """The chunks of the output of a macro or block as one text, bounded."""
    pieces = list(chunks)
    length = sum(map(len, pieces))
    check_text(length)
    if length > _SMALL:
        current().make_text(length)
    return join(pieces)


def output(chunks: list[str]) -> str:
    """The chunks of a template's output as one text, which may be longer, since it may hold data from outside."""
    if len(chunks) == 1:
        return chunks[0]
    if sum(map(len, chunks)) > MAX_OUTPUT:
        raise LimitError(f"it would make a text of more than {MAX_OUTPUT:,} characters")
    return join(chunks)


def loop_items(iterable: Any) -> Any:
    """What a loop iterates over, counted: the same if it has a length, or else a list of bounded length."""
    if not hasattr(iterable, "__len__"):
        if not isinstance(iterable, Iterable):
            return iterable
        iterable = list(islice(iterable, MAX_STEPS + 1))
    current().spend(len(iterable))
    return iterable


def _check_bits(bits: int) -> None:
    if bits > MAX_BITS:
        raise LimitError(f"it would make a number of more than {MAX_BITS:,} bits")
