"""Partitions in groups and the union of several routers, next to the reference."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any

import pytest

from core.components.partition_routers.values import ValueRouter
from core.components.stream import DeclarativeStream
from core.errors import ReadError
from core.http.request import RequestDraft
from core.manifest.problems import Severity
from core.runtime.context import Context
from core.runtime.partitions import PartitionRouter, Partitions, extra_field_names
from core.runtime.slices import StreamSlice
from tests.support.oracle import Oracle, OracleError
from tests.support.slicing import build, world

CONFIG = {"ids": ["a", 1, True, 1.0, "a", None], "name": "id", "nested": [["a"], ["a"]]}
OPTION = {"type": "RequestOption", "inject_into": "request_parameter", "field_name": "q"}


def listed(*values: Any, name: str = "id", **more: Any) -> dict[str, Any]:
    return {"type": "ListPartitionRouter", "values": list(values), "cursor_field": name, **more}


def grouped(underlying: Mapping[str, Any], size: int = 2, **more: Any) -> dict[str, Any]:
    router = {"type": "GroupingPartitionRouter", "group_size": size, "underlying_partition_router": dict(underlying)}
    return {**router, **more}


def united(*routers: Mapping[str, Any], name: str = "id") -> dict[str, Any]:
    return {"type": "UnionPartitionRouter", "partition_field": name, "partition_routers": list(map(dict, routers))}


async def walked(routers: Sequence[PartitionRouter], read_parent: Any = None) -> list[StreamSlice]:
    partitions = Partitions(routers, world(CONFIG, read_parent=read_parent).context)
    return [partition async for partition in partitions.walk()]


FROM_CONFIG = {**listed(), "values": "{{ config['ids'] }}"}
CASES: dict[str, list[dict[str, Any]]] = {
    "groups": [grouped(listed("a", "b", "c", "d"))],
    "a last group that is smaller": [grouped(listed("a", "b", "c"))],
    "groups of one": [grouped(listed("a", "b"), 1)],
    "fewer than a group": [grouped(listed("a", "b"), 10)],
    "nothing to group": [grouped(listed())],
    "values that come up again, in other groups too": [grouped(listed("a", "b", "a", "c", "b", "d"))],
    "values that may come up again": [grouped(listed("a", "a", "b"), deduplicate=False)],
    "values that Python takes for equal": [grouped(FROM_CONFIG, 3)],
    "lists that are not compared": [grouped({**listed(), "values": "{{ config['nested'] }}"}, deduplicate=False)],
    "a union": [united(listed("a", "b"), listed("b", "c"))],
    "a union of three": [united(listed("a", "a"), listed(), listed("b", "a"))],
    "a union by a name from the inputs": [united(listed("a"), listed("b"), name="{{ config['name'] }}")],
    "a union within a union": [united(united(listed("a"), listed("b")), listed("b", "c"))],
    "a union in groups": [grouped(united(listed("a", "b"), listed("b", "c")))],
    "groups times a list": [grouped(listed("a", "b", "c")), listed("red", "blue", name="colour")],
    "a list times groups": [listed("red", "blue", name="colour"), grouped(listed("a", "b", "c"))],
    "groups times a union": [
        grouped(listed("a", "b", "c"), 2),
        united(listed("x", name="n"), listed("y", name="n"), name="n"),
    ],
}


@pytest.mark.parametrize("definitions", CASES.values(), ids=CASES.keys())
async def test_partitions_are_those_of_the_reference(oracle: Oracle, definitions: list[dict[str, Any]]) -> None:
    found = await walked([build(definition) for definition in definitions])

    assert [dict(partition.partition) for partition in found] == oracle.ask(
        "slicing", "partitions", definitions, CONFIG
    )


def refused_by(oracle: Oracle, definition: dict[str, Any]) -> bool:
    try:
        oracle.ask("slicing", "partitions", [definition], CONFIG)
    except OracleError:
        return True
    return False


@pytest.mark.parametrize(
    ("definition", "said"),
    [
        (united(listed("a"), listed("b", name="{{ config['name'] }}2")), "must all name their values `id`"),
        (united(FROM_CONFIG, {**listed(), "values": "{{ config['nested'] }}"}), r"told apart by the value \['a'\]"),
        (grouped({**listed(), "values": "{{ config['nested'] }}"}), r"told apart by the value \['a'\]"),
    ],
)
async def test_what_only_a_read_can_show_fails_in_plain_words(
    oracle: Oracle, definition: dict[str, Any], said: str
) -> None:
    assert refused_by(oracle, definition)
    with pytest.raises(ReadError, match=said):
        await walked([build(definition)])


OPTED = listed("a", request_option=OPTION)


@pytest.mark.parametrize(
    ("definition", "place", "said"),
    [
        (grouped(OPTED), ("underlying_partition_router", "request_option"), "request options can't be used"),
        (united(listed("b"), OPTED), ("partition_routers", 1, "request_option"), "request options can't be used"),
        (united(listed("a")), ("partition_routers",), "at least two"),
        (united(listed("a"), listed("b", name="x")), ("partition_routers", 1, "cursor_field"), "are named `id`"),
        (
            united(listed("a"), united(listed("b", name="x"), listed("c", name="x"), name="x")),
            ("partition_routers", 1, "partition_field"),
            "are named `id`",
        ),
    ],
)
def test_what_the_reference_refuses_is_a_problem_at_its_place(
    oracle: Oracle, definition: dict[str, Any], place: tuple[str | int, ...], said: str
) -> None:
    assert refused_by(oracle, definition)
    [problem] = build(definition).lint()

    assert problem.path == place
    assert problem.severity is Severity.ERROR
    assert said in problem.message


class Pages(DeclarativeStream, role=True):
    """A parent stream."""

    name: str = "pages"
    retriever: Any = None


class Api:
    """Gives parent records, and counts those that were asked for."""

    def __init__(self, *ids: Any) -> None:
        self.ids = ids
        self.given = 0
        self.in_order = False

    async def read_parent(
        self, _stream: DeclarativeStream, context: Context
    ) -> AsyncIterator[tuple[StreamSlice, Mapping[str, Any]]]:
        self.in_order = context.in_order
        for number, one in enumerate(self.ids):
            self.given += 1
            yield StreamSlice({"site": number // 2}), {"id": one, "title": f"Page {one}", "tags": ["x"]}


def substream(name: str = "id", **more: Any) -> dict[str, Any]:
    config = {"stream": Pages(), "parent_key": "id", "partition_field": name, **more}
    return {"type": "SubstreamPartitionRouter", "parent_stream_configs": [{"type": "ParentStreamConfig", **config}]}


async def test_a_group_has_the_parents_slices_and_extra_fields_as_lists() -> None:
    router = build(grouped(substream(extra_fields=[["title"], ["tags", "0"]])))

    first, second = await walked([router], Api(1, 2, 1, 3).read_parent)

    assert dict(first) == {"id": [1, 2], "parent_slice": [{"site": 0}, {"site": 0}]}
    assert dict(second) == {"id": [3], "parent_slice": [{"site": 1}]}
    assert first.extra_fields == {"title": ["Page 1", "Page 2"], "tags.0": ["x", "x"]}


async def test_a_union_carries_the_parents_slice_as_an_extra_field() -> None:
    router = build(united(listed("a", 1), substream(extra_fields=[["title"]])))

    found = await walked([router], Api("a", 2).read_parent)

    assert [dict(partition) for partition in found] == [{"id": "a"}, {"id": "1"}, {"id": 2}]
    assert found[0].extra_fields == {}
    assert found[2].extra_fields == {"title": "Page 2", "parent_slice": {"site": 0}}


async def test_a_group_of_a_union_has_nothing_where_a_member_has_no_extra_field() -> None:
    router = build(grouped(united(listed("a"), substream(extra_fields=[["title"]]))))

    [group] = await walked([router], Api(2).read_parent)

    assert dict(group) == {"id": ["a", 2]}
    assert group.extra_fields == {"title": [None, "Page 2"], "parent_slice": [None, {"site": 0}]}


async def test_a_group_is_given_as_soon_as_it_is_full() -> None:
    api = Api(1, 1, 2, 3, 4)
    context = world(read_parent=api.read_parent).context
    groups = aiter(build(grouped(substream())).walk(context, {}))

    assert (dict(await anext(groups))["id"], api.given) == ([1, 2], 3)
    assert (dict(await anext(groups))["id"], api.given) == ([3, 4], 5)


async def test_a_union_reads_a_parent_when_its_turn_comes() -> None:
    api = Api(1, 2)
    context = world(read_parent=api.read_parent).context
    values = aiter(build(united(listed("a"), substream())).walk(context, {}))

    assert (dict(await anext(values)), api.given) == ({"id": "a"}, 0)
    assert (dict(await anext(values)), api.given) == ({"id": 1}, 1)


@pytest.mark.parametrize(
    ("definition", "in_order"),
    [(substream(), False), (grouped(substream()), True), (united(listed("a"), substream()), True)],
)
async def test_parents_are_read_in_order_where_the_order_matters(definition: dict[str, Any], in_order: bool) -> None:
    api = Api(1)

    await walked([build(definition)], api.read_parent)

    assert api.in_order is in_order


async def test_a_group_never_mixes_values_of_different_names() -> None:
    """Airbyte puts nothing in place of the values that are named otherwise than the group's first one."""
    parents = [*substream("page")["parent_stream_configs"], *substream("post")["parent_stream_configs"]]
    router = build(
        grouped({"type": "SubstreamPartitionRouter", "parent_stream_configs": parents}, 2, deduplicate=False)
    )

    found = await walked([router], Api(1, 2, 3).read_parent)

    assert [partition.get("page") or partition.get("post") for partition in found] == [[1, 2], [3], [1, 2], [3]]
    assert ["page" in partition for partition in found] == [True, True, False, False]


@pytest.mark.parametrize("definition", [grouped(listed("a")), united(listed("a"), listed("b"))])
def test_they_add_nothing_to_requests_by_themselves(definition: dict[str, Any]) -> None:
    draft = RequestDraft()

    build(definition).fill(draft, StreamSlice({"id": ["a"]}), {"config": {}})

    assert draft == RequestDraft()


def test_request_options_of_parents_are_found_inside() -> None:
    inner = substream(request_option=OPTION)

    [problem] = build(united(listed("a"), inner)).lint()

    assert problem.path == ("partition_routers", 1, "parent_stream_configs", 0, "request_option")


def test_parents_and_extra_fields_are_seen_through_all_wrapping() -> None:
    written = grouped(united(listed("a"), united(listed("b"), substream(extra_fields=[["a", "b"]]))))

    assert [parent.stream_name for parent in build(written).parents] == ["pages"]
    assert extra_field_names(written) == {"a.b", "parent_slice"}
    assert extra_field_names([grouped(substream(extra_fields=[["c"]])), listed("a")]) == {"c"}


def test_a_parent_whose_progress_is_lost_is_reported() -> None:
    tracked = substream(incremental_dependency=True)

    [problem] = build(united(tracked, tracked)).lint()

    assert problem.severity is Severity.WARNING
    assert "`pages` is read more than once" in problem.message


class Opaque(ValueRouter, role=True):
    """A router of another package that says nothing of its values."""

    def walk(self, context: Context, _seeds: Any) -> Any:
        return build(listed("a", "b")).walk(context, {})


async def test_a_router_of_another_package_can_be_grouped_and_united() -> None:
    group = build(grouped(listed("x"))).model_copy(update={"underlying_partition_router": Opaque()})
    union = build(united(listed("x"), listed("y"))).model_copy(update={"partition_routers": [Opaque(), Opaque()]})

    assert [dict(partition) for partition in await walked([group])] == [{"id": ["a", "b"]}]
    assert [dict(partition) for partition in await walked([union])] == [{"id": "a"}, {"id": "b"}]
    assert group.lint() == union.lint() == []
