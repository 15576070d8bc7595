"""Each example of the reference does in the reference runtime what it does here: every component type is in one.

What is done otherwise on purpose is named with its reason, and has to be done otherwise: a row that is not needed any
more fails, too.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import pytest
import yaml

from core.connector import load_connector
from core.environment import CUSTOM_PYTHON
from core.manifest.document import Document
from core.protocols.custom_code import ALLOWED, CHECKSUMS, COMPONENTS
from core.protocols.staging import STAGING
from docs.component_reference import as_manifest, example_code, example_names
from tests.conformance.api import ExampleApi
from tests.conformance.comparing import Stage, ours, theirs
from tests.support.oracle import PYTHON, Oracle, OracleError
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
MORE_CONFIG: dict[str, dict[str, Any]] = {
    "ConfigComponentsResolver": {"tables": [{"name": "wanted", "kind": "b"}]},
    "ConfigNormalizationRules": {"limits": {"rows": 5}, "old_name": "x"},
}
MADE = ("first", "second")
STREAMS = {
    "CheckDynamicStream": MADE,
    "ConfigComponentsResolver": ("wanted", "always"),
    "DynamicStreamCheckConfig": MADE,
    "HttpComponentsResolver": ("items_a", "items_b"),
    "ParametrizedComponentsResolver": MADE,
    "StreamGroup": ("tables",),
}
"""The streams of an example beside `items`."""
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
    "RequestBodyPlainText": ({"requests"}, "the body says that it is text"),
}
REFUSED = {
    "JsonFileSchemaLoader": "the reference looks for the file beside the code of the source",
    "PredicateValidator": "the reference fails on every one",
}
"""What the reference can't carry out, and why; types that it does not know are refused by themselves."""
QUICK = (
    "AddFields",
    "AsyncRetriever",
    "CsvDecoder",
    "CursorPagination",
    "CustomRecordExtractor",
    "DatetimeBasedCursor",
    "DefaultErrorHandler",
    "HttpComponentsResolver",
    "ListPartitionRouter",
    "OAuthAuthenticator",
    "QueryProperties",
    "SubstreamPartitionRouter",
    "TemplateExtractor",
)
"""The part that `make test-slow` runs, one for each of the larger rooms; each takes the reference some seconds."""

CASES = [pytest.param(name, marks=() if name in QUICK else pytest.mark.conformance) for name in example_names()]


@pytest.mark.parametrize("name", CASES)
async def test_an_example_does_the_same_in_the_reference(
    name: str, server: LoopbackServer, oracle: Oracle, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    api = ExampleApi(server)
    stage = Stage(api.reset, lambda: server.asked)
    manifest = as_manifest(name)
    config = {"api_url": server.url(), **CONFIG, **MORE_CONFIG.get(name, {}), **_code(name)}
    streams = ("items", *STREAMS.get(name, ()))
    monkeypatch.setenv(ALLOWED, "true")
    monkeypatch.setenv(CUSTOM_PYTHON, str(PYTHON))
    folders = [tmp_path / "ours", tmp_path / "theirs"]
    for folder in folders:
        folder.mkdir()
    monkeypatch.setenv(STAGING, str(folders[0]))
    for file, content in FILES.get(name, {}).items():
        (tmp_path / file).parent.mkdir(exist_ok=True)
        (tmp_path / file).write_text(content)

    told = await ours(manifest, config, streams, tmp_path, stage)

    assert told.statuses == {stream: ["COMPLETE"] for stream in streams}
    assert told.check == ["SUCCEEDED"]
    assert told.spec
    assert told.catalog
    assert told.requests
    assert all(told.records[stream] and told.states[stream] for stream in streams)
    assert bool(told.files) == (name == "FileUploader")
    connector = load_connector(Document.parse(yaml.safe_dump(manifest, sort_keys=False)))
    if connector.portability or name in REFUSED:
        with pytest.raises(OracleError):
            await theirs(manifest, config, streams, oracle, stage)
        return
    known = await theirs(manifest, config, streams, oracle, stage, files=folders[1])
    differing = told.differing(known)
    expected, reason = OTHERWISE.get(name, (set(), ""))
    assert differing.keys() == expected, f"{reason}: {differing}"


def _code(name: str) -> dict[str, Any]:
    """The Python code of an example, as the config brings it to a source."""
    code = example_code(name)
    checksums = {"sha256": hashlib.sha256(code.encode()).hexdigest()}
    return {COMPONENTS: code, CHECKSUMS: checksums} if code else {}


def test_what_is_named_is_there() -> None:
    named = {*OTHERWISE, *REFUSED, *QUICK, *MORE_CONFIG, *FILES, *STREAMS}
    assert named <= set(example_names())
