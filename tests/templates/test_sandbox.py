"""Templates reach nothing but their variables, and cannot run away."""

from __future__ import annotations

from contextlib import suppress
from time import perf_counter
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.runtime.slices import StreamSlice
from core.templates import FILTER_NAMES, GLOBAL_NAMES, Condition, Template, TemplateError, describe
from core.templates.limits import MAX_STEPS, MAX_TEXT


class Slice(dict[str, Any]):
    """A mapping with private attributes."""

    _partition = "reachable"
    _secret = "hidden"


@pytest.mark.parametrize(
    "expression",
    [
        "''.__class__",
        "''['__class__']",
        "''.__class__.__mro__[1].__subclasses__()",
        "'' | attr('__class__') | attr('__mro__')",
        "[''] | map(attribute='__class__') | first",
        "'{0.__class__.__mro__}'.format(config)",
        "'{0.__class__}'.format_map({'0': config})",
        "config.__init__.__globals__",
        "config.items.__self__.__class__",
        "now_utc.__globals__['builtins']",
        "now_utc.__code__",
        "cycler.__init__.__globals__.os",
        "lipsum.__globals__['os'].popen('id').read()",
        "joiner.__init__.__globals__",
        "namespace.__init__",
        "dict.mro()",
        "dict.__base__",
        "self.__init__.__globals__",
        "self._TemplateReference__context",
        "slice._secret",
        "slice | attr('_secret')",
        "(config | map('upper')).gi_frame.f_globals",
        "now_utc().__reduce__()",
        "duration('P1M').__class__",
    ],
)
def test_the_internals_of_a_value_are_out_of_reach(expression: str) -> None:
    template = Template("{{ " + expression + " }}")
    try:
        text = template.text({"config": {"a": 1}, "slice": Slice()})
    except TemplateError as error:
        text = str(error).rpartition("”: ")[2]
    assert not any(leak in text for leak in ("<class", "<module", "<function", "hidden", "uid=", "<code", "<frame"))


@pytest.mark.parametrize("source", ["{{ range(3) }}", "{{ environ }}", "{{ open('x') }}", "{{ __import__('os') }}"])
def test_other_names_do_not_exist(source: str) -> None:
    with pytest.raises(TemplateError, match="not available"):
        Template(source).evaluate({})


@pytest.mark.parametrize("source", ["{% break %}", "{% do 1 %}", "{% trans %}x{% endtrans %}", "{% debug %}"])
def test_extensions_are_not_loaded(source: str) -> None:
    with pytest.raises(TemplateError, match="unknown tag"):
        Template(source)


def test_the_partition_of_a_slice_is_reachable() -> None:
    assert Template("{{ slice._partition }}").evaluate({"slice": Slice()}) == "reachable"


@pytest.mark.parametrize(
    "source",
    [
        "{{ 'x' * 10**9 }}",
        "{{ 10**9 * 'x' }}",
        "{{ ['x'] * 10**9 }}",
        "{{ 10 ** (10 ** 10) }}",
        "{{ (2 ** 60000) * (2 ** 60000) }}",
        "{% set n = namespace(a='0123456789') %}{% for i in 'x' * 99 %}{% set n.a = n.a ~ n.a %}{% endfor %}",
        "{% set n = namespace(a='0123456789') %}{% for i in 'x' * 99 %}{% set n.a = n.a + n.a %}{% endfor %}",
        "{% set n = namespace(a=[1]) %}{% for i in 'x' * 99 %}{% set n.a = n.a + n.a %}{% endfor %}",
        "{% set x = 'x' * 9999 %}{% for a in x %}{% for b in x %}{% endfor %}{% endfor %}",
        "{% for a in 'x' * 99999 %}{{ 'x' * 9999 }}{% endfor %}",
        "{% for x in [1] recursive %}{{ loop([1]) }}{% endfor %}",
        "{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}",
        "{% macro f(n) %}{% if n %}{{ f(n - 1) }}{{ f(n - 1) }}{% endif %}{% endmacro %}{{ f(60) }}",
        "{{ lipsum(10**9) }}",
        "{{ lipsum(n=1, max=10**9) }}",
        "{{ 'x' | center(10**9) }}",
        "{{ 'x\ny' | indent(10**9) }}",
        "{{ [1] | batch(10**9, 'x') | list }}",
        "{{ [1] | slice(10**9) | list }}",
        "{{ 1.5 | round(10**9, 'ceil') }}",
        "{{ 'x'.ljust(10**9) }}",
        "{{ '\t'.expandtabs(tabsize=10**9) }}",
        "{{ '%1000000000d' % 1 }}",
        "{{ '%*d' % (10**9, 1) }}",
        "{{ '%.1000000000f' | format(1) }}",
        "{{ '{:1000000000}'.format(1) }}",
        "{{ '{:{w}}'.format(1, w=10**9) }}",
        "{{ ('x' * 10**6).replace('x', 'y' * 10**6) }}",
        "{{ ('x' * 10**6) | replace('x', 'y' * 10**6) }}",
        "{{ (['x' * 10**6] * 10**5) | join }}",
        "{{ ''.join(['x' * 10**6] * 10**5) }}",
    ],
)
def test_a_runaway_template_is_stopped(source: str) -> None:
    with pytest.raises(TemplateError, match=r"may not do|calls itself|digits|cannot work"):
        Template(source).evaluate({})


GROWING = "{% set n = namespace(a=(1,), b=(1,)) %}{% for i in 'x' * 60 %}{% set n.a = (n.a, n.a) %}"
"""A value that is small as long as nobody looks at all of it."""


@pytest.mark.slow
@pytest.mark.parametrize(
    "source",
    [
        *(
            f"{GROWING}{{% set n.b = (n.b, n.b) %}}{{% endfor %}}{use}"
            for use in (
                "{{ n.a }}",
                "{{ n.a | tojson }}",
                "{{ n.a | string }}",
                "{{ n.a | join }}",
                "{{ n.a ~ '' }}",
                "{{ '%s' % (n.a,) }}",
                "{{ '{}'.format(n.a) }}",
                "{{ n.a == n.b }}",
                "{{ n.a in [n.b] }}",
                "{{ {n.a: 1} }}",
                "{{ {}[n.a] }}",
                "{{ {}.get(n.a) }}",
                "{{ dict([(n.a, 1)]) }}",
                "{{ [n.a] | unique | list }}",
                "{{ [n.a, n.b] | sort }}",
                "{{ max(n.a, n.b) }}",
            )
        ),
        "{% set n = namespace(a=(1,)) %}{% for i in 'x' * 99999 %}{% set n.a = (n.a,) %}{% endfor %}{{ {n.a: 1} }}",
        "{% set n = namespace(a=[]) %}{% for i in 'x' * 99999 %}{% set n.a = n.a + ['x' * 9999999] %}{% endfor %}",
        "{% set b = 'x' * 9999999 %}{% macro m() %}{% for i in 'xx' %}{{ b }}{% endfor %}{% endmacro %}{{ m() }}",
        "{% set l = [1] %}{% for i in l %}{% if l.append(i) %}{% endif %}{% endfor %}",
        "{% for x in [[1]] recursive %}{{ loop('x' * 999999) }}{% endfor %}",
        "{% block b scoped %}{% for i in 'x' * 99999 %}{% endfor %}{% endblock %}"
        "{% for i in 'x' * 9999 %}{{ self.b() }}{% endfor %}",
        "{{ ('x' * 10**6).translate({120: 'y' * 10**6}) }}",
        "{{ (5).to_bytes(10**9, 'big') }}",
        "{{ ('f' * 10**6) | int(0, 16) // 3 }}",
        "{{ ([[1] * 10**6] * 10**5) | sum(start=[]) | length }}",
        "{{ ('x ' * 10**5) | wordwrap(1, wrapstring='y' * 10**6) }}",
        "{{ ('x\n' * 10**5) | indent('y' * 10**5) }}",
        "{{ [[1]] | tojson(indent=10**9) }}",
        "{{ '%99999d%99999d%99999d' % (1, 1, 1) }}",
        "{{ ('%(a)s' * 10**5) % {'a': 'x' * 10**6} }}",
        "{{ ('{0}' * 10**5).format('x' * 10**6) }}",
        "{{ ('{:99999}' * 10**5).format(1) }}",
        "{% set b = {'a': 'y' * 10**6} %}{{ ''.join(([b] * 10**6) | map(attribute='a')) }}",
        "{{ now_utc().strftime('%Y' * 10**6) }}",
        "{{ '1' | regex_replace('1', 'x' * 10**7 ~ 'x') }}",
    ],
)
def test_a_value_that_only_looks_small_is_stopped_too(source: str) -> None:
    with pytest.raises(TemplateError, match=r"may not do|cannot work"):
        Template(source).evaluate({})


@pytest.mark.parametrize(
    "source",
    [
        "{{ " + "(" * 10_000 + "1" + ")" * 10_000 + " }}",
        "{{ 1" + "+1" * 50_000 + " }}",
        "{{ x" + "['a']" * 10_000 + " ~ '' }}",
        "{{ x" + "|upper" * 5_000 + " }}",
        "{% if 1 %}" * 1_000 + "{% endif %}" * 1_000,
        "{% for a in [1] %}" * 30 + "{% endfor %}" * 30,
        "{{ x }}" * 20_000,
        "{{ x " + "~ 1 " * 200_000 + " }}",
        "{{ " + "9" * 10_000 + " }}",
        "{{ x.deep }}",
        "{{ x.deep ~ '' }}",
        "{{ x.deep | tojson }}",
        "{{ x.list }}",
    ],
    ids=range(13),
)
def test_a_template_that_is_too_long_or_too_deep_is_reported(source: str) -> None:
    deep: list[Any] = []
    for _ in range(10_000):
        deep = [deep]
    with pytest.raises(TemplateError):
        Template(source).evaluate({"x": {"deep": deep, "list": f"[{'1,' * 600_000}]"}})


@pytest.mark.parametrize(
    "expression",
    [
        "config.update({'a': 2})",
        "config['up' ~ 'date']({'a': 2})",
        "(config | attr('update'))(a=2)",
        "dict.update(config, {'a': 2})",
        "[config][0].clear()",
        "config.copy()['list'].append(3)",
        "config['list'].sort()",
        "config['list'].__setitem__(0, 5)",
        "config.pop('a')",
        "config.setdefault('z', 1)",
        "slice.partition.update({'a': 2})",
        "config['list'] | indent",
    ],
)
def test_a_template_cannot_change_what_it_is_given(expression: str) -> None:
    config = {"a": 1, "list": [2, 1]}
    part = {"p": 1}
    with pytest.raises(TemplateError, match=r"would change a value|may not touch"):
        Template("{{ " + expression + " }}").evaluate({"config": config, "slice": StreamSlice(part)})
    assert (config, part) == ({"a": 1, "list": [2, 1]}, {"p": 1})


def test_a_template_may_change_its_own_values() -> None:
    source = "{% set l = [] %}{% for i in given %}{% if l.append(i * 2) %}{% endif %}{% endfor %}{{ l }}"
    assert Template(source).evaluate({"given": [1, 2]}) == [2, 4]
    assert Template("{{ dict(given, b=2) }}").evaluate({"given": {"a": 1}}) == {"a": 1, "b": 2}


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=4),
    max_leaves=12,
)
ATOMS = st.sampled_from(
    [
        *("a", "b.c", "b['c']", "b.c.d", "none", "[]", "{}", "(1, 2)", "'x' * 99999", "10 ** 99", "1.5", "'%9s'", "-1"),
        *("''", "[a, b]", "{'k': a}", "now_utc()", "a[0]", "a[::-1]", "loop", "self", "dict", "namespace(x=a)"),
    ]
)
OPERATORS = st.sampled_from(["+", "-", "*", "/", "//", "%", "**", "~", "==", "<", "in", "and"])
TESTS = st.sampled_from(["defined", "none", "mapping", "sequence", "divisibleby 3"])
METHODS = st.sampled_from(["format", "join", "replace", "update", "append", "split", "encode", "strftime", "__class__"])


@st.composite
def expressions(draw: st.DrawFn) -> str:
    text = draw(ATOMS)
    for _ in range(draw(st.integers(0, 4))):
        step = draw(st.sampled_from(["filter", "operator", "test", "method", "call"]))
        other = draw(ATOMS)
        if step == "filter":
            arguments = draw(st.sampled_from(["", "(1)", "('x')", f"({other})", f"({other}, {other})"]))
            text = f"({text}) | {draw(st.sampled_from(sorted(FILTER_NAMES)))}{arguments}"
        elif step == "operator":
            text = f"({text}) {draw(OPERATORS)} {other}"
        elif step == "test":
            text = f"({text}) is {draw(TESTS)}"
        elif step == "method":
            text = f"({text}).{draw(METHODS)}({draw(st.sampled_from(['', other, other + ', ' + other]))})"
        else:
            text = f"{draw(st.sampled_from(sorted(GLOBAL_NAMES)))}({text})"
    return text


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(expressions(), expressions(), VALUES, VALUES)
def test_whatever_a_template_does_it_gives_a_value_or_a_template_error(one: str, two: str, a: Any, b: Any) -> None:
    sources = [
        f"{{{{ {one} }}}}",
        f"x{{{{ {one} }}}}{{{{ {two} }}}}",
        f"{{% for i in {one} %}}{{{{ {two} }}}}{{% endfor %}}",
        f"{{% set x = {one} %}}{{% if {two} %}}{{{{ x }}}}{{% endif %}}",
    ]
    before = repr((a, b))
    for source in sources:
        began = perf_counter()
        with suppress(TemplateError):
            Template(source).evaluate({"a": a, "b": b})
        with suppress(TemplateError):
            Condition(source).evaluate({"a": a, "b": b})
        assert perf_counter() - began < 60
    assert repr((a, b)) == before


def test_legitimate_templates_stay_within_the_limits() -> None:
    rows = [{"id": number} for number in range(20_000)]
    source = "{% for row in rows %}{{ row.id }},{% endfor %}"
    assert Template(source).text({"rows": rows}).count(",") == 20_000 < MAX_STEPS
    large = "x" * (MAX_TEXT + 1)
    assert Template("{{ body }}").text({"body": large}) == large
    assert Template("{{ body | upper }}").text({"body": large}) == large.upper()


def test_everything_that_templates_can_call_has_a_line_of_help() -> None:
    helpers = describe()
    assert {helper.name for helper in helpers if helper.kind == "macro"} == GLOBAL_NAMES
    assert {helper.name for helper in helpers if helper.kind == "filter"} == FILTER_NAMES
    assert all(helper.help and "\n" not in helper.help for helper in helpers)
    signatures = {helper.name: helper.signature for helper in helpers}
    assert signatures["format_datetime"] == "format_datetime(dt, format, input_format=None)"
    assert signatures["regex_replace"] == "regex_replace(regex, replacement)"
    assert signatures["replace"].startswith("replace(old, new")
    assert "range" not in GLOBAL_NAMES
