"""Templates reach nothing but their variables, and cannot run away."""

from __future__ import annotations

from typing import Any

import pytest

from core.templates import FILTER_NAMES, GLOBAL_NAMES, Template, TemplateError, describe
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
def test_what_lies_behind_a_value_is_out_of_reach(expression: str) -> None:
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


def test_honest_work_stays_within_the_limits() -> None:
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
