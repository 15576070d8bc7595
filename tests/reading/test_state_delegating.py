"""A stream that is read in full without a state and by its changes with one, as Airbyte reads it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from textwrap import indent
from typing import Any

import pytest
import yaml

from core.connector import load_connector
from core.events import Log, StateAdvanced
from core.levels import Level
from core.manifest.document import Document
from core.reading import open_reader
from tests.command.support import run
from tests.protocols.support import Asking
from tests.support.oracle import Oracle, OracleError
from tests.support.reading import read_all
from tests.support.reference import compare
from tests.support.server import LoopbackServer, Reply

NOW = datetime.now(UTC)
CURSOR = """\
incremental_sync:
  type: DatetimeBasedCursor
  cursor_field: day
  datetime_format: "%Y-%m-%d"
  cursor_datetime_formats: ["%Y/%m/%d"]
  start_datetime: "2024-01-01"
  start_time_option: {type: RequestOption, inject_into: request_parameter, field_name: since}
"""
COUNTER = "incremental_sync: {type: IncrementingCountCursor, cursor_field: n}"
LISTS = "partition_router: {type: ListPartitionRouter, values: [a, b], cursor_field: kind}"
NONE = {"__ab_no_cursor_state_message": True}
PERIOD = 'api_retention_period: "P30D"'


def ago(days: int) -> str:
    return f"{NOW - timedelta(days):%Y-%m-%d}"


def way(server: LoopbackServer, path: str, sync: str = "", retriever: str = "", name: str = "items") -> str:
    return f"""\
type: DeclarativeStream
name: {name}
primary_key: n
{sync}
retriever:
  type: SimpleRetriever
{indent(retriever, "  ")}
  requester: {{type: HttpRequester, url: "{server.url(path)}", use_cache: false}}
  record_selector: {{type: RecordSelector, extractor: {{type: DpathExtractor, field_path: []}}}}
"""


def delegating(
    server: LoopbackServer, *, full: str = CURSOR, changes: str = CURSOR, more: str = "", router: str = ""
) -> str:
    return f"""\
type: StateDelegatingStream
name: items
{more}
full_refresh_stream:
{indent(way(server, "/all", full), "  ")}
incremental_stream:
{indent(way(server, "/changes", changes, router), "  ")}
"""


def manifest(stream: str) -> str:
    return f"""\
version: 7.0.0
type: DeclarativeSource
check: {{type: CheckStream, stream_names: [items]}}
streams:
  -
{indent(stream, "    ")}
"""


@pytest.fixture
def api(server: LoopbackServer) -> LoopbackServer:
    server.on("/all", Reply([{"n": 1, "day": ago(3)}, {"n": 2, "day": ago(1)}]))
    server.on("/changes", Reply([{"n": 3, "day": ago(1)}]))
    server.on("/notes", lambda asked: Reply([{"of": ago(2), "item": asked.query["item"][0]}]))
    return server


STATES: dict[str, Mapping[str, Any] | None] = {
    "none": None,
    "empty": {},
    "recent": {"day": ago(5)},
    "recent, in the other format": {"day": f"{NOW - timedelta(6):%Y/%m/%d}"},
    "old": {"day": "2024-02-03"},
    "unreadable for the period": {"other": "2024-02-03"},
    "read to the end without a cursor": NONE,
    "recent intervals": {
        "state_type": "date-range",
        "slices": [{"start": "2024-01-01", "end": ago(8), "most_recent_cursor_value": ago(9)}],
    },
    "old intervals": {
        "state_type": "date-range",
        "slices": [{"start": "2024-01-01", "end": "2024-02-03"}, {"start": ago(4), "end": ago(2)}],
    },
}


@pytest.mark.parametrize("more", ["", PERIOD, "api_retention_period: \"{{ config.get('period', '') }}\""])
@pytest.mark.parametrize("full", [CURSOR, ""], ids=["with cursor", "without"])
@pytest.mark.parametrize("state", STATES.values(), ids=STATES)
async def test_the_same_is_read_as_by_the_reference(
    api: LoopbackServer, oracle: Oracle, state: Mapping[str, Any] | None, full: str, more: str
) -> None:
    await compare(api, oracle, manifest(delegating(api, full=full, more=more)), state=state)


@pytest.mark.parametrize("state", [{"state": {"day": ago(4)}}, {"state": {"day": "2024-02-03"}}, {"states": []}])
async def test_partitions_go_by_the_value_that_they_share(
    api: LoopbackServer, oracle: Oracle, state: Mapping[str, Any]
) -> None:
    await compare(api, oracle, manifest(delegating(api, more=PERIOD, router=LISTS)), state=state)


async def test_which_one_was_chosen_and_why_is_told(api: LoopbackServer) -> None:
    text = manifest(delegating(api, more=PERIOD))

    first = await read_all(text)
    assert [log.message for log in first.of(Log)] == [
        "`items` is read in full (`full_refresh_stream`), as there is no state."
    ]
    second = await read_all(text, state=first.state)
    assert [log.message for log in second.of(Log)] == [
        "`items` goes on from its state: its changes are read (`incremental_stream`)."
    ]
    [late] = (await read_all(text, state={"day": "2024-02-03"})).of(Log)
    assert late.level is Level.WARNING
    assert late.message == (
        "`items` is read in full (`full_refresh_stream`), as its state ends 2024-02-03 00:00, and the API remembers "
        "P30D; the state is dropped."
    )


async def test_a_state_that_is_dropped_is_reported_at_once(api: LoopbackServer) -> None:
    told = await read_all(manifest(delegating(api, more=PERIOD)), state={"day": "2024-02-03"})

    assert next(dict(event.state) for event in told.of(StateAdvanced)) == {}
    assert told.state == {"day": ago(1)}


async def test_the_mark_of_a_full_read_does_not_hide_how_old_the_changes_are(api: LoopbackServer) -> None:
    """The reference goes by the mark for good, and misses what the API has forgotten."""
    text = manifest(delegating(api, full="", more=PERIOD))

    first = await read_all(text, state=NONE)
    assert {each.path for each in api.asked} == {"/changes"}
    api.asked.clear()
    await read_all(text, state={**first.state, "day": "2024-02-03"})
    assert {each.path for each in api.asked} == {"/all"}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("name: items\n      primary_key", "name: other\n      primary_key"), "`name` must be `items`"),
        (("P30D", "a month"), "this period can't be read"),
        (('start_datetime: "2024-01-01"', "start_datetime: tomorrow"), "this date can't be read"),
    ],
)
def test_what_is_wrong_with_one_is_found(api: LoopbackServer, change: tuple[str, str], said: str) -> None:
    text = manifest(delegating(api, more=PERIOD)).replace(*change)

    assert any(said in problem.message for problem in load_connector(Document.parse(text)).errors)


@pytest.mark.parametrize("key", ["full", "changes"])
async def test_counting_cursors_have_no_age(api: LoopbackServer, oracle: Oracle, key: str) -> None:
    text = manifest(delegating(api, more=PERIOD, **{key: COUNTER}))

    assert "IncrementingCountCursor" in str(load_connector(Document.parse(text)).errors[0])
    with pytest.raises(OracleError, match="IncrementingCountCursor"):
        await asyncio.to_thread(oracle.ask, "reading", "read", yaml.safe_load(text), {}, "items", None)
    asked = text.replace('"P30D"', "\"{{ config['period'] }}\"")
    told = await read_all(asked, {"period": "P30D"}, state={"n": 5})
    assert "needs cursors over time" in told.errors


async def test_a_period_that_is_none_fails_the_read(api: LoopbackServer) -> None:
    text = manifest(delegating(api, more="api_retention_period: \"{{ config['period'] }}\""))

    told = await read_all(text, {"period": "soon"}, state={"day": ago(1)})
    assert told.errors == "`api_retention_period` of the stream `items` is no duration: 'soon'."


CHILD = """\
version: 7.0.0
type: DeclarativeSource
check: {type: CheckStream, stream_names: [notes]}
streams:
  - type: DeclarativeStream
    name: notes
%(sync)s
    retriever:
      type: SimpleRetriever
      requester:
        type: HttpRequester
        url: "%(url)s"
        request_parameters: {item: "{{ stream_partition['item'] }}"}
      record_selector: {type: RecordSelector, extractor: {type: DpathExtractor, field_path: []}}
      partition_router:
        type: SubstreamPartitionRouter
        parent_stream_configs:
          - type: ParentStreamConfig
            parent_key: n
            partition_field: item
            incremental_dependency: %(dependent)s
            stream:
%(parent)s
"""
CHILD_CURSOR = CURSOR.replace("cursor_field: day", "cursor_field: of")


@pytest.mark.parametrize("dependent", [True, False])
@pytest.mark.parametrize(
    "state",
    [
        None,
        {"parent_state": {"items": {"day": ago(5)}}, "state": {"of": ago(5)}, "states": []},
        {"parent_state": {"items": {"day": "2024-02-03"}}, "state": {"of": ago(5)}, "states": []},
        {"of": ago(5)},
    ],
)
async def test_as_a_parent_it_is_chosen_by_what_the_child_knows_of_it(
    api: LoopbackServer, oracle: Oracle, state: Mapping[str, Any] | None, dependent: bool
) -> None:
    parent = indent(delegating(api, more=PERIOD), " " * 14)
    text = CHILD % {
        "url": api.url("/notes"),
        "dependent": str(dependent).lower(),
        "parent": parent,
        "sync": indent(CHILD_CURSOR, "    "),
    }
    told = await read_all(text, state=state)
    assert told.outcome == "complete", told.errors
    ours, api.asked = api.asked, []

    theirs = await asyncio.to_thread(oracle.ask, "reading", "read", yaml.safe_load(text), {}, "notes", state)
    assert sorted(map(str, told.records)) == sorted(map(str, theirs["records"]))
    assert {each.path for each in ours} == {each.path for each in api.asked}
    assert told.state["parent_state"] == theirs["state"]["parent_state"] if dependent else True


async def test_planned_slices_are_read_as_they_were_planned(api: LoopbackServer) -> None:
    """However much time passes between the plan and the read, and with what the plan has dropped."""
    connector = load_connector(Document.parse(manifest(delegating(api, more=PERIOD))))
    old = {"day": "2024-02-03"}
    async with open_reader(connector, {}) as reader:
        begin = reader.planned_state("items", old, lambda event: None)
        assert begin == {}
        slices = [one async for one in reader.slices("items", begin)]
        events = [event async for event in reader.read("items", begin, slices=slices)]
        assert {each.path for each in api.asked} == {"/all"}
        assert not [event for event in events if isinstance(event, Log)]
        api.asked.clear()
        slices = [one async for one in reader.slices("items", old)]
        assert [event async for event in reader.read("items", old, slices=slices)]
        assert {each.path for each in api.asked} == {"/changes"}
        assert reader.merged_state("items", old, [(slices[0], ago(1))]) == {"day": ago(1)}


async def test_a_run_keeps_what_was_read_in_full_when_it_goes_on(api: LoopbackServer, tmp_path: Path) -> None:
    """The stream that reads everything has no cursor, so that its state says nothing but that it was read."""
    file, database = tmp_path / "shop.yaml", tmp_path / "shop.duckdb"
    file.write_text(manifest(delegating(api, full="")))
    options = ("--run", file, "--output", database, "--state", tmp_path / "state.json", "--write", "replace")

    code, output = await asyncio.to_thread(run, *options)
    assert code == 0, output
    assert "items: `items` is read in full (`full_refresh_stream`), as there is no state." in output
    code, output = await asyncio.to_thread(run, *options)
    assert code == 0, output
    assert "its changes are read (`incremental_stream`)" in output

    import duckdb

    with duckdb.connect(str(database)) as connection:
        assert connection.sql("select n from items order by n").fetchall() == [(1,), (2,), (3,)]


@pytest.mark.parametrize("full", [CURSOR, ""])
async def test_a_source_says_what_was_chosen(api: LoopbackServer, tmp_path: Path, full: str) -> None:
    asking = Asking(tmp_path, yaml.safe_load(manifest(delegating(api, full=full, more=PERIOD))), {})

    (catalog,) = (await asyncio.to_thread(asking, "discover")).of("CATALOG")
    assert catalog["streams"][0]["source_defined_primary_key"] == [["n"]]
    assert ("default_cursor_field" in catalog["streams"][0]) == bool(full)
    first = await asyncio.to_thread(asking, "read", "items")
    assert any("is read in full" in line for line in first.logs)
    assert [record["n"] for record in first.records("items")] == [1, 2]
    states = first.states("items")
    second = await asyncio.to_thread(asking, "read", "items", states=[{"type": "STREAM", **states[-1]}])
    assert any("its changes are read" in line for line in second.logs)
    assert [record["n"] for record in second.records("items")] == [3]
    assert json.dumps(ago(1)) in second.output
    old = await asyncio.to_thread(
        asking,
        "read",
        "items",
        states=[
            {
                "type": "STREAM",
                "stream": {"stream_descriptor": {"name": "items"}, "stream_state": {"day": "2024-02-03"}},
            }
        ],
    )
    assert next(one["stream"]["stream_state"] for one in old.states("items")) == {}
