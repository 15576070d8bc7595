"""What a template certainly needs, and what it only may look up."""

from __future__ import annotations

from typing import Any

import pytest
from jinja2 import Undefined

from core.templates.template import mentioned, needed


def paths(source: str) -> list[str]:
    return [lookup.path(len(lookup.steps)) for lookup in needed(source)]


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("/jobs/{{ answer['id'] }}", ["answer.id"]),
        ("/jobs/{{ answer.id }}/{{ answer['a']['b'] }}", ["answer.id", "answer.a.b"]),
        ("{{ answer.id | upper | trim }}", ["answer.id"]),
        ("{{ answer['text'].split('=')[1] }}", ["answer.text"]),
        ("{{ answer.result[0].exportId[2:] }}", ["answer.result[0].exportId"]),
        ("{{ 'x' ~ answer.id ~ '-' + answer.part }}", ["answer.id", "answer.part"]),
        ("plain", []),
        ("{{ answer.get('id') }}", []),
        ("{{ answer.id or 'none' }}", []),
        ("{{ answer.id | default('none') }}", []),
        ("{{ answer.id | d('none') | upper }}", []),
        ("{{ answer.id if answer.id is defined else '' }}", []),
        ("{% if 'id' in answer %}{{ answer.id }}{% endif %}", []),
        ("{{ answer.state == 'done' }}", []),
        ("{{ answer }}", []),
    ],
)
def test_only_lookups_that_are_certainly_in_the_text_are_needed(source: str, expected: list[str]) -> None:
    assert paths(source) == expected


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("{{ answer.id or answer['job'].id }}", ["answer.id", "answer.job.id"]),
        ("{{ answer.get('id', other.id) | default(answer['x']) }}", ["answer.id", "other.id", "answer.x"]),
        ("{{ answer.job.get('id')[:3] }}", ["answer.job.id"]),
        ("{{ answer.get('job').get('id') }}", ["answer.job"]),
        ("{{ answer[key] }}{{ answer.get(key) }}", ["answer", "key", "answer", "key"]),
        ("{% for item in answer.items() %}{{ answer }}{% endfor %}", ["item", "answer", "answer"]),
        ("{{ now_utc() }}", []),
    ],
)
def test_everything_that_is_used_is_mentioned(source: str, expected: list[str]) -> None:
    assert [lookup.path(len(lookup.steps)) for lookup in mentioned(source)] == expected


def test_the_value_of_a_lookup_in_something_missing_is_undefined() -> None:
    (lookup,) = needed("{{ answer.a.b }}")
    assert lookup.value({"answer": {"a": {"b": 7}}}) == 7
    nothing: list[Any] = [{"a": {}}, {"a": None}, {}, "text"]
    for answer in nothing:
        assert isinstance(lookup.value({"answer": answer}), Undefined)
