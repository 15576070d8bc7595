"""The facts behind a job line stay small and true."""

from __future__ import annotations

import pytest

from core.progress.timeline import Kind, Mark, Pace, Timeline


def test_a_rate_is_that_of_the_last_seconds() -> None:
    pace = Pace()
    for tenth in range(100):
        pace.add(tenth / 10, 10 if tenth < 50 else 100)
    assert pace.rate(10.0) == pytest.approx(1000, rel=0.1)
    assert pace.rate(16.0) == 0


def test_a_curve_shows_when_things_came() -> None:
    pace = Pace()
    pace.add(0.0, 100)
    pace.add(9.9, 50)
    curve = pace.curve(10, 10.0)
    assert len(curve) == 10
    assert curve[0] == 1.0
    assert not any(curve[1:9])
    assert 0 < curve[9] < 1


def test_hours_of_amounts_take_no_more_room_than_minutes() -> None:
    pace = Pace()
    for second in range(36_000):
        pace.add(float(second), 7)
    assert len(pace._amounts) <= 96
    assert sum(pace._amounts) == pytest.approx(252_000)
    assert pace.rate(35_999.0) == pytest.approx(7, rel=0.5)


def test_thousands_of_polls_are_thinned_out_but_never_what_happened_once() -> None:
    line = Timeline()
    line.add(Mark(0.0, Kind.CREATED))
    for second in range(1, 5_000):
        line.add(Mark(float(second), Kind.RUNNING, "pending"))
        assert line.marks[-1].at == second, "the last one may still be said to have ended the job"
    line.add(Mark(5_000.0, Kind.COMPLETED, "ready"))
    assert len(line.marks) <= 256
    assert (line.marks[0].kind, line.marks[-1].kind) == (Kind.CREATED, Kind.COMPLETED)
    assert [mark.at for mark in line.marks] == sorted(mark.at for mark in line.marks)
