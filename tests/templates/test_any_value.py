"""Every macro, filter and operator that people write, with every kind of value, gives what it gives in Airbyte."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from core.templates import Condition, Template, TemplateError
from tests.support.oracle import Oracle

CONTEXT: dict[str, Any] = {
    "config": {
        "text": "some text",
        "digits": "123",
        "empty": "",
        "date": "2024-01-31",
        "moment": "2024-01-31T08:05:09.123456Z",
        "n": 5,
        "zero": 0,
        "epoch": 1706688309,
        "real": 1.5,
        "yes": True,
        "null": None,
        "list": [1, "two"],
        "none_in_it": [],
        "map": {"a": 1},
        "nothing_in_it": {},
    },
    "parameters": {},
    "response": {"next": None, "total": "10"},
    "last_record": None,
}
VALUES = [*(f"config.{key}" for key in CONTEXT["config"]), "config.missing", "response.next", "last_record"]

MACROS = [
    "timestamp({})",
    "str_to_datetime({})",
    "format_datetime({}, '%Y-%m-%d')",
    "format_datetime({}, '%s')",
    "format_datetime({}, '%ms')",
    "format_datetime({}, '%s_as_float')",
    "format_datetime({}, '%epoch_microseconds')[:-3]",
    "format_datetime({}, '%Y-%m-%dT%H:%M:%S.%_msZ')",
    "format_datetime({}, '%d', '%Y-%m-%d')",
    "format_datetime({}, '%d', '%ms')",
    "format_datetime(str_to_datetime({}), '%H')",
    "format_datetime('2024-01-01', {})",
    "duration({})",
    "str_to_datetime('2024-01-01') - duration({})",
    "day_delta({})[:4]",
    "max({}, 1)",
    "min({}, '2024')",
    "max({})",
    "sanitize_url({})",
    "camel_case_to_snake_case({})",
    "today_with_timezone({})",
]
FILTERS = [
    *("length", "count", "int", "float", "upper", "trim", "title", "first", "last", "list", "join(',')", "tojson"),
    *("default('x')", "default('x', true)", "replace('o', 'a')", "urlencode", "hash", "hash('no-hash')", "hmac('k')"),
    *("base64encode", "base64decode", "base64binascii_decode", "regex_search('(.)')", "regex_replace('o', '0')"),
    *("abs", "round(1)", "sum", "sort", "unique | list", "reverse | list", "map('upper') | list", "select | list"),
    *("map(attribute='a') | list", "selectattr('a') | list", "dictsort", "items | list", "escape", "max", "min"),
    *("length > 0", "length == 0", "int > 1", "int + 1", "first == 1"),
]
OPERATORS = [
    *("{} + 1", "{} + 'a'", "{} ~ 'a'", "{} - 1", "{} * 2", "{} / 2", "{} % 2", "-{}", "{} > 1", "{} < '2024'"),
    *("{} == 1", "{} == ''", "{} == none", "{} is none", "{} is not none", "{} is defined", "{} is string"),
    *("{} is number", "{} is iterable", "{} in [1]", "{} in 'abc'", "'a' in {}", "not {}", "{} and 1", "{} or 'o'"),
    *("{}[0]", "{}[-1]", "{}['a']", "{}.a", "{}.a.b", "{}.get('a')", "{}.split(',')", "{}.items() | list", "{}[:2]"),
    *("{} | length if {} else 'no'", "{} if {} is not none", "[{}]", "'%s' % {}", "'%d' % {}", "{}()", "dict({})"),
]
EXPRESSIONS = [*MACROS, *(f"{{}} | {filter_}" for filter_ in FILTERS), *OPERATORS]

DATES_OF_NUMBERS = ("format_datetime", "str_to_datetime")
"""What takes numbers and texts with numbers for a date here, where Airbyte gives up or sends the template itself."""


def templates(value: str) -> list[str]:
    return [f"{{{{ {expression.replace('{}', value)} }}}}" for expression in EXPRESSIONS]


def value_of(template: str) -> str:
    """What a template gives, as the oracle tells it."""
    try:
        return repr(Template(template).evaluate(CONTEXT))
    except TemplateError:
        return "refused"


def told(template: str, answer: str | None) -> str:
    """An answer of the reference, told like our own: it gives back a template whose values don't fit together."""
    return "refused" if answer is None or answer.startswith("raises") or answer == repr(template) else answer


@pytest.mark.parametrize("value", VALUES)
def test_values(oracle: Oracle, value: str) -> None:
    written = templates(value)
    answers = oracle.ask("templates", "strings", written, CONTEXT)
    pairs = {text: (value_of(text), told(text, answer)) for text, answer in zip(written, answers, strict=True)}
    assert differing(pairs) == {}


@pytest.mark.parametrize("value", VALUES)
def test_conditions(oracle: Oracle, value: str) -> None:
    """One whose values don't fit together is true."""
    written = templates(value)
    answers = oracle.ask("templates", "decisions", written, CONTEXT)
    pairs = {text: (decision_of(text), answer) for text, answer in zip(written, answers, strict=True)}
    assert differing(pairs) == {}


def differing(pairs: Mapping[str, tuple[object, object]]) -> dict[str, tuple[object, object]]:
    return {text: pair for text, pair in pairs.items() if pair[0] != pair[1] and not is_date_of_number(text, pair)}


def is_date_of_number(text: str, pair: tuple[object, object]) -> bool:
    return text.startswith(DATES_OF_NUMBERS, 3) and pair[1] in ("refused", True)


def decision_of(template: str) -> bool | str:
    try:
        return Condition(template).evaluate(CONTEXT)
    except TemplateError:
        return "refused"


def test_a_value_that_does_not_fit_is_an_error_where_airbyte_sends_the_template_itself(oracle: Oracle) -> None:
    template = "{{ config.null + 1 }}"
    assert oracle.ask("templates", "strings", [template], CONTEXT) == [repr(template)]
    with pytest.raises(TemplateError, match="do not fit together"):
        Template(template).evaluate(CONTEXT)


def test_whoever_asks_hears_of_a_condition_that_is_true_only_because_its_values_do_not_fit() -> None:
    heard: list[TemplateError] = []
    assert Condition("{{ config.null | length == 1 }}").evaluate(CONTEXT, heard.append)
    assert "NoneType" in str(heard[0])
