"""Mappings of dynamic streams whose paths lead nowhere in the template are warned about at their line."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from core.connector import load_connector
from core.manifest.document import Document
from core.manifest.problems import Severity
from tests.support.dynamic import dynamic_manifest, from_api, from_config, from_list, mapping

REQUESTER = ["retriever", "requester"]
VALUE = "{{ components_values['name'] }}"


def said(*dynamic: dict[str, Any]) -> list[str]:
    """The warnings, and the text of the line that each is about."""
    text = yaml.safe_dump(dynamic_manifest(*dynamic), sort_keys=False)
    connector = load_connector(Document.parse(text, "m.yaml"))
    assert connector.usable
    found = []
    for problem in connector.problems:
        assert problem.severity is Severity.WARNING
        assert problem.position is not None
        found.append(f"{text.splitlines()[problem.position.line - 1].strip()}: {problem.text}")
    return found


@pytest.mark.parametrize(
    ("path", "problem"),
    [
        (["nam"], "- nam: there is no `nam` in the template, so that the value goes nowhere (did you mean `name`?)"),
        (
            [*REQUESTER, "pth"],
            "- pth: there is no `retriever.requester.pth` in the template, {} (did you mean `path`?)",
        ),
        (
            ["retreiver", "requester", "path"],
            "- retreiver: there is no `retreiver` in the template, {} (did you mean `retriever`?)",
        ),
        (
            ["{{ 'retriever' }}", "requster", "path"],
            "- requster: there is no `*.requster` in the template, {} (did you mean `requester`?)",
        ),
        (["**", "pathh"], "- pathh: there is no `**.pathh` in the template, {} (did you mean `path`?)"),
        (
            [*REQUESTER, "use_cache"],
            "- use_cache: there is no `retriever.requester.use_cache` in the template, {} "
            "(`create_or_update: true` would put it there)",
        ),
    ],
    ids=str,
)
@pytest.mark.parametrize("makes", [from_config, lambda one: from_list([{"name": "a"}], one)], ids=["config", "list"])
def test_a_path_that_leads_nowhere(makes: Any, path: list[str], problem: str) -> None:
    assert said(makes(mapping(path, VALUE))) == [problem.format("so that the value goes nowhere")]


@pytest.mark.parametrize(
    "path",
    [
        ["name"],
        [*REQUESTER, "path"],
        [*REQUESTER, "request_parameters", "kind"],
        ["**", "path"],
        ["*", "*", "path"],
        ["retriever", "{{ 'requester' }}", "path"],
        ["{{ components_values['where'] }}"],
        ["$parameters", "entity"],
        ["schema_loader", "schema", "properties"],
    ],
    ids=str,
)
def test_a_path_that_leads_somewhere(path: list[str]) -> None:
    assert said(from_config(mapping(path, VALUE))) == []


def test_what_is_created_or_may_have_been_put_there_before() -> None:
    created = mapping(["description"], VALUE, create_or_update=True)
    assert said(from_config(created)) == []
    headers = mapping([*REQUESTER, "request_parameters"], "{'kind': 'a', 'more': 'b'}")
    assert said(from_config(headers, mapping([*REQUESTER, "request_parameters", "more"], VALUE))) == []


def test_values_of_an_api_create_nothing() -> None:
    (path,) = said(from_api("http://127.0.0.1", mapping(["description"], VALUE)))
    assert path.endswith("so that the value goes nowhere (write something there that it can take the place of)")
    path, nothing = said(from_api("http://127.0.0.1", mapping(["nam"], VALUE, create_or_update=True)))
    assert path.endswith("(did you mean `name`?)")
    assert "so `create_or_update` does nothing" in nothing
