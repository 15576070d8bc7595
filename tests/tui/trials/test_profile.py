"""The profile of records: what each column holds."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from tui.trials import profile as profiles
from tui.trials.profile import COLUMNS_PROFILED, ColumnSummary, Profile, key_candidates


def profile_of(*records: Mapping[str, object]) -> Profile:
    profile = Profile()
    profile.add(records)
    profile.look_for_repeats()
    return profile


def columns_of(*records: Mapping[str, object]) -> dict[str, ColumnSummary]:
    return {column.name: column for column in profile_of(*records).summaries()}


def column_of(*values: object) -> ColumnSummary:
    return columns_of(*({"a": value} for value in values))["a"]


def keys_of(profile: Profile) -> list[str]:
    return [column.name for column in key_candidates(profile.summaries(), profile.records)]


def test_a_column_tells_types_nulls_distinct_values_and_extremes() -> None:
    columns = columns_of({"n": 9, "t": "abc"}, {"n": 10.5, "t": "a"}, {"n": None, "t": "abc"}, {"t": "abcd"})
    numbers, texts = columns["n"], columns["t"]
    assert numbers.types == (("integer", 1), ("number", 1))
    assert (numbers.missing, numbers.least, numbers.most) == (2, "9", "10.5")
    assert (texts.distinct, texts.distinct_is_exact) == (3, True)
    assert (texts.least, texts.most, texts.histogram) == ("a", "abcd", (1, 0, 2, 1))


def test_dates_and_times_are_compared_as_such_whatever_their_zone() -> None:
    assert column_of("2024-03-01", "2023-12-31", "2024-01-15").least == "2023-12-31"
    times = column_of("2024-01-01T12:00:00+02:00", "2024-01-01T11:00:00Z")
    assert (times.reads_as, times.least) == ("time", "2024-01-01T12:00:00+02:00")
    assert column_of("2024-03-01", "soon").reads_as == ""


def test_numbers_that_are_texts_are_compared_as_numbers_but_codes_are_not() -> None:
    numbers = column_of("9", "10", "-2.5")
    assert (numbers.reads_as, numbers.least, numbers.most) == ("number", "-2.5", "10")
    assert column_of("01234", "99").reads_as == ""
    assert column_of("1_000").reads_as == ""
    assert column_of("nan").reads_as == ""


def test_booleans_and_nested_values_have_their_types_too() -> None:
    flags = column_of(True, False, True)
    assert (flags.types, flags.least, flags.most, flags.histogram) == ((("boolean", 3),), "false", "true", (1, 2))
    nested = column_of({"a": 1}, [1], {"a": 1})
    assert (nested.types, nested.distinct, nested.least) == ((("object", 2), ("array", 1)), 2, "")


def test_key_candidates_differ_in_each_record_are_never_missing_and_ids_come_first() -> None:
    records = [
        {"email": "a", "id": -1, "city": 1, "late": 1, "price": 0.5},
        {"email": "b", "id": -2, "city": 1, "price": 1.5},
        {"email": "c", "id": 3, "city": 2, "late": 3, "price": 2.5},
    ]
    assert keys_of(profile_of(*records)) == ["id", "email"]
    assert keys_of(profile_of()) == []
    assert keys_of(profile_of({"id": 1})) == []


def test_a_column_that_comes_later_is_no_key() -> None:
    profile = profile_of({"id": 1})
    profile.add([{"id": 2, "new": 1}])
    profile.look_for_repeats()
    assert keys_of(profile) == ["id"]
    assert profile.summaries()[1].missing == 1


def test_many_distinct_values_are_an_estimate_that_says_so_but_keys_are_found_exactly() -> None:
    profile = Profile()
    for start in range(0, 50_000, 1_000):
        profile.add([{"id": one, "once": one % 49_999, "x": one % 25_000} for one in range(start, start + 1_000)])
    profile.look_for_repeats()
    ids, once, x = profile.summaries()
    assert (ids.distinct, ids.distinct_is_exact, ids.unique_in) == (50_000, True, 50_000)
    assert once.unique_in == 0
    assert not x.distinct_is_exact
    assert abs(x.distinct - 25_000) < 3_750
    assert keys_of(profile) == ["id"]


def test_beyond_what_is_remembered_keys_are_unique_in_the_first_records(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(profiles, "HASHES_COMPARED", 2_500)
    profile = Profile()
    for start in range(0, 5_000, 1_000):
        profile.add([{"id": number} for number in range(start, start + 1_000)])
        profile.look_for_repeats()
    assert profile.summaries()[0].unique_in == 3_000
    profile.add([{"id": 1}, {"id": 1}])
    assert profile.summaries()[0].unique_in == 0


def test_one_and_1_0_are_the_same_number_and_another_value_than_the_text() -> None:
    assert column_of(1, 1.0, "1").distinct == 2


def test_numbers_without_a_place_in_a_histogram_are_counted_only() -> None:
    column = column_of(float("nan"), 10**400, float("inf"), 3)
    assert (sum(number for _, number in column.types), column.least, column.histogram) == (4, "3", (1,))
    assert column_of(-1.7e308, 1.7e308).histogram[0] == 1


def test_the_sample_of_a_histogram_is_of_all_records() -> None:
    profile = Profile()
    for number in range(20):
        profile.add([{"n": number} for _ in range(1_000)])
    histogram = profile.summaries()[0].histogram
    assert len(histogram) == 20
    assert min(histogram) > 15


def test_columns_beyond_the_limit_are_said_to_be_left_out() -> None:
    profile = profile_of({str(number): 1 for number in range(COLUMNS_PROFILED + 1)})
    assert len(profile.columns) == COLUMNS_PROFILED
    assert profile.columns_left_out
