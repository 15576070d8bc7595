"""What `--output` may say, and how the files of streams are called."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from core.outputs.destination import FILES, Destination, table_names
from core.outputs.durable import OutputError
from core.outputs.sinks import FileSink, StdoutSink


@pytest.mark.parametrize("text", [None, "-"])
def test_standard_output_is_the_default(text: str | None) -> None:
    destination = Destination.parse(text, append=False)
    assert isinstance(destination.sink("a", ["a"], {}), StdoutSink)
    assert not destination.takes_many


@pytest.mark.parametrize("name", ["a.jsonl", "a.csv", "a.jsonl.gz", "a.csv.gz"])
def test_a_file_takes_one_stream(tmp_path: Path, name: str) -> None:
    destination = Destination.parse(str(tmp_path / name), append=False)
    assert isinstance(destination.sink("a", ["a"], {}), FileSink)
    assert not destination.takes_many


@pytest.mark.parametrize("name", ["out", "out.d/", "deep/er/"])
def test_a_directory_is_created_and_takes_one_file_per_stream(tmp_path: Path, name: str) -> None:
    destination = Destination.parse(os.path.join(tmp_path, name), append=True)
    assert destination.takes_many
    assert (tmp_path / name).is_dir()
    assert destination.sink("users", ["users"], {}).place == str(tmp_path / name / "users.jsonl")


@pytest.mark.parametrize(
    ("name", "message"),
    [
        (
            "out.json",
            r"choose a file that ends in .jsonl, .jsonl.gz, .csv, .csv.gz, .parquet or .duckdb, or a directory",
        ),
        ("out.gz", "says no format"),
        ("out.CSV", "small letters"),
        ("missing/out.csv", "missing does not exist"),
        ("file", "is a file"),
        ("file/out.csv", "file does not exist"),
        ("file/out", "a part of the path is a file"),
    ],
)
def test_an_unusable_destination_is_refused_at_once(tmp_path: Path, name: str, message: str) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match=message):
        Destination.parse(str(tmp_path / name), append=False)


def test_an_empty_name_is_refused() -> None:
    with pytest.raises(OutputError, match="--output is empty"):
        Destination.parse("", append=False)


def test_a_pipe_is_not_replaced(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "out.jsonl")
    with pytest.raises(OutputError, match="is a named pipe"):
        Destination.parse(str(tmp_path / "out.jsonl"), append=False)


@pytest.mark.parametrize("text", ["/dev/stdout", "/dev/fd/1", "/proc/self/fd/1"])
def test_the_device_of_standard_output_is_standard_output(text: str) -> None:
    assert Destination.parse(text, append=False).path is None


@pytest.mark.parametrize("text", ["/dev/null", "/dev/stderr/x.jsonl", "/dev/zero"])
def test_devices_are_refused(text: str) -> None:
    with pytest.raises(OutputError, match=r"is a device|does not exist"):
        Destination.parse(text, append=False)


def test_a_name_that_is_too_long_has_a_plain_message(tmp_path: Path) -> None:
    for name in (f"{'x' * 300}.jsonl", "y" * 300, f"{'z' * 300}/out.jsonl"):
        with pytest.raises(OutputError, match="the name is too long for this file system"):
            Destination.parse(str(tmp_path / name), append=False)


def test_circular_links_have_a_plain_message(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").symlink_to(tmp_path / "b.jsonl")
    (tmp_path / "b.jsonl").symlink_to(tmp_path / "a.jsonl")
    with pytest.raises(OutputError, match="symbolic links lead in a circle"):
        Destination.parse(str(tmp_path / "a.jsonl"), append=False)


@pytest.mark.parametrize("format_", ["jsonl", "csv", "parquet"])
def test_the_files_in_a_directory_may_be_of_any_format(tmp_path: Path, format_: str) -> None:
    destination = Destination.parse(f"{tmp_path}/lake/", append=False, format=format_)
    assert destination.files(["a", "b"])["b"] == tmp_path / "lake" / f"b.{format_}"


def test_a_database_takes_many_streams_each_in_a_table(tmp_path: Path) -> None:
    destination = Destination.parse(str(tmp_path / "x.duckdb"), append=False)
    assert destination.takes_many
    assert destination.sink("a", ["a", "b"], {}).place.endswith("x.duckdb, table a")
    names = table_names(["users", "Users", "a.partial", "a", "", "b\n", "ok"])
    assert len({name.lower() for name in names.values()}) == len(names)
    assert (names["a"], names["ok"]) == ("a", "ok")
    assert all(names[name].startswith(name) for name in ("users", "Users", "a.partial"))


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("x.csv", {"format": "parquet"}, "--format parquet is for the files in a directory; .*x.csv says csv"),
        ("x.jsonl", {"write": "append"}, "--write is for Parquet, DuckDB and --to"),
        ("-", {"nested": "struct"}, "--nested is for Parquet, DuckDB and --to"),
        ("-", {"format": "csv"}, "standard output takes jsonl"),
        ("lake/", {"format": "csv", "write": "merge"}, "--write is for"),
        ("x.parquet", {"write": "merge"}, r"Merge into a DuckDB file \(--output NAME.duckdb\)"),
    ],
)
def test_options_that_do_not_go_together_are_refused(
    tmp_path: Path, name: str, options: dict[str, str], message: str
) -> None:
    with pytest.raises(OutputError, match=message):
        Destination.parse(name if name == "-" else str(tmp_path / name), append=False, **options)


def test_merging_needs_a_primary_key(tmp_path: Path) -> None:
    destination = Destination.parse(str(tmp_path / "x.duckdb"), append=True, write="merge")
    destination.check({"a": [["id"], ["day"]]})
    with pytest.raises(OutputError, match="`a` has no primary key"):
        destination.check({"a": []})
    with pytest.raises(OutputError, match=r"is inside of an object \(meta.id\)"):
        destination.check({"a": [["meta", "id"]]})


@pytest.mark.parametrize("ending", FILES)
def test_what_is_discarded_leaves_no_trace(tmp_path: Path, ending: str) -> None:
    destination = Destination.parse(str(tmp_path / f"c{ending}"), append=False)
    sink = destination.sink("c", (), {})
    sink.open()
    sink.add(sink.encoder.encode([{"a": 1}]))
    sink.write()
    sink.discard()
    assert [*tmp_path.iterdir()] == []


@pytest.mark.parametrize("name", ["x.parquet", "x.duckdb"])
def test_a_directory_that_is_called_as_a_file_of_tables_is_none(tmp_path: Path, name: str) -> None:
    (tmp_path / name).mkdir()
    with pytest.raises(OutputError, match=rf"{name} is a directory; choose another name, or say with --format"):
        Destination.parse(str(tmp_path / name), append=False)
    assert Destination.parse(str(tmp_path / name), append=False, format="csv").is_directory
