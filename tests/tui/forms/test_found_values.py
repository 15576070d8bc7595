"""A template that finds a status, targets or records shows what it finds in the last answer while it is written."""

from __future__ import annotations

from typing import Any

import pytest

from core.components.extractors import TableExtractor
from tests.tui.forms.support import Known, at_desk, sample
from tui.model.found_values import found_preview
from tui.model.specs import Kind, form_spec

RETRIEVER = ("streams", 0, "retriever")
STATUS = (*RETRIEVER, "status_extractor")
TARGETS = (*RETRIEVER, "download_target_extractor")


async def test_a_template_is_chosen_where_a_path_is_and_shows_the_status_that_it_finds() -> None:
    session = sample()
    known = Known(answered={"response": {"done": True, "error": None}, "headers": {}, "status_code": 200})
    async with at_desk(session, hints=known, size=(100, 40)) as desk:
        await desk.go(STATUS)
        await desk.choose("template")
        assert session.value((*STATUS, "type")) == "TemplateExtractor"
        await desk.go((*STATUS, "value"))
        await desk.paste("{{ 'ready' if response.done else 'pending' }}")
        assert "= ready → completed" in desk.text
        await desk.press("ctrl+u")
        await desk.paste("{{ response.done }}")
        assert "= true → not in the status mapping: counts as running" in " ".join(desk.text.split())
        await desk.press("ctrl+u")
        await desk.paste("{{ response.state }}")
        assert "= no status in the last answer" in desk.text


async def test_only_what_is_visible_there_is_offered() -> None:
    async with at_desk(sample(), size=(100, 40)) as desk:
        await desk.go(STATUS)
        await desk.choose("template")
        await desk.go((*STATUS, "value"))
        await desk.type("{{ stat")
        assert "status_code" in desk.text
        await desk.press("ctrl+u")
        await desk.type("{{ last_re")
        assert "last_record" not in desk.text.replace("{{ last_re", "")


@pytest.mark.parametrize(
    ("path", "text", "known", "shown"),
    [
        ("status_extractor", "{{ response.code }}", {"response": {"code": "failure"}}, "failure → failed"),
        (
            "status_extractor",
            "{{ status_code }}",
            {"status_code": 202},
            "202 → not in the status mapping: counts as running",
        ),
        ("status_extractor", "{{ response }}", {"response": {"a": 1}}, '{"a": 1}: no status, but an object'),
        ("status_extractor", "{{ response.x }}", {}, "‹response.x›"),
        ("download_target_extractor", "{{ range(response.n) }}", {"response": {"n": 3}}, "3 of them: [0, 1, 2]"),
        ("download_target_extractor", "{{ response.url }}", {"response": {"url": "u"}}, "u"),
        ("download_target_extractor", "{{ response.url }}", {"response": {}}, "nothing in the last answer"),
        ("download_target_extractor", "{{ config.api_key }}", {}, "‹config.api_key›"),
    ],
)
def test_what_is_found_is_shown_with_what_it_means(path: str, text: str, known: dict[str, Any], shown: str) -> None:
    assert found_preview(sample(), (*RETRIEVER, path, "value"), text, known).text == shown


def test_secrets_are_masked_and_mistakes_told() -> None:
    session = sample()
    session.values.set("api_key", "s3cr3t-key", secret=True)
    assert "s3cr3t" not in found_preview(session, (*TARGETS, "value"), "{{ config.api_key }}", {}).text
    wrong = found_preview(session, (*TARGETS, "value"), "{{ response.n + 'x' }}", {"response": {"n": 1}})
    assert "do not fit together" in (wrong.error or "")


def test_a_slow_template_keeps_nobody_waiting() -> None:
    slow = "{{ range(300000) | map('string') | map('upper') | map('lower') | map('trim') | list | length }}"
    loops = "{% for a in range(700) %}{% for b in range(700) %}{{ a * b * a * b * a }}{% endfor %}{% endfor %}"
    for text in (slow * 20, loops):
        assert "too long for a look" in (found_preview(sample(), (*TARGETS, "value"), text, {}).error or "")


def test_every_path_of_a_table_is_typed_as_one_path() -> None:
    paths = [field for field in form_spec(TableExtractor).fields if field.key.endswith("_path")]
    assert {field.kind for field in paths} == {Kind.FIELD_PATH}
    assert len(paths) == 5
