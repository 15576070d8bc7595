"""What templates give is what Airbyte's runtime makes of them."""

from __future__ import annotations

from typing import Any

import pytest

from core.templates import Condition, Template, TemplateError
from core.templates.template import mentioned, needed
from tests.support.oracle import Oracle

CONTEXT: dict[str, Any] = {
    "config": {
        "text": "some text",
        "n": 5,
        "zero": 0,
        "real": 1.5,
        "yes": True,
        "no": False,
        "null": None,
        "empty": "",
        "list": [1, "two", None, {"three": 3.0}],
        "map": {"a": {"b": "deep"}, "items": "not the method", "_private": 1},
        "digits": "123",
        "padded": "007",
        "underscored": "1_000",
        "hex": "0x10",
        "exponent": "1e3",
        "pair": "1,2",
        "date": "2024-01-31",
        "datetime": "2024-01-31T08:05:09.123456Z",
        "zoned": "2024-01-31 08:05:09+02:00",
        "quoted": "'quoted'",
        "json": '{"a": true}',
        "python": "{'a': True}",
        "word": "True",
        "newline": "a\nb",
        "camel": "someCamelCase",
        "epoch": 1706688309,
        "unicode": "äöü ✓",
    },
    "parameters": {"name": "users"},
    "record": {"id": 7, "name": "Ann", "items": [{"id": 1}, {"id": 2}], "nan": "nan", "keys": 3},
    "stream_slice": {"start": "2024-01-01", "id": 3},
    "creation_response": {"id": "job-1", "numeric": "12"},
}

LOOKUPS = [
    *(f"{{{{ config['{key}'] }}}}" for key in CONTEXT["config"]),
    *(f"{{{{ config.{key} }}}}" for key in CONTEXT["config"]),
    *(f"a {{{{ config.{key} }}}} b" for key in CONTEXT["config"]),
    *(f"{{{{ config.{key} }}}}{{{{ config['{key}'] }}}}" for key in CONTEXT["config"]),
    "{{ config }}",
    "{{ record }}",
    "{{ record.id }}",
    "{{ record.name }}",
    "{{ record['items'] }}",
    "{{ record['items'][0] }}",
    "{{ record['items'][1].id }}",
    "{{ record['items'][9] }}",
    "{{ record['items'][9].id }}",
    "{{ record['items'][-1].id }}",
    "{{ record['items'][0:1] }}",
    "{{ record.nan }}",
    "{{ record['keys'] }}",
    "{{ record.get('keys') }}",
    "{{ record['get']('id') }}",
    "{{ config.map.a.b }}",
    "{{ config.map['a']['b'] }}",
    "{{ config.map.a.c }}",
    "{{ config.map.a.c.d }}",
    "{{ config.map._private }}",
    "{{ config.map['__class__'] }}",
    "{{ config.__class__ }}",
    "{{ config.text.__class__ }}",
    "{{ config.text.nothing }}",
    "{{ config.text[0] }}",
    "{{ config.n.real }}",
    "{{ config.null.x }}",
    "{{ config.missing }}",
    "{{ config.missing.deep }}",
    "{{ config['missing'] }}-{{ config.n }}",
    "https://host/{{ creation_response['id'] }}/x",
    "{{ creation_response.numeric }}",
    "{{ creation_response.numeric }}{{ creation_response.numeric }}",
    "'{{ config.text }}'",
    "[{{ config.n }}, {{ config.n }}]",
    "{{ stream_slice['start'] }}",
    "{{ stream_interval.start }} {{ stream_partition['id'] }}",
    "{{ parameters.name }}",
    "{{ parameters['name'] }}/{{ config.n }}\n",
    "{{ config.n }}\r\n{{ config.n }}",
    "{{config.n}}",
    "  {{ config.n }}  ",
    "{{ config.text -}}   x",
]

EXPRESSIONS = [
    "{{ config.text | upper }}",
    "{{ record['name'] ~ '-' ~ record.id }}",
    "{{ record['name'] + '-' + config.text }}",
    "{{ 1 ~ 2 }}",
    "{{ config.n + 1 }}",
    "{{ config.n * 3 - 1 }}",
    "{{ 2 ** 10 }} ",
    "{{ 7 % 4 }}",
    "{{ 'n=%03d' % config.n }}",
    "{{ 7 / 2 }} ",
    "{{ 7 // 2 }}",
    "{{ -config.n }}",
    "{{ config.n == 5 }}",
    "{{ config.missing == '' }}",
    "{{ config.missing is defined }}",
    "{{ config.missing or 'other' }}",
    "{{ config.missing | default('x') }}",
    "{{ config.null | default('x', true) }}",
    "{{ config.missing.deep | default('x') }}",
    "{{ config['missing'] | length }}",
    "{{ config.missing | hash }}",
    "{{ config.missing | join(',') }}",
    "{{ format_datetime(config.missing, '%Y') }}",
    "{{ timestamp(config.missing) }}",
    "{{ str_to_datetime(config.missing) }}",
    "{{ config.list | length }}",
    "{{ config.list | tojson }}",
    "{{ record['items'] | map(attribute='id') | join(',') }}",
    "{{ record['items'] | map(attribute='id') | list }}",
    "{{ record['items'] | selectattr('id', 'equalto', 2) | first }}",
    "{{ config.list | first }}",
    "{{ [config.n, 'x'] }}",
    "{{ {'a': config.n} }}",
    "{{ (1, 2) }}",
    "{{ none }}",
    "{{ true }}",
    "{{ 'x' if config.no }}",
    "{{ 'x' if config.yes else 'y' }}",
    "{% if config.yes %}yes{% else %}no{% endif %}",
    "{% for i in config.list %}{{ loop.index }}/{{ loop.length }}:{{ i }};{% endfor %}",
    "{% for k, v in config.map.items() %}{{ k }}{% endfor %}",
    "{% for k in config.missing %}{{ k }}{% else %}none{% endfor %}",
    "{% for i in record['items'] if i.id > 1 %}{{ i.id }}{% endfor %}",
    "{% for i in [[1, [2]], [3]] recursive %}{{ loop(i) if i is not number else i }}{% endfor %}",
    "{% for i in record['items'] | map(attribute='id') %}{{ loop.last }}{{ i }}{% endfor %}",
    "{% set x = config.n %}{{ x + 1 }}",
    "{% set x %}{{ config.n }}{% endset %}{{ x }}",
    "{% macro m(a, b=2) %}{{ a }}{{ b }}{% endmacro %}{{ m(1) }}",
    "{% set ns = namespace(t=0) %}{% for i in [1, 2] %}{% set ns.t = ns.t + i %}{% endfor %}{{ ns.t }}",
    "{% block b %}{{ config.n }}{% endblock %}",
    "{% raw %}{{ x }}{% endraw %}",
    "{# nothing #}",
    "{# nothing #}5",
    "{{ '' }}",
    '{{ "" }}',
    "{{ dict(a=1) }}",
    "{{ cycler('a', 'b').next() }}",
    "{{ config.items() | list | length }}",
    "{{ config.keys() | list | first }}",
    "{{ config.get('n', 9) }}",
    "{{ config.get('nope', 9) }}",
    "{{ config.text.split(' ') }}",
    "{{ config.text.replace('some', 'no') }}",
    "{{ config.text | replace('some', 'no') }}",
    "{{ '{} {x}'.format(1, x=config.n) }}",
    "{{ '%s!' | format(config.n) }}",
    "{{ config.text | center(20) }}|",
    "{{ ','.join(['a', 'b']) }}",
    "{{ config.newline | indent(2) }}",
    "{{ 3.14159 | round(2) }}",
    "{{ [1, 2, 3] | batch(2) | list }}",
    "{{ [1, 2, 3] | slice(2) | list }}",
    "{{ config.unicode | urlencode }}",
    "{{ config.unicode.encode('utf-8') }}",
    "{{ config.digits | int + 1 }}",
    "{{ config.text[0:4] }}",
    "{{ config | attr('__class__') }}",
    "{{ record._partition }}",
    "{% autoescape true %}{{ '<' }}{% endautoescape %}",
]

HELPERS = [
    "{{ timestamp('2022-02-28') }}",
    "{{ timestamp('2022-02-28T00:00:00Z') }}",
    "{{ timestamp('2022-02-28 00:00:00-08:00') }}",
    "{{ timestamp(1646006400) }}",
    "{{ timestamp(1646006400.9) }}",
    "{{ str_to_datetime('2022-01-14') }}",
    "{{ str_to_datetime('2022-01-01 13:45:30') }}",
    "{{ str_to_datetime('2022-01-01T13:45:30.25+02:00') }}",
    "{{ str_to_datetime('20220101T134530Z') }}",
    "{{ str_to_datetime('2022-01-31T24:00:00') }}",
    "{{ str_to_datetime(config.datetime).strftime('%d/%m/%Y') }}",
    "{{ format_datetime('2022-01-01', '%Y') }}",
    "{{ format_datetime(config.datetime, '%Y-%m-%dT%H:%M:%S.%_msZ') }}",
    "{{ format_datetime(config.datetime, '%s') }}",
    "{{ format_datetime(config.datetime, '%ms') }}",
    "{{ format_datetime(config.datetime, '%s_as_float') }}",
    "{{ format_datetime('2024-01-31T08:05:09Z', '%epoch_microseconds') }}",
    "{{ format_datetime(config.epoch, '%Y-%m-%d') }}",
    "{{ format_datetime(1706688309123, '%Y-%m-%d %H:%M:%S.%f', '%ms') }}",
    "{{ format_datetime('31.01.2024', '%Y-%m-%d', '%d.%m.%Y') }}",
    "{{ format_datetime('31.01.2024 10:00 +0200', '%s', '%d.%m.%Y %H:%M %z') }}",
    "{{ format_datetime(str_to_datetime(config.zoned), '%Y-%m-%dT%H:%M:%S%z') }}",
    "{{ format_datetime(config.zoned, '%Y-%m-%dT%H:%M:%S%z') }}",
    "{{ duration('P1D') }}",
    "{{ duration('PT1H30M') }}",
    "{{ duration('P1M') }}",
    "{{ str_to_datetime('2022-03-31') - duration('P1M') }}",
    "{{ str_to_datetime('2022-03-31') + duration('P1DT1H') }}",
    "{{ (now_utc() - now_utc()).days > -2 }}",
    "{{ now_utc().tzinfo }}",
    "{{ today_utc() == now_utc().date() }}",
    "{{ today_with_timezone('UTC') == today_utc() }}",
    "{{ today_with_timezone('europe/vienna') > today_utc() - duration('P2D') }}",
    "{{ day_delta(0, '%Y') == now_utc().strftime('%Y') }}",
    "{{ day_delta(-1) | length }}",
    "{{ max(2, 3) }}",
    "{{ max([2, 5, 3]) }}",
    "{{ min(2, 3) }}",
    "{{ min('a', 'b') }}",
    "{{ sanitize_url('https://example.com/a b?c=d&e') }}",
    "{{ camel_case_to_snake_case('someCamelCase') }}",
    "{{ camel_case_to_snake_case('HTTPThing') }}",
    "{{ camel_case_to_snake_case('a1B2 ÄC\nD') }}",
    "{{ generate_uuid() | length }}",
    "{{ config.text | hash }}",
    "{{ config.n | hash('sha256') }}",
    "{{ config.text | hash('md5', 'salt') }}",
    "{{ config.text | hash('sha3_256', salt=5) }}",
    "{{ config.map | hash('blake2b') }}",
    "{{ config.text | hmac('key') }}",
    "{{ config.n | hmac(5, 'sha256') }}",
    "{{ config.unicode | base64encode }}",
    "{{ 'c29tZSB0ZXh0' | base64decode }}",
    "{{ 'some text' | base64binascii_decode }}",
    "{{ config.text | string }}",
    "{{ config.n | string }}",
    "{{ config.real | string }}",
    "{{ config.map | string }}",
    "{{ config.list | string }}",
    "{{ config.null | string }}",
    "{{ 'quote \"x\"' | string }}",
    "{{ 'id=42;' | regex_search('id=([0-9]+)') }}",
    "{{ 'id=42;' | regex_search('id=[0-9]+') }}",
    "{{ 'id=42;' | regex_search('no=([0-9]+)') }}",
    "{{ 'a-b-c' | regex_replace('-', '') }}",
    "{{ 'John Smith' | regex_replace('(\\\\w+) (\\\\w+)', '\\\\2 \\\\1') }}",
]

PLAIN_TEXTS = [
    "5", " 5 ", "\n5", "5\n", "5\n\n", "007", "0", "00", "1e3", "0x10", "1_000", "-1", "- 1", "+1", "1.5",
    ".5", "5.", "1,2", "1, 2", "True", "true", "None", "null", "False", "[1, 2]", "{'a': 1}",
    '{"a": true}', '{"a": 1}', "'quoted'", '"quoted"', "'''x'''", "'a' 'b'", "2024-01-01", "2024-10-10",
    "1+1j", "1j", "()", "set()", "{1}", "b'x'", "r'\\d'", "u'x'", "f'x'", "'\\d'", "Tom", "Nothing",
    "Falsehood", "set", "(5)", "-(5)", "5 # five", "# only", "hello", "", " ", "\n", "a\r\nb", "a\nb\n\n",
    "1__0", "nan", "inf", "[[[[1]]]]", "{[]: 1}", "a }} b", "100%", "$5", "/path/{id}", "1or 2",
    "\u0663", "\ufeff5", "5\xa0", "True\n", "(1,", "'a", "9" * 5000,
]  # fmt: skip


def reference(oracle: Oracle, templates: list[str]) -> list[str | None]:
    answers: list[str | None] = oracle.ask("templates", "strings", templates, CONTEXT)
    return answers


def ours(template: str) -> str | None:
    names = CONTEXT | dict.fromkeys(("stream_interval", "stream_partition"), CONTEXT["stream_slice"])
    try:
        return repr(Template(template).evaluate(names))
    except TemplateError as error:
        return None if "is not there" in error.problem else error.problem


@pytest.mark.parametrize(
    "templates",
    [LOOKUPS, EXPRESSIONS, HELPERS, PLAIN_TEXTS],
    ids=["lookups", "expressions", "helpers", "plain texts"],
)
def test_values_are_those_of_the_reference(oracle: Oracle, templates: list[str]) -> None:
    expected = dict(zip(templates, reference(oracle, templates), strict=True))
    assert {template: ours(template) for template in templates} == expected


@pytest.mark.parametrize(
    ("template", "here", "there"),
    [
        ("{{ config.digits | string }}", "123", 123),
        ("{{ config.padded | string | trim }}", "007", "007"),
        ("{{ config.n | string | trim }}", "5", "5"),
        ("{{ config.exponent | string }}", "1e3", 1000.0),
        ("{{ config.word | string }}", "True", True),
        ("{{ config.pair | string if config.yes }}", "1,2", (1, 2)),
        ("{{ config.digits | string ~ config.digits }}", "123123", 123123),
        ("n is {{ config.n | string }}", "n is 5", 'n is """5"""'),
        ("[{{ config.n | string }}]", ["5"], ["5"]),
        ("{{ config.list | map('string') | first }}", "1", "1"),
        ("{{ {'a': 'quote \"x\"'} | string }}", '{"a": "quote \\"x\\""}', '{"a": "quote "x""}'),
        ("1e999", "1e999", float("inf")),
        ("-1e999", "-1e999", float("-inf")),
        ("0.12345678901234567891", "0.12345678901234567891", 0.12345678901234568),
        ("9007199254740993.0", "9007199254740993.0", 9007199254740992.0),
        ("1.50", 1.5, 1.5),
        ("0.30000000000000004", 0.30000000000000004, 0.30000000000000004),
    ],
)
def test_values_that_the_reference_damages_are_kept(oracle: Oracle, template: str, here: Any, there: Any) -> None:
    assert ours(template) == repr(here)
    assert reference(oracle, [template]) == [repr(there)]


RAW = [
    "{% raw %}{{Contact.Id}}{% endraw %}",
    "{%- raw -%} {{Contact.Id}} {%- endraw -%}",
    "id={% raw %}{{Contact.Id}}{% endraw %}&n={{ config.n }}",
    "{% raw %}{{1}}{% endraw %}",
    "{% raw %}{% if x %}{% endraw %}",
    "{% raw %}[1,2]{% endraw %}",
]


def test_braces_between_raw_and_endraw_are_text_as_in_the_reference(oracle: Oracle) -> None:
    expected = oracle.ask("templates", "strings", RAW, CONTEXT)
    assert [repr(Template(text).evaluate(CONTEXT)) for text in RAW] == expected
    assert [sorted(Template(text).variables) for text in RAW] == [[], [], ["config"], [], [], []]
    assert [len(needed(text)) for text in RAW] == [0, 0, 1, 0, 0, 0]
    assert [mentioned(text)[:1] for text in RAW[:2]] == [(), ()]


def test_conditions_are_those_of_the_reference(oracle: Oracle) -> None:
    templates = [
        *PLAIN_TEXTS,
        *LOOKUPS,
        "{{ none }}",
        "{{ 0 }}",
        "{{ 0.0 }}",
        "{{ '0' }}",
        "{{ \"'0'\" }}",
        "{{ [] }}",
        "{{ {} }}",
        "{{ () }}",
        "{{ 'no' }}",
        "{{ config.n > 3 }}",
        "{{ config.n > 5 and config.yes }}",
        "{{ config.missing > 3 }}",
        "{{ not config.missing }}",
        "{{ record.id in [7] }}",
    ]
    names = CONTEXT | dict.fromkeys(("stream_interval", "stream_partition"), CONTEXT["stream_slice"])
    expected = oracle.ask("templates", "conditions", templates, CONTEXT)
    found = {template: Condition(template).evaluate(names) for template in templates}
    assert found == dict(zip(templates, expected, strict=True))
