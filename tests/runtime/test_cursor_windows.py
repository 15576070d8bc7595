"""How the time of a stream is cut into windows, next to the reference."""

from __future__ import annotations

import itertools
import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.components.cursors import DatetimeBasedCursor
from core.errors import ReadError
from core.runtime.cursor import make_cursor
from core.runtime.cursor_progress import Interval
from core.runtime.timeline import Timeline, later
from core.templates.datetimes import parse_duration
from tests.support.oracle import Oracle
from tests.support.slicing import all_slices, world

DAY = {"datetime_format": "%Y-%m-%d", "cursor_granularity": "P1D"}
SECOND = {"datetime_format": "%Y-%m-%dT%H:%M:%SZ", "cursor_granularity": "PT1S"}
STATE: dict[str, Any] = {"at": "2024-01-05"}

CASES: list[tuple[dict[str, Any], dict[str, Any]]] = [
    ({**DAY, "start_datetime": "2024-01-01", "end_datetime": "2024-01-10", "step": "P3D"}, {}),
    ({**DAY, "start_datetime": "2024-01-01", "end_datetime": "2024-01-10", "step": "P3D"}, STATE),
    ({**DAY, "start_datetime": "2024-01-01", "end_datetime": "2024-01-10", "step": "P1D"}, STATE),
    ({**DAY, "start_datetime": "2024-01-01", "end_datetime": "2024-01-10", "step": "P100D"}, STATE),
    ({**DAY, "start_datetime": "2024-01-01", "end_datetime": "2024-01-01", "step": "P3D"}, {}),
    ({**DAY, "start_datetime": "2024-01-02", "end_datetime": "2024-01-01", "step": "P3D"}, {}),
    ({**DAY, "start_datetime": "2024-01-31", "end_datetime": "2024-07-15", "step": "P1M"}, {}),
    ({**DAY, "start_datetime": "2020-02-29", "end_datetime": "2024-03-15", "step": "P1Y"}, {}),
    (
        {
            **DAY,
            "start_datetime": "2024-01-01",
            "end_datetime": "2024-01-10",
            "step": "P3D",
            "lookback_window": "P2D",
        },
        STATE,
    ),
    (
        {
            **DAY,
            "start_datetime": "2024-01-04",
            "end_datetime": "2024-01-10",
            "step": "P3D",
            "lookback_window": "P1M",
        },
        STATE,
    ),
    ({**DAY, "start_datetime": "2024-01-07", "end_datetime": "2024-01-10", "step": "P3D"}, STATE),
    ({**DAY, "start_datetime": "2024-01-01", "end_datetime": "2024-01-05", "step": "P3D"}, STATE),
    (
        {
            **DAY,
            "start_datetime": "2024-01-01",
            "end_datetime": "2024-01-05",
            "step": "P3D",
            "is_compare_strictly": True,
        },
        STATE,
    ),
    ({**DAY, "start_datetime": "2024-01-01", "end_datetime": "2024-01-04", "step": "P3D"}, STATE),
    ({"datetime_format": "%Y-%m-%d", "start_datetime": "2024-01-01", "end_datetime": "2024-01-10"}, {}),
    ({"datetime_format": "%Y-%m-%d", "start_datetime": "2024-01-01", "end_datetime": "2024-01-10"}, STATE),
    ({"datetime_format": "%Y-%m-%d", "start_datetime": "2024-01-01", "end_datetime": "2024-01-05"}, STATE),
    (
        {
            **SECOND,
            "start_datetime": "2024-01-01T10:30:00Z",
            "end_datetime": "2024-01-02T00:00:00Z",
            "step": "PT5H",
        },
        {"at": "2024-01-01T11:00:07Z"},
    ),
    (
        {
            "datetime_format": "%s",
            "cursor_granularity": "PT1S",
            "start_datetime": {
                "type": "MinMaxDatetime",
                "datetime": "2024-01-01",
                "datetime_format": "%Y-%m-%d",
            },
            "end_datetime": "1704164645",
            "step": "PT7H",
        },
        {"at": 1704070000},
    ),
    (
        {
            "datetime_format": "%Y-%m-%dT%H:%M:%S.%_ms%z",
            "cursor_granularity": "PT0.001S",
            "start_datetime": "2024-01-01T00:00:00.000+0200",
            "end_datetime": "2024-01-02T00:00:00.500+0000",
            "step": "PT9H",
        },
        {},
    ),
    (
        {
            **SECOND,
            "cursor_datetime_formats": ["%s", "%Y-%m-%d"],
            "start_datetime": "2024-01-01T00:00:00Z",
            "end_datetime": "2024-01-03T00:00:00Z",
            "step": "P1D",
        },
        {"at": "2024-01-02"},
    ),
    (
        {
            **DAY,
            "start_datetime": {
                "type": "MinMaxDatetime",
                "datetime": "{{ config['since'] }}",
                "min_datetime": "2024-01-03",
                "max_datetime": "2024-01-08",
            },
            "end_datetime": {
                "type": "MinMaxDatetime",
                "datetime": "2024-03-01",
                "max_datetime": "2024-01-12",
            },
            "step": "P{{ config['days'] }}D",
        },
        {},
    ),
    (
        {
            **DAY,
            "start_datetime": "2024-01-10",
            "end_datetime": "2024-05-20",
            "step": "P1M",
            "clamping": {"target": "MONTH"},
        },
        {},
    ),
    (
        {
            **DAY,
            "start_datetime": "2024-01-10",
            "end_datetime": "2024-02-20",
            "step": "P1W",
            "clamping": {"target": "WEEK", "target_details": {"weekday": "SUNDAY"}},
        },
        {},
    ),
    (
        {
            **SECOND,
            "start_datetime": "2024-01-10T10:00:00Z",
            "end_datetime": "2024-01-14T18:00:00Z",
            "step": "P1D",
            "clamping": {"target": "DAY"},
        },
        {},
    ),
    (
        {
            "datetime_format": "%Y-%m-%d",
            "start_datetime": "2024-01-10",
            "end_datetime": "2024-05-20",
            "clamping": {"target": "MONTH"},
        },
        {},
    ),
    (
        {**DAY, "start_datetime": "2024-01-01", "end_datetime": "2024-01-20", "step": "P3D"},
        {
            "state_type": "date-range",
            "slices": [
                {"start": "2024-01-01", "end": "2024-01-03", "most_recent_cursor_value": "2024-01-02"},
                {"start": "2024-01-09", "end": "2024-01-10"},
                {"start": "2024-01-11", "end": "2024-01-13"},
            ],
        },
    ),
    (
        {**DAY, "start_datetime": "2024-01-01", "end_datetime": "2024-01-20", "step": "P3D"},
        {"state_type": "date-range", "slices": [{"start": "2024-01-09", "end": "2024-01-12"}]},
    ),
    *(
        ({**DAY, "start_datetime": "2024-01-01", "end_datetime": "2024-01-10", **lengths}, state)
        for lengths in (
            {"step": "P3D", "cursor_granularity": "PT0S"},
            {"step": "P1M", "cursor_granularity": "P0D"},
            {"step": "P0D"},
            {"step": "P0D", "cursor_granularity": "PT0S"},
        )
        for state in ({}, STATE)
    ),
]


@pytest.mark.parametrize(("definition", "state"), CASES, ids=range(len(CASES)))
async def test_windows_are_those_of_the_reference(
    oracle: Oracle, definition: dict[str, Any], state: dict[str, Any]
) -> None:
    config = {"since": "2023-12-12", "days": 2}
    written = {"cursor_field": "at", **definition}

    cursor = make_cursor(DatetimeBasedCursor.model_validate(written), None, world(config).context, state)
    slices = [list(slice_.cursor_slice.values()) for slice_ in await all_slices(cursor)]

    assert slices == oracle.ask("slicing", "windows", written, config, state)


async def test_without_an_end_reading_goes_up_to_now() -> None:
    component = DatetimeBasedCursor.model_validate(
        {"cursor_field": "at", "datetime_format": "%Y-%m-%dT%H:%M:%SZ", "start_datetime": "2024-01-01T00:00:00Z"}
    )

    [slice_] = await all_slices(make_cursor(component, None, world().context))

    assert dict(slice_) == {"start_time": "2024-01-01T00:00:00Z", "end_time": "2024-01-10T12:00:00Z"}


async def test_bounds_are_called_what_the_manifest_says() -> None:
    component = DatetimeBasedCursor.model_validate(
        {
            "cursor_field": "at",
            "datetime_format": "%Y-%m-%d",
            "start_datetime": "2024-01-01",
            "partition_field_start": "{{ parameters['from'] }}",
            "partition_field_end": "until",
            "$parameters": {"from": "since"},
        }
    )

    [slice_] = await all_slices(make_cursor(component, None, world().context))

    assert dict(slice_) == {"since": "2024-01-01", "until": "2024-01-10"}


moments = st.datetimes(datetime(2020, 1, 1), datetime(2020, 6, 1), timezones=st.just(UTC)).map(
    lambda moment: moment.replace(microsecond=0)
)
steps = st.sampled_from(["P1D", "P1W", "P1M", "PT36H", "P17D"]).map(parse_duration)
SECOND_LONG = timedelta(seconds=1)


@given(start=moments, end=moments, step=steps, covered=st.lists(st.tuples(moments, moments), max_size=3))
def test_windows_and_covered_time_together_are_the_whole_time_without_overlap(
    start: datetime, end: datetime, step: timedelta, covered: list[tuple[datetime, datetime]]
) -> None:
    bounds = sorted({moment for pair in covered for moment in pair})
    spans = [Interval(low, high) for low, high in zip(bounds[::2], bounds[1::2], strict=False)]
    timeline = Timeline("at", "%s", ("%s",), start, lambda: end, step, granularity=SECOND_LONG)

    windows = list(timeline.windows(spans))

    assert all(low <= high for low, high in windows)
    assert all(high - low <= later(low, step) - low for low, high in windows)
    known = [(max(span.start, start), min(span.end, end)) for span in spans]
    pieces = sorted([*windows, *[(low, high) for low, high in known if low <= high]])
    if start <= end:
        assert pieces[0][0] == start
        assert pieces[-1][1] == end
        for (_, high), (low, _) in itertools.pairwise(pieces):
            assert low == high + SECOND_LONG
    else:
        assert not windows


@given(start=moments, end=moments, step=steps)
def test_without_granularity_windows_touch(start: datetime, end: datetime, step: timedelta) -> None:
    windows = list(Timeline("at", "%s", ("%s",), start, lambda: end, step).windows([]))

    for (_, high), (low, _) in itertools.pairwise(windows):
        assert low == high
    if start < end:
        assert (windows[0][0], windows[-1][1]) == (start, end)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"step": "{{ config.get('length') or '' }}"}, "given together"),
        ({"step": "{{ config['step'] }}"}, "too short"),
        ({"step": "three days"}, "`step` of the cursor can't be used"),
        ({"start_datetime": "{{ config['soon'] }}"}, "can't be read"),
        ({"start_datetime": "{{ config['a']['b'] }}"}, "config['a']['b']"),
        ({"clamping": {"target": "{{ config['soon'] }}"}}, "must be DAY, WEEK or MONTH"),
    ],
)
async def test_what_config_makes_unusable_is_said_in_a_sentence(change: dict[str, Any], sentence: str) -> None:
    written = {"cursor_field": "at", **DAY, "start_datetime": "2024-01-01", "step": "P3D", **change}
    component = DatetimeBasedCursor.model_validate(written)

    with pytest.raises(ReadError, match=re.escape(sentence)):
        make_cursor(component, None, world({"step": "PT1H", "soon": "soon"}).context)
