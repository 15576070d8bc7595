"""Slices and state in every kind of date format, next to the reference."""

from __future__ import annotations

from typing import Any

import pytest

from core.components.cursors import DatetimeBasedCursor
from core.runtime.cursor import Cursor, make_cursor
from tests.support.oracle import Oracle
from tests.support.slicing import all_slices, read, world

FORMATS: dict[str, tuple[str, str, str, list[tuple[str, str]]]] = {
    "%Y%m%d": ("20240101", "20240109", "20240103", [("P1D", "P1D"), ("P1M", "P1D")]),
    "%d/%m/%Y": ("01/01/2024", "09/01/2024", "03/01/2024", [("P1W", "P1D")]),
    "%Y-%m": ("2024-01", "2024-07", "2024-03", [("P1M", "P1M"), ("P1Y", "P1M")]),
    "%Y": ("2020", "2024", "2022", [("P1Y", "P1Y")]),
    "%Y-%m-%dT%H": ("2024-01-01T00", "2024-01-03T07", "2024-01-02T05", [("PT12H", "PT1H"), ("P1D", "P1D")]),
    "%Y-%m-%dT%H:%M:%S%z": (
        "2024-01-01T00:00:00-1200",
        "2024-01-03T07:00:00-1200",
        "2024-01-02T05:00:01-1200",
        [("P1D", "PT1S"), ("P1D", "P1D")],
    ),
    "%Y-%m-%dT%H:%M:%S-1200": (
        "2024-01-01T00:00:00-1200",
        "2024-01-03T07:00:00-1200",
        "2024-01-02T05:00:01-1200",
        [("P1D", "PT1S")],
    ),
    "%Y-%m-%dT%H:%M:%S.%fZ": (
        "2024-01-01T00:00:00.000001Z",
        "2024-01-03T00:00:00.000001Z",
        "2024-01-02T00:00:00.000000Z",
        [("P1D", "PT0.000001S"), ("P1D", "P1D")],
    ),
    "%Y-%m-%dT%H:%M:%S.%_msZ": (
        "2024-01-01T00:00:00.001Z",
        "2024-01-03T07:00:00.999Z",
        "2024-01-02T05:00:01.123Z",
        [("P1D", "PT0.001S")],
    ),
    "%s": ("1704067200", "1704240000", "1704100000", [("P1D", "PT1S"), ("P1Y", "P1Y")]),
    "%ms": ("1704067200000", "1704240000123", "1704100000456", [("P1D", "PT0.001S"), ("P1D", "PT1S")]),
    "%s_as_float": ("1704067200.0", "1704240000.125", "1704100000.25", [("P1D", "PT0.000001S")]),
    "%epoch_microseconds": ("1704067200000000", "1704240000123456", "1704100000456789", [("P1D", "PT0.000001S")]),
}
CASES = [
    (
        {
            **{"cursor_field": "at", "datetime_format": format_, "start_datetime": start, "end_datetime": end},
            **({"step": step[0], "cursor_granularity": step[1]} if step else {}),
            **({"lookback_window": lookback} if lookback else {}),
        },
        state,
    )
    for format_, (start, end, value, steps) in FORMATS.items()
    for step in (None, *steps)
    for lookback in (None, "P1D", "PT1S")
    for state in ({}, {"at": value})
]


def cursor_of(written: dict[str, Any], state: dict[str, Any]) -> Cursor:
    return make_cursor(DatetimeBasedCursor.model_validate(written), None, world().context, state)


@pytest.mark.parametrize(("written", "state"), CASES, ids=range(len(CASES)))
async def test_slices_and_states_are_those_of_the_reference(
    oracle: Oracle, written: dict[str, Any], state: dict[str, Any]
) -> None:
    cursor = cursor_of(written, state)
    slices = await all_slices(cursor)
    bounds = [list(slice_.cursor_slice.values()) for slice_ in slices]
    closings = [(place, list(pair)[: 1 + place % 2]) for place, pair in enumerate(bounds)]
    states = [cursor.state()]
    for place, values in closings:
        read(cursor, slices[place], *({"at": found} for found in values))
        states.append(cursor.state())

    assert bounds == oracle.ask("slicing", "windows", written, {}, state)
    assert states == oracle.ask("slicing", "state_after", written, {}, state, closings)


async def test_a_format_without_zone_writes_the_earlier_clock(oracle: Oracle) -> None:
    """Airbyte writes 01:00 of the clock in +0300 and reads it as 01:00 in UTC: three hours are never asked for."""
    written = {
        "cursor_field": "at",
        "datetime_format": "%Y-%m-%dT%H:%M:%SZ",
        "cursor_datetime_formats": ["%Y-%m-%dT%H:%M:%S%z"],
        "start_datetime": "2024-01-01T00:00:00Z",
        "end_datetime": "2024-01-04T00:00:00Z",
    }
    for value, ours, theirs in (
        ("2024-01-03T01:00:00+0300", "2024-01-02T22:00:00Z", "2024-01-03T01:00:00Z"),
        ("2024-01-02T05:00:00-1200", "2024-01-02T05:00:00Z", "2024-01-02T05:00:00Z"),
    ):
        cursor = cursor_of(written, {})
        [slice_] = await all_slices(cursor)
        read(cursor, slice_, {"at": value})

        assert cursor.state() == {"at": ours}
        assert oracle.ask("slicing", "state_after", written, {}, {}, [(0, [value])])[-1] == {"at": theirs}


async def test_slices_are_read_by_the_format_that_wrote_them(oracle: Oracle) -> None:
    """Airbyte reads its own slices by the first format that fits records, seconds as milliseconds here."""
    written = {
        "cursor_field": "at",
        "datetime_format": "%s",
        "cursor_datetime_formats": ["%ms"],
        "start_datetime": "1704067200",
        "end_datetime": "1704240000",
        "step": "P1D",
        "cursor_granularity": "PT1S",
    }
    cursor = cursor_of(written, {})
    first, *_ = await all_slices(cursor)
    read(cursor, first)

    assert cursor.state() == {"at": "1704067200"}
    assert oracle.ask("slicing", "state_after", written, {}, {}, [(0, [])])[-1] == {"at": "1704067"}
