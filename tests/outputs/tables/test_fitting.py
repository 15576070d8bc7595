"""A column of text becomes typed only where every text says exactly a value of the type."""

from __future__ import annotations

import re
from contextlib import suppress
from decimal import Decimal, InvalidOperation

import pyarrow as pa
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from core.outputs.tables.fitting import Misfit, fitted
from core.outputs.tables.schema import FLOAT, INTEGER

NUMBER = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?")
DIGITS = st.text("0123456789", max_size=20)
WRITTEN = st.builds("{}{}{}{}{}".format, st.sampled_from(["", "-"]), DIGITS, st.sampled_from(["", "."]), DIGITS, DIGITS)
EXPONENTS = st.builds("{}e{}".format, st.floats(0, 10).map(repr), st.integers(-340, 310))
ANYTHING = st.text("0123456789.-+eE xnaif_,", max_size=8) | st.sampled_from(["nan", "inf", "-inf", "Infinity", "True"])
TEXTS = st.lists(
    st.none() | st.floats(allow_nan=False).map(repr) | st.integers().map(str) | WRITTEN | EXPONENTS | ANYTHING,
    min_size=1,
    max_size=4,
)


def as_number(text: str) -> float | None:
    """The float that a JSON number says; None where it is no number, or none that a float holds."""
    if not NUMBER.fullmatch(text):
        return None
    with suppress(InvalidOperation):  # an exponent that no Decimal has
        if Decimal(repr(float(text))) == Decimal(text):
            return float(text)
    return None


def as_integer(text: str) -> int | None:
    """The integer that a text says, with or without a fraction of zeros."""
    digits = re.fullmatch(r"(-?(?:0|[1-9][0-9]*))(\.0+)?", text)
    return int(digits[1]) if digits and -(2**63) <= int(digits[1]) < 2**63 and digits[1] != "-0" else None


@given(TEXTS)
@settings(max_examples=1_000, deadline=None)
@example(["1.50", None, "2", "1e300", "0.30000000000000004"])
@example(["1e-400"])
@example(["1.2345678e-320"])
@example(["1e-99999999999999999999"])
@example([" 1"])
@example(["007"])
@example(["-0.0", "0.00", "0e5"])
@example([None])
def test_text_is_numbers_where_all_are_exactly_numbers(texts: list[str | None]) -> None:
    expected = [None if text is None else as_number(text) for text in texts]
    array = pa.array(texts, pa.string())
    if any(number is None for number, text in zip(expected, texts, strict=True) if text is not None):
        with pytest.raises(Misfit):
            fitted(array, FLOAT)
    else:
        assert fitted(array, FLOAT).to_pylist() == expected


@given(TEXTS)
@settings(max_examples=500, deadline=None)
@example(["12", "2.0", "-5.00"])
@example(["007"])
@example(["9223372036854775808"])
def test_text_is_integers_where_all_are_exactly_integers(texts: list[str | None]) -> None:
    expected = [None if text is None else as_integer(text) for text in texts]
    array = pa.array(texts, pa.string())
    if any(number is None for number, text in zip(expected, texts, strict=True) if text is not None):
        with pytest.raises(Misfit):
            fitted(array, INTEGER)
    else:
        assert fitted(array, INTEGER).to_pylist() == expected
