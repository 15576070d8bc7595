"""Mappings of templates become request parameters, headers and bodies as Airbyte makes them."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from core.templates import MixedMap, TemplateError, TemplateMap
from tests.support.oracle import Oracle

CONFIG: dict[str, Any] = {
    "n": 5,
    "text": "abc",
    "none": None,
    "empty": "",
    "list": ["a", 1],
    "map": {"a": 1, "none": None},
    "name": "key",
    "padded": "007",
    "exponent": "1e3",
    "yes": True,
}
CONTEXT = {"config": CONFIG, "parameters": {}}

FLAT = {
    "number": "{{ config.n }}",
    "plain": "5",
    "text": "{{ config.text }}",
    "none": "{{ config.none }}",
    "no_value": "{{ none }}",
    "empty": "{{ config.empty }}",
    "missing": "{{ config.missing }}",
    "deep": "{{ config.missing.deep }}",
    "list": "{{ config.list }}",
    "map": "{{ config.map }}",
    "{{ config.name }}": "value",
    "padded": "{{ config.padded }}",
    "exponent": "{{ config.exponent }}",
    "yes": "{{ config.yes }}",
    "spaced": " 5 ",
    "quoted": "'x'",
    "blank": "",
    "12": "numeric key",
    "tuple": "1,2",
    "uuid": "{{ generate_uuid() | length }}",
}

NESTED: list[Any] = [
    {
        "a": {
            "b": "{{ config.n }}",
            "c": "{{ config.missing }}",
            "d": None,
            "e": {"f": "{{ config.empty }}"},
        },
        "list": ["{{ config.n }}", "{{ config.missing }}", {"x": "{{ config.none }}", "y": "007"}, 3, None],
        "{{ config.name }}": {"{{ config.text }}": "True"},
        "number": 1.5,
        "flag": False,
        "12": "numeric key",
        "1e3": "real key",
        "True": "true key",
        "deep": "{{ config.missing.deep }}",
        "query": "query { users(first: {{ config.n }}) { id } }",
        "copy": "{{ config.map }}",
    },
    {"query": "query($n: Int) { a }", "variables": {"n": "{{ config.n }}", "gone": "{{ config.none }}"}},
    {},
    "{{ {'a': config.n, 'b': config.text} }}",
    "{'a': {{ config.n }}}",
]


def test_json_bodies_are_those_of_the_reference(oracle: Oracle) -> None:
    assert [TemplateMap(value).evaluate(CONTEXT) for value in NESTED] == oracle.ask(
        "templates", "bodies", NESTED, CONFIG
    )


@pytest.mark.parametrize("mapping", [FLAT, "{{ {'a': ['x'], 'b': 'y', 'n': none} }}", {}])
def test_parameters_are_those_of_the_reference(oracle: Oracle, mapping: Any) -> None:
    expected = oracle.ask("templates", "parameters", mapping, CONFIG)
    found = TemplateMap(mapping).evaluate_as_text(CONTEXT)
    texts = {
        key: [str(item) for item in value] if isinstance(value, list) else value for key, value in expected.items()
    }
    if mapping is FLAT:
        texts["map"] = '{"a":1,"none":null}'  # the reference writes objects like Python
    assert found == texts


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ('[{"key": "Is Published",  "value": "false"}]', '[{"key": "Is Published",  "value": "false"}]'),
        ('{"a": 1}', '{"a": 1}'),
        ('{"a": [true, null]}', '{"a": [true, null]}'),
        ("{{ [{'a': none, 'b': True}] }}", '[{"a":null,"b":true}]'),
        ("{{ {'a': 'ü'} }}", '{"a":"ü"}'),
        ("[[1, 2], 3]", "[[1, 2], 3]"),
        ({"a": ["{{ config.n }}", {"b": "x"}]}, '{"a":[5,{"b":"x"}]}'),
        ([{"a": "{{ config.n }}"}], '[{"a":5}]'),
        ("[1, 'a']", ["1", "a"]),
        (["a", 1], ["a", "1"]),
        ("{{ '[1, 2]' | string }}", "[1, 2]"),
        ("1,2", "1,2"),
    ],
)
def test_structures_in_parameters_are_json_and_plain_lists_repeat_the_name(value: Any, text: Any) -> None:
    assert TemplateMap({"p": value}).evaluate_as_text(CONTEXT) == {"p": text}


def test_structures_from_one_template_are_json_too() -> None:
    whole = TemplateMap("{{ {'p': [{'a': 1}], 'q': {'b': none}, 'r': [1, none]} }}")
    assert whole.evaluate_as_text(CONTEXT) == {"p": '[{"a":1}]', "q": '{"b":null}', "r": ["1"]}


def test_parameters_without_templates_become_text() -> None:
    raw = {"limit": 100, "deep": True, "none": None, "ids": [1, "{{ config.n }}", "{{ config.missing }}"]}
    assert TemplateMap(raw).evaluate_as_text(CONTEXT) == {"limit": "100", "deep": "True", "ids": ["1", "5"]}
    assert TemplateMap("{{ {'a': 1, 'b': none} }}").evaluate_as_text(CONTEXT) == {"a": "1"}


def test_an_entry_without_a_key_is_dropped_where_the_reference_names_it_null() -> None:
    mapping = TemplateMap({"{{ config.missing }}": 1, "{{ config.name }}": 2})
    assert mapping.evaluate(CONTEXT) == {"key": 2}
    assert mapping.evaluate_as_text(CONTEXT) == {"key": "2"}


def test_one_template_must_give_a_mapping() -> None:
    assert TemplateMap("{{ config.missing }}").evaluate(CONTEXT) == {}
    with pytest.raises(TemplateError, match="must give a mapping"):
        TemplateMap('{"a": true}').evaluate(CONTEXT)


def test_every_evaluation_makes_a_new_mapping() -> None:
    mapping = TemplateMap({"a": {"b": ["{{ config.n }}"]}, "c": "{{ config.list }}"})
    mapping.evaluate(CONTEXT)["a"]["b"].append(1)
    mapping.evaluate(CONTEXT)["c"].append(1)
    assert mapping.evaluate(CONTEXT) == {"a": {"b": [5]}, "c": ["a", 1]}


def test_a_map_knows_its_variables_and_compares_by_its_source() -> None:
    source = {"{{ a }}": ["{{ b.c }}", {"x": "{{ d ~ e }}"}], "n": 1}
    mapping = TemplateMap(source)
    assert mapping.variables == {"a", "b", "d", "e"}
    assert TemplateMap("{{ whole }}").variables == {"whole"}
    assert mapping == TemplateMap(copy.deepcopy(source)) == copy.deepcopy(mapping)
    assert len({mapping, TemplateMap(source)}) == 1
    assert mapping.source == source


def test_a_syntax_error_anywhere_is_reported_on_construction() -> None:
    for broken in ({"a": [{"b": "{{ x"}]}, {"{{ x": 1}, "{{ x"):
        with pytest.raises(TemplateError):
            TemplateMap(broken)


def test_objects_among_the_templates_are_kept_separately() -> None:
    part = object()
    mapping: MixedMap[object] = MixedMap({"a": "{{ config.n }}", "b": part, "c": None})
    assert mapping.parts == {"b": part}
    assert mapping.evaluate_as_text(CONTEXT) == {"a": "5"}
    assert mapping.variables == {"config"}
    assert mapping == MixedMap({"a": "{{ config.n }}", "b": part, "c": None}) != MixedMap({"a": "{{ config.n }}"})
    assert MixedMap("{{ config }}").parts == {}
