"""State of streams with partitions: for each partition, global, and of parent streams."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterator, Mapping
from typing import Any

import pytest

from core.components.cursors import DatetimeBasedCursor, IncrementingCountCursor
from core.components.partition_routers import ListPartitionRouter
from core.components.stream import DeclarativeStream
from core.errors import ReadError
from core.http.request import RequestDraft
from core.runtime import partitioned_cursor as module
from core.runtime.context import Context, ParentRead, ParentRecord
from core.runtime.cursor import Cursor, make_cursor
from core.runtime.slices import StreamSlice
from tests.support.oracle import Oracle
from tests.support.slicing import World, all_slices, build, read, world

WHOLE: dict[str, Any] = {
    "cursor_field": "at",
    "datetime_format": "%Y-%m-%d",
    "start_datetime": "2024-01-01",
    "end_datetime": "2024-01-12",
}
CUT = {**WHOLE, "step": "P6D", "cursor_granularity": "P1D"}
SAVED = {
    "use_global_cursor": False,
    "states": [
        {"partition": {"id": "a"}, "cursor": {"at": "2024-01-05"}},
        {"partition": {"id": "gone"}, "cursor": {"at": "2024-01-03"}},
    ],
    "state": {"at": "2024-01-06"},
    "lookback_window": 90,
}


def cursor_of(written: dict[str, Any], state: Mapping[str, Any] | None = None, *values: str) -> Cursor:
    router = ListPartitionRouter.model_validate({"values": list(values or "ab"), "cursor_field": "id"})
    return make_cursor(DatetimeBasedCursor.model_validate(written), router, world().context, state)


CASES: list[tuple[dict[str, Any], list[str], dict[str, Any], dict[str, list[str]]]] = [
    (WHOLE, ["a", "b"], {}, {"a": ["2024-01-05"], "b": ["2024-01-07"]}),
    (WHOLE, ["a", "b"], {}, {"a": ["2024-01-05"]}),
    (WHOLE, ["a", "b"], {}, {"a": [], "b": []}),
    (CUT, ["a", "b"], {}, {"a": ["2024-01-05"], "b": []}),
    (WHOLE, ["a", "b"], SAVED, {"a": ["2024-01-08"], "b": []}),
    (CUT, ["a", "b"], SAVED, {"a": ["2024-01-08"]}),
    (WHOLE, ["a", "b"], {"at": "2024-01-04"}, {"a": ["2024-01-08"], "b": []}),
    (WHOLE, ["a", "b"], {"at": "2024-01-04"}, {"a": []}),
    ({**WHOLE, "global_substream_cursor": True}, ["a", "b"], {}, {"a": ["2024-01-08"], "b": ["2024-01-02"]}),
    ({**WHOLE, "global_substream_cursor": True}, ["a", "b"], {}, {"a": ["2024-01-08"]}),
    (
        WHOLE,
        ["a", "b"],
        {"use_global_cursor": True, "state": {"at": "2024-01-06"}, "lookback_window": 90},
        {"a": [], "b": ["2024-01-08"]},
    ),
    (WHOLE, ["a", "b", "a"], {}, {"a": ["2024-01-05"], "b": []}),
]


@pytest.mark.parametrize(("definition", "values", "state", "readings"), CASES, ids=range(len(CASES)))
async def test_slices_and_final_state_are_those_of_the_reference(
    oracle: Oracle,
    definition: dict[str, Any],
    values: list[str],
    state: dict[str, Any],
    readings: dict[str, list[str]],
) -> None:
    cursor = cursor_of(definition, state, *values)
    slices = await all_slices(cursor)
    unread = dict(readings)
    for slice_ in slices:
        if slice_["id"] in readings:
            read(cursor, slice_, *({"at": value} for value in unread.pop(slice_["id"], [])))

    router = {"type": "ListPartitionRouter", "values": values, "cursor_field": "id"}
    expected = oracle.ask("slicing", "per_partition", definition, router, state, readings)
    assert {"slices": [dict(slice_) for slice_ in slices], "state": cursor.state()} == expected


LETTERS = {"type": "ListPartitionRouter", "values": ["a", "b", "c"], "cursor_field": "id"}
MORE_LETTERS = {**LETTERS, "values": ["c", "d"]}
GROUPS = {"type": "GroupingPartitionRouter", "group_size": 2, "underlying_partition_router": LETTERS}
UNION = {"type": "UnionPartitionRouter", "partition_field": "id", "partition_routers": [LETTERS, MORE_LETTERS]}
GROUPED_UNION = {**GROUPS, "underlying_partition_router": UNION}
GLOBAL = {"use_global_cursor": True, "state": {"at": "2024-01-06"}, "lookback_window": 90}
FIRST, SECOND = '["a", "b"]', '["c"]'

WRAPPED_CASES: list[tuple[dict[str, Any], dict[str, Any], dict[str, Any], dict[str, list[str]]]] = [
    (WHOLE, GROUPS, {}, {FIRST: ["2024-01-05"], SECOND: ["2024-01-07"]}),
    (WHOLE, GROUPS, {}, {FIRST: ["2024-01-05"]}),
    (CUT, GROUPS, GLOBAL, {FIRST: [], SECOND: ["2024-01-08"]}),
    (WHOLE, GROUPED_UNION, {}, {FIRST: ["2024-01-05"], '["c", "d"]': ["2024-01-07"]}),
    (WHOLE, UNION, {}, {"a": ["2024-01-05"], "b": [], "c": ["2024-01-08"], "d": ["2024-01-03"]}),
    (CUT, UNION, SAVED, {"a": ["2024-01-08"], "d": []}),
]


@pytest.mark.parametrize(("definition", "router", "state", "readings"), WRAPPED_CASES, ids=range(len(WRAPPED_CASES)))
async def test_groups_have_one_state_and_values_of_a_union_one_each_as_in_the_reference(
    oracle: Oracle,
    definition: dict[str, Any],
    router: dict[str, Any],
    state: dict[str, Any],
    readings: dict[str, list[str]],
) -> None:
    cursor = make_cursor(DatetimeBasedCursor.model_validate(definition), build(router), world().context, state)
    slices = await all_slices(cursor)
    unread = dict(readings)
    for slice_ in slices:
        key = slice_["id"] if isinstance(slice_["id"], str) else json.dumps(slice_["id"])
        if key in readings:
            read(cursor, slice_, *({"at": value} for value in unread.pop(key, [])))

    expected = oracle.ask("slicing", "per_partition", definition, router, state, readings)
    assert {"slices": [dict(slice_) for slice_ in slices], "state": cursor.state()} == expected


async def test_groups_have_one_state_also_after_a_read_without_groups() -> None:
    """Airbyte goes on with a state for each group then, though the groups may be others the next time."""
    cursor = make_cursor(DatetimeBasedCursor.model_validate(WHOLE), build(GROUPS), world().context, SAVED)
    first, second = await all_slices(cursor)
    assert first["start_time"] == second["start_time"] == "2024-01-05"

    read(cursor, first, {"at": "2024-01-08"})
    read(cursor, second)

    assert cursor.state() == {"use_global_cursor": True, "state": {"at": "2024-01-08"}, "lookback_window": 1}


async def test_the_global_value_waits_for_all_partitions_and_for_the_last_slice() -> None:
    cursor = cursor_of(WHOLE)
    slices = cursor.slices()
    first, second = await anext(slices), await anext(slices)

    read(cursor, first, {"at": "2024-01-05"})
    read(cursor, second, {"at": "2024-01-07"})
    assert "state" not in cursor.state(), "there may be more partitions"

    assert [slice_ async for slice_ in slices] == []
    assert cursor.state()["state"] == {"at": "2024-01-07"}


async def test_a_partition_whose_slice_failed_goes_on_at_its_gap() -> None:
    cursor = cursor_of(CUT, None, "a")
    failed, read_well = await all_slices(cursor)
    read(cursor, read_well, {"at": "2024-01-09"})

    again = await all_slices(cursor_of(CUT, cursor.state(), "a"))

    assert [dict(slice_) for slice_ in again] == [
        dict(failed),
        {"id": "a", "start_time": "2024-01-09", "end_time": "2024-01-12"},
    ]


async def test_a_partition_that_has_nothing_to_read_is_done() -> None:
    state = {"states": [{"partition": {"id": "a"}, "cursor": {"at": "2024-01-12"}}]}
    cursor = cursor_of(WHOLE, state)
    [only] = await all_slices(cursor)
    assert only["id"] == "b"

    read(cursor, only, {"at": "2024-01-02"})

    assert cursor.state()["state"] == {"at": "2024-01-12"}


async def test_skipped_slices_let_the_global_value_advance() -> None:
    cursor = cursor_of(WHOLE)
    first, second = await all_slices(cursor)

    read(cursor, first, {"at": "2024-01-05"})
    cursor.close(second, None)

    assert cursor.state()["state"] == {"at": "2024-01-05"}


async def test_too_many_partitions_are_saved_as_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "GLOBAL_ABOVE", 2)
    cursor = cursor_of(WHOLE, None, *"abcd")
    for slice_ in await all_slices(cursor):
        read(cursor, slice_, {"at": "2024-01-04"})

    assert cursor.state() == {"use_global_cursor": True, "state": {"at": "2024-01-04"}, "lookback_window": 1}


async def test_states_given_out_do_not_change_later() -> None:
    cursor = cursor_of(WHOLE)
    first, _second = await all_slices(cursor)
    before = cursor.state()
    read(cursor, first, {"at": "2024-01-05"})

    assert before["states"][0]["cursor"] == {"at": "2024-01-01"}


async def test_a_partition_is_filtered_by_its_own_state() -> None:
    cursor = cursor_of({**WHOLE, "is_client_side_incremental": True}, SAVED)
    first, second = await all_slices(cursor)
    keep_first, keep_second = cursor.filter(first), cursor.filter(second)

    assert keep_first is not None
    assert keep_second is not None
    assert keep_first({"at": "2024-01-05"})
    assert not keep_second({"at": "2024-01-04"})


async def test_start_end_and_partition_are_put_into_requests() -> None:
    option = {"type": "RequestOption", "inject_into": "request_parameter"}
    router = ListPartitionRouter.model_validate(
        {"values": ["a"], "cursor_field": "id", "request_option": {**option, "field_name": "who"}}
    )
    component = DatetimeBasedCursor.model_validate(
        {
            **WHOLE,
            "start_time_option": {**option, "field_name": "from"},
            "end_time_option": {"type": "RequestOption", "inject_into": "body_json", "field_path": ["to", "day"]},
        }
    )
    context = world().context
    cursor = make_cursor(component, router, context)
    [slice_] = await all_slices(cursor)
    draft = RequestDraft()
    scope = context.for_slice(slice_).scope(component)
    cursor.fill(draft, slice_, scope, await cursor.additions(slice_))

    assert draft.params == {"from": "2024-01-01", "who": "a"}
    assert draft.json == {"to": {"day": "2024-01-12"}}


@pytest.mark.parametrize("states", [[{"partition": {"id": "a"}}], "everything", [1]])
def test_a_state_that_can_not_be_read_is_explained(states: Any) -> None:
    with pytest.raises(ReadError, match="must have a `partition` and a `cursor`"):
        cursor_of(WHOLE, {"states": states})


def test_a_count_does_not_go_with_partitions() -> None:
    router = ListPartitionRouter.model_validate({"values": ["a"], "cursor_field": "id"})
    with pytest.raises(ReadError, match="can't be combined"):
        make_cursor(IncrementingCountCursor.model_validate({"cursor_field": "n"}), router, world().context)


class Parents(DeclarativeStream, role=True):
    """A parent stream whose slices are weeks, two of them."""

    name: str = "parents"
    retriever: Any = None
    incremental_sync: DatetimeBasedCursor = DatetimeBasedCursor.model_validate({**CUT, "cursor_field": "changed"})

    def cursor_field(self, context: Context) -> str:
        return self.incremental_sync.field_name(context)


PARENT_RECORDS = {
    "2024-01-01": [{"id": 1, "changed": "2024-01-02"}, {"id": 2, "changed": "2024-01-05"}],
    "2024-01-05": [{"id": 2, "changed": "2024-01-05"}],
    "2024-01-07": [{"id": 3, "changed": "2024-01-09"}],
}


def read_parents(stream: Parents, context: Context) -> ParentRead:
    def start(state: Mapping[str, Any] | None) -> tuple[Cursor, AsyncIterator[ParentRecord]]:
        cursor = make_cursor(stream.incremental_sync, None, context, state)
        return cursor, records(cursor)

    async def records(cursor: Cursor) -> AsyncIterator[ParentRecord]:
        async for slice_ in cursor.slices():
            observer = cursor.observer(slice_)
            for record in found(slice_):
                assert observer is not None
                observer(record)
                yield slice_, record
            cursor.close(slice_, observer)

    def found(slice_: StreamSlice) -> Iterator[dict[str, Any]]:
        for day, rows in PARENT_RECORDS.items():
            if day == slice_["start_time"]:
                yield from rows

    return ParentRead(start)


PARENT_IDS = {
    "type": "SubstreamPartitionRouter",
    "parent_stream_configs": [
        {
            "type": "ParentStreamConfig",
            "stream": Parents(),
            "parent_key": "id",
            "partition_field": "parent_id",
            "incremental_dependency": True,
        }
    ],
}


def child(
    state: Mapping[str, Any] | None = None, incremental: bool = True, router: Mapping[str, Any] = PARENT_IDS
) -> tuple[World, Cursor]:
    around = world(read_parent=read_parents)
    sync = DatetimeBasedCursor.model_validate(WHOLE) if incremental else None
    return around, make_cursor(sync, build(router), around.context, state)


async def test_the_parents_state_advances_when_the_children_of_a_slice_are_read() -> None:
    _, cursor = child()
    slices = cursor.slices()
    one, two, three = [await anext(slices) for _ in range(3)]

    read(cursor, two)
    assert cursor.state()["parent_state"] == {"parents": {"changed": "2024-01-01"}}
    read(cursor, one)
    assert cursor.state()["parent_state"] == {"parents": {"changed": "2024-01-05"}}
    assert [slice_ async for slice_ in slices] == []
    assert cursor.state()["parent_state"] == {"parents": {"changed": "2024-01-05"}}
    read(cursor, three)
    assert cursor.state()["parent_state"] == {"parents": {"changed": "2024-01-09"}}


@pytest.mark.parametrize(
    "state",
    [
        {"states": [], "parent_state": {"parents": {"changed": "2024-01-05"}}},
        {"states": [], "state": {"changed": "2024-01-05"}},
        {"at": "2024-01-05"},
    ],
    ids=["its own", "the global value", "the value of an old state"],
)
async def test_the_parent_goes_on_where_the_childs_state_says(state: dict[str, Any]) -> None:
    _, cursor = child(state)

    assert [slice_["parent_id"] for slice_ in await all_slices(cursor)] == [2]


async def test_from_every_state_on_no_parent_is_lost() -> None:
    _, cursor = child()
    slices = cursor.slices()
    one, two = await anext(slices), await anext(slices)
    read(cursor, one, {"at": "2024-01-03"})
    await anext(slices)
    interrupted = cursor.state()

    _, resumed = child(interrupted)
    again = {slice_["parent_id"]: slice_["start_time"] for slice_ in await all_slices(resumed)}

    assert two["parent_id"] == 2
    assert again == {1: "2024-01-03", 2: "2024-01-01", 3: "2024-01-01"}


async def test_without_a_cursor_of_its_own_a_stream_reads_all_parents_and_says_why() -> None:
    around, cursor = child({"at": "2024-01-05"}, incremental=False)

    assert [slice_["parent_id"] for slice_ in await all_slices(cursor)] == [1, 2, 3]
    assert len(around.messages) == 1
    assert "`incremental_dependency` has no effect" in around.messages[0]


IDS = {"type": "ListPartitionRouter", "values": ["x", "y"], "cursor_field": "parent_id"}
PARENT_GROUPS = {**GROUPS, "underlying_partition_router": PARENT_IDS}
PARENT_UNION = {"type": "UnionPartitionRouter", "partition_field": "parent_id", "partition_routers": [PARENT_IDS, IDS]}


async def test_the_parents_state_waits_for_the_group_that_holds_the_last_of_a_slice() -> None:
    _, cursor = child(router={**PARENT_GROUPS, "group_size": 1})
    slices = cursor.slices()
    one, two, three = [await anext(slices) for _ in range(3)]
    assert [one["parent_id"], two["parent_id"], three["parent_id"]] == [[1], [2], [3]]

    read(cursor, one, {"at": "2024-01-02"})
    assert cursor.state()["parent_state"] == {"parents": {"changed": "2024-01-01"}}
    read(cursor, two)
    assert cursor.state()["parent_state"] == {"parents": {"changed": "2024-01-05"}}
    read(cursor, three)
    assert [slice_ async for slice_ in slices] == []
    assert cursor.state()["parent_state"] == {"parents": {"changed": "2024-01-09"}}


async def test_a_group_over_two_slices_of_the_parent_holds_back_both() -> None:
    _, cursor = child(router={**PARENT_GROUPS, "deduplicate": False, "group_size": 3})
    slices = cursor.slices()
    both = await anext(slices)
    assert both["parent_id"] == [1, 2, 3]
    assert cursor.state().get("parent_state") in (None, {"parents": {"changed": "2024-01-01"}}, {"parents": {}})

    assert [slice_ async for slice_ in slices] == []
    assert cursor.state().get("parent_state") in (None, {"parents": {"changed": "2024-01-01"}}, {"parents": {}})
    read(cursor, both)
    assert cursor.state()["parent_state"] == {"parents": {"changed": "2024-01-09"}}


@pytest.mark.parametrize(
    "router", [PARENT_GROUPS, {**PARENT_GROUPS, "underlying_partition_router": PARENT_UNION}, PARENT_UNION]
)
async def test_parents_inside_go_on_where_the_state_says(router: dict[str, Any]) -> None:
    _, cursor = child({"states": [], "parent_state": {"parents": {"changed": "2024-01-05"}}}, router=router)

    first = (await all_slices(cursor))[0]["parent_id"]

    assert first in (2, [2], [2, "x"])


async def test_in_a_union_the_parents_state_advances_when_the_next_router_has_its_turn() -> None:
    _, cursor = child(router=PARENT_UNION)
    slices = cursor.slices()
    for _ in range(3):
        read(cursor, await anext(slices))
    assert cursor.state()["parent_state"] == {"parents": {"changed": "2024-01-05"}}

    await anext(slices)
    assert cursor.state()["parent_state"] == {"parents": {"changed": "2024-01-09"}}


async def test_no_parent_is_lost_when_a_read_of_groups_is_cut_short() -> None:
    _, cursor = child(router=PARENT_GROUPS)
    slices = cursor.slices()
    await anext(slices)
    read(cursor, await anext(slices), {"at": "2024-01-03"})
    interrupted = cursor.state()

    _, resumed = child(interrupted, router=PARENT_GROUPS)

    assert [slice_["parent_id"] for slice_ in await all_slices(resumed)] == [[1, 2], [3]]


async def test_a_parent_inside_is_also_said_to_be_read_in_full() -> None:
    around, cursor = child(incremental=False, router=PARENT_GROUPS)

    await all_slices(cursor)

    assert "`incremental_dependency` has no effect" in around.messages[0]
