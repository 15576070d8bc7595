"""A cause that many slices share is told once."""

from __future__ import annotations

import pytest

from core.failures import Failures, gist


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (
            "GET https://api.example.com/a/1 answered 404 Not Found.",
            "GET https://api.example.com/b/2 answered 404 Not Found.",
        ),
        ("account a is closed", "account b is closed"),
        ("request 7f3c9a2e-11 failed", "request 0b1d22aa-97 failed"),
        ("no data after 2024-03-01T00:00:00Z", "no data after 2024-04-01T00:00:00Z"),
    ],
)
def test_the_particulars_of_slices_are_not_part_of_the_cause(one: str, other: str) -> None:
    assert gist(one, ["a", None, ""]) == gist(other, ["b"])


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("GET https://api.example.com/a answered 404 Not Found.", "GET https://api.example.com/a answered 500 Oops."),
        ("GET https://api.example.com/a failed", "GET https://files.example.com/a failed"),
        ("code 1029: queue full", "code 606: slow down"),
        ("data is missing", "d.t. is missing"),
    ],
)
def test_other_causes_stay_apart(one: str, other: str) -> None:
    assert gist(one, ["a"]) != gist(other, ["a"])


def test_slices_are_gathered_by_their_cause() -> None:
    failures = Failures()
    slices = [{"q": name} for name in "abcd"]
    assert failures.add("closed", slices[0], "a is closed.") is None
    assert failures.add("slow", slices[1], "b is slow.") is None
    assert failures.add("closed", slices[2], "c is closed.") == slices[0]
    assert failures.add("closed", slices[3], "d is closed.") == slices[0]

    assert failures.count == 4
    assert list(failures.texts(5)) == [
        "a is closed. The same happened in 3 of 5 slices: q=a, q=c, q=d.",
        "b is slow.",
    ]
    assert [shared.names for shared in failures.repeated()] == ["q=a, q=c, q=d"]
