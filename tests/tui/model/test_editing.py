"""Editing through the view: references, parameters, groups, undo, and word of what changed."""

from __future__ import annotations

import pytest

from core.manifest.problems import Path
from tui.model.editor import Change, ChangeKind
from tui.model.session import BuilderSession
from tui.model.streams import StreamKind

CREATION: Path = ("streams", 0, "retriever", "creation_requester")
SHARED = """\
version: 7.0.0
type: DeclarativeSource
definitions:
  auth: {type: BearerAuthenticator, api_token: "{{ config['api_key'] }}"}
  requester:
    type: HttpRequester
    url: https://api.example.com/{{ parameters['name'] }} # the address
    authenticator: {$ref: "#/definitions/auth"}
  selector: {type: RecordSelector, extractor: {type: DpathExtractor, field_path: [data]}}
streams:
  - type: DeclarativeStream
    $parameters: {name: orders}
    retriever:
      type: SimpleRetriever
      requester: {$ref: "#/definitions/requester"}
      record_selector: {$ref: "#/definitions/selector"}
  - type: DeclarativeStream
    name: customers
    retriever:
      type: SimpleRetriever
      requester: {$ref: "#/definitions/requester", http_method: POST}
      record_selector: {$ref: "#/definitions/selector"}
check: {type: CheckStream, stream_names: [orders]}
spec:
  type: Spec
  connection_specification: {type: object, properties: {api_key: {type: string}}}
"""


@pytest.fixture
def shared() -> BuilderSession:
    return BuilderSession.from_text(SHARED)


def requester(stream: int) -> Path:
    return ("streams", stream, "retriever", "requester")


def test_values_are_read_through_references(shared: BuilderSession) -> None:
    assert shared.value((*requester(0), "authenticator", "api_token")) == "{{ config['api_key'] }}"
    assert shared.value((*requester(1), "http_method")) == "POST"
    assert shared.value((*requester(0), "http_method")) is None


def test_values_from_parameters_are_read_and_distinguished_from_written_ones(shared: BuilderSession) -> None:
    assert shared.value(("streams", 0, "name")) == "orders"
    assert not shared.is_written(("streams", 0, "name"))
    assert shared.is_written(("streams", 1, "name"))


def test_an_edit_lands_in_the_definition_and_says_that_others_change_too(shared: BuilderSession) -> None:
    seen: list[Change] = []
    shared.subscribe(seen.append)
    shared.set((*requester(0), "url"), "https://other.example.com")
    assert shared.value((*requester(1), "url")) == "https://other.example.com"
    assert "url: https://other.example.com # the address" in shared.text
    assert seen == [Change(ChangeKind.VALUES, ((*requester(0), "url"),), elsewhere=True)]


def test_an_edit_that_no_other_place_shows_is_reported_as_such(shared: BuilderSession) -> None:
    seen: list[Change] = []
    end = shared.subscribe(seen.append)
    shared.set((*requester(1), "http_method"), "GET")
    end()
    shared.set((*requester(1), "http_method"), "POST")
    assert [change.elsewhere for change in seen] == [False]


def test_taking_a_shared_section_away_leaves_it_to_the_others(shared: BuilderSession) -> None:
    shared.unset(requester(0))
    assert shared.value(requester(0)) is None
    assert shared.value((*requester(1), "url"))


def test_an_edit_that_changes_nothing_is_no_step(shared: BuilderSession) -> None:
    shared.set((*requester(1), "http_method"), "POST")
    assert not shared.can_undo
    assert not shared.dirty or shared.text == SHARED


def test_undo_and_redo_say_where_to_go(session: BuilderSession) -> None:
    session.set((*CREATION, "url"), "https://a.example.com")
    session.set((*CREATION, "http_method"), "PUT")
    assert session.undo() == (*CREATION, "http_method")
    assert session.undo() == (*CREATION, "url")
    assert session.value((*CREATION, "url")) is None
    assert session.redo() == (*CREATION, "url")
    assert session.value((*CREATION, "url")) == "https://a.example.com"


def test_typing_in_one_field_is_one_step_until_it_is_left(session: BuilderSession) -> None:
    path = (*CREATION, "url")
    for text in ("h", "ht", "htt"):
        session.set(path, text, merge=True)
    session.seal()
    session.set(path, "http", merge=True)
    session.undo()
    assert session.value(path) == "htt"
    session.undo()
    assert session.value(path) is None
    session.redo()
    assert session.value(path) == "htt"


def test_typing_in_another_field_is_another_step(session: BuilderSession) -> None:
    session.set((*CREATION, "url"), "a", merge=True)
    session.set((*CREATION, "path"), "b", merge=True)
    session.set((*CREATION, "url"), "ac", merge=True)
    session.undo()
    assert session.value((*CREATION, "url")) == "a"
    assert session.value((*CREATION, "path")) == "b"


def test_a_group_is_one_step_and_one_word(session: BuilderSession) -> None:
    seen: list[Change] = []
    session.subscribe(seen.append)
    with session.group(CREATION):
        session.set((*CREATION, "url"), "https://a.example.com")
        session.set((*CREATION, "http_method"), "PUT")
    assert len(seen) == 1
    assert session.undo() == CREATION
    assert session.value((*CREATION, "url")) is None
    assert session.value((*CREATION, "http_method")) == "POST"


def test_a_group_that_fails_leaves_nothing_behind(session: BuilderSession) -> None:
    before = session.text

    def fail() -> None:
        with session.group(CREATION):
            session.set((*CREATION, "url"), "https://a.example.com")
            session.remove(("streams", 7))

    with pytest.raises(LookupError):
        fail()
    assert session.text == before


def test_two_hundred_steps_can_be_undone(session: BuilderSession) -> None:
    for number in range(250):
        session.set((*CREATION, "url"), f"https://{number}.example.com")
    undone = 0
    while session.undo():
        undone += 1
    assert undone == 200


def test_a_component_that_is_missing_on_the_way_is_made(session: BuilderSession) -> None:
    session.unset(("streams", 0, "retriever", "record_selector"))
    session.set(("streams", 0, "retriever", "record_selector", "extractor", "field_path"), ["data"])
    assert session.value(("streams", 0, "retriever", "record_selector")) == {
        "type": "RecordSelector",
        "extractor": {"type": "DpathExtractor", "field_path": ["data"]},
    }


def test_pairs_are_renamed_in_place_and_go_with_the_last_one(session: BuilderSession) -> None:
    headers = (*CREATION, "request_headers")
    session.set((*headers, "Accept"), "text/csv")
    session.set((*headers, "X-Trace"), "1")
    session.rename_key((*headers, "Accept"), "accept")
    assert list(session.value(headers).items()) == [("accept", "text/csv"), ("X-Trace", "1")]
    with pytest.raises(ValueError, match="already"):
        session.rename_key((*headers, "accept"), "X-Trace")
    session.unset((*headers, "accept"))
    session.unset((*headers, "X-Trace"))
    assert session.value(headers) is None


def test_items_of_lists_are_added_moved_and_removed(session: BuilderSession) -> None:
    path: Path = ("streams", 0, "transformations")
    assert session.add_component(path, "FlattenFields") == (*path, 0)
    session.add_component(path, "KeysToLower")
    session.move(path, 1, 0)
    assert [item["type"] for item in session.value(path)] == ["KeysToLower", "FlattenFields"]
    session.remove((*path, 0))
    session.remove((*path, 0))
    assert session.value(path) is None


def test_a_second_partition_router_makes_a_list(session: BuilderSession) -> None:
    path: Path = ("streams", 0, "retriever", "partition_router")
    session.choose_type(path, "ListPartitionRouter")
    session.add_component(path, "SubstreamPartitionRouter")
    assert [item["type"] for item in session.value(path)] == ["ListPartitionRouter", "SubstreamPartitionRouter"]


def test_broken_text_is_kept_and_marked_and_the_manifest_stays(session: BuilderSession) -> None:
    good = session.text
    session.edit_text(good + "oops: [1,\n")
    assert session.text_problems[0].position is not None
    assert session.text == good + "oops: [1,\n"
    assert session.has_broken_text
    assert session.value(("streams", 0, "name")) == "contacts"
    session.discard_text()
    assert session.text == good
    assert session.text_problems == ()


def test_edited_text_is_one_step_to_undo(session: BuilderSession) -> None:
    good = session.text
    session.edit_text(good.replace("name: contacts", "name: people"))
    session.edit_text(good.replace("name: contacts", "name: persons"))
    assert session.value(("streams", 0, "name")) == "persons"
    session.set((*CREATION, "url"), "https://a.example.com")
    session.undo()
    session.undo()
    assert session.text == good
    session.redo()
    assert session.value(("streams", 0, "name")) == "persons"


def test_a_new_field_goes_where_its_component_declares_it() -> None:
    session = BuilderSession.new()
    session.streams.add("orders", StreamKind.ASYNC)
    for field in ("request_headers", "url", "request_parameters"):
        session.set((*CREATION, field), "x")
    fields = list(session.document.get(CREATION))
    assert fields == ["type", "url", "http_method", "request_parameters", "request_headers"]
