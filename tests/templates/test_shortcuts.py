"""The ways around Jinja and around the literal parser change nothing but the time it takes."""

from __future__ import annotations

import ast
import warnings
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from jinja2.exceptions import SecurityError, UndefinedError

from core.templates.compiled import compile_jinja, compile_source, compile_when_needed, is_expression, parse
from core.templates.literals import EMPTY, literal_of, parse_literal

NAMES = ["a", "b", "items", "keys", "_partition", "__class__", "real", "0", "x y"]

scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=8),
    st.sampled_from(["5", "007", "1,2", "'q'", "True", "[1]", "2024-01-01", "", "1e3", "{'a': 1}", " 5"]),
)
values = st.recursive(
    scalars,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(st.one_of(st.sampled_from(NAMES), st.integers(0, 2)), inner, max_size=3),
    ),
    max_leaves=8,
)
steps = st.one_of(
    st.sampled_from([name for name in NAMES if name.isidentifier()]).map(lambda name: f".{name}"),
    st.sampled_from(NAMES).map(lambda name: f"['{name}']"),
    st.integers(0, 2).map(lambda index: f"[{index}]"),
)
lookups = st.lists(steps, max_size=3).map(lambda keys: "{{ config" + "".join(keys) + " }}")
texts = st.sampled_from(["", "x", " ", "5", "'", '"', "[", "]", ",", "https://h/", "\n", "-", "}"])
sources = st.tuples(texts, lookups, texts, st.one_of(st.just(""), lookups), texts).map("".join)
numbers = st.floats(allow_infinity=False, allow_nan=False)
constants = st.one_of(st.booleans(), st.none(), st.integers(), numbers, st.text(max_size=3))
comparisons = st.tuples(lookups, st.sampled_from(["==", "!="]), constants).map(
    lambda parts: parts[0].replace(" }}", f" {parts[1]} {parts[2]!r} }}}}")
)
literals = st.one_of(
    st.text(alphabet="0123456789+-._eExXobBjJ, #()\\\n\t\f[]{}'\"aTrueNoseFlt:", max_size=10),
    values.map(repr),
    values.map(str),
    st.text(max_size=10),
)


def outcome(function: Any, argument: Any) -> tuple[str, str]:
    try:
        return "value", repr(function(argument))
    except (UndefinedError, SecurityError) as error:
        return "error", type(error).__name__


@settings(max_examples=300, deadline=None)
@given(st.one_of(sources, comparisons), values)
@example("{{ config.a == 'x' }}", {"a": "x"})
@example("{{ config.a != 1 }}", {"a": True})
@example("{{ config.a.b == None }}", {})
def test_plain_lookups_and_comparisons_equal_jinja(source: str, config: Any) -> None:
    shortcut = compile_source(source)
    general = compile_jinja(source, parse(source))
    context = {"config": config}
    assert shortcut.variables == general.variables
    assert outcome(shortcut.text, context) == outcome(general.text, context)
    assert outcome(shortcut.value, context) == outcome(general.value, context)


EXPRESSIONS = [
    "{{ config.get('a', [])[:2] | join(',') if config else now_utc() }}",
    "{% if config.a is defined and not b %}{{ max(c, -1) ~ d }}{% else %}{{ {'k': e}['k'] ** 2 }}{% endif %}",
    "{{ (record or {}).get('x') | string | lower }} of {{ record.x // 2 }}",
    "{{ record['a'] is in config.list }}",
]
OTHERS = [
    "{% set a = config %}{{ a }}",
    "{% for item in config %}{{ item }}{% endfor %}",
    "{{ self }}",
    "{{ config | no_such_filter if a else b }}",
    "{{ a(b=1, b=2) }}",
    "{{ " + "-" * 90 + "1 }}",
]


@pytest.mark.parametrize("source", EXPRESSIONS)
def test_an_expression_tells_its_variables_before_it_is_compiled(source: str) -> None:
    tree = parse(source)
    assert is_expression(tree)
    assert compile_when_needed(source, tree).variables == compile_jinja(source, tree).variables


@pytest.mark.parametrize("source", OTHERS)
def test_what_compiling_might_refuse_or_tell_is_compiled_at_once(source: str) -> None:
    assert not is_expression(parse(source))


def test_an_expression_is_compiled_when_it_is_evaluated() -> None:
    context = {"config": {"a": ["x", "y", "z"]}}
    late, early = compile_source(EXPRESSIONS[0]), compile_jinja(EXPRESSIONS[0], parse(EXPRESSIONS[0]))
    assert late.text(context) == early.text(context) == "x,y"
    assert late.value(context) == early.value(context)


@settings(max_examples=500, deadline=None)
@given(literals.filter(bool))
@example("1-2j, 3")
@example("-\t5")
@example("0_0")
@example("0x1e5")
@example("00.5")
@example("5 ,")
@example("5\n ")
@example("\\\n5")
@example("1e")
@example(".")
@example("+")
@example("1or 2")
@example("'\\d'")
def test_literal_parsing_equals_pythons_own(text: str) -> None:
    assert repr(parse_literal(text)) == repr(parsed_by_python(text))


@settings(max_examples=200, deadline=None)
@given(values)
def test_the_literal_of_a_value_equals_the_way_through_its_text(value: Any) -> None:
    text = str(value)
    assert repr(literal_of(value)) == repr(parse_literal(text) if text else EMPTY)


def parsed_by_python(text: str) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            value = ast.literal_eval(text)
        except (ValueError, SyntaxError, TypeError, MemoryError):
            return text
    return text if isinstance(value, complex) or value is ... else value
