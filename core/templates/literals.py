"""From rendered text to a value: text that looks like a Python literal becomes that literal.

Airbyte: every evaluated template goes through `ast.literal_eval`; what it refuses stays text. The functions here give
the same values and skip the parser where the outcome is known without it. Unlike there, a number with more digits than
a float keeps, or beyond its range, stays text.
"""

from __future__ import annotations

import ast
import re
import warnings
from decimal import Decimal
from math import isfinite
from typing import Any, Final

from core.templates.errors import LimitError
from core.templates.texts import Null, SecretText, Text, parsed_from, plain

EMPTY: Final = type("Empty", (), {"__slots__": (), "__repr__": lambda self: "EMPTY"})()
"""An empty rendered text, which is not the same as the literal `''`."""

MAX_LITERAL: Final = 1_000_000
"""The longest text that is read as a literal; reading takes some five hundred times as much memory."""

_WORDS: Final = {"True": True, "False": False, "None": None}
_NUMBER_STARTS: Final = frozenset("0123456789+-.")
_STARTS: Final = _NUMBER_STARTS | frozenset("([{'\"TFNsrRbBuU#\\ \t\f\r\n")
_START: Final = re.compile(
    r"""[ \t\f\r\n]*(?:[0-9+\-.(\[{'"#\\] | True\b | False\b | None\b | set\b | [rRbBuU]{1,2}['"])""",
    re.VERBOSE,
)
_NUMBER: Final = re.compile(r"([+-]?)[ \t\f]*+([0-9.](?:[0-9a-dfA-DFxXoO_.]|[eE][+-]?)*+)[ \t\f]*+")
_MORE_THAN_A_NUMBER: Final = re.compile(r"[,#(\\\r\n]")
_REAL: Final = re.compile(r"[.eE]")
_MAY_WARN: Final = re.compile(r"\\|[0-9][a-zA-Z]")
_SAFE_DIGITS: Final = 15
"""Floats keep all digits of numbers with up to this many."""
_ENDS: Final = {"(": ")", "[": "]", "{": "}", "'": "'", '"': '"'}
_ATOMS: Final = frozenset({int, bool, type(None)})


def may_start_literal(character: str) -> bool:
    """Whether a text that begins with this character can be a Python literal at all."""
    return character in _STARTS


def parse_literal(text: str) -> Any:
    """The value of a non-empty text: the Python literal that it spells, or else the text itself.

    Complex numbers (Airbyte: the same) and a lone `...` stay text.
    """
    first = text[0]
    if first not in _STARTS:
        return text
    if first in _NUMBER_STARTS:
        return _parse_number(text)
    if text in _WORDS:
        return _WORDS[text]
    if not _START.match(text):
        return text
    return _parse_any(text)


def value_of(rendered: str) -> Any:
    """The value of what a template rendered; `EMPTY` for an empty text.

    A text stays text (`{{ x | string }}`), except inside of a list or object.
    """
    if not rendered:
        return EMPTY
    if type(rendered) is str:
        return parse_literal(rendered)
    if type(rendered) is SecretText:
        return parsed_from(rendered, parse_literal(str.__str__(rendered)))
    if type(rendered) is Text and rendered.is_part:
        whole = parse_literal(rendered.literal)
        return whole if isinstance(whole, (list, dict, tuple)) else plain(rendered)
    return None if type(rendered) is Null else plain(rendered)


def literal_of(value: Any) -> Any:
    """What `parse_literal(str(value))` gives, without the text in between where the result is known to be equal.

    Lists and dicts are copied. An empty text gives `EMPTY`.
    """
    kind = type(value)
    if kind is str:
        return parse_literal(value) if value else EMPTY
    if kind in _ATOMS or (kind is float and isfinite(value)):
        return value
    if kind is SecretText:
        return value_of(value)
    if kind is dict or kind is list:
        try:
            return _copy(value)
        except TypeError:
            pass  # something inside has no literal of its own: the text decides
    text = str(value)
    return parse_literal(text) if text else EMPTY


def _copy(value: Any) -> Any:
    kind = type(value)
    if kind is str or kind is SecretText or kind in _ATOMS or (kind is float and isfinite(value)):
        return value
    if kind is dict:
        return {_copy(key): _copy(item) for key, item in value.items()}
    if kind is list:
        return [_copy(item) for item in value]
    raise TypeError


def _parse_number(text: str) -> Any:
    match = _NUMBER.fullmatch(text)
    if match is None:
        return _parse_any(text) if _MORE_THAN_A_NUMBER.search(text) else text
    sign, digits = match.groups()
    is_real = _REAL.search(digits) and digits[1:2] not in "xX"
    try:
        number = _real(digits) if is_real else int(digits, 0)
    except (ValueError, ArithmeticError):  # such as 007, or more digits than Python converts
        return text
    return -number if sign == "-" else number


def _real(digits: str) -> float:
    """The number. Raises `ValueError` if it would lose digits, or be infinite."""
    number = float(digits)
    if not isfinite(number) or (len(digits) > _SAFE_DIGITS and Decimal(digits) != Decimal(repr(number))):
        raise ValueError("a text keeps more of it")
    return number


def _parse_any(text: str) -> Any:
    if len(text) > MAX_LITERAL:
        return _too_long(text)
    try:
        if _MAY_WARN.search(text):
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # an odd escape in data is nobody's mistake
                value = ast.literal_eval(text)
        else:
            value = ast.literal_eval(text)
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        return text
    return text if isinstance(value, complex) or value is ... else value


def _too_long(text: str) -> str:
    """The text, if it is certainly no literal. Raises `LimitError`."""
    shape = text.strip()
    if _ENDS.get(shape[:1], shape[-1:]) != shape[-1:]:
        return text
    raise LimitError(f"it would read a text of more than {MAX_LITERAL:,} characters as a list or an object")
