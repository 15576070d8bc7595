"""Streams read in groups of partitions, or for the union of several routers, as Airbyte reads them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from textwrap import indent
from typing import Any

import pytest

from core.events import Outcome
from core.reading import Limits
from tests.support.jobs_api import manifest as jobs_manifest
from tests.support.jobs_api import serve_job
from tests.support.oracle import Oracle
from tests.support.paging_api import manifest
from tests.support.reading import read_all
from tests.support.reference import compare
from tests.support.server import Asked, LoopbackServer, Reply

LIST = "{type: ListPartitionRouter, values: [x, b], cursor_field: owner}"
COLOURS = "{type: ListPartitionRouter, values: [red, blue], cursor_field: colour}"
CHILD_SYNC = """\
incremental_sync:
  type: DatetimeBasedCursor
  cursor_field: day
  datetime_format: "%Y-%m-%d"
  start_datetime: "2024-01-01"
  end_datetime: "2024-01-09"
"""
PARENT_SYNC = """\
incremental_sync:
  type: DatetimeBasedCursor
  cursor_field: changed
  datetime_format: "%Y-%m-%d"
  start_datetime: "2024-01-01"
  end_datetime: "2024-01-06"
  step: P3D
  cursor_granularity: P1D
  start_time_option: {type: RequestOption, inject_into: request_parameter, field_name: since}
  end_time_option: {type: RequestOption, inject_into: request_parameter, field_name: until}
"""
OWNERS: list[dict[str, Any]] = [
    {"id": 1, "name": "Ada", "changed": "2024-01-02"},
    {"id": "b", "changed": "2024-01-03"},
    {"id": 3, "name": "Cy", "changed": "2024-01-05"},
    {"id": 1, "changed": "2024-01-06"},
    {"no": "id", "changed": "2024-01-06"},
]
ASKING = """\
request_parameters:
  owner: "of {{ stream_partition['owner'] }}"
  name: "of {{ stream_slice.extra_fields.get('name') }}"
  site: "of {{ stream_slice.extra_fields.get('parent_slice') }}"
  colour: "{{ stream_partition.get('colour') }}"
  from: "{{ stream_interval.get('start_time') }}"
"""


def owners(server: LoopbackServer, incremental: bool) -> str:
    """A router over the parent stream of owners."""
    return f"""\
type: SubstreamPartitionRouter
parent_stream_configs:
  - type: ParentStreamConfig
    parent_key: id
    partition_field: owner
    extra_fields: [[name]]
    incremental_dependency: {str(incremental).lower()}
    stream:
      type: DeclarativeStream
      name: owners
{indent(PARENT_SYNC if incremental else "", " " * 6)}
      retriever:
        type: SimpleRetriever
        requester: {{type: HttpRequester, url: "{server.url("/owners")}"}}
        record_selector: {{type: RecordSelector, extractor: {{type: DpathExtractor, field_path: []}}}}
"""


def grouped(router: str, size: int = 2) -> str:
    return f"type: GroupingPartitionRouter\ngroup_size: {size}\nunderlying_partition_router:\n{indent(router, '  ')}"


def united(*routers: str) -> str:
    items = "".join(f"- {indent(router, '  ').strip()}\n" for router in routers)
    return f"type: UnionPartitionRouter\npartition_field: owner\npartition_routers:\n{indent(items, '  ')}"


def product(*routers: str) -> str:
    return "".join(f"- {indent(router, '  ').strip()}\n" for router in routers)


def retriever(router: str) -> str:
    return f"partition_router:\n{indent(router, '  ')}"


def serve(server: LoopbackServer) -> None:
    def owners_between(asked: Asked) -> Reply:
        since, until = (asked.query.get(key, [day])[0] for key, day in (("since", "2024"), ("until", "2025")))
        return Reply([owner for owner in OWNERS if since <= owner["changed"] <= until])

    def items(asked: Asked) -> Reply:
        owner = asked.query["owner"][0]
        return Reply({"items": [{"of": owner, "day": f"2024-01-0{3 + len(owner) % 4}"}]})

    server.on("/owners", owners_between)
    server.on("/items", items)


ROUTERS: dict[str, Callable[[str], str]] = {
    "groups of a list": lambda _: grouped(LIST),
    "groups of parents": grouped,
    "groups of one": lambda parents: grouped(parents, 1),
    "a union": lambda parents: united(LIST, parents),
    "a union, parents first": lambda parents: united(parents, LIST),
    "a union in a union": lambda parents: united(united(LIST, LIST), parents),
    "groups of a union": lambda parents: grouped(united(parents, LIST), 3),
    "a product with groups": lambda parents: product(grouped(parents), COLOURS),
    "a product with a union": lambda parents: product(COLOURS, united(LIST, parents)),
    "a product of parents": lambda parents: product(parents, COLOURS),
    "a list of one": product,
    "a list of one with groups": lambda parents: product(grouped(parents)),
}


@pytest.mark.parametrize("incremental", [False, True], ids=["in full", "incremental"])
@pytest.mark.parametrize("router", ROUTERS.values(), ids=ROUTERS.keys())
async def test_requests_records_and_state_are_those_of_the_reference(
    server: LoopbackServer, oracle: Oracle, router: Callable[[str], str], incremental: bool
) -> None:
    serve(server)
    text = manifest(
        server,
        stream=CHILD_SYNC if incremental else "",
        retriever=retriever(router(owners(server, incremental=False))),
        requester=ASKING,
    )
    await compare(server, oracle, text)


STATES: dict[str, dict[str, Any] | None] = {
    "none": None,
    "of an earlier read": {
        "use_global_cursor": True,
        "state": {"day": "2024-01-04"},
        "lookback_window": 86400,
        "parent_state": {"owners": {"changed": "2024-01-03"}},
    },
    "without the parent's": {"use_global_cursor": True, "state": {"day": "2024-01-05"}},
}


@pytest.mark.parametrize("state", STATES.values(), ids=STATES.keys())
@pytest.mark.parametrize("router", ["groups of parents", "a union", "a union, parents first", "groups of a union"])
async def test_the_progress_of_parents_is_that_of_the_reference(
    server: LoopbackServer, oracle: Oracle, router: str, state: Mapping[str, Any] | None
) -> None:
    serve(server)
    inside = retriever(ROUTERS[router](owners(server, incremental=True)))
    await compare(server, oracle, manifest(server, stream=CHILD_SYNC, retriever=inside, requester=ASKING), state=state)


async def second_read(server: LoopbackServer, router: str) -> tuple[list[str], Mapping[str, Any]]:
    """Since when the parents are asked for in a second read, and the state at its end."""
    serve(server)
    inside = retriever(ROUTERS[router](owners(server, incremental=True)))
    text = manifest(server, stream=CHILD_SYNC, retriever=inside, requester=ASKING)
    first = await read_all(text)
    server.asked.clear()
    second = await read_all(text, state=first.state)
    assert second.state is not None
    return [asked.query["since"][0] for asked in server.to("/owners")], second.state


async def test_a_list_of_one_keeps_the_progress_of_its_parents(server: LoopbackServer) -> None:
    asked_since, state = await second_read(server, "a list of one")

    assert asked_since == ["2024-01-06"]
    assert state["parent_state"] == {"owners": {"changed": "2024-01-06"}}


async def test_in_a_product_all_parents_are_read_every_time(server: LoopbackServer) -> None:
    asked_since, state = await second_read(server, "a product of parents")

    assert asked_since == ["2024-01-01", "2024-01-04"]
    assert "parent_state" not in state


@pytest.mark.parametrize("incremental", [False, True], ids=["in full", "incremental"])
@pytest.mark.parametrize("router", ["groups of parents", "a union", "groups of a union", "a product with groups"])
async def test_jobs_are_created_as_by_the_reference(
    server: LoopbackServer, oracle: Oracle, router: str, incremental: bool
) -> None:
    serve(server)

    serve_job(server, "done", records=[{"n": 1, "day": "2024-01-05"}])
    text = jobs_manifest(
        server,
        stream=CHILD_SYNC if incremental else "",
        creation=ASKING,
        retriever=retriever(ROUTERS[router](owners(server, incremental))),
    )
    await compare(server, oracle, text.replace("exports", "items"))


async def test_a_group_is_asked_for_before_the_parents_are_all_read(server: LoopbackServer) -> None:
    serve(server)
    held = asyncio.Event()

    def pages(asked: Asked) -> Reply:
        if "page" not in asked.query:
            return Reply([{"id": 1}, {"id": 2}])
        return Reply([{"id": 3}], gate=held)

    def items(_asked: Asked) -> Reply:
        held.set()
        return Reply({"items": [{"n": 1}]})

    server.on("/owners", pages)
    server.on("/items", items)
    paged = owners(server, incremental=False) + indent(
        """\
paginator:
  type: DefaultPaginator
  pagination_strategy: {type: PageIncrement, page_size: 2}
  page_token_option: {type: RequestOption, inject_into: request_parameter, field_name: page}
""",
        " " * 8,
    )
    text = manifest(server, retriever=retriever(grouped(paged)), requester=ASKING)

    told = await asyncio.wait_for(read_all(text), 20)

    assert told.outcome is Outcome.COMPLETE
    assert [asked.query["owner"] for asked in server.to("/items")] == [["of [1, 2]"], ["of [3]"]]


async def test_a_read_that_is_cut_short_goes_on_without_losing_a_group(server: LoopbackServer) -> None:
    serve(server)
    router = retriever(grouped(owners(server, incremental=True)))
    text = manifest(server, stream=CHILD_SYNC, retriever=router, requester=ASKING)

    cut = await read_all(text, limits=Limits(slices=1))
    server.asked.clear()
    rest = await read_all(text, state=cut.state)

    assert cut.outcome is Outcome.LIMITED
    assert {asked.query["owner"][0] for asked in server.to("/items")} == {"of ['b', 3]", "of [1]"}
    assert rest.state["parent_state"] == {"owners": {"changed": "2024-01-06"}}


@pytest.mark.parametrize(
    ("key", "said"),
    [("contact.id", "A path is written with slashes: `contact/id`."), ("contact/no", "None of the 2 records")],
)
async def test_parents_without_the_key_are_told_of(server: LoopbackServer, key: str, said: str) -> None:
    server.on("/owners", Reply([{"contact": {"id": 1}}, {"contact": {"id": 2}}]))
    router = owners(server, incremental=False).replace("parent_key: id", f"parent_key: {key}")

    told = await read_all(manifest(server, retriever=f"partition_router:\n{indent(router, '  ')}"))

    assert (told.outcome, told.records) == (Outcome.COMPLETE, [])
    assert f"of the parent stream `owners` has anything at `{key}`" in told.logs
    assert said in told.logs
