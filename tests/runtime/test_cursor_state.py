"""What a cursor over time remembers, next to the reference, and how a read goes on from it."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.components.cursors import DatetimeBasedCursor, IncrementingCountCursor
from core.errors import ReadError
from core.runtime.cursor import Cursor, make_cursor
from core.runtime.slices import StreamSlice
from tests.support.oracle import Oracle
from tests.support.slicing import all_slices, read, world

DAYS: dict[str, Any] = {
    "cursor_field": "at",
    "datetime_format": "%Y-%m-%d",
    "start_datetime": "2024-01-01",
    "end_datetime": "2024-01-12",
    "step": "P3D",
    "cursor_granularity": "P1D",
}
OTHER_INPUT = {**DAYS, "cursor_datetime_formats": ["%Y-%m-%dT%H:%M:%SZ", "%s"]}
WHOLE = {key: DAYS[key] for key in ("cursor_field", "datetime_format", "start_datetime", "end_datetime")}


def cursor_of(written: dict[str, Any], state: dict[str, Any] | None = None, **config: Any) -> Cursor:
    return make_cursor(DatetimeBasedCursor.model_validate(written), None, world(config).context, state)


def bounds(slices: list[StreamSlice]) -> list[list[Any]]:
    return [list(slice_.cursor_slice.values()) for slice_ in slices]


IN_ORDER: list[tuple[dict[str, Any], dict[str, Any], list[tuple[int, list[Any]]]]] = [
    (DAYS, {}, [(0, ["2024-01-02", "2024-01-01"]), (1, ["2024-01-06"]), (2, []), (3, ["2024-01-10"])]),
    (DAYS, {}, [(0, []), (1, []), (2, ["2024-01-08"]), (3, [])]),
    (DAYS, {"at": "2024-01-05"}, [(0, []), (1, ["2024-01-09", None, "no date"])]),
    (DAYS, {"at": "2024-01-05", "older": 1}, [(0, ["2024-01-05"])]),
    (DAYS, {"at": "2023-06-01"}, [(0, [])]),
    ({**DAYS, "lookback_window": "P2D"}, {"at": "2024-01-08"}, [(0, ["2024-01-07"]), (1, ["2024-01-10"])]),
    (OTHER_INPUT, {"at": "1704326400"}, [(0, ["2024-01-05T13:00:00Z", 1704530000])]),
    (WHOLE, {}, [(0, ["2024-01-07"])]),
    (WHOLE, {"at": "2024-01-05"}, [(0, [])]),
    (
        DAYS,
        {"state_type": "date-range", "slices": [{"start": "2024-01-01", "end": "2024-01-12"}]},
        [],
    ),
]


@pytest.mark.parametrize(("definition", "state", "closings"), IN_ORDER, ids=range(len(IN_ORDER)))
async def test_slices_closed_in_order_give_the_states_of_the_reference(
    oracle: Oracle,
    definition: dict[str, Any],
    state: dict[str, Any],
    closings: list[tuple[int, list[Any]]],
) -> None:
    cursor = cursor_of(definition, state)
    slices = await all_slices(cursor)
    states = [cursor.state()]
    for index, values in closings:
        read(cursor, slices[index], *({"at": value} for value in values))
        states.append(cursor.state())

    assert states == oracle.ask("slicing", "state_after", definition, {}, state, closings)


async def test_a_skipped_slice_does_not_hold_up_the_later_ones() -> None:
    cursor = cursor_of(DAYS)
    first, second, third, *_ = await all_slices(cursor)

    read(cursor, first, {"at": "2024-01-02"})
    cursor.close(second, None)
    read(cursor, third, {"at": "2024-01-08"})

    assert cursor.state() == {"at": "2024-01-08"}


async def test_a_slice_that_failed_is_the_only_one_that_is_read_again(oracle: Oracle) -> None:
    cursor = cursor_of(DAYS)
    first, _second, third, fourth = await all_slices(cursor)
    for slice_, value in ((first, "2024-01-02"), (third, "2024-01-08"), (fourth, "2024-01-11")):
        read(cursor, slice_, {"at": value})

    state = cursor.state()

    assert state["state_type"] == "date-range"
    again = bounds(await all_slices(cursor_of(DAYS, state)))
    assert again == [["2024-01-04", "2024-01-06"], ["2024-01-11", "2024-01-12"]]
    assert again == oracle.ask("slicing", "windows", DAYS, {}, state)


async def test_when_the_gap_is_closed_the_state_is_plain_again() -> None:
    cursor = cursor_of(DAYS)
    first, second, third, fourth = await all_slices(cursor)
    for slice_, value in ((first, "2024-01-02"), (third, "2024-01-08"), (fourth, "2024-01-11")):
        read(cursor, slice_, {"at": value})

    resumed = cursor_of(DAYS, cursor.state())
    for slice_ in await all_slices(resumed):
        cursor_value = slice_["end_time"]
        read(resumed, slice_, {"at": cursor_value})

    assert resumed.state() == {"at": "2024-01-12"}
    read(cursor, second)
    assert cursor.state() == {"at": "2024-01-11"}


async def test_the_first_slice_failing_leaves_its_time_and_the_lookback_window_to_be_read(
    oracle: Oracle,
) -> None:
    written = {**DAYS, "lookback_window": "P2D"}
    cursor = cursor_of(written, {"at": "2024-01-05"})
    failed, second, third = await all_slices(cursor)
    read(cursor, second, {"at": "2024-01-07"})
    read(cursor, third, {"at": "2024-01-10"})

    again = bounds(await all_slices(cursor_of({**DAYS}, cursor.state())))

    assert bounds([failed]) == [["2024-01-03", "2024-01-05"]]
    assert again == [["2024-01-03", "2024-01-05"], ["2024-01-10", "2024-01-12"]]
    assert again == oracle.ask("slicing", "windows", DAYS, {}, cursor.state())


async def test_the_state_does_not_pass_what_was_asked_for() -> None:
    cursor = cursor_of(DAYS)
    first, *_ = await all_slices(cursor)

    read(cursor, first, {"at": "2024-01-02"}, {"at": "2099-01-01"})

    assert cursor.state() == {"at": "2024-01-04"}, "the next slice begins there"


async def test_with_clamping_the_state_moves_on() -> None:
    written = {**DAYS, "start_datetime": "2023-10-15", "step": "P1M", "clamping": {"target": "MONTH"}}
    cursor = cursor_of(written)
    slices = await all_slices(cursor)
    for slice_ in slices:
        read(cursor, slice_, {"at": slice_["end_time"]})

    assert bounds(slices)[0] == ["2023-11-01", "2023-11-30"]
    assert cursor.state() == {"at": "2023-12-31"}
    assert bounds(await all_slices(cursor_of(written, cursor.state()))) == []


async def test_a_granularity_finer_than_the_format_leaves_no_gaps() -> None:
    cursor = cursor_of({**DAYS, "cursor_granularity": "PT1S"})
    for slice_ in await all_slices(cursor):
        read(cursor, slice_, {"at": slice_["end_time"]})

    assert cursor.state() == {"at": "2024-01-12"}


async def test_a_slice_known_only_by_its_texts_can_be_closed() -> None:
    cursor = cursor_of(DAYS)
    read(cursor, StreamSlice({}, {"start_time": "2024-01-01", "end_time": "2024-01-03"}), {"at": "2024-01-02"})

    assert cursor.state() == {"at": "2024-01-02"}


closing_orders = st.permutations(range(4)).flatmap(
    lambda order: st.integers(0, 4).map(lambda count: list(order)[:count])
)


@given(order=closing_orders, value_days=st.lists(st.integers(0, 2) | st.none(), min_size=4, max_size=4))
async def test_from_every_state_all_time_that_was_not_closed_is_read(
    order: list[int], value_days: list[int | None]
) -> None:
    cursor = cursor_of(DAYS)
    slices = await all_slices(cursor)
    for index in order:
        day = value_days[index]
        records = [] if day is None else [{"at": f"2024-01-{1 + 3 * index + day:02d}"}]
        read(cursor, slices[index], *records)

    again = bounds(await all_slices(cursor_of(DAYS, cursor.state())))

    days = {day for start, end in again for day in range(int(start[-2:]), int(end[-2:]) + 1)}
    missing = {1 + 3 * index + day for index in range(4) if index not in order for day in range(3)}
    assert missing <= days


async def test_records_without_a_usable_value_are_warned_about_once() -> None:
    around = world()
    cursor = make_cursor(DatetimeBasedCursor.model_validate(DAYS), None, around.context)
    for slice_ in await all_slices(cursor):
        read(cursor, slice_, {"at": None}, {}, {"at": "yesterday"})

    assert len(around.messages) == 1
    assert "`at`" in around.messages[0]


@pytest.mark.parametrize(
    ("state", "sentence"),
    [
        ({"at": "05.01.2024"}, "fits none of the date formats %Y-%m-%d"),
        ({"state_type": "date-range", "slices": [{"start": "2024-01-01"}]}, "`start` and an `end`"),
        ({"state_type": "date-range", "slices": "all"}, "`start` and an `end`"),
    ],
)
def test_a_state_that_can_not_be_read_is_explained(state: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ReadError, match=re.escape(sentence)):
        cursor_of(DAYS, state)


async def test_client_side_filtering_keeps_what_is_new_and_what_has_no_date() -> None:
    written = {**WHOLE, "is_client_side_incremental": True, "lookback_window": "P1D"}
    cursor = cursor_of(written, {"at": "2024-01-05"})
    [slice_] = await all_slices(cursor)
    keep = cursor.filter(slice_)

    assert keep is not None
    values = ["2024-01-03", "2024-01-04", "2024-01-12", "2024-01-13", None, "?"]
    assert [keep({"at": value}) for value in values] == [False, True, True, False, True, True]
    assert cursor.feed_end(slice_) is None


async def test_a_data_feed_ends_at_the_first_record_that_is_known() -> None:
    cursor = cursor_of({**WHOLE, "is_data_feed": True}, {"at": "2024-01-05"})
    [slice_] = await all_slices(cursor)
    is_older, keep = cursor.feed_end(slice_), cursor.filter(slice_)

    assert is_older is not None
    assert keep is not None
    assert [is_older({"at": value}) for value in ("2024-01-06", "2024-01-05", "2024-01-04", None)] == [
        False,
        False,
        True,
        False,
    ]


async def test_a_stream_without_cursor_is_one_slice_and_says_so_in_its_state() -> None:
    cursor = make_cursor(None, None, world().context, {"whatever": 1})
    slices = await all_slices(cursor)

    assert [dict(slice_) for slice_ in slices] == [{}]
    assert cursor.observer(slices[0]) is None
    cursor.close(slices[0], None)
    assert cursor.state() == {"__ab_no_cursor_state_message": True}


@pytest.mark.parametrize(
    ("state", "start", "end"), [({}, 10, 15), ({"n": 12}, 12, 15), ({"n": 3}, 10, 15), ({"n": 20}, 20, 20)]
)
async def test_a_count_goes_on_from_the_highest_number(state: dict[str, Any], start: int, end: int) -> None:
    component = IncrementingCountCursor.model_validate({"cursor_field": "n", "start_value": "{{ config.first }}"})
    cursor = make_cursor(component, None, world({"first": 10}).context, state)
    [slice_] = await all_slices(cursor)

    assert slice_["start"] == start
    read(cursor, slice_, {"n": 11}, {"n": 15}, {"n": "x"}, {})
    assert cursor.state() == {"n": end}
