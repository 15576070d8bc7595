"""The inputs are migrated, changed and checked before a run as Airbyte does it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from typing import Any

import pytest
import yaml

from core.connector import Connector, load_connector
from core.errors import InputError
from core.http.secrets import Secrets
from core.inputs import gather_inputs, secret_values
from core.manifest.document import Document
from tests.support.oracle import Oracle, OracleError

PROPERTIES = {
    "token": {"type": "string", "airbyte_secret": True},
    "old": {"type": "string"},
    "region": {"type": "string", "default": "eu"},
    "account": {"type": "object", "properties": {"kind": {"type": "string"}}},
}


def manifest(**rules: Any) -> dict[str, Any]:
    """A manifest with these rules, whose one stream is never read."""
    requester = {"type": "HttpRequester", "url": "https://example.invalid"}
    selector = {"type": "RecordSelector", "extractor": {"type": "DpathExtractor", "field_path": []}}
    retriever = {"type": "SimpleRetriever", "requester": requester, "record_selector": selector}
    schema = {"type": "InlineSchemaLoader", "schema": {}}
    return {
        "version": "7.0.0",
        "type": "DeclarativeSource",
        "check": {"type": "CheckStream", "stream_names": ["items"]},
        "streams": [{"type": "DeclarativeStream", "name": "items", "retriever": retriever, "schema_loader": schema}],
        "spec": {
            "type": "Spec",
            "connection_specification": {"type": "object", "properties": PROPERTIES},
            "config_normalization_rules": {"type": "ConfigNormalizationRules", **rules},
        },
    }


def loaded(written: Mapping[str, Any]) -> Connector:
    connector = load_connector(Document.parse(yaml.safe_dump(written)))
    assert connector.usable, connector.problems
    return connector


def gathered(written: Mapping[str, Any], config: Mapping[str, Any]) -> dict[str, Any]:
    connector = loaded(written)
    return gather_inputs(connector.connection_specification, given=config, rules=connector.input_rules)


def adding(path: list[str], value: str, condition: str | None = None, **more: Any) -> dict[str, Any]:
    field = {"type": "AddedFieldDefinition", "path": path, "value": value, **more}
    return {"type": "ConfigAddFields", "fields": [field], **({"condition": condition} if condition else {})}


def removing(*paths: list[str], condition: str | None = None) -> dict[str, Any]:
    pointers: dict[str, Any] = {"type": "ConfigRemoveFields", "field_pointers": list(paths)}
    return pointers | ({"condition": condition} if condition else {})


def replacing(path: list[str], mapping: Mapping[str, Any]) -> dict[str, Any]:
    return {"type": "ConfigRemapField", "field_path": path, "map": mapping}


CHANGES = [
    adding(["new"], "{{ config['old'] }}!"),
    adding(["account", "deep", "er"], "{{ config.old }}"),
    adding(["new"], "x", "{{ config['old'] == 'never' }}"),
    adding(["new"], "x", "{{ value == 'x' and path == ['new'] }}"),
    adding(["new"], "12", value_type="string"),
    removing(["old"], ["account", "kind"], ["nothing"]),
    removing(["list", "1"]),
    removing(["old"], condition="{{ config['old'] == 'never' }}"),
    removing(["account", "*"], condition="{{ 'account' in config }}"),
    replacing(["old"], {"a": "b", "v": "{{ config['account']['kind'] }}"}),
    replacing(["account", "kind"], {"basic": "b{{ 1 + 1 }}", "other": "c"}),
    replacing(["account", "nothing", "deep"], {"a": "b"}),
    replacing(["old", "deep"], {"v": "b"}),
    replacing(["{{ 'old' }}"], {"x": "b"}),
]


@pytest.mark.parametrize("change", CHANGES, ids=json.dumps)
@pytest.mark.parametrize("when", ["transformations", "config_migrations"])
async def test_inputs_are_changed_as_in_airbyte(oracle: Oracle, change: dict[str, Any], when: str) -> None:
    rules = [change] if when == "transformations" else [{"type": "ConfigMigration", "transformations": [change]}]
    config = {"old": "v", "account": {"kind": "basic"}, "list": [1, 2, 3], "region": "us"}
    written = manifest(**{when: rules})

    theirs = await asyncio.to_thread(oracle.ask, "inputs", "normalized", written, config)

    assert gathered(written, config) == theirs


def test_a_list_has_no_other_value_to_be_replaced_by() -> None:
    """Airbyte fails on it."""
    written = manifest(transformations=[replacing(["list"], {"x": "b"})])
    assert gathered(written, {"list": [1]})["list"] == [1]


def test_migrations_come_first_then_changes_then_defaults_and_checks() -> None:
    migration = {"type": "ConfigMigration", "transformations": [adding(["region"], "{{ config['zone'] }}")]}
    changes = [adding(["seen"], "{{ config['region'] }}"), removing(["zone"])]
    written = manifest(config_migrations=[migration], transformations=changes)

    assert gathered(written, {"zone": "us"}) == {"region": "us", "seen": "us"}
    assert gathered(written, {}) == {"region": "eu"}


def checking(path: list[str], schema: Any) -> dict[str, Any]:
    strategy = {"type": "ValidateAdheresToSchema", "base_schema": schema}
    return {"type": "DpathValidator", "field_path": path, "validation_strategy": strategy}


PEOPLE = {"type": "array", "items": {"type": "object", "required": ["id"], "properties": {"id": {"type": "integer"}}}}


@pytest.mark.parametrize(
    ("validation", "words"),
    [
        (checking(["people"], PEOPLE), ""),
        (checking(["text"], PEOPLE), ""),
        (checking(["nothing"], PEOPLE), ""),
        (checking(["people", "*", "id"], {"minimum": 1}), ""),
        (checking(["people", "*", "id"], {"minimum": 2}), "The input `people.0.id` must be at least 2."),
        (checking(["people"], {"type": "object"}), "The input `people` must be an object."),
        (checking(["people", "0"], {"required": ["name"]}), "The input `people.0` has no `name`."),
        (checking(["old"], {"type": "string"}), "The input `old` is not JSON."),
    ],
)
async def test_inputs_are_checked_as_in_airbyte(oracle: Oracle, validation: dict[str, Any], words: str) -> None:
    config = {"old": "v", "people": [{"id": 1}], "text": '[{"id": 3}]'}
    written = manifest(validations=[validation])

    if words:
        with pytest.raises(InputError) as caught:
            gathered(written, config)
        assert str(caught.value).splitlines()[0] == words
        with pytest.raises(OracleError):
            await asyncio.to_thread(oracle.ask, "inputs", "normalized", written, config)
    else:
        assert gathered(written, config)["old"] == "v"
        await asyncio.to_thread(oracle.ask, "inputs", "normalized", written, config)


@pytest.mark.parametrize("schema", [{"type": "object"}, "{{ {'type': 'object'} }}", '{"type": "object"}'])
def test_the_value_of_a_template_is_checked(schema: Any) -> None:
    """Airbyte takes neither templates nor texts here, and fails on every PredicateValidator."""
    strategy = {"type": "ValidateAdheresToSchema", "base_schema": schema}
    validator = {"type": "PredicateValidator", "value": "{{ config['people'] }}", "validation_strategy": strategy}
    written = manifest(validations=[validator])

    assert gathered(written, {"people": {"id": 1}})["region"] == "eu"
    with pytest.raises(InputError, match=r"The value of `\{\{ config\['people'\] \}\}` must be an object\."):
        gathered(written, {"people": [1]})


def test_a_secret_is_not_shown_and_stays_one_wherever_it_goes() -> None:
    moved = manifest(transformations=[adding(["plain"], "{{ config['token'] }}"), removing(["token"])])
    config = gathered(moved, {"token": "s3cret-s3cret"})
    specification = loaded(moved).connection_specification
    assert config["plain"] == "s3cret-s3cret"
    assert "s3cret" not in Secrets(secret_values(specification, config)).mask("it is s3cret-s3cret")

    with pytest.raises(InputError) as caught:
        gathered(manifest(validations=[checking(["token"], {"enum": ["other"]})]), {"token": '"s3cret-s3cret"'})
    assert "s3cret" not in str(caught.value)


@pytest.mark.parametrize(
    "rules",
    [
        {"transformations": [{"type": "CustomConfigTransformation", "class_name": "a.B"}]},
        {"validations": [{**checking(["old"], {}), "validation_strategy": {"type": "CustomValidationStrategy"}}]},
    ],
)
def test_what_is_written_in_python_is_refused_before_a_run(rules: dict[str, Any]) -> None:
    with pytest.raises(InputError, match=r"uses the component type Custom\w+, which Longhaul doesn't run"):
        gathered(manifest(**rules), {"old": "v"})


def test_a_failing_template_is_reported() -> None:
    with pytest.raises(InputError, match="The inputs can't be changed as `config_normalization_rules` says"):
        gathered(manifest(transformations=[adding(["new"], "{{ 1 / 0 }}")]), {"old": "v"})
