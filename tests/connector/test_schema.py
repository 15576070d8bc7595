"""The JSON Schema of manifests takes what validates, and refuses plain mistakes with a message that helps."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from functools import cache
from typing import Any

import pytest
import yaml
from jsonschema import Draft7Validator, ValidationError

from core.connector import load_connector
from core.connector.registry import component_types
from core.connector.schema import manifest_schema, schema_text
from core.manifest.document import Document
from sample_configs import sample, samples
from tests.docs.test_waiting_apis import FRAGMENTS, manifest


@cache
def validator() -> Draft7Validator:
    return Draft7Validator(manifest_schema())


def mistakes(text: str) -> list[str]:
    """The innermost errors, as `path: message`."""
    errors = validator().iter_errors(Document.parse(text).root)
    return sorted(f"{one.json_path}: {one.message}" for error in errors for one in _innermost(error))


def _innermost(error: ValidationError) -> Iterator[ValidationError]:
    if not error.context:
        yield error
    for inner in error.context or ():
        yield from _innermost(inner)


def test_it_is_a_schema_of_draft_7_of_moderate_size_and_made_in_a_moment() -> None:
    component_types()
    start = time.process_time()
    text = schema_text()
    assert time.process_time() - start < 2
    assert len(text) < 1_000_000
    Draft7Validator.check_schema(json.loads(text))
    assert text.startswith('{\n "$schema": "http://json-schema.org/draft-07/schema#"')


def test_all_references_lead_to_definitions_and_each_definition_is_used() -> None:
    schema = manifest_schema()
    found: set[str] = set()

    def collect(value: Any) -> None:
        if isinstance(value, dict):
            if isinstance(value.get("$ref"), str):
                found.add(value["$ref"].removeprefix("#/definitions/"))
            for inner in value.values():
                collect(inner)
        elif isinstance(value, list):
            for inner in value:
                collect(inner)

    collect(schema)
    assert found <= set(schema["definitions"])
    unused = set(schema["definitions"]) - found
    assert not [name for name in unused if not name.startswith("complete.")]


@pytest.mark.parametrize("name", [each.name for each in samples()])
def test_it_takes_each_sample(name: str) -> None:
    assert mistakes(sample(name).path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize("fragment", FRAGMENTS, ids=lambda text: text.split(":")[0])
def test_it_takes_what_the_documentation_shows(fragment: str) -> None:
    assert mistakes(manifest(**yaml.safe_load(fragment))) == []


REFERENCES = """\
version: 7.0.0
$parameters: {primary_key: id}
definitions:
  linked: {HttpRequester: {url_base: https://api.example.com}}
  selector:
    type: RecordSelector
    extractor: {type: DpathExtractor, field_path: [items]}
  codes: [429]
  requester:
    type: HttpRequester
    url_base: "#/definitions/linked/HttpRequester/url_base"
    use_cache: yes
    request_headers: {$ref: "#/definitions/headers"}
    error_handler:
      response_filters: [{http_codes: {$ref: "#/definitions/codes"}, action: RETRY}]
  headers: {X-Version: 2}
  stream:
    retriever:
      type: SimpleRetriever
      requester: {$ref: "#/definitions/requester"}
      record_selector: "#/definitions/selector"
      page_size_reduction:
      partition_router: []
schemas:
  items: {type: object, properties: {type: {type: string}}}
streams:
  - type: DeclarativeStream
    $ref: "#/definitions/stream"
    $parameters: {name: items, path: /items}
    schema_loader: {type: InlineSchemaLoader, schema: "#/schemas/items"}
    transformations: [{class_name: source.Mine}, {type: CustomTransformation, class_name: source.Other}]
    notes: what nobody knows
  - {name: others, $ref: "#/definitions/stream"}
check: {stream_names: [items]}
spec:
  connection_specification: {type: object}
metadata: {anything: [1, 2]}
"""


def test_it_takes_references_parameters_default_types_and_what_is_custom() -> None:
    assert mistakes(REFERENCES) == []
    assert not [one for one in load_connector(Document.parse(REFERENCES)).errors if "Custom" not in one.message]


@pytest.mark.parametrize(
    ("written", "instead", "mistake"),
    [
        ("http_method: GET", "http_method: GTE", ": 'GTE' is not one of ['GET', 'POST',"),
        ("type: DpathExtractor", "type: DpathExtracter", "'DpathExtracter' is not one of ['CombinedExtractor',"),
        ("type: PageIncrement", "tpye: PageIncrement", "'type' is a required property"),
        ("field_path:", "feld_path:", "'field_path' is a required property"),
        ("streams:\n", "streams: 7\nold:\n", "$.streams: 7 is not of type 'array'"),
        ("stream_names: [", "stream_names: {a: 1}\n  old: [", "{'a': 1} is not of type 'array'"),
        ("inject_into: request_parameter", "inject_into: parameter", "'parameter' is not one of ['request_parameter',"),
        ("type: DeclarativeSource", "type: Source", "$.type: 'Source' is not one of ['DeclarativeSource']"),
    ],
)
def test_it_refuses_a_plain_mistake(written: str, instead: str, mistake: str) -> None:
    text = sample("orders_paginated").path.read_text(encoding="utf-8")
    assert written in text
    assert any(mistake in one for one in mistakes(text.replace(written, instead)))


def test_what_it_says_is_what_the_forms_say() -> None:
    definitions = manifest_schema()["definitions"]
    requester = definitions["HttpRequester"]["properties"]
    assert requester["http_method"]["title"] == "HTTP Method"
    assert requester["http_method"]["default"] == "GET"
    assert requester["http_method"]["description"] == "The verb of the request."
    assert "PT1H" in definitions["DatetimeBasedCursor"]["properties"]["cursor_granularity"]["examples"]
    start = definitions["AsyncRetriever"]["properties"]["start_requester"]["description"]
    assert start.endswith("Longhaul only: Airbyte ignores it.")
    assert definitions["TableExtractor"]["description"].endswith("Longhaul only: Airbyte has no such component.")
    types = definitions["any.Extractor"]["properties"]["type"]["anyOf"][0]
    assert len(types["enum"]) == len(types["enumDescriptions"])
