"""Streams as a whole: adding, copying, renaming, deleting, reordering, and turning one kind into the other."""

from __future__ import annotations

import pytest

from core.manifest.problems import Path
from tui.model.session import BuilderSession
from tui.model.streams import StreamKind
from tui.model.view import variables_at

FAMILY = """\
version: 7.0.0
type: DeclarativeSource
check: {type: CheckStream, stream_names: [accounts]}
definitions:
  retriever:
    type: SimpleRetriever
    requester: {type: HttpRequester, url: https://api.example.com}
    record_selector: {type: RecordSelector, extractor: {type: DpathExtractor, field_path: []}}
streams:
  - type: DeclarativeStream
    name: accounts
    retriever: {$ref: "#/definitions/retriever"}
  - type: DeclarativeStream
    name: orders
    retriever: {$ref: "#/definitions/retriever"}
  - type: DeclarativeStream
    name: items
    retriever:
      $ref: "#/definitions/retriever"
      partition_router:
        type: SubstreamPartitionRouter
        parent_stream_configs:
          - type: ParentStreamConfig
            stream: {$ref: "#/streams/1"}
            parent_key: id
            partition_field: order
metadata:
  autoImportSchema: {orders: true}
"""
PARENT: Path = ("retriever", "partition_router", "parent_stream_configs", 0, "stream")


@pytest.fixture
def family() -> BuilderSession:
    return BuilderSession.from_text(FAMILY)


def errors(session: BuilderSession) -> list[str]:
    session.refresh()
    return [one.problem.message for one in session.problems(all_of_them=True) if one.is_error]


def test_the_navigator_sees_name_and_kind(session: BuilderSession) -> None:
    assert [(one.index, one.name, one.kind) for one in session.streams.all()] == [
        (0, "contacts", StreamKind.ASYNC),
        (1, "lists", StreamKind.SYNC),
    ]


def test_a_name_that_parameters_give_is_seen() -> None:
    session = BuilderSession.from_text(FAMILY.replace("    name: accounts", "    $parameters: {name: accounts}"))
    assert session.streams.names() == ("accounts", "orders", "items")


def test_a_new_stream_starts_as_airbytes_does(session: BuilderSession) -> None:
    retriever = session.value(("streams", 0, "retriever"))
    assert [retriever[key]["http_method"] for key in ("creation_requester", "polling_requester")] == ["POST", "GET"]
    assert retriever["status_mapping"] == {
        "type": "AsyncJobStatusMap",
        **{bucket: [] for bucket in ("running", "completed", "failed", "timeout")},
    }
    assert session.value(("streams", 1, "retriever", "requester", "http_method")) == "GET"
    assert session.value(("check", "stream_names")) == ["contacts"]


def test_every_new_stream_starts_from_scratch(session: BuilderSession) -> None:
    session.set(("streams", 0, "retriever", "creation_requester", "url"), "https://a.example.com")
    session.streams.add("other", StreamKind.ASYNC)
    assert session.value(("streams", 2, "retriever", "creation_requester", "url")) is None


@pytest.mark.parametrize("name", ["", "  ", "lists"])
def test_a_name_must_be_there_and_new(session: BuilderSession, name: str) -> None:
    with pytest.raises(ValueError, match="stream"):
        session.streams.add(name)
    with pytest.raises(ValueError, match="stream"):
        session.streams.rename(0, name)


def test_a_copy_has_all_settings_and_what_is_shared_stays_shared(family: BuilderSession) -> None:
    assert family.streams.add("more", copy_of=0) == ("streams", 3)
    assert family.streams.duplicate(0) == ("streams", 1)
    assert family.streams.names() == ("accounts", "accounts_2", "orders", "items", "more")
    assert family.text.count("#/definitions/retriever") == 5
    assert family.value(("streams", 3, *PARENT, "name")) == "orders"
    assert errors(family) == []


def test_a_name_change_is_followed_everywhere(family: BuilderSession) -> None:
    family.streams.rename(1, "purchases")
    family.streams.rename(0, "customers")
    assert family.value(("check", "stream_names")) == ["customers"]
    assert family.document.get(("metadata", "autoImportSchema")) == {"purchases": True}
    assert errors(family) == []
    family.undo()
    assert family.value(("check", "stream_names")) == ["accounts"]


def test_references_follow_streams_that_are_moved(family: BuilderSession) -> None:
    family.streams.move(1, -1)
    assert family.streams.names() == ("orders", "accounts", "items")
    assert family.value(("streams", 2, *PARENT, "name")) == "orders"
    family.streams.move(2, -2)
    assert family.value(("streams", 0, *PARENT, "name")) == "orders"
    family.undo()
    family.undo()
    assert family.text == FAMILY


def test_references_follow_when_a_stream_before_theirs_is_deleted(family: BuilderSession) -> None:
    family.streams.delete(0)
    assert family.value(("streams", 1, *PARENT, "name")) == "orders"
    assert family.value(("check", "stream_names")) == ["orders"]
    assert errors(family) == []


def test_a_stream_that_others_need_leaves_them_a_copy(family: BuilderSession) -> None:
    assert family.streams.users(1) == ("items",)
    family.streams.delete(1)
    assert family.streams.names() == ("accounts", "items")
    assert family.value(("streams", 1, *PARENT, "name")) == "orders"
    assert errors(family) == []
    family.undo()
    assert family.text == FAMILY


def mark_tested(session: BuilderSession, index: int, warnings: tuple[str, ...] = ()) -> None:
    session.trial_marks.put(session.streams.name(index), session.value(("streams", index)), warnings)


def test_a_test_is_stale_once_the_stream_changed_and_fresh_again_once_it_is_undone(session: BuilderSession) -> None:
    mark_tested(session, 0, ("No records.",))
    assert session.streams.info(0).warnings == ("No records.",)
    session.streams.rename(0, "people")
    session.set(("streams", 1, "retriever", "requester", "url"), "https://a.example.com")
    assert not session.streams.info(0).stale
    session.set(("streams", 0, "retriever", "creation_requester", "url"), "https://a.example.com")
    assert session.streams.info(0).stale
    session.undo()
    assert not session.streams.info(0).stale
    assert not session.streams.info(1).tested


def test_a_change_of_what_a_stream_refers_to_makes_its_test_stale(family: BuilderSession) -> None:
    mark_tested(family, 0)
    family.set(("streams", 1, "retriever", "requester", "url"), "https://b.example.com")
    assert family.streams.info(0).stale


def configured(session: BuilderSession) -> None:
    """Fill in the synchronous stream "lists"."""
    requester: Path = ("streams", 1, "retriever", "requester")
    session.set((*requester, "url"), "https://api.example.com/lists")
    session.set((*requester, "http_method"), "POST")
    session.set((*requester, "request_headers", "Accept"), "text/csv")
    session.set((*requester, "request_parameters", "all"), "1")
    session.choose_type((*requester, "authenticator"), "BearerAuthenticator")
    session.choose_type((*requester, "request_body"), "RequestBodyJsonObject")
    session.choose_type((*requester, "error_handler"), "DefaultErrorHandler")
    session.choose_type(("streams", 1, "retriever", "decoder"), "CsvDecoder")
    session.choose_type(("streams", 1, "retriever", "paginator"), "DefaultPaginator")
    session.choose_type(("streams", 1, "retriever", "partition_router"), "ListPartitionRouter")
    session.set(("streams", 1, "retriever", "record_selector", "extractor", "field_path"), ["data"])
    session.set(("streams", 1, "primary_key"), "id")
    session.add_component(("streams", 1, "transformations"), "FlattenFields")


def test_turning_a_stream_asynchronous_keeps_all_that_has_a_counterpart(session: BuilderSession) -> None:
    configured(session)
    session.set(("streams", 1, "retriever", "ignore_stream_slicer_parameters_on_paginated_requests"), True)
    before = session.value(("streams", 1))
    left_out = session.streams.switch_retrieval(1, StreamKind.ASYNC)
    assert left_out == ("Slice parameters on the first page only",)
    after = session.value(("streams", 1))
    retriever = after["retriever"]
    assert retriever["creation_requester"] == before["retriever"]["requester"]
    assert retriever["polling_requester"]["authenticator"] == before["retriever"]["requester"]["authenticator"]
    assert retriever["download_decoder"] == {"type": "CsvDecoder"}
    assert retriever["download_paginator"] == before["retriever"]["paginator"]
    assert retriever["partition_router"] == before["retriever"]["partition_router"]
    assert retriever["record_selector"] == before["retriever"]["record_selector"]
    assert (after["primary_key"], after["transformations"]) == ("id", [{"type": "FlattenFields"}])


def test_turning_it_back_restores_what_had_no_counterpart(session: BuilderSession) -> None:
    configured(session)
    session.set(("streams", 1, "retriever", "ignore_stream_slicer_parameters_on_paginated_requests"), True)
    before = session.value(("streams", 1))
    session.streams.switch_retrieval(1, StreamKind.ASYNC)
    session.set(("streams", 1, "retriever", "status_mapping", "completed"), ["done"])
    left_out = session.streams.switch_retrieval(1, StreamKind.SYNC)
    assert "Status Mapping" in left_out
    assert session.value(("streams", 1)) == before
    session.set(("streams", 1, "retriever", "requester", "url"), "https://new.example.com")
    session.streams.switch_retrieval(1, StreamKind.ASYNC)
    retriever: Path = ("streams", 1, "retriever")
    assert session.value((*retriever, "status_mapping", "completed")) == ["done"]
    assert session.value((*retriever, "creation_requester", "url")) == "https://new.example.com"


def test_what_was_taken_away_meanwhile_does_not_come_back(session: BuilderSession) -> None:
    configured(session)
    session.streams.switch_retrieval(1, StreamKind.ASYNC)
    session.unset(("streams", 1, "retriever", "download_paginator"))
    session.streams.switch_retrieval(1, StreamKind.SYNC)
    assert session.value(("streams", 1, "retriever", "paginator")) is None


def test_turning_a_stream_leaves_what_it_shares_to_the_others(family: BuilderSession) -> None:
    family.streams.switch_retrieval(0, StreamKind.ASYNC)
    assert [one.kind for one in family.streams.all()] == [StreamKind.ASYNC, StreamKind.SYNC, StreamKind.SYNC]
    assert family.value(("streams", 0, "retriever", "creation_requester", "url")) == "https://api.example.com"
    family.undo()
    assert family.text == FAMILY


def test_polling_sees_the_response_of_the_creation_but_authenticators_do_not(session: BuilderSession) -> None:
    requester: Path = ("streams", 0, "retriever", "polling_requester")
    session.choose_type((*requester, "authenticator"), "BearerAuthenticator")
    assert "creation_response" in variables_at(session.view, (*requester, "url"))
    assert variables_at(session.view, (*requester, "authenticator", "api_token")) == {"config", "parameters"}


def test_turning_a_stream_keeps_its_reference_to_a_parent_that_has_its_requester(family: BuilderSession) -> None:
    items: Path = ("streams", 2, "retriever")
    requester: Path = ("streams", 1, "retriever", "requester")
    own_retriever = {"type": "SimpleRetriever", "requester": {"$ref": "#/streams/2/retriever/requester", "path": "/x"}}
    family.write((*items, "requester"), {"type": "HttpRequester", "url": "https://items.example.com"})
    family.write(requester[:-1], own_retriever)
    family.streams.switch_retrieval(2, StreamKind.ASYNC)
    assert family.document.get(("streams", 2, *PARENT)) == {"$ref": "#/streams/1"}
    assert family.value((*requester, "url")) == "https://items.example.com"
    assert family.value((*items, "creation_requester", "url")) == "https://items.example.com"


def test_a_stream_that_goes_leaves_its_groups() -> None:
    session = BuilderSession.from_text(
        """\
version: 7.0.0
type: DeclarativeSource
check: {type: CheckStream, stream_names: [a]}
streams:
- {type: DeclarativeStream, name: a}
- {type: DeclarativeStream, name: b}
- {type: DeclarativeStream, name: c}
stream_groups:
  pair:
    type: StreamGroup
    streams: ["#/streams/0", {$ref: "#/streams/1"}]
    action: {type: BlockSimultaneousSyncsAction}
  alone: {type: StreamGroup, streams: ["#/streams/1"], action: {type: BlockSimultaneousSyncsAction}}
"""
    )
    before = session.text
    session.streams.delete(1)
    groups = session.value(("stream_groups",))
    assert list(groups) == ["pair"]
    assert [one["name"] for one in groups["pair"]["streams"]] == ["a"]
    session.streams.make_template(0)
    assert not session.value(("stream_groups",))
    assert session.value(("check",)) == {
        "type": "CheckStream",
        "dynamic_streams_check_configs": [
            {"type": "DynamicStreamCheckConfig", "dynamic_stream_name": "a", "stream_count": 1}
        ],
    }
    assert session.value(("dynamic_streams", 0, "stream_template", "name")) == "a"
    session.undo()
    session.undo()
    assert session.text == before


def test_references_inside_of_a_new_template_lead_into_it_and_others_to_where_they_led() -> None:
    session = BuilderSession.from_text(
        """\
version: 7.0.0
type: DeclarativeSource
check: {type: CheckStream, stream_names: [b]}
streams:
- type: DeclarativeStream
  name: a
  retriever:
    type: SimpleRetriever
    requester:
      type: HttpRequester
      url: https://api.example.com/a
      request_parameters: {limit: "100"}
      request_headers: {$ref: "#/streams/0/retriever/requester/request_parameters"}
      authenticator: {$ref: "#/streams/1/retriever/requester/authenticator"}
- type: DeclarativeStream
  name: b
  retriever:
    type: SimpleRetriever
    requester:
      type: HttpRequester
      url: https://api.example.com/b
      request_parameters: {$ref: "#/streams/0/retriever/requester/request_parameters"}
      authenticator: {type: BearerAuthenticator, api_token: "{{ config['key'] }}"}
"""
    )
    before = session.text
    path = session.streams.make_template(0)
    requester = session.document.get((*path, "retriever", "requester"))
    own = "#/dynamic_streams/0/stream_template/retriever/requester/request_parameters"
    assert requester["request_headers"] == {"$ref": own}
    assert requester["authenticator"] == {"$ref": "#/streams/0/retriever/requester/authenticator"}
    other: Path = ("streams", 0, "retriever", "requester")
    assert session.value((*other, "request_parameters")) == {"limit": "100"}
    assert session.value((*other, "authenticator", "type")) == "BearerAuthenticator"
    assert session.value(("check", "stream_names")) == ["b"]
    session.undo()
    assert session.text == before
