"""Problems read as sentences with a place, and paths as people write them."""

from __future__ import annotations

import pytest

from core.manifest.problems import ManifestError, Path, Position, Problem, closest, show_path


@pytest.mark.parametrize(
    ("path", "shown"),
    [
        ((), ""),
        (("streams", 0, "retriever", "url"), "streams[0].retriever.url"),
        (("request_headers", "X-Token"), "request_headers.X-Token"),
        (("$parameters", "a b", 0), '$parameters["a b"][0]'),
        (("a/b",), '["a/b"]'),
    ],
)
def test_a_path_is_shown_as_people_write_it(path: Path, shown: str) -> None:
    assert show_path(path) == shown


@pytest.mark.parametrize(
    ("problem", "shown"),
    [
        (Problem("Wrong."), "Wrong."),
        (Problem("Wrong.", ("a", 0)), "a[0]: Wrong."),
        (Problem("Wrong.", ("a",), position=Position(3, 5)), "3:5: Wrong."),
        (Problem("Wrong.", hint="try this", file="m.yaml"), "m.yaml: Wrong. (try this)"),
        (Problem("Wrong.", ("a",), position=Position(3, 5), file="m.yaml"), "m.yaml:3:5: Wrong."),
    ],
)
def test_a_problem_says_where_what_and_what_to_do(problem: Problem, shown: str) -> None:
    assert str(problem) == shown


def test_an_error_holds_one_problem_a_line() -> None:
    error = ManifestError([Problem("One."), Problem("Two.")])

    assert str(error) == "One.\nTwo."
    assert [problem.message for problem in error.problems] == ["One.", "Two."]


def test_a_misspelt_word_finds_its_like() -> None:
    fields = ["http_method", "path", "url_base"]

    assert closest("http_methd", fields) == "http_method"
    assert closest("HTTP_Method", fields) == "http_method"
    assert closest("zzz", fields) is None
