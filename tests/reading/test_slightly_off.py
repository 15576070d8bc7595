"""A manifest that is slightly off is read where Airbyte's own runtime reads it; a fault in one stream stays there."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
import yaml

from core.connector import load_connector
from core.events import Outcome, Records, StreamFinished
from core.manifest.document import Document
from core.manifest.problems import ManifestError
from core.reading import open_reader
from tests.support.oracle import Oracle
from tests.support.server import LoopbackServer, Reply

BASE = """\
version: 7.0.0
type: DeclarativeSource
check: {type: CheckStream, stream_names: [items]}
definitions:
  shared: {a: 1}
streams:
  - type: DeclarativeStream
    name: items
    primary_key: id
    retriever:
      type: SimpleRetriever
      requester:
        type: HttpRequester
        url: URL/items
        http_method: GET
        request_parameters: {a: b}
      record_selector:
        type: RecordSelector
        extractor: {type: DpathExtractor, field_path: [items]}
    schema_loader: {type: InlineSchemaLoader, schema: {type: object, properties: {}}}
  - type: DeclarativeStream
    name: other
    retriever:
      type: SimpleRetriever
      requester: {type: HttpRequester, url: "URL/other"}
      record_selector: {type: RecordSelector, extractor: {type: DpathExtractor, field_path: [items]}}
    schema_loader: {type: InlineSchemaLoader, schema: {type: object, properties: {}}}
"""
PARAMETERS = "request_parameters: {a: b}"
SELECTOR = "        type: RecordSelector\n"
STREAM = "    primary_key: id\n"
CURSOR = """\
    primary_key: id
    incremental_sync:
      type: DatetimeBasedCursor
      cursor_field: day
      datetime_format: "%Y-%m-%d"
      start_datetime: "2024-01-01"
      end_datetime: "2024-01-05"
"""


def put(old: str, new: str) -> Callable[[], str]:
    assert old in BASE, old
    return lambda: BASE.replace(old, new, 1)


def with_filter(condition: str) -> Callable[[], str]:
    return put(SELECTOR, f"{SELECTOR}        record_filter: {{type: RecordFilter, condition: {condition}}}\n")


OFF: dict[str, Callable[[], str]] = {
    "nothing": lambda: BASE,
    "a check of an unknown stream": put("[items]}\ndef", "[nope]}\ndef"),
    "a check of nothing": put("stream_names: [items]", "stream_names: []"),
    "no url in another stream": put(', url: "URL/other"', ""),
    "no url in this stream": put("        url: URL/items\n", ""),
    "a filter that is empty": with_filter("''"),
    "a filter that picks nothing": with_filter("\"{{ record['zz'] }}\""),
    "a filter on a date that is not there": with_filter("\"{{ format_datetime(record['zz'], '%Y') == '2024' }}\""),
    "a filter on the length of nothing": with_filter("\"{{ record['zz'] | length == 0 }}\""),
    "a date of nothing in a parameter": put(PARAMETERS, "request_parameters: {a: \"{{ timestamp(config['x']) }}\"}"),
    "the length of nothing in a parameter": put(PARAMETERS, "request_parameters: {a: \"{{ config['x'] | length }}\"}"),
    "a step without a granularity": put(STREAM, CURSOR + "      step: P1D\n"),
    "a granularity without a step": put(STREAM, CURSOR + "      cursor_granularity: P1D\n"),
    "an unknown field of a component": put("        http_method: GET\n", "        http_methd: GET\n"),
    "an unknown field of a stream": put(STREAM, "    nope: {a: [1]}\n"),
    "an unknown key at the top": put("definitions:\n", "nope: 1\ndefinitions:\n"),
    "a version that is newer": put("version: 7.0.0", "version: 99.1.0"),
    "a version that is odd": put("version: 7.0.0", "version: spring"),
    "a version that is a number": put("version: 7.0.0", "version: 7"),
    "no version": put("version: 7.0.0\n", ""),
    "no type at the top": put("type: DeclarativeSource\n", ""),
    "another type at the top": put("type: DeclarativeSource\n", "type: Other\n"),
    "parameters that are null": put(STREAM, "    $parameters:\n"),
    "parameters that are a list": put(STREAM, "    $parameters: []\n"),
    "parameters that are a text": put(STREAM, "    $parameters: x\n"),
    "parameters at the top": put("definitions:\n", "$parameters: {z: 1}\ndefinitions:\n"),
    "parameters that name a field": put(STREAM, "    $parameters: {primary_key: [id], path: nope}\n"),
    "a reference to nothing that nobody uses": put("{a: 1}", "{$ref: '#/nope'}"),
    "a circle that nobody uses": put("{a: 1}", "{$ref: '#/definitions/shared'}"),
    "a reference to nothing in another stream": put('url: "URL/other"', 'url: {$ref: "#/nope"}'),
    "a duplicate key": put("        http_method: GET\n", "        http_method: POST\n        http_method: GET\n"),
    "a duplicate stream list": lambda: BASE + BASE[BASE.index("streams:") :],
    "a tab after a colon": put("http_method: GET", "http_method:\tGET"),
    "a tab that indents": put("        http_method: GET", "\thttp_method: GET"),
    "a byte order mark": lambda: "\ufeff" + BASE,
    "anchors and a merge key": put(
        "{a: b}\n", "&p\n          a: b\n        request_headers:\n          <<: *p\n          c: d\n"
    ),
    "an anchor that is used later": put('url: "URL/other"', 'url: "URL/other", request_parameters: &q {x: y}'),
    "no streams": lambda: BASE[: BASE.index("streams:")] + "streams: []\n",
    "null streams": lambda: BASE[: BASE.index("streams:")] + "streams:\n",
    "null for optional fields": put(STREAM, "    primary_key:\n    transformations:\n    state_migrations:\n"),
    "null for fields of the requester": put(PARAMETERS, "request_parameters:\n        authenticator:\n"),
    "null for the definitions": put("definitions:\n  shared: {a: 1}\n", "definitions:\n"),
    "a null stream": lambda: BASE + "  -\n",
    "a custom component in another stream": put(
        'url: "URL/other"', 'url: "URL/other", authenticator: {type: CustomAuthenticator, class_name: a.b.C}'
    ),
    "a component of no known type in another stream": put("{type: HttpRequester, url", "{type: Nope, url"),
    "a boolean as a parameter's name": put("{a: b}", "{on: b}"),
    "a number as a parameter's name": put("{a: b}", "{7: b}"),
    "a number as a key of a component": put("        http_method: GET\n", "        404: GET\n"),
    "a template with a syntax error in another stream": put("URL/other", "URL/{{ config['x' }}"),
    "an unknown variable in another stream": put("URL/other", "URL/{{ nope }}"),
    "an unknown filter in another stream": put("URL/other", "URL/{{ config | nope }}"),
    "a primary key of no field": put("primary_key: id", "primary_key: ''"),
    "a date that is not quoted": put(STREAM, CURSOR.replace('"2024-01-01"', "2024-01-01")),
    "a schema with a date as default": put(
        "properties: {}", "properties: {d: {type: string, default: 2024-01-01, format: date}}"
    ),
    "metadata of any kind": put("definitions:\n", "metadata: {a: [1, {b: 2024-01-01}], c:}\ndefinitions:\n"),
}


async def ours(text: str, name: str = "items") -> tuple[bool, list[Any]]:
    """Whether a stream is read to its end, and its records."""
    try:
        loaded = load_connector(Document.parse(text))
    except ManifestError:
        return False, []
    records: list[Any] = []
    complete = False
    if loaded.readable() and name in loaded.stream_names:
        async with open_reader(loaded, {}) as reader:
            async for event in reader.read(name):
                if isinstance(event, Records):
                    records += event.records
                elif isinstance(event, StreamFinished):
                    complete = event.outcome is Outcome.COMPLETE
                    assert complete or event.errors
                    assert not any("went wrong" in error for error in event.errors)
    return complete, records


@pytest.fixture
async def api(server: LoopbackServer) -> LoopbackServer:
    for path in ("/items", "/other"):
        server.on(path, Reply({"items": [{"id": 1, "day": "2024-01-02"}, {"id": 2, "day": "2024-01-03"}]}))
    return server


@pytest.mark.parametrize("name", OFF)
async def test_what_the_reference_reads_is_read(api: LoopbackServer, oracle: Oracle, name: str) -> None:
    text = OFF[name]().replace("URL", api.url())
    theirs = await asyncio.to_thread(oracle.ask, "manifest_texts", "read", text, {}, "items")
    asked, api.asked = [one.target for one in api.asked], []

    complete, records = await ours(text)

    if theirs["complete"]:
        assert complete
        assert records == theirs["records"]
        assert [one.target for one in api.asked] == asked


ELSEWHERE = [name for name in OFF if "another stream" in name or "nobody uses" in name or name == "a null stream"]


@pytest.mark.parametrize("name", ELSEWHERE)
async def test_what_is_wrong_elsewhere_keeps_no_stream_from_being_read(api: LoopbackServer, name: str) -> None:
    complete, records = await ours(OFF[name]().replace("URL", api.url()))

    assert complete
    assert len(records) == 2


HERE = [
    ("primary_key: id", "primary_key: {a: b}"),
    ("field_path: [items]", "field_path: {a: b}"),
    ("http_method: GET", "http_method: FETCH"),
    ("        url: URL/items", "        url: {$ref: '#/nope'}"),
    ("        http_method: GET\n", "        authenticator: {$ref: '#/nope'}\n"),
    ("{a: b}", "{$ref: '#/nope'}"),
    (STREAM, "    $parameters: [x]\n"),
    (STREAM, "    incremental_sync: {type: DatetimeBasedCursor}\n"),
    ("name: items", "name: [items]"),
    ("    name: items\n", ""),
    ("type: SimpleRetriever", "type: RecordSelector"),
    ("  - type: DeclarativeStream\n    name: items", "  - 5\n  - type: Spec\n    name: items"),
]


@pytest.mark.parametrize(("old", "new"), HERE)
async def test_what_is_wrong_in_a_stream_fails_it_alone(api: LoopbackServer, old: str, new: str) -> None:
    text = BASE.replace(old, new, 1).replace("URL", api.url())
    loaded = load_connector(Document.parse(text))

    assert await ours(text, "other") == (True, [{"id": 1, "day": "2024-01-02"}, {"id": 2, "day": "2024-01-03"}])
    (broken,) = set(loaded.broken) - {"streams[0]"} or set(loaded.broken)
    assert all(problem.position for problem in loaded.broken[broken])
    assert (await ours(text, broken))[0] is False
    assert not loaded.usable


PARENT = """\
  - type: DeclarativeStream
    name: child
    retriever:
      type: SimpleRetriever
      requester: {type: HttpRequester, url: "URL/other"}
      record_selector: {type: RecordSelector, extractor: {type: DpathExtractor, field_path: [items]}}
      partition_router:
        type: SubstreamPartitionRouter
        parent_stream_configs:
          - {type: ParentStreamConfig, parent_key: id, partition_field: p, stream: {$ref: "#/streams/0"}}
"""


async def test_what_is_wrong_in_a_parent_fails_its_children_too_and_no_other(api: LoopbackServer) -> None:
    text = (BASE + PARENT).replace("http_method: GET", "http_method: FETCH").replace("URL", api.url())

    assert load_connector(Document.parse(text)).broken.keys() == {"items", "child"}
    assert (await ours(text, "other"))[0]


TEXTS = {
    "2024-02-01": "2024-02-01",
    "2024-02-01 10:00:00": "2024-02-01 10:00:00",
    "2024-02-01T10:00:00Z": "2024-02-01T10:00:00Z",
    "yes": "yes",
    "No": "No",
    "on": "on",
    "true": "true",
    "50": "50",
    "010": "010",
    "0x1F": "0x1F",
    "1_000": "1_000",
    "12:30:00": "12:30:00",
    "1.10": "1.10",
    ".inf": ".inf",
    "[yes, 2024-02-01]": ["yes", "2024-02-01"],
}


@pytest.mark.parametrize("written", TEXTS)
async def test_a_value_that_is_not_quoted_is_sent_as_it_is_written(api: LoopbackServer, written: str) -> None:
    text = BASE.replace("{a: b}", f"{{a: {written}}}", 1).replace("URL", api.url())
    loaded = load_connector(Document.parse(text))

    assert (await ours(text))[0]

    expected = TEXTS[written]
    assert api.asked[0].query["a"] == (expected if isinstance(expected, list) else [expected])
    told = loaded.problems if written not in ("true", "50") else loaded.portability
    assert {problem.position.line for problem in told if problem.position} == {16}
    assert all("in quotes" in (problem.hint or "") for problem in told)


def test_texts_that_yaml_reads_as_something_else_are_texts_everywhere() -> None:
    tree = yaml.safe_load(BASE)
    text = yaml.safe_dump(tree).replace("name: items", "name: 0123").replace("primary_key: id", "primary_key: no")
    loaded = load_connector(Document.parse(text))

    assert loaded.stream("0123").described.primary_key == "no"
    assert loaded.usable
