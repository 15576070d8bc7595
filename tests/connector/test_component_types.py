"""Every component type and field of the reference acts here, but for a few that are named, each with the reason."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from core.connector import load_connector
from core.connector.registry import component_types, custom_types
from core.manifest.document import Document
from core.runtime.component import field_plans
from tests.support.oracle import Oracle
from tests.support.paging_api import PARENTS

CORE = Path(__file__).parents[2] / "core"

_TWO_FORMS = "a DeclarativeSource, with streams or with dynamic ones"
_INSIDE = "no type in a manifest: what a SessionTokenAuthenticator does with its token, ApiKey or Bearer there"
NO_COMPONENT = {
    "DeclarativeSource1": _TWO_FORMS,
    "DeclarativeSource2": _TWO_FORMS,
    "SessionTokenRequestApiKeyAuthenticator": _INSIDE,
    "SessionTokenRequestBearerAuthenticator": _INSIDE,
}
"""The types of the reference without a component of their own."""

NO_EFFECT = {
    ("HttpRequester", "use_tcp_keepalive"): "keeps idle connections open; it changes neither requests nor records",
}
"""The fields that nothing reads."""


@pytest.fixture(scope="module")
def theirs(oracle: Oracle) -> dict[str, list[str]]:
    found: dict[str, list[str]] = oracle.ask("component_types", "types")
    return found


def test_every_type_has_a_component(theirs: dict[str, list[str]]) -> None:
    assert theirs.keys() - component_types().keys() - custom_types().keys() == set(NO_COMPONENT)


def test_every_type_of_custom_code_is_one_of_the_reference(theirs: dict[str, list[str]]) -> None:
    assert custom_types().keys() <= theirs.keys()


def test_every_field_is_declared(theirs: dict[str, list[str]]) -> None:
    ours = {name: field_plans(cls) for name, cls in component_types().items()}

    missing = [(name, key) for name, keys in theirs.items() if name in ours for key in keys if key not in ours[name]]
    assert missing == []


def test_every_field_is_read_by_something() -> None:
    code = "\n".join(path.read_text() for path in CORE.rglob("*.py"))
    words = set(re.findall(r"\.(\w+)", code)) | set(re.findall(r"[\"'](\w+)[\"']", code))
    unread = {
        (name, key)
        for name, cls in component_types().items()
        for key, plan in field_plans(cls).items()
        if key != "$parameters" and cls.__module__.startswith("core.") and plan.name not in words
    }

    assert unread == set(NO_EFFECT)


def test_a_pointer_for_lazy_reads_is_told_to_have_no_effect() -> None:
    lines = PARENTS % "https://api.example.com/owners"
    lines = lines.replace("parent_key: id", "parent_key: id\n      lazy_read_pointer: [items]")
    text = f"""\
version: 7.0.0
type: DeclarativeSource
check: {{type: CheckStream, stream_names: [items]}}
streams:
  - type: DeclarativeStream
    name: items
    retriever:
      type: SimpleRetriever
      requester: {{type: HttpRequester, url: "https://api.example.com/items"}}
      record_selector: {{type: RecordSelector, extractor: {{type: DpathExtractor, field_path: []}}}}
{"".join(f"      {line}" + chr(10) for line in lines.splitlines())}
"""
    [problem] = load_connector(Document.parse(text)).problems
    assert "`lazy_read_pointer` has no effect" in problem.message
