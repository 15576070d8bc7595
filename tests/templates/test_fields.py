"""Templates are fields of pydantic models."""

from __future__ import annotations

import pytest
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from core.templates import Condition, Template, TemplateMap


class Requester(BaseModel):
    model_config = ConfigDict(frozen=True)

    url: Template = Field(description="Where to ask.")
    when: Condition = Condition("")
    parameters: TemplateMap = TemplateMap({})
    limit: Template | None = None


def test_a_model_validates_templates_from_plain_values() -> None:
    requester = Requester.model_validate(
        {
            "url": "https://h/{{ config.id }}",
            "when": True,
            "parameters": {"a": "{{ config.id }}"},
            "limit": 10,
        }
    )
    context = {"config": {"id": 7}}
    assert requester.url.evaluate(context) == "https://h/7"
    assert requester.when.evaluate(context) is True
    assert requester.parameters.evaluate(context) == {"a": 7}
    assert requester.limit == Template("10")
    assert Requester.model_validate({"url": Template("x"), "when": False}).when.evaluate({}) is False


def test_a_model_serializes_templates_as_their_sources() -> None:
    raw = {"url": "{{ config.id }}", "when": "{{ x }}", "parameters": {"a": ["{{ b }}"]}, "limit": None}
    requester = Requester.model_validate(raw)
    assert requester.model_dump() == raw
    assert Requester.model_validate_json(requester.model_dump_json()) == requester
    assert hash(requester) == hash(requester.model_copy(deep=True))


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        ({"url": "{{ config.id"}, "In the template “{{ config.id”: unexpected end of template"),
        ({"url": "{{ config["}, "In the template “{{ config[”: the template ends in the middle of an expression."),
        ({"url": "{{ x | nofilter }}"}, "In the template “{{ x | nofilter }}”: No filter named 'nofilter'."),
        ({"url": ["x"]}, "This must be text"),
        ({"url": None}, "This must be text"),
        ({"url": "x", "parameters": [1]}, "This must be a mapping"),
        ({"url": "x", "parameters": {"a": {"b": "{% if %}"}}}, "In the template “{% if %}”"),
    ],
)
def test_a_wrong_value_is_reported_in_a_plain_sentence(raw: dict[str, object], words: str) -> None:
    with pytest.raises(ValidationError) as caught:
        Requester.model_validate(raw)
    (problem,) = caught.value.errors()
    assert problem["msg"].startswith(words)


@pytest.mark.parametrize("mode", ["validation", "serialization"])
def test_a_model_with_templates_has_a_json_schema(mode: str) -> None:
    schema = Requester.model_json_schema(mode="validation" if mode == "validation" else "serialization")
    properties = schema["properties"]
    assert properties["url"] == {"type": "string", "title": "Url", "description": "Where to ask."}
    assert properties["when"] == {"type": "string", "title": "When", "default": ""}
    assert [choice["type"] for choice in properties["parameters"]["anyOf"]] == ["object", "string"]
