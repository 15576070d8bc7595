"""Slices that are read side by side reach a file that grows one after the other, each when a state covers it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from core.outputs.sinks import FileSink
from core.outputs.slice_buffer import FULL, SliceBuffer

ONE, TWO = {"slice": "one"}, {"slice": "two"}
LINE = b'{"id":1}\n'
OTHER = b'{"id":2}\n'
MANY, MANY_OTHERS = LINE * (FULL // len(LINE) + 1), OTHER * (FULL // len(OTHER) + 1)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "out.jsonl"


def buffer(path: Path, *, until_state: bool = True) -> SliceBuffer:
    sink = FileSink(path, (), append=True)
    sink.open()
    return SliceBuffer(sink, until_state=until_state)


def test_the_records_of_a_slice_wait_for_its_state(path: Path) -> None:
    both = buffer(path)
    for _ in range(2):
        both.add(ONE, LINE)
        both.add(TWO, OTHER)
    both.write()
    assert path.read_bytes() == b""
    both.commit(TWO, {})
    assert path.read_bytes() == OTHER * 2
    both.commit(ONE, {})
    assert path.read_bytes() == OTHER * 2 + LINE * 2


def test_a_slice_that_ended_without_a_state_of_its_own_is_written_with_the_next_one(path: Path) -> None:
    both = buffer(path)
    both.add(ONE, LINE)
    both.add(TWO, OTHER)
    both.end(ONE, succeeded=True)
    assert path.read_bytes() == b""
    both.commit(TWO, {})
    assert path.read_bytes() == LINE + OTHER


def test_one_large_slice_goes_straight_to_the_file_while_another_waits_beside_it(path: Path) -> None:
    both = buffer(path)
    both.add(ONE, LINE)
    assert not both.full
    both.add(ONE, MANY)
    both.add(TWO, MANY_OTHERS)
    assert both.full
    both.write()
    assert path.stat().st_size == 0 or set(path.read_bytes().splitlines()) == {LINE.strip()}
    both.add(TWO, OTHER)
    both.add(ONE, LINE)
    both.commit(ONE, {})
    assert path.read_bytes() == LINE + MANY + LINE
    both.commit(TWO, {})
    assert path.read_bytes() == LINE + MANY + LINE + MANY_OTHERS + OTHER
    assert os.listdir(path.parent) == [path.name]


def test_a_slice_that_is_read_again_leaves_nothing_behind(path: Path) -> None:
    both = buffer(path)
    both.add(ONE, LINE)
    both.add(TWO, OTHER)
    both.end(ONE, succeeded=False)
    both.commit(TWO, {})
    both.finish(succeeded=False)
    assert path.read_bytes() == OTHER


def test_without_a_state_nothing_waits(path: Path) -> None:
    both = buffer(path, until_state=False)
    both.add(ONE, LINE)
    both.add(TWO, OTHER)
    assert both.waiting
    both.write()
    both.end(ONE, succeeded=False)
    both.finish(succeeded=False)
    assert path.read_bytes() == LINE + OTHER
