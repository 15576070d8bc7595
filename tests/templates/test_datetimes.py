"""Dates are read and written with Airbyte's format tokens."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

import pytest

from core.templates import Template, TemplateError
from core.templates.datetimes import DatetimeError, format_datetime, parse_any, parse_datetime, parse_duration
from tests.support.oracle import Oracle

PARSED: list[tuple[str | int | float, str]] = [
    ("1706688309", "%s"),
    (1706688309, "%s"),
    (-5, "%s"),
    ("1706688309.25", "%s_as_float"),
    (1706688309.25, "%s_as_float"),
    ("1706688309123", "%ms"),
    (1706688309123, "%ms"),
    ("1706688309123456", "%epoch_microseconds"),
    ("2024-01-31", "%Y-%m-%d"),
    ("2024-1-3", "%Y-%m-%d"),
    ("20240131", "%Y%m%d"),
    (20240131, "%Y%m%d"),
    ("2024-01-31T08:05:09", "%Y-%m-%dT%H:%M:%S"),
    ("2024-01-31 08:05:09", "%Y-%m-%d %H:%M:%S"),
    ("2024-01-31T08:05:09Z", "%Y-%m-%dT%H:%M:%SZ"),
    ("2024-01-31T08:05:09Z", "%Y-%m-%dT%H:%M:%S%z"),
    ("2024-01-31T08:05:09+02:00", "%Y-%m-%dT%H:%M:%S%z"),
    ("2024-01-31T08:05:09+0200", "%Y-%m-%dT%H:%M:%S%z"),
    ("2024-01-31T08:05:09.1Z", "%Y-%m-%dT%H:%M:%S.%fZ"),
    ("2024-01-31T08:05:09.123Z", "%Y-%m-%dT%H:%M:%S.%fZ"),
    ("2024-01-31T08:05:09.123456-08:00", "%Y-%m-%dT%H:%M:%S.%f%z"),
    ("2024-01-31T08:05:09.123Z", "%Y-%m-%dT%H:%M:%S.%_msZ"),
    ("2024-01-31T08:05:09.123456Z", "%Y-%m-%dT%H:%M:%S.%_msZ"),
    ("31 Jan 2024", "%d %b %Y"),
]
FORMATS = [
    "%s", "%s_as_float", "%ms", "%epoch_microseconds", "%Y-%m-%d", "%Y-%m-%dT%H:%M:%S.%_msZ",
    "%Y-%m-%dT%H:%M:%S.%fZ", "%Y-%m-%dT%H:%M:%S%z", "%d.%m.%y %j %%",
]  # fmt: skip


@pytest.fixture
def far_time_zone(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The machine stands in another time zone."""
    monkeypatch.setenv("TZ", "Pacific/Kiritimati")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


def test_values_are_parsed_as_in_the_reference(oracle: Oracle) -> None:
    expected = oracle.ask("templates", "parsed_dates", PARSED)
    assert [parse_datetime(value, format).isoformat() for value, format in PARSED] == expected


def test_dates_are_formatted_as_in_the_reference(oracle: Oracle) -> None:
    cases = [(value, parse_format, format) for value, parse_format in PARSED for format in FORMATS]
    expected = oracle.ask("templates", "formatted_dates", cases)
    found = [format_datetime(parse_datetime(value, parse_format), format) for value, parse_format, format in cases]
    assert dict(zip(cases, found, strict=True)) == dict(zip(cases, expected, strict=True))


def test_milliseconds_and_microseconds_are_exact() -> None:
    for milliseconds in range(1706688309000, 1706688310000, 7):
        assert format_datetime(parse_datetime(milliseconds, "%ms"), "%ms") == str(milliseconds)
        microseconds = milliseconds * 1000 + 1
        moment = parse_datetime(microseconds, "%epoch_microseconds")
        assert format_datetime(moment, "%epoch_microseconds") == str(microseconds)


def test_seconds_do_not_depend_on_the_machines_time_zone(far_time_zone: None) -> None:
    assert format_datetime(datetime(2024, 1, 31), "%s") == "1706659200"
    context = {"day": "2024-01-31"}
    assert Template("{{ format_datetime(str_to_datetime(day), '%s') }}").evaluate(context) == 1706659200


@pytest.mark.parametrize(
    ("value", "format"),
    [
        ("2024-13-01", "%Y-%m-%d"),
        ("2024-01-01T25:00:00Z", "%Y-%m-%dT%H:%M:%SZ"),
        ("2024-01-01", "%Y-%m-%dT%H:%M:%SZ"),
        ("soon", "%s"),
        ("", "%Y"),
        (10**30, "%ms"),
        (float("nan"), "%s_as_float"),
        (10**30, "%s_as_float"),
    ],
)
def test_a_value_that_does_not_fit_is_reported_with_the_format(value: str | float, format: str) -> None:
    with pytest.raises(DatetimeError, match="does not fit the date format") as caught:
        parse_datetime(value, format)
    assert format in str(caught.value)
    assert repr(value) in str(caught.value)


def test_any_iso_date_is_understood() -> None:
    noon = datetime(2024, 1, 31, 12, tzinfo=UTC)
    for text in ("2024-01-31T12:00:00Z", "2024-01-31 14:00:00+02:00", "20240131T120000", "2024-01-31T12"):
        assert parse_any(text) == noon
    assert parse_any(1706702400) == parse_any(1706702400.0) == noon
    assert parse_any(date(2024, 1, 31)) == noon - timedelta(hours=12)
    assert parse_any("2024-01-30T24:00:00") == noon - timedelta(hours=12)
    with pytest.raises(DatetimeError, match="ISO-8601"):
        parse_any("tomorrow")


def test_durations_are_spans_or_calendar_durations() -> None:
    assert parse_duration("P1DT2H") == timedelta(days=1, hours=2)
    assert datetime(2024, 3, 31, tzinfo=UTC) - parse_duration("P1M") == datetime(2024, 2, 29, tzinfo=UTC)
    with pytest.raises(DatetimeError, match="duration"):
        parse_duration("a day")


def test_float_timestamps_and_dates_can_be_formatted() -> None:
    """The reference gives back the text of the template instead."""
    assert Template("{{ format_datetime(1.5, '%Y') }}").evaluate({}) == 1970
    assert Template("{{ format_datetime(t, '%ms') }}").evaluate({"t": 1706688309.25}) == 1706688309250
    today = Template("{{ format_datetime(today_utc(), '%Y-%m-%d') == now_utc().strftime('%Y-%m-%d') }}")
    assert today.evaluate({}) is True


def test_times_can_be_formatted_with_every_token() -> None:
    """The reference knows the tokens for texts and numbers only."""
    context = {"moment": datetime(2024, 1, 31, 8, 5, 9, 123456, UTC)}
    assert Template("{{ format_datetime(moment, '%ms') }}").evaluate(context) == 1706688309123
    assert Template("{{ format_datetime(moment, '%S.%_ms') }}").text(context) == "09.123"
    assert Template("{{ timestamp(moment) }}").evaluate(context) == 1706688309.123456


def test_texts_can_be_parsed_with_every_token() -> None:
    assert Template("{{ format_datetime('1706688309123', '%Y-%m-%d', '%ms') }}").evaluate({}) == "2024-01-31"
    with pytest.raises(TemplateError, match="do not fit together"):
        Template("{{ format_datetime(none, '%Y') }}").evaluate({})
