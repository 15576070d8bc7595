"""Each example of the reference does in the reference runtime what it does here: every component type is in one.

What is done otherwise on purpose is named with its reason, and has to be done otherwise: a row that is not needed any
more fails, too.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from core.connector import load_connector
from core.manifest.document import Document
from docs.component_reference import as_manifest, example_names
from tests.conformance.api import ExampleApi
from tests.conformance.comparing import Stage, ours, theirs
from tests.support.oracle import Oracle, OracleError
from tests.support.server import LoopbackServer

CONFIG: dict[str, Any] = {
    "account": "acme",
    "user": "u",
    "password": "a-password-that-is-long-enough-to-sign",
    "token": "t0ken",
    "start_date": "2024-01-01",
    "auth": "basic",
    "plan": "b",
}
MORE_CONFIG: dict[str, dict[str, Any]] = {"ConfigNormalizationRules": {"limits": {"rows": 5}, "old_name": "x"}}
FILES = {
    "JsonFileSchemaLoader": {"schemas/items.json": '{"type": "object", "properties": {"id": {"type": "integer"}}}'}
}
"""What stands beside the manifest."""
OTHERWISE: dict[str, tuple[set[str], str]] = {
    "Bearer": ({"requests"}, "a token without an end is kept; the reference logs in before each request of a check"),
    "LegacySessionTokenAuthenticator": (
        {"check", "statuses", "requests", "records"},
        "the login stands beside `url_base`; the reference puts it after the path of the data, where nothing is",
    ),
    "ResponseToFileExtractor": (
        {"check", "statuses", "records"},
        "the reference fails on every answer with a content type",
    ),
    "RequestBodyPlainText": ({"requests"}, "the body says that it is text"),
}
REFUSED = {
    "JsonFileSchemaLoader": "the reference looks for the file beside the code of the source",
    "PredicateValidator": "the reference fails on every one",
}
"""What the reference can't carry out, and why; types that it does not know are refused by themselves."""
NOT_READ = {"CheckDynamicStream": "it needs streams that are made from templates"}
QUICK = (
    "AddFields",
    "AsyncRetriever",
    "CsvDecoder",
    "CursorPagination",
    "DatetimeBasedCursor",
    "DefaultErrorHandler",
    "ListPartitionRouter",
    "OAuthAuthenticator",
    "QueryProperties",
    "SubstreamPartitionRouter",
    "TemplateExtractor",
)
"""The part that `make test-slow` runs, one for each of the larger rooms; each takes the reference some seconds."""

CASES = [
    pytest.param(name, marks=() if name in QUICK else pytest.mark.conformance)
    for name in example_names()
    if name not in NOT_READ
]


@pytest.mark.parametrize("name", CASES)
async def test_an_example_does_the_same_in_the_reference(
    name: str, server: LoopbackServer, oracle: Oracle, tmp_path: Path
) -> None:
    api = ExampleApi(server)
    stage = Stage(api.reset, lambda: server.asked)
    manifest = as_manifest(name)
    config = {"api_url": server.url(), **CONFIG, **MORE_CONFIG.get(name, {})}
    for file, content in FILES.get(name, {}).items():
        (tmp_path / file).parent.mkdir(exist_ok=True)
        (tmp_path / file).write_text(content)

    told = await ours(manifest, config, ("items",), tmp_path, stage)

    assert told.statuses == {"items": ["COMPLETE"]}
    assert told.check == ["SUCCEEDED"]
    assert told.spec
    assert told.catalog
    assert told.requests
    assert told.records["items"]
    assert told.states["items"]
    connector = load_connector(Document.parse(yaml.safe_dump(manifest, sort_keys=False)))
    if connector.portability or name in REFUSED:
        with pytest.raises(OracleError):
            await theirs(manifest, config, ("items",), oracle, stage)
        return
    known = await theirs(manifest, config, ("items",), oracle, stage)
    differing = told.differing(known)
    expected, reason = OTHERWISE.get(name, (set(), ""))
    assert differing.keys() == expected, f"{reason}: {differing}"


def test_what_is_named_is_there() -> None:
    named = {*OTHERWISE, *REFUSED, *QUICK, *NOT_READ, *MORE_CONFIG, *FILES}
    assert named <= set(example_names())
