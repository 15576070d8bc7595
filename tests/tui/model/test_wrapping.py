"""What is put around a stream: a condition, or a choice between two ways of reading it."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from core.manifest.problems import Path, Severity
from tests.support.oracle import Oracle
from tests.support.reference import compare
from tests.support.server import LoopbackServer, Reply
from tui.model.session import BuilderSession
from tui.model.streams import Streams

TEXT = """\
version: 7.0.0
type: DeclarativeSource
check: {{type: CheckStream, stream_names: [notes, orders]}}
definitions:
  shared:
    type: DeclarativeStream
    name: shared
    retriever: {{$ref: "#/streams/1/retriever"}}
streams:
- type: DeclarativeStream
  name: notes
  retriever:
    type: SimpleRetriever
    requester: {{$ref: "#/streams/1/retriever/requester"}}
    record_selector: {{type: RecordSelector, extractor: {{type: DpathExtractor, field_path: []}}}}
    partition_router:
      type: SubstreamPartitionRouter
      parent_stream_configs:
      - {{type: ParentStreamConfig, parent_key: id, partition_field: order, stream: {{$ref: "#/streams/1"}}}}
- type: DeclarativeStream
  name: orders
  primary_key: id
  retriever:
    type: SimpleRetriever
    requester:
      type: HttpRequester
      url: "{url}"
      request_parameters: {{a: b}}
      request_headers: {{$ref: "#/streams/1/retriever/requester/request_parameters"}}
    record_selector: {{type: RecordSelector, extractor: {{type: DpathExtractor, field_path: []}}}}
- {{$ref: "#/definitions/shared"}}
- type: DeclarativeStream
  name: last
  retriever: {{$ref: "#/streams/1/retriever"}}
stream_groups:
  all:
    type: StreamGroup
    streams: ["#/streams/1", "#/streams/3"]
    action: {{type: BlockSimultaneousSyncsAction}}
"""
PutAround = Callable[[Streams, int], Path]
BOTH = pytest.mark.parametrize("put_around", [Streams.put_below_condition, Streams.read_in_two_ways])


@pytest.fixture
def session(server: LoopbackServer) -> BuilderSession:
    server.on("/orders", Reply([{"id": 1}, {"id": 2}]))
    return BuilderSession.from_text(TEXT.format(url=server.url("/orders")))


def errors(session: BuilderSession) -> list[str]:
    return [str(one) for one in session.connector.problems if one.severity is Severity.ERROR]


@BOTH
@pytest.mark.parametrize("index", range(4))
def test_what_refers_to_the_stream_goes_on_doing_so(session: BuilderSession, put_around: PutAround, index: int) -> None:
    before, links, names = session.text, len(session.document.links), session.streams.names()
    path = put_around(session.streams, index)
    assert not errors(session)
    assert dict.fromkeys(session.streams.names()) == dict.fromkeys(names)
    assert path[:2] == ("streams", index)
    assert len(session.document.links) >= links
    assert all(link.target is not None for link in session.document.links)
    assert session.value(("check", "stream_names")) == ["notes", "orders"]
    session.undo()
    assert session.text == before
    session.redo()
    assert not errors(session)


def test_references_lead_to_where_the_stream_is(session: BuilderSession) -> None:
    session.streams.put_below_condition(1)
    inner = "#/streams/1/streams/0"
    assert session.document.get(("streams", 3, "retriever", "$ref")) == f"{inner}/retriever"
    assert session.document.get(("stream_groups", "all", "streams", 0)) == inner
    own = ("streams", 1, "streams", 0, "retriever", "requester", "request_headers", "$ref")
    assert session.document.get(own) == f"{inner}/retriever/requester/request_parameters"


def test_a_way_of_its_own_refers_to_its_own_parts(session: BuilderSession) -> None:
    copy = session.streams.read_in_two_ways(1)
    assert copy == ("streams", 1, "incremental_stream")
    assert session.document.get(("stream_groups", "all", "streams", 0)) == "#/streams/1"
    assert session.document.get(("streams", 3, "retriever", "$ref")) == "#/streams/1/full_refresh_stream/retriever"
    session.set((*copy, "retriever", "requester", "request_parameters"), {"changed": "since"})
    assert session.value((*copy, "retriever", "requester", "request_headers")) == {"changed": "since"}
    full = ("streams", 1, "full_refresh_stream", "retriever", "requester")
    assert session.value((*full, "request_headers")) == {"a": "b"}


def test_a_copy_of_a_definition_is_a_copy(session: BuilderSession) -> None:
    copy = session.streams.read_in_two_ways(2)
    session.set((*copy, "primary_key"), "id")
    assert session.value((*copy[:2], "full_refresh_stream", "primary_key")) is None
    assert session.document.get(("definitions", "shared", "primary_key")) is None


ALONE = """\
version: 7.0.0
type: DeclarativeSource
check: {{type: CheckStream, stream_names: [items]}}
streams:
- type: DeclarativeStream
  name: items
  primary_key: id
  retriever:
    type: SimpleRetriever
    requester: {{type: HttpRequester, url: "{url}", http_method: GET}}
    record_selector: {{type: RecordSelector, extractor: {{type: DpathExtractor, field_path: []}}}}
"""


@BOTH
async def test_the_reference_reads_the_same(put_around: PutAround, server: LoopbackServer, oracle: Oracle) -> None:
    server.on("/items", Reply([{"id": 1}, {"id": 2}]))
    session = BuilderSession.from_text(ALONE.format(url=server.url("/items")))
    put_around(session.streams, 0)
    told = await compare(server, oracle, session.text)
    assert len(told.records) == 2
