from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.http.budget import FixedWindow, MovingWindow, RateWindow


def called(window: RateWindow, now: float, calls: int = 1) -> float:
    """The seconds until the calls are allowed; they are counted when that is now."""
    wait = window.wait(calls, now)
    if not wait:
        window.count(calls, now)
    return wait


# A fixed window


def test_a_fixed_window_begins_with_its_first_call() -> None:
    window = FixedWindow(2, 10)
    assert [called(window, 100), called(window, 103), called(window, 104)] == [0, 0, 6]
    assert called(window, 110) == 0
    assert [called(window, 115), called(window, 116)] == [0, 4]


def test_heavier_calls_use_more_of_a_fixed_window() -> None:
    window = FixedWindow(10, 60)
    assert [called(window, 0, 7), called(window, 1, 4), called(window, 2, 3)] == [0, 59, 0]


def test_the_api_can_reduce_the_calls_of_a_fixed_window_but_not_add_any() -> None:
    window = FixedWindow(10, 60)
    called(window, 0)
    window.correct(50, None, 1)
    assert window.wait(9, 1) == 0
    window.correct(2, None, 1)
    assert [window.wait(2, 1), window.wait(3, 1)] == [0, 59]


@pytest.mark.parametrize("ends_in", [5.0, 500.0])
def test_the_api_says_when_a_fixed_window_ends(ends_in: float) -> None:
    window = FixedWindow(1, 60)
    called(window, 0)
    window.correct(0, ends_in, 10)
    assert called(window, 10) == ends_in
    assert called(window, 10 + ends_in) == 0
    assert called(window, 10 + ends_in) == 60


def test_a_response_from_an_earlier_window_changes_nothing() -> None:
    window = FixedWindow(3, 60)
    called(window, 0)
    window.correct(0, -2, 10)
    assert window.wait(2, 10) == 0


def test_calls_that_did_not_wait_delay_later_ones() -> None:
    window = FixedWindow(2, 60)
    for _ in range(3):
        window.count(1, 0)
    assert window.wait(1, 0) == 60


# A moving window


def test_a_moving_window_frees_calls_one_by_one() -> None:
    window = MovingWindow([(2, 10)])
    assert [called(window, 0), called(window, 3), called(window, 4)] == [0, 0, 6]
    assert [called(window, 10), called(window, 10)] == [0, 3]
    assert called(window, 13) == 0


def test_all_rates_hold() -> None:
    window = MovingWindow([(2, 1), (3, 60)])
    assert [called(window, 0), called(window, 0), called(window, 0)] == [0, 0, 1]
    assert [called(window, 1), called(window, 2)] == [0, 58]


def test_a_heavy_call_waits_until_enough_are_free() -> None:
    window = MovingWindow([(5, 10)])
    for now in (0, 1, 2, 3, 4):
        called(window, now)
    assert window.wait(3, 5) == 7


def test_no_calls_left_counts_as_if_all_calls_had_been_made() -> None:
    window = MovingWindow([(3, 10), (100, 60)])
    called(window, 0)
    window.correct(0, None, 4)
    assert window.wait(1, 4) == 6
    assert window.wait(2, 4) == 10


def test_no_calls_left_until_a_reset_waits_for_the_reset() -> None:
    window = MovingWindow([(3, 10)])
    window.correct(0, 25, 0)
    assert [window.wait(1, 0), window.wait(1, 20), window.wait(1, 25)] == [25, 5, 0]


@pytest.mark.parametrize(("left", "ends_in"), [(1, None), (1, 20.0), (None, 20.0), (0, -1.0)])
def test_whatever_else_the_api_says_changes_nothing(left: int | None, ends_in: float | None) -> None:
    window = MovingWindow([(3, 10)])
    window.correct(left, ends_in, 0)
    assert window.wait(3, 0) == 0


def test_calls_that_did_not_wait_delay_later_ones_in_a_moving_window() -> None:
    window = MovingWindow([(2, 10)])
    for now in (0, 1, 2):
        window.count(1, now)
    assert window.wait(1, 2) == 9


@given(
    st.lists(st.tuples(st.integers(1, 5), st.integers(1, 20)), min_size=1, max_size=3),
    st.lists(st.tuples(st.integers(0, 10), st.just(1)), max_size=60),
)
def test_no_interval_ever_has_more_calls_than_allowed(
    rates: list[tuple[int, int]], calls: list[tuple[int, int]]
) -> None:
    window = MovingWindow([(limit, float(interval)) for limit, interval in rates])
    now, made = 0.0, []
    for pause, weight in calls:
        now += pause
        while wait := called(window, now, weight):
            assert wait > 0
            now += wait
        made.append(now)
    for limit, interval in rates:
        for start in made:
            assert sum(start <= at < start + interval for at in made) <= limit
