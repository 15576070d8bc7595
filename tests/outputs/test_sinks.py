"""Records reach their file: replaced as a whole, or appended without ever losing a line."""

from __future__ import annotations

import csv
import gzip
import json
import os
import stat
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from core.outputs.sinks import FileSink, StdoutSink
from tests.support.disk import full_disk


def put(path: Path, *records: dict[str, Any], append: bool = False, columns: Sequence[str] = ()) -> FileSink:
    """Write records to a file in one go, as a stream that ends well."""
    sink = FileSink(path, columns, append=append)
    sink.open()
    for record in records:
        sink.add(sink.encoder.encode([record]))
    sink.finish(succeeded=True)
    return sink


def content(path: Path) -> str:
    data = path.read_bytes()
    return (gzip.decompress(data) if path.suffix == ".gz" else data).decode()


def table(path: Path) -> list[list[str]]:
    return list(csv.reader(content(path).splitlines(keepends=True)))


@pytest.mark.parametrize("name", ["out.jsonl", "out.jsonl.gz"])
def test_a_file_is_replaced_only_when_the_stream_has_succeeded(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    put(path, {"id": "old"})
    sink = FileSink(path, (), append=False)
    sink.open()
    sink.add(sink.encoder.encode([{"id": "new"}]))
    sink.write()
    assert content(path) == '{"id":"old"}\n'
    sink.finish(succeeded=True)
    assert content(path) == '{"id":"new"}\n'
    assert sink.place == str(path)
    assert os.listdir(tmp_path) == [name]


@pytest.mark.parametrize("name", ["out.jsonl", "out.csv.gz"])
def test_what_a_failed_stream_read_stays_beside_the_file(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    put(path, {"id": "old"})
    before = path.read_bytes()
    sink = FileSink(path, (), append=False)
    sink.open()
    sink.add(sink.encoder.encode([{"id": "new"}]))
    sink.finish(succeeded=False)
    assert path.read_bytes() == before
    partial = tmp_path / f"{name}.partial"
    assert sink.remains == f"what was read is in {partial}"
    data = partial.read_bytes()
    assert b"new" in (gzip.decompress(data) if ".gz" in name else data)


def test_a_failed_stream_without_records_leaves_nothing(tmp_path: Path) -> None:
    sink = FileSink(tmp_path / "out.jsonl.gz", (), append=False)
    sink.open()
    sink.finish(succeeded=False)
    assert sink.remains == "no records were kept"
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize(
    ("name", "text"), [("a.jsonl", ""), ("a.jsonl.gz", ""), ("a.csv", "id,name\n"), ("a.csv.gz", "id,name\n")]
)
def test_a_stream_without_records_makes_a_well_formed_file(tmp_path: Path, name: str, text: str) -> None:
    put(tmp_path / name, columns=["id", "name"])
    assert content(tmp_path / name) == text


def test_replacing_keeps_permissions_and_follows_links(tmp_path: Path) -> None:
    real = tmp_path / "real.jsonl"
    real.write_text("")
    real.chmod(0o640)
    link = tmp_path / "link.jsonl"
    link.symlink_to(real)
    put(link, {"id": 1})
    assert link.is_symlink()
    assert content(real) == '{"id":1}\n'
    assert stat.S_IMODE(real.stat().st_mode) == 0o640


@pytest.mark.parametrize("name", ["out.jsonl", "out.jsonl.gz"])
def test_appending_goes_on_at_the_end(tmp_path: Path, name: str) -> None:
    put(tmp_path / name, {"id": 1}, append=True)
    put(tmp_path / name, {"id": 2}, append=True)
    put(tmp_path / name, append=True)
    assert content(tmp_path / name) == '{"id":1}\n{"id":2}\n'


@pytest.mark.parametrize("name", ["out.jsonl", "out.jsonl.gz", "out.csv", "out.csv.gz"])
def test_what_is_committed_survives_a_crash_and_the_torn_rest_is_cut_off(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    sink = FileSink(path, ["id", "text"], append=True)
    sink.open()
    sink.add(sink.encoder.encode([{"id": 1, "text": "a\nb"}]))
    sink.commit()
    committed = path.read_bytes()
    rest = sink.encoder.encode([{"id": 2, "text": "c\nd" * 50}])
    rest = gzip.compress(rest) if name.endswith(".gz") else rest
    for length in range(1, len(rest)):
        path.write_bytes(committed + rest[:length])
        put(path, {"id": 3, "text": ""}, append=True)
        assert ids(path) in (["1", "3"], ["1", "2", "3"])


def ids(path: Path) -> list[str]:
    if ".csv" in path.name:
        return [row[0] for row in table(path)[1:]]
    return [str(json.loads(line)["id"]) for line in content(path).splitlines()]


def test_a_repair_is_reported(tmp_path: Path) -> None:
    path = tmp_path / "out.jsonl"
    path.write_text('{"id":1}\n{"id":')
    note = FileSink(path, (), append=True).open()
    assert note == f"A torn last line, left by a crash, was cut off {path}."
    assert content(path) == '{"id":1}\n'


def test_a_whole_last_object_only_gets_the_line_feed_that_it_lacks(tmp_path: Path) -> None:
    path = tmp_path / "out.jsonl"
    path.write_text('{"id":1}\n{"id":2}')
    put(path, {"id": 3}, append=True)
    assert content(path) == '{"id":1}\n{"id":2}\n{"id":3}\n'


def test_a_gzip_file_torn_in_its_only_member_keeps_its_whole_lines(tmp_path: Path) -> None:
    path = tmp_path / "out.jsonl.gz"
    lines = "".join(f'{{"id":"{os.urandom(20).hex()}"}}\n' for _ in range(2000))
    path.write_bytes(gzip.compress(lines.encode())[:-2000])
    put(path, {"id": "last"}, append=True)
    kept = content(path).splitlines()
    assert len(kept) > 1000
    assert kept[:-1] == lines.splitlines()[: len(kept) - 1]
    assert kept[-1] == '{"id":"last"}'


def test_a_file_that_is_no_gzip_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "out.jsonl.gz"
    path.write_text("plain text")
    with pytest.raises(Exception, match="damaged or no gzip file"):
        FileSink(path, (), append=True).open()
    assert path.read_text() == "plain text"


@pytest.mark.parametrize("name", ["out.csv", "out.csv.gz"])
def test_a_new_column_widens_the_header_when_the_file_is_done(tmp_path: Path, name: str) -> None:
    put(tmp_path / name, {"id": 1, "text": "a\r\n"}, {"id": 2, "late": "x"}, columns=["id"])
    assert table(tmp_path / name) == [["id", "text", "late"], ["1", "a\r\n", ""], ["2", "", "x"]]


@pytest.mark.parametrize("name", ["out.csv", "out.csv.gz"])
def test_appending_keeps_the_header_of_the_file_and_widens_it_before_wider_rows(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    put(path, {"b": 1, "a": 2})
    sink = FileSink(path, ["a", "b"], append=True)
    sink.open()
    sink.add(sink.encoder.encode([{"a": 3}]))
    sink.commit()
    assert table(path) == [["b", "a"], ["1", "2"], ["", "3"]]
    sink.add(sink.encoder.encode([{"c": 4}]))
    sink.commit()
    assert table(path) == [["b", "a", "c"], ["1", "2", ""], ["", "3", ""], ["", "", "4"]]
    sink.finish(succeeded=True)
    assert table(path)[0] == ["b", "a", "c"]


def test_rows_encoded_before_a_column_came_are_filled_up(tmp_path: Path) -> None:
    path = tmp_path / "out.csv"
    sink = FileSink(path, (), append=True)
    sink.open()
    early = sink.encoder.encode([{"id": 1}])
    late = sink.encoder.encode([{"id": 2, "new": "x"}])
    sink.add(late)
    sink.add(early)
    sink.finish(succeeded=True)
    assert table(path) == [["id", "new"], ["2", "x"], ["1", ""]]


def test_a_failed_widening_leaves_the_file_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "out.csv"
    put(path, *({"id": number} for number in range(100)))
    before = path.read_text()
    sink = FileSink(path, (), append=True)
    sink.open()
    sink.add(sink.encoder.encode([{"id": 2, "new": 3}]))
    with full_disk(len(before) + 10), pytest.raises(OSError, match="too large"):
        sink.commit()
    assert path.read_text() == before
    assert os.listdir(tmp_path) == ["out.csv"]


@pytest.mark.parametrize("planted", ["link", "hard link", "old file"])
def test_what_lies_at_the_name_of_the_unfinished_records_is_not_written_to(tmp_path: Path, planted: str) -> None:
    victim, partial = tmp_path / "victim", tmp_path / "out.jsonl.partial"
    victim.write_text("precious")
    if planted == "link":
        partial.symlink_to(victim)
    elif planted == "hard link":
        partial.hardlink_to(victim)
    else:
        partial.write_text("of the run before")
    put(tmp_path / "out.jsonl", {"id": 1})
    assert victim.read_text() == "precious"
    assert content(tmp_path / "out.jsonl") == '{"id":1}\n'
    assert not partial.exists()


def test_a_pipe_at_the_name_of_the_unfinished_records_stays(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "out.jsonl.partial")
    with pytest.raises(OSError, match="no regular file"):
        FileSink(tmp_path / "out.jsonl", (), append=False).open()
    assert os.listdir(tmp_path) == ["out.jsonl.partial"]


def test_unfinished_records_are_for_nobody_who_may_not_read_the_file(tmp_path: Path) -> None:
    path = tmp_path / "out.jsonl"
    path.write_text("")
    path.chmod(0o600)
    sink = FileSink(path, (), append=False)
    sink.open()
    assert stat.S_IMODE((tmp_path / "out.jsonl.partial").stat().st_mode) == 0o600
    sink.finish(succeeded=False)


def test_standard_output_gets_everything_through_a_narrow_pipe() -> None:
    reading, writing = os.pipe()
    sink = StdoutSink(writing)
    sink.open()
    sink.add(sink.encoder.encode([{"id": 1}]))
    sink.finish(succeeded=True)
    os.close(writing)
    assert os.read(reading, 100) == b'{"id":1}\n'
    os.close(reading)


def test_a_pipe_that_nobody_reads_is_a_broken_pipe() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    sink = StdoutSink(writing)
    sink.open()
    sink.add(b"{}\n")
    with pytest.raises(BrokenPipeError):
        sink.write()
    os.close(writing)
