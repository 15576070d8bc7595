"""Inputs that templates rely on and the `spec` doesn't name are warned about at their line."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from core.connector import load_connector
from core.manifest.document import Document
from core.manifest.problems import Severity
from docs.component_reference import minimal_manifest

PROPERTIES = {
    "api_url": {"type": "string"},
    "api_token": {"type": "string", "airbyte_secret": True},
    "credentials": {"type": "object", "oneOf": [{"properties": {"client_id": {"type": "string"}}}]},
}


def problems(header: str, rules: dict[str, Any] | None = None, **specification: Any) -> list[str]:
    """What is said of a manifest with a header, and the text of the line that each is about."""
    manifest = minimal_manifest()
    specification = {"type": "object", "properties": PROPERTIES, **specification}
    manifest["spec"] = {"type": "Spec", "connection_specification": specification, **(rules or {})}
    requester = manifest["streams"][0]["retriever"]["requester"]
    requester["request_headers"] = {"X-First": "1", "X-Key": header}
    text = yaml.safe_dump(manifest, sort_keys=False, width=1000)
    connector = load_connector(Document.parse(text, "m.yaml"))
    assert connector.usable, connector.errors
    found = []
    for problem in connector.problems:
        assert (problem.severity, problem.file) == (Severity.WARNING, "m.yaml")
        assert problem.position is not None
        assert text.splitlines()[problem.position.line - 1].strip().startswith("X-Key: ")
        found.append(problem.text)
    return found


@pytest.mark.parametrize(
    ("template", "name", "hint"),
    [
        ("{{ config['api_tokn'] }}", "api_tokn", "did you mean `api_token`?"),
        ("Token {{ config.api_tokn }}", "api_tokn", "did you mean `api_token`?"),
        ("{{ config['api_tokn'] | upper }}", "api_tokn", "did you mean `api_token`?"),
        ("{{ format_datetime(config['api_tokn'], '%Y') }}", "api_tokn", "did you mean `api_token`?"),
        ("{{ config['credential']['client_id'] }}", "credential", "did you mean `credentials`?"),
        ("{{ config['client_id'] }}", "client_id", "did you mean `credentials.client_id`?"),
        ("{{ config['zone'] }}", "zone", "there are api_token, api_url, credentials"),
    ],
)
def test_an_input_that_is_not_there(template: str, name: str, hint: str) -> None:
    assert problems(template) == [f"the template uses the input `{name}`, which the `spec` doesn't name ({hint})"]
    assert problems(template, additionalProperties=True) == problems(template)


@pytest.mark.parametrize(
    "template",
    [
        "{{ config['api_token'] }}",
        "{{ config['credentials']['anything'] }}",
        "{{ config.get('zone') }}",
        "{{ config.get('zone', 'eu') }}",
        "{{ config['zone'] | default('eu') }}",
        "{{ config['zone'] if config['zone'] is defined else 'eu' }}",
        "{{ config['zone'] if 'zone' in config else 'eu' }}",
        "{{ config['zone'] or 'eu' }}",
        "{% if config.zone %}{{ config.zone }}{% endif %}",
        "{{ config.get('credentials', {}).get('client_id', config['client_id']) }}",
        "{{ config['credentials']['token'] if config.get('credentials') else config['token'] }}",
        "{% if config['credentials'] %}a{% else %}{{ config['token'] }}{% endif %}",
        "{{ config[parameters['input']] }}",
        "{% raw %}{{ config['zone'] }}{% endraw %}",
        "config['zone']",
        "{{ config['__injected_declarative_manifest'] }}",
        "{{ config['nothing'] }}",
    ],
)
def test_an_input_that_is_known_or_may_be_missing(template: str) -> None:
    assert problems(template) == []


def test_a_spec_that_says_nothing_of_inputs() -> None:
    template = "{{ config['zone'] }}"
    assert problems(template, properties={}) == []
    assert problems(template, patternProperties={"z.*": {"type": "string"}}) == []


@pytest.mark.parametrize(
    "change",
    [
        {"type": "ConfigAddFields", "fields": [{"type": "AddedFieldDefinition", "path": ["zone"], "value": "eu"}]},
        {"type": "CustomConfigTransformation", "class_name": "source_declarative_manifest.components.Zone"},
    ],
    ids=lambda change: change["type"],
)
@pytest.mark.parametrize("is_migration", [False, True])
def test_an_input_that_the_manifest_adds(change: dict[str, Any], is_migration: bool) -> None:
    migrations = [{"type": "ConfigMigration", "transformations": [change]}]
    rules = {"config_migrations": migrations} if is_migration else {"transformations": [change]}
    manifest = minimal_manifest()
    manifest["spec"]["connection_specification"]["properties"] = PROPERTIES
    manifest["spec"]["config_normalization_rules"] = {"type": "ConfigNormalizationRules", **rules}
    manifest["streams"][0]["retriever"]["requester"]["request_headers"] = {"X-Key": "{{ config['zone'] }}"}
    connector = load_connector(Document.parse(yaml.safe_dump(manifest), "m.yaml"))
    assert [one.text for one in connector.problems if "spec" in one.text] == []


@pytest.mark.parametrize(
    "rules",
    [
        {"transformations": [{"type": "Unheard", "fields": 5}]},
        {"transformations": [{"type": "Unheard", "fields": [5]}]},
        {"transformations": [{"type": "Unheard", "fields": [{"path": 5}]}]},
        {"config_migrations": [{"type": "ConfigMigration", "transformations": [{"type": "Unheard", "fields": 5}]}]},
    ],
    ids=str,
)
def test_rules_of_a_type_that_nobody_knows_may_hold_anything(rules: dict[str, Any]) -> None:
    manifest = minimal_manifest()
    manifest["spec"]["connection_specification"]["properties"] = PROPERTIES
    manifest["spec"]["config_normalization_rules"] = {"type": "ConfigNormalizationRules", **rules}
    manifest["streams"][0]["retriever"]["requester"]["request_headers"] = {"X-Key": "{{ config['zone'] }}"}
    connector = load_connector(Document.parse(yaml.safe_dump(manifest), "m.yaml"))
    assert any("the template uses the input `zone`" in one.text for one in connector.problems)


def test_a_token_that_is_renewed_is_written_into_the_inputs() -> None:
    manifest = minimal_manifest()
    manifest["spec"]["connection_specification"]["properties"] = PROPERTIES
    requester = manifest["streams"][0]["retriever"]["requester"]
    requester["authenticator"] = {
        "type": "OAuthAuthenticator",
        "token_refresh_endpoint": "{{ config['api_url'] }}/token",
        "client_id": "a",
        "client_secret": "b",
        "refresh_token": "{{ config['refresh'] }}",
        "refresh_token_updater": {
            "refresh_token_config_path": ["refresh"],
            "access_token_config_path": ["access"],
            "token_expiry_date_config_path": ["expiry"],
        },
    }
    requester["request_headers"] = {"X-Key": "{{ config['access'] }}"}
    assert load_connector(Document.parse(yaml.safe_dump(manifest), "m.yaml")).problems == ()
