"""States of earlier versions, brought into today's shape as the reference does."""

from __future__ import annotations

from typing import Any

import pytest

from core.connector import load_connector
from core.manifest.document import Document
from core.manifest.resolver import resolve_manifest
from tests.support.oracle import Oracle, OracleError
from tests.support.reading import connector, read_all
from tests.support.reference import compare
from tests.support.server import LoopbackServer, Reply
from tests.support.slicing import world

RECORDS = "record_selector: {type: RecordSelector, extractor: {type: DpathExtractor, field_path: []}}"
PARENT = """\
{type: ParentStreamConfig, parent_key: id, partition_field: "{{ parameters['owner'] }}", stream: {type: \
DeclarativeStream, name: owners, retriever: {type: SimpleRetriever, requester: {type: HttpRequester, url: %s/owners}, \
record_selector: {type: RecordSelector, extractor: {type: DpathExtractor, field_path: []}}}}}"""
IDS = "{type: ListPartitionRouter, values: ['7', '8'], cursor_field: id}"
UNION = f"{{type: UnionPartitionRouter, partition_field: id, partition_routers: [{IDS}, {IDS}]}}"
SYNC = """\
incremental_sync: {type: DatetimeBasedCursor, cursor_field: day, datetime_format: "%Y-%m-%d", \
start_datetime: "2024-01-01", end_datetime: "2024-01-09"}"""


def parents(count: int, url: str = "https://api.example.com") -> str:
    configs = ", ".join([PARENT % url] * count)
    return f"{{type: SubstreamPartitionRouter, parent_stream_configs: [{configs}]}}"


def manifest(router: str, sync: str = SYNC, url: str = "https://api.example.com") -> str:
    return f"""
version: 7.0.0
type: DeclarativeSource
check: {{type: CheckStream, stream_names: [items]}}
streams:
  - type: DeclarativeStream
    name: items
    $parameters: {{owner: owner_id}}
    state_migrations: [{{type: LegacyToPerPartitionStateMigration}}]
    {sync}
    retriever:
      type: SimpleRetriever
      requester:
        type: HttpRequester
        url: {url}/items
        request_parameters: {{since: "{{{{ stream_interval['start_time'] }}}}", of: "{{{{ stream_partition['id'] }}}}"}}
      {RECORDS}
      partition_router: {router}
"""


def expanded_stream(text: str) -> Any:
    return resolve_manifest(Document.parse(text)).tree["streams"][0]


STATES: list[dict[str, Any]] = [
    {},
    {"7": {"day": "2024-01-05"}, "8": {"day": "2024-01-06"}},
    {"7": {"day": "2024-01-05", "more": 1}},
    {"7": {"hour": "2024-01-05"}},
    {"7": "2024-01-05"},
    {"day": "2024-01-05"},
    {"states": [{"partition": {"id": "7"}, "cursor": {"day": "2024-01-05"}}]},
    {"use_global_cursor": True, "state": {"day": "2024-01-05"}, "lookback_window": 3},
]


@pytest.mark.parametrize("state", STATES, ids=range(len(STATES)))
@pytest.mark.parametrize("router", [parents(1), parents(2), UNION], ids=["a parent", "two parents", "a union"])
def test_states_become_those_of_the_reference(oracle: Oracle, router: str, state: dict[str, Any]) -> None:
    text = manifest(router)

    ours = connector(text).stream("items").described.migrated(state, world().context)

    assert ours == oracle.ask("slicing", "migrated", expanded_stream(text), state)


@pytest.mark.parametrize(
    ("router", "sync", "said"),
    [
        (IDS, SYNC, "a parent stream or a union"),
        (f"[{UNION}, {IDS}]", SYNC, "a parent stream or a union"),
        (UNION, "", "a DatetimeBasedCursor"),
    ],
)
def test_a_migration_that_can_not_be_used_is_reported(oracle: Oracle, router: str, sync: str, said: str) -> None:
    text = manifest(router, sync)
    with pytest.raises(OracleError):
        oracle.ask("slicing", "migrated", expanded_stream(text), {})

    [problem] = load_connector(Document.parse(text)).problems

    assert problem.path == ("streams", 0, "state_migrations", 0)
    assert said in problem.message


OLD = {"7": {"day": "2024-01-05"}}


@pytest.mark.parametrize("state", [None, OLD])
async def test_a_union_goes_on_from_an_old_state_as_in_the_reference(
    server: LoopbackServer, oracle: Oracle, state: dict[str, Any] | None
) -> None:
    server.on("/items", Reply([{"day": "2024-01-08"}]))
    text = manifest(UNION, url=server.url())

    await compare(server, oracle, text, state=state)

    since = {asked.query["of"][0]: asked.query["since"][0] for asked in server.asked}
    assert since == {"7": "2024-01-05" if state else "2024-01-01", "8": "2024-01-01"}


async def test_parents_of_an_old_state_are_read_as_the_reference_reads_them(
    server: LoopbackServer, oracle: Oracle
) -> None:
    """Their partitions also hold the parent's own, which an old state doesn't: they are read from the beginning."""
    server.on("/items", Reply([{"day": "2024-01-08"}]))
    server.on("/owners", Reply([{"id": "7"}]))
    text = manifest(parents(1, server.url()), url=server.url()).replace("['id']", ".owner_id")

    await compare(server, oracle, text, state=OLD)

    assert [asked.query["since"] for asked in server.to("/items")] == [["2024-01-01"]]


async def test_our_own_read_takes_the_migrated_state(server: LoopbackServer) -> None:
    server.on("/items", Reply([{"day": "2024-01-08"}]))

    told = await read_all(manifest(UNION, url=server.url()), state=OLD)

    assert {asked.query["since"][0] for asked in server.asked} == {"2024-01-05", "2024-01-01"}
    assert told.state["states"][0] == {"partition": {"id": "7"}, "cursor": {"day": "2024-01-08"}}
