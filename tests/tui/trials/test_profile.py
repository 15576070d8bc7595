"""The profile of records: what each column holds."""

from __future__ import annotations

from tui.trials.profile import COLUMNS_PROFILED, Profile


def profile_of(*records: dict[str, object]) -> Profile:
    profile = Profile()
    profile.add(records)
    return profile


def test_a_column_tells_types_nulls_distinct_values_and_extremes() -> None:
    profile = profile_of({"n": 9, "t": "abc"}, {"n": 10.5, "t": "a"}, {"n": None, "t": "abc"}, {"t": "abcd"})
    numbers, texts = profile.columns["n"], profile.columns["t"]
    assert dict(numbers.types) == {"integer": 1, "number": 1}
    assert numbers.nulls(profile.records) == 0.5
    assert (numbers.smallest, numbers.largest) == (9, 10.5)
    assert numbers.histogram(2) == [1, 1]
    assert (texts.distinct.count, texts.shortest, texts.longest) == (3, "a", "abcd")


def test_key_candidates_differ_in_each_record_and_are_never_missing() -> None:
    assert profile_of({"id": 1, "a": 1, "b": 1}, {"id": 2, "a": 1}, {"id": 3, "a": 2, "b": 3}).key_candidates() == [
        "id"
    ]
    assert profile_of().key_candidates() == []


def test_many_distinct_values_are_an_estimate_that_says_so_and_name_no_key() -> None:
    profile = Profile()
    for start in range(0, 50_000, 1_000):
        profile.add({"id": number} for number in range(start, start + 1_000))
    distinct = profile.columns["id"].distinct
    assert not distinct.exact
    assert abs(distinct.count - 50_000) < 7_500
    assert profile.key_candidates() == []


def test_one_and_1_0_are_the_same_number_and_another_value_than_the_text() -> None:
    assert profile_of({"a": 1}, {"a": 1.0}, {"a": "1"}).columns["a"].distinct.count == 2


def test_numbers_without_a_place_in_a_histogram_are_counted_only() -> None:
    column = profile_of({"a": float("nan")}, {"a": 10**400}, {"a": float("inf")}, {"a": 3}).columns["a"]
    assert (column.values, column.smallest, column.largest, column.histogram(3)) == (4, 3, 3, [1, 0, 0])


def test_columns_beyond_the_limit_are_said_to_be_left_out() -> None:
    profile = profile_of({str(number): 1 for number in range(COLUMNS_PROFILED + 1)})
    assert len(profile.columns) == COLUMNS_PROFILED
    assert profile.columns_left_out
