"""What templates make of a secret is known to be one, and nothing else is."""

from __future__ import annotations

import copy
import hashlib
import json
import pickle
import time
from typing import Any

import orjson
import pytest

from core.templates import Condition, Template, TemplateMap
from core.templates.texts import SecretText

KEY = "sk_live_0123456789abcdef"


def made(template: str, **variables: Any) -> tuple[Any, list[str]]:
    """The value of a template, and what was reported."""
    reported: list[str] = []
    config = {"key": SecretText(KEY, reported.append), "user": "someone", "number": "5", **variables}
    return Template(template).evaluate({"config": config, "record": {"a": 1}}), reported


@pytest.mark.parametrize(
    ("template", "part"),
    [
        ("Basic {{ (config.user ~ ':' ~ config.key)|base64encode }}", "c29tZW9uZTpza19saXZlXzAxMjM0NTY3ODlhYmNkZWY="),
        ("{{ config.key|hash('sha256') }}", "342e20dec519556fcfd48f5437e0531f1f3beab35b6ebccddb916d264d67f76e"),
        ("{{ 'x'|hmac(config.key) }}", "d4aabac6df9d8213e0922c8d3b04c3799ca438b8e00ce579c1bf06485b24427b"),
        ("{{ config['key'].upper() }} of {{ config.user }}", "SK_LIVE_0123456789ABCDEF"),
        ("{{ config.key[8:] }}", "0123456789abcdef"),
        ("{{ config.key|reverse }}", "fedcba9876543210_evil_ks"),
        ("{{ '{}-{}'.format(config.user, config.key)|base64encode }}", "c29tZW9uZS1za19saXZlXzAxMjM0NTY3ODlhYmNkZWY="),
        ("{{ ('%s:%s' % (config.user, config.key))|base64encode }}", "c29tZW9uZTpza19saXZlXzAxMjM0NTY3ODlhYmNkZWY="),
        ("{% set x %}{{ config.key }}!{% endset %}{{ x|base64encode }}", "c2tfbGl2ZV8wMTIzNDU2Nzg5YWJjZGVmIQ=="),
        ("{{ config.key.split('_')[2] }}", "0123456789abcdef"),
        ("{{ config.key.encode().hex() }}", "736b5f6c6976655f30313233343536373839616263646566"),
        ("{% macro m(a) %}{{ a|upper }}{% endmacro %}{{ m(config.key) }}", "SK_LIVE_0123456789ABCDEF"),
        ("{% for letter in config.key %}{{ letter }}.{% endfor %}", "s.k._.l.i.v.e._.0.1.2.3.4.5.6.7.8.9.a.b.c.d.e.f."),
        ("{{ config.key[:5] ~ '-' ~ config.key[5:9] }}", "sk_li-ve_0"),
        ("{{ [config.user, config.key]|map('base64encode')|join('.') }}", "c2tfbGl2ZV8wMTIzNDU2Nzg5YWJjZGVm"),
        ("{{ sanitize_url(config.key ~ '/') }}", "sk_live_0123456789abcdef%2F"),
    ],
)
def test_what_is_derived_from_a_secret_is_reported(template: str, part: str) -> None:
    value, reported = made(template)
    assert part in reported
    assert part in value
    assert isinstance(value, SecretText)


@pytest.mark.parametrize(
    "template",
    [
        "{{ 'live and kicking' if config['key'].startswith('sk_live') else 'only testing' }}",
        "{% if config.key %}there is one{% endif %}",
        "{{ config.key|length }}",
        "{{ config.key == 'something else' }}",
        "{{ config.missing|default('nothing here') }}",
        "{{ {'a': 'one choice'}.get(config.key, 'another choice') }}",
        "{{ ['the first one', config.key]|first }}",
        "{{ config.user|upper ~ config.number }}",
        "{{ record.a|string|base64encode }}",
    ],
)
def test_what_is_only_chosen_by_a_secret_is_not_secret(template: str) -> None:
    value, reported = made(template)
    assert not isinstance(value, SecretText)
    assert reported == []


def test_a_secret_that_is_a_part_of_a_text_is_not_reported_again() -> None:
    value, reported = made("Bearer {{ config.key }}")
    assert isinstance(value, SecretText)
    assert reported == []


def test_values_are_the_same_with_and_without_tracking() -> None:
    plain = {"config": {"key": KEY, "n": "7", "list": "[1, 'a']"}}
    hidden = {"config": {name: SecretText(value, lambda _: None) for name, value in plain["config"].items()}}
    for source in ("{{ config.n }}", "{{ config.list }}", "{{ config.key }}", "{{ config.n|int + 1 }}", "{{ config }}"):
        assert Template(source).evaluate(hidden) == Template(source).evaluate(plain)
    assert Condition("{{ config.n == '7' }}").evaluate(hidden)
    mapping = TemplateMap({"{{ config.n }}": ["{{ config.key }}", "{{ config.list }}"]})
    assert mapping.evaluate(hidden) == mapping.evaluate(plain)
    assert mapping.evaluate_as_text(hidden) == mapping.evaluate_as_text(plain)


def test_a_secret_text_is_an_ordinary_text_everywhere_else() -> None:
    key = SecretText(KEY, print)
    assert json.dumps({"a": key}) == json.dumps({"a": KEY})
    assert orjson.dumps([key]) == orjson.dumps([KEY])
    assert copy.deepcopy({"a": key})["a"] is key
    assert type(pickle.loads(pickle.dumps(key))) is str
    assert {str(key): 1}[KEY] == 1
    assert f"{key}" == KEY


@pytest.mark.parametrize(
    ("template", "digested"),
    [
        ("{{ config.key|string|hash('md5') }}", KEY),
        ("{{ ((config.number|string) ~ config.key)|hash('md5') }}", "5" + KEY),
        ("{{ ((config.user|string) + config.key)|hash('md5') }}", "someone" + KEY),
        ("{{ (config.key + (config.user|string))|hash('md5') }}", KEY + "someone"),
        ("{{ (config.key|string)[1:]|hash('md5') }}", KEY[1:]),
        ("{{ (config.key|string).upper()|hash('md5') }}", KEY.upper()),
        ("{{ config.key|tojson|hash('md5') }}", f'"{KEY}"'),
        ("{{ config.key|e|hash('md5') }}", KEY),
        ("{{ (config.key|e)[1:]|hash('md5') }}", KEY[1:]),
        ("{{ (config.key|e).upper()|hash('md5') }}", KEY.upper()),
        ("{{ ('x' + (config.key|e))|hash('md5') }}", "x" + KEY),
        ("{% set x %}{{ config.key|e }}!{% endset %}{{ x|hash('md5') }}", KEY + "!"),
        ("{% set x %}{{ config.key|string }}!{% endset %}{{ x|hash('md5') }}", KEY + "!"),
        ("{{ (config.key|string|list)|join|hash('md5') }}", KEY),
    ],
)
def test_the_results_of_filters_keep_the_mark_of_a_secret(template: str, digested: str) -> None:
    value, reported = made(template)
    assert value == hashlib.md5(digested.encode(), usedforsecurity=False).hexdigest()
    assert value in reported
    assert isinstance(value, SecretText)


@pytest.mark.parametrize("name", ["key", "user"])
def test_shared_lists_are_searched_once(name: str) -> None:
    start = time.monotonic()
    value, _ = made(
        "{% set ns = namespace(a=[config." + name + "]) %}{% for i in 'a' * 60 %}{% set ns.a = [ns.a, ns.a] %}"
        "{% endfor %}{{ (ns.a|reverse)|list|length }}"
    )
    assert value == 2
    assert time.monotonic() - start < 2
