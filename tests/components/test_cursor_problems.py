"""What is found wrong with a cursor when the manifest is loaded."""

from __future__ import annotations

from typing import Any

import pytest

from core.components.cursors import Clamping, DatetimeBasedCursor, MinMaxDatetime
from core.manifest.problems import Path

GOOD: dict[str, Any] = {
    "cursor_field": "at",
    "datetime_format": "%Y-%m-%d",
    "start_datetime": "2024-01-01",
    "step": "P1M",
    "cursor_granularity": "P1D",
    "lookback_window": "P{{ config['days'] }}D",
}


@pytest.mark.parametrize("change", [{}, {"cursor_granularity": "PT0S"}, {"step": "P0D"}])
def test_a_good_cursor_has_no_problems(change: dict[str, Any]) -> None:
    assert DatetimeBasedCursor.model_validate({**GOOD, **change}).lint() == []


@pytest.mark.parametrize(
    ("change", "path", "words"),
    [
        ({"step": None}, ("cursor_granularity",), "only possible together with `step`"),
        ({"cursor_granularity": None}, ("step",), "only possible together with `cursor_granularity`"),
        ({"step": "1 month"}, ("step",), "not a duration"),
        ({"step": "PT1H"}, ("step",), "too short"),
        ({"lookback_window": "7d"}, ("lookback_window",), "not a duration"),
        ({"cursor_granularity": "day"}, ("cursor_granularity",), "not a duration"),
        ({"cursor_granularity": "PT1S"}, ("cursor_granularity",), "can't express a difference of PT1S"),
        ({"datetime_format": "YYYY-MM-DD"}, ("datetime_format",), "not a date format"),
        ({"datetime_format": "%Y-%Q"}, ("datetime_format",), "not a date format"),
        ({"cursor_datetime_formats": ["%s", "%-d"]}, ("cursor_datetime_formats", 1), "not a date format"),
        ({"start_datetime": "2024-01-01T00:00:00Z"}, ("start_datetime",), "can't be read"),
        ({"end_datetime": "today"}, ("end_datetime",), "can't be read"),
    ],
)
def test_a_problem_is_found_where_it_is(change: dict[str, Any], path: Path, words: str) -> None:
    [problem] = DatetimeBasedCursor.model_validate({**GOOD, **change}).lint()

    assert problem.path == path
    assert words in problem.message


def test_a_bounded_date_is_checked_with_its_own_format_or_the_cursors() -> None:
    bounded = MinMaxDatetime.model_validate({"datetime": "{{ config.x }}", "min_datetime": "1.1.2024"})
    own = MinMaxDatetime.model_validate({**bounded.model_dump(), "datetime_format": "%d.%m.%Y"})

    [problem] = DatetimeBasedCursor.model_validate({**GOOD, "start_datetime": bounded}).lint()
    assert problem.path == ("start_datetime", "min_datetime")
    assert DatetimeBasedCursor.model_validate({**GOOD, "start_datetime": own}).lint() == []
    assert own.lint() == []


def test_clamping_names_a_period() -> None:
    assert Clamping.model_validate({"target": "{{ config.x }}"}).lint() == []
    assert Clamping.model_validate({"target": "MONTH"}).lint() == []
    assert Clamping.model_validate({"target": "YEAR"}).lint()[0].path == ("target",)
    assert Clamping.model_validate({"target": "WEEK"}).lint()[0].path == ("target_details",)
