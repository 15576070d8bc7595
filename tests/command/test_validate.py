"""`longhaul --validate`: many files, for people, for GitHub and for programs."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

from core.command.cli import main
from sample_configs import sample, samples

GOOD = str(sample("orders_paginated").path)
WARNED = str(sample("marketo").path)


class Result(NamedTuple):
    code: int
    out: str


class Validate:
    """The command, run in this process."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        self._monkeypatch = monkeypatch
        self._capsys = capsys

    def __call__(self, *arguments: object) -> Result:
        self._monkeypatch.setattr(sys, "argv", ["longhaul", *map(str, arguments)])
        code = main()
        found = self._capsys.readouterr()
        assert found.err == ""
        return Result(code, found.out)


@pytest.fixture
def validate(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Validate:
    return Validate(monkeypatch, capsys)


@pytest.fixture
def broken(tmp_path: Path) -> Path:
    path = tmp_path / "broken.yaml"
    path.write_text(Path(GOOD).read_text().replace("http_method: GET", "http_method: 'G,E:T%'", 1))
    return path


def test_one_that_cannot_be_run_makes_it_code_2_and_the_others_are_validated_all_the_same(
    validate: Validate, broken: Path, tmp_path: Path
) -> None:
    missing = tmp_path / "missing.yaml"
    code, out = validate("--validate", missing, broken, tmp_path, GOOD, WARNED)
    assert code == 2
    lines = out.splitlines()
    assert lines[0] == f"{missing}: error: There is no such file."
    assert re.match(rf"{re.escape(str(broken))}:\d+:\d+: error: `http_method` must be ", lines[1])
    assert lines[2] == f"{tmp_path}: error: This is a directory, not a manifest. (name the file in it)"
    assert lines[3] == f"{GOOD} is valid"
    assert all(re.match(rf"{re.escape(WARNED)}:\d+:\d+: warning: ", line) for line in lines[4:-1])
    assert lines[-1] == "3 errors, 1 warning in 4 of 5 manifests"


def test_of_one_manifest_the_last_line_counts_its_problems(validate: Validate, broken: Path) -> None:
    assert validate("--validate", broken).out.splitlines()[-1] == "1 error"
    assert validate("--validate", WARNED).out.splitlines()[-1] == "no errors, 1 warning"


def test_a_terminal_shows_the_marks_in_colours(
    validate: Validate, broken: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    code, out = validate("--validate", broken, GOOD)
    assert code == 2
    assert ": \x1b[1;31merror\x1b[0m: `http_method` must be " in out
    assert out.splitlines()[1] == f"{GOOD} is \x1b[32mvalid\x1b[0m"


def test_all_samples_at_once_are_code_0_for_warnings_are_no_errors(validate: Validate) -> None:
    code, out = validate("--validate", *(each.path for each in samples()))
    assert code == 0
    assert all(f"{each.path}:" in out or f"{each.path} is valid" in out for each in samples())


def test_github_shows_each_problem_at_its_line(validate: Validate, broken: Path, tmp_path: Path) -> None:
    odd = tmp_path / "a,b%:c\n.yaml"
    code, out = validate("--validate", "--format", "github", broken, odd, WARNED, GOOD)
    error, unreadable, *warnings, fine = out.splitlines()
    assert code == 2
    where = rf"::error file={re.escape(str(broken))},line=\d+,col=\d+,title=[^:,]*http_method"
    assert re.match(rf"{where}::`http_method` must be ", error)
    assert unreadable == f"::error file={tmp_path}/a%2Cb%25%3Ac%0A.yaml,title=Manifest::There is no such file."
    assert warnings
    assert all(line.startswith(f"::warning file={WARNED},line=") for line in warnings)
    assert fine == f"No problems in {GOOD}"


def test_json_has_the_same_for_programs(validate: Validate, broken: Path, tmp_path: Path) -> None:
    missing = tmp_path / "missing.yaml"
    code, out = validate("--format", "json", "--validate", broken, missing, WARNED)
    found = json.loads(out)
    assert code == 2
    keys = ["file", "line", "column", "severity", "message", "hint", "path"]
    assert [list(one) for one in found] == [keys] * len(found)
    error = found[0]
    assert (error["file"], error["severity"], error["path"][-1]) == (str(broken), "error", "http_method")
    written = broken.read_text().splitlines()[error["line"] - 1]
    assert written[error["column"] - 1 :].startswith("http_method: 'G,E:T%'")
    assert found[1] == dict.fromkeys(keys) | {
        "file": str(missing),
        "severity": "error",
        "message": "There is no such file.",
        "path": [],
    }
    assert {one["severity"] for one in found[2:]} == {"warning"}


def test_json_of_what_is_right_is_an_empty_list(validate: Validate) -> None:
    assert validate("--validate", GOOD, "--format", "json") == Result(0, "[]\n")


@pytest.mark.parametrize("arguments", [("--validate", "A", "--format", "json", "B"), ("--format", "json", "A", "B")])
def test_options_may_stand_between_and_before_the_files(validate: Validate, arguments: tuple[str, ...]) -> None:
    arguments = arguments if "--validate" in arguments else ("--validate", *arguments)
    assert [one["file"] for one in json.loads(validate(*arguments).out)] == ["A", "B"]
