"""Text to typed columns, and only where nothing is lost: a value that its type does not hold exactly is a misfit."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from functools import cache
from typing import Any

import orjson

from core.extras import load
from core.outputs.encoders import json_text, plain_text
from core.outputs.tables.schema import BOOLEAN, FLOAT, INTEGER, NULL, TEXT, pa

pc: Any = load("pyarrow.compute", "Tables", "parquet")

EXACT = 1 << 53
"""Integers of up to this size are exact as floats."""
_DIGITS = 15
"""Significant digits that every float keeps that is not too small."""
_NUMBER = r"^-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?$"
_WORD = "^(?i:true|false)$"
_DATE_ONLY = len("2026-01-01")


class Misfit(Exception):
    """A value is not exactly of the type of its column; `example` is it as text, where it is known."""

    def __init__(self, example: str = "") -> None:
        super().__init__(example)
        self.example = example


class Number(str):
    """A JSON number as it was written."""

    __slots__ = ()


_MISFITS = (Misfit, pa.ArrowInvalid, RecursionError, InvalidOperation)


def loads(line: bytes | str) -> Any:
    """JSON with numbers as they were written."""
    return json.loads(line, parse_int=Number, parse_float=Number, parse_constant=lambda _: None)


def kind_of(value: Any) -> Any:
    """As what a value of `loads` stands in JSON; nested values count as text."""
    if value is None:
        return NULL
    if isinstance(value, bool):
        return BOOLEAN
    if isinstance(value, Number):
        return INTEGER if value.lstrip("-").isdecimal() else FLOAT
    return TEXT


def as_text(value: Any) -> str | None:
    """A value as the text of a column: text as it is, anything else as JSON, None for what JSON has as null."""
    if isinstance(value, str):
        return value if value.isascii() else value.encode(errors="backslashreplace").decode()
    if isinstance(value, Mapping | list | tuple | set | frozenset):
        return _plain(value)
    text = plain_text(value)
    return None if text == "null" and not isinstance(value, bytes | bytearray) else text


def _plain(value: Any) -> str:
    """A nested value as JSON."""
    try:
        return orjson.dumps(value).decode()  # which takes numbers of `loads` for odd values
    except TypeError:
        return json_text(value)


class Column:
    """A column as it was read: `array` is of the type `kind` or text, and of the wanted type after `fit`.

    `texts` gives all values as text, as they were written.
    """

    def __init__(self, array: Any, kind: Any, texts: Callable[[], Any] | None = None) -> None:
        self.array = array
        self.kind = kind
        self._texts = texts or (lambda: array)

    def fit(self, type_: Any, *, declared: bool = False) -> None:
        """Let the array be of a type. Raises `Misfit` where that loses anything, and leaves it as it is then.

        In a column that was `declared` to be of the type, empty texts are nulls: CSV has no other way to say that.
        """
        self.array = self._typed(self.array, type_, declared)

    def _typed(self, array: Any, type_: Any, declared: bool) -> Any:
        kind = array.type
        if kind == NULL:
            return pa.nulls(len(array), type_)
        if kind == type_ and (kind != FLOAT or exact_as_floats(array)):
            return array
        if kind == INTEGER and type_ == FLOAT and exact_as_floats(array):
            return array.cast(FLOAT)
        if kind in (INTEGER, BOOLEAN) and type_ == TEXT:
            return array.cast(TEXT)
        texts = array if kind == TEXT else self._texts()
        return fitted(_without_empty(texts, type_) if declared else texts, type_)


def exact_as_floats(numbers: Any) -> bool:
    """Whether all numbers are so small that integers among them are exact as floats."""
    ends = pc.min_max(numbers).as_py()
    return ends["min"] is None or (ends["min"] > -EXACT and ends["max"] < EXACT)


def _without_empty(texts: Any, type_: Any) -> Any:
    """An array of text with nulls for empty texts where it is to become numbers, booleans, dates or times."""
    if type_ == TEXT or pa.types.is_nested(type_):
        return texts
    return pc.if_else(pc.equal(texts, ""), pa.scalar(None, TEXT), texts)


def fitted(texts: Any, type_: Any) -> Any:
    """An array of text as one of `type_`. Raises `Misfit` with an example where that loses anything."""
    try:
        return _fitted(texts, type_)
    except _MISFITS:
        raise Misfit(_example(texts.drop_null(), type_)) from None


def _fitted(texts: Any, type_: Any) -> Any:
    if type_ == TEXT:
        return texts
    if pa.types.is_nested(type_):
        return built([None if text is None else _parsed(text) for text in texts.to_pylist()], type_)
    if pa.types.is_boolean(type_):
        _check(pc.match_substring_regex(texts, _WORD))
    elif pa.types.is_timestamp(type_):
        _check(pc.greater(pc.binary_length(texts), _DATE_ONLY))
    elif pa.types.is_floating(type_):
        return _floats(texts)
    elif pa.types.is_integer(type_):
        return _integers(texts)
    return pc.cast(texts, type_)


def _integers(texts: Any) -> Any:
    """Text as integers; `2.0` is one, `007` is not."""
    try:
        typed = pc.cast(texts, INTEGER)
    except pa.ArrowInvalid:
        texts = pc.replace_substring_regex(texts, r"^(-?[0-9]+)\.0+$", r"\1")
        typed = pc.cast(texts, INTEGER)
    _check(pc.equal(pc.cast(typed, TEXT), texts))
    return typed


def _check(are_right: Any) -> None:
    """All but nulls must be True."""
    if not pc.all(are_right).as_py() and len(are_right) > are_right.null_count:
        raise Misfit


def _floats(texts: Any) -> Any:
    """Text as floats, each of which is the very number that the text says, in so far as its shortest form goes.

    Only texts that Arrow would write in another way need a closer look.
    """
    typed = pc.cast(texts, FLOAT)
    _check(pc.is_finite(typed))
    others = pc.not_equal(pc.cast(typed, TEXT), texts)
    if pc.any(others).as_py():
        _check_digits(typed.filter(others), texts.filter(others))
    return typed


def _check_digits(numbers: Any, texts: Any) -> None:
    _check(pc.match_substring_regex(texts, _NUMBER))
    is_doubtful = pc.or_(
        pc.greater(pc.binary_length(texts), _DIGITS),
        pc.match_substring(texts, "e", ignore_case=True),  # perhaps too small
    )
    for number, text in zip(
        numbers.filter(is_doubtful).to_pylist(), texts.filter(is_doubtful).to_pylist(), strict=True
    ):
        if Decimal(repr(number)) != Decimal(text):
            raise Misfit


def _example(texts: Any, type_: Any) -> str:
    """One of the texts that do not fit."""
    while len(texts) > 1:
        half = texts[: len(texts) // 2]
        texts = texts[len(half) :] if _fits(half, type_) else half
    return str(texts[0].as_py()) if len(texts) else ""


def _fits(texts: Any, type_: Any) -> bool:
    try:
        _fitted(texts, type_)
    except _MISFITS:
        return False
    return True


# Structures


def _parsed(text: str) -> Any:
    try:
        return loads(text)
    except ValueError:
        raise Misfit from None


def built(values: Sequence[Any], type_: Any) -> Any:
    """An array of JSON values as `loads` gives them. Raises `Misfit`, also for fields that a structure has not."""
    if pa.types.is_struct(type_):
        return _structs(values, type_)
    if pa.types.is_list(type_):
        return _lists(values, type_)
    texts = pa.array([None if value is None else as_text(value) for value in values], TEXT)
    return _fitted(_without_empty(texts, type_), type_)


def _structs(values: Sequence[Any], type_: Any) -> Any:
    fields = list(type_)
    known = _names(type_)
    for value in values:
        if value is not None and not (isinstance(value, dict) and value.keys() <= known):
            raise Misfit
    columns = [
        built([None if value is None else value.get(field.name) for value in values], field.type) for field in fields
    ]
    nulls = pa.array([value is None for value in values], pa.bool_())
    return pa.StructArray.from_arrays(columns, fields=fields, mask=nulls)


@cache
def _names(type_: Any) -> frozenset[str]:
    return frozenset(field.name for field in type_)


def _lists(values: Sequence[Any], type_: Any) -> Any:
    offsets, members = [0], []
    for value in values:
        if value is not None and not isinstance(value, list):
            raise Misfit
        members += value or []
        offsets.append(len(members))
    nulls = pa.array([value is None for value in values], pa.bool_())
    return pa.ListArray.from_arrays(
        pa.array(offsets, pa.int32()), built(members, type_.value_type), type=type_, mask=nulls
    )
