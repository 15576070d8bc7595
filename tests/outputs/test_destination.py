"""What `--output` may say, and how the files of streams are called."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from core.outputs.destination import Destination, file_name
from core.outputs.faults import OutputError
from core.outputs.sinks import FileSink, StdoutSink


@pytest.mark.parametrize("text", [None, "-"])
def test_standard_output_is_the_default(text: str | None) -> None:
    destination = Destination.parse(text, append=False)
    assert isinstance(destination.sink("a", ["a"], ()), StdoutSink)
    assert not destination.takes_many


@pytest.mark.parametrize("name", ["a.jsonl", "a.csv", "a.jsonl.gz", "a.csv.gz"])
def test_a_file_takes_one_stream(tmp_path: Path, name: str) -> None:
    destination = Destination.parse(str(tmp_path / name), append=False)
    assert isinstance(destination.sink("a", ["a"], ()), FileSink)
    assert not destination.takes_many


@pytest.mark.parametrize("name", ["out", "out.d/", "deep/er/"])
def test_a_directory_is_made_and_takes_one_file_per_stream(tmp_path: Path, name: str) -> None:
    destination = Destination.parse(os.path.join(tmp_path, name), append=True)
    assert destination.takes_many
    assert (tmp_path / name).is_dir()
    assert destination.sink("users", ["users"], ()).place == str(tmp_path / name / "users.jsonl")


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("out.json", r"choose a file that ends in .jsonl, .jsonl.gz, .csv or .csv.gz, or a directory"),
        ("out.gz", "says no format"),
        ("out.CSV", "small letters"),
        ("missing/out.csv", "missing does not exist"),
        ("file", "is a file"),
        ("file/out.csv", "file does not exist"),
        ("file/out", "a part of the path is a file"),
    ],
)
def test_a_place_that_will_not_do_is_refused_at_once(tmp_path: Path, name: str, message: str) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match=message):
        Destination.parse(str(tmp_path / name), append=False)


def test_an_empty_name_is_refused() -> None:
    with pytest.raises(OutputError, match="--output is empty"):
        Destination.parse("", append=False)


def test_a_pipe_is_not_replaced(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "out.jsonl")
    with pytest.raises(OutputError, match="no regular file"):
        Destination.parse(str(tmp_path / "out.jsonl"), append=False)


@pytest.mark.parametrize("stream", ["users", "Ad Groups", "user.events", "straße", "v2+(beta)"])
def test_a_harmless_name_is_the_file_name(stream: str) -> None:
    assert file_name(stream, ["users", stream]) == stream


@pytest.mark.parametrize(
    "stream",
    ["a/b", "../up", "..", "", ".hidden", "a:b", "CON", "nul.txt", "x" * 300, "é" * 200, "a\nb", "\ud800"],
)
def test_other_names_are_made_safe_and_stay_unmistakable(stream: str) -> None:
    name = file_name(stream, [stream])
    assert name == file_name(stream, [stream, "another"])
    assert name != stream
    assert not set(name) & set("/\\:\n\0")
    assert not name.startswith(".")
    assert len(name.encode()) < 200


def test_names_that_differ_in_case_or_signs_only_get_different_files() -> None:
    streams = ["Users", "users", "a/b", "a:b", "a_b"]
    names = {file_name(stream, streams).casefold() for stream in streams}
    assert len(names) == len(streams)
