"""A template makes a status, targets or records of an answer, and gives values as they are."""

from __future__ import annotations

from typing import Any

import pytest

from core.errors import ReadError
from core.templates import Template, TemplateError
from core.templates.expressions import value_as_is
from core.templates.texts import SecretText
from tests.support.components import component


def found(value: str, response: Any, **variables: Any) -> list[Any]:
    extract = component({"type": "TemplateExtractor", "value": value}).bind({"config": {"n": 5}, **variables})
    return list(extract(response))


def as_is(value: str, response: Any, **variables: Any) -> list[Any]:
    extract = component({"type": "TemplateExtractor", "value": value}).bind_as_is({"config": {}, **variables})
    return list(extract(response))


@pytest.mark.parametrize(
    ("value", "response", "expected"),
    [
        ("{{ response.id }}", {"id": "1e5"}, ["1e5"]),
        ("{{ response.id ~ '' }}", {"id": "007"}, ["007"]),
        ("{{ response.n }}", {"n": 0}, [0]),
        ("{{ response.done }}", {"done": False}, [False]),
        ("{{ response.done and not response.error }}", {"done": True}, [True]),
        ("{{ response.links | map(attribute='url') }}", {"links": [{"url": "a"}, {"url": "b"}]}, ["a", "b"]),
        ("{{ range(response.count) }}", {"count": 3}, [0, 1, 2]),
        ("{{ range(1, config.n, 2) }}", {}, [1, 3]),
        ("{{ response['items'] | selectattr('ok') | list }}", {"items": [{"ok": 1}, {"ok": 0}]}, [{"ok": 1}]),
        ("{{ {'id': response.a} }}", {"a": "1"}, [{"id": "1"}]),
        ("{{ response.parts.values() }}", {"parts": {"x": 1, "y": 2}}, [1, 2]),
        ("{{ response | length }}", [1, 2, 3], [3]),
        ("/files/{{ response.id }}.csv", {"id": "7"}, ["/files/7.csv"]),
        ("\n  {% if response.done %}DONE{% else %}BUSY{% endif %}\n", {"done": False}, ["BUSY"]),
        ("[{% for p in response.parts %}{{ loop.index0 }},{% endfor %}]", {"parts": ["x", "y"]}, [0, 1]),
    ],
)
def test_a_value_stays_what_it_is(value: str, response: Any, expected: list[Any]) -> None:
    given = found(value, response)
    assert (given, [type(item) for item in given]) == (expected, [type(item) for item in expected])


@pytest.mark.parametrize(
    "value",
    [
        *("{{ response.missing }}", "{{ response.missing.deeper }}", "{{ 'done' if response.missing }}"),
        *("{% if response.missing %}done{% endif %}", "{{ response.missing ~ '' }}", "{{ response.empty }}"),
        *("{{ response.none }}", "{{ response.list }}", "{{ response.none.deeper.still }}"),
    ],
)
def test_what_is_missing_or_empty_gives_nothing(value: str) -> None:
    assert found(value, {"empty": "", "none": None, "list": []}) == []


def test_as_it_is_an_empty_place_differs_from_none() -> None:
    response = {"none": None, "list": [], "urls": ["a"]}
    assert as_is("{{ response.none }}", response) == [None]
    assert as_is("{{ response.list }}", response) == [[]]
    assert as_is("{{ response.urls }}", response) == [["a"]]
    assert as_is("{{ response.missing }}", response) == []


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("{{ headers.location }}", "the variable “headers” is not available here"),
        ("{{ response.n + 'x' }}", "its values do not fit together"),
        ("{{ 1 / response.zero }}", "divides by zero"),
        ("{{ response.values }}", "gives a function instead of calling it"),
        ("{{ range(100000000) }}", "list of more than"),
        ("{{ response.n.__class__.mro }}", "may not touch"),
    ],
)
def test_what_goes_wrong_is_an_error_that_names_the_template(value: str, said: str) -> None:
    with pytest.raises(ReadError) as caught:
        found(value, {"n": 1, "zero": 0})
    assert value in str(caught.value)
    assert said in str(caught.value)


def test_a_secret_stays_marked_as_one() -> None:
    reported: list[str] = []
    config = {"token": SecretText("abcdefgh", reported.append)}
    assert isinstance(value_as_is(Template("{{ config.token }}"), {"config": config}), SecretText)
    assert isinstance(value_as_is(Template("{{ config.token | upper }}"), {"config": config}), SecretText)
    assert reported == ["ABCDEFGH"]


def test_a_given_value_is_never_changed() -> None:
    response = {"list": [1]}
    with pytest.raises(TemplateError, match="would change a value"):
        value_as_is(Template("{{ response.list.append(2) }}"), {"response": response})
    assert response == {"list": [1]}


def test_a_text_without_a_template_is_noticed() -> None:
    problems = component({"type": "TemplateExtractor", "value": "state"}).lint()
    message = "this is no template, so that it gives the same for every answer"
    hint = "write `{{ response.state }}` for a field of the answer"
    assert [(problem.message, problem.hint) for problem in problems] == [(message, hint)]


@pytest.mark.parametrize(
    ("written", "reads"),
    [
        ({"type": "TemplateExtractor", "value": "{{ 'ok' if status_code == 200 }}"}, True),
        ({"type": "TemplateExtractor", "value": "{{ response.status_code }}"}, False),
        ({"type": "DpathExtractor", "field_path": ["status_code"]}, True),
        ({"type": "DpathExtractor", "field_path": ["state"]}, False),
        ({"type": "JsonPathExtractor", "json_path": "$.a"}, False),
    ],
)
def test_an_extractor_says_whether_it_reads_the_http_status(written: dict[str, Any], reads: bool) -> None:
    assert component(written).reads_status_code is reads
    combined = {"type": "CombinedExtractor", "extractors": [{"type": "DpathExtractor", "field_path": ["x"]}, written]}
    assert component(combined).reads_status_code is reads
