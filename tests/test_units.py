"""Numbers are written with their units as people read them."""

from __future__ import annotations

import pytest

from core.units import duration, size, time_span


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.04, "0.0 s"), (9.94, "9.9 s"), (9.96, "10 s"), (59.6, "1 min 00 s"), (3599.6, "1 h 00 min"), (-1, "0.0 s")],
)
def test_durations(seconds: float, text: str) -> None:
    assert duration(seconds) == text


@pytest.mark.parametrize(
    ("number", "text"),
    [(999, "999 B"), (1000, "1.0 kB"), (999_960, "1.0 MB"), (5_400_000_000, "5.4 GB"), (10**16, "10000.0 TB")],
)
def test_sizes(number: int, text: str) -> None:
    assert size(number) == text


def test_a_size_below_a_kilobyte_is_written_out_in_sentences() -> None:
    assert [size(number, byte="bytes") for number in (0, 999, 1000)] == ["0 bytes", "999 bytes", "1.0 kB"]


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(1, "1 second"), (42, "42 seconds"), (210, "3.5 minutes"), (7200, "2 hours"), (864_000, "10 days")],
)
def test_time_spans(seconds: float, text: str) -> None:
    assert time_span(seconds) == text
