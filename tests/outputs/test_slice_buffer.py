"""Slices that are read side by side reach a file that grows one after the other, each when a state covers it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from core.outputs import FileSink, Turns
from core.outputs.sinks import FULL

ONE, TWO = {"slice": "one"}, {"slice": "two"}
LINE = b'{"id":1}\n'
OTHER = b'{"id":2}\n'
MANY, MANY_OTHERS = LINE * (FULL // len(LINE) + 1), OTHER * (FULL // len(OTHER) + 1)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "out.jsonl"


def turns(path: Path, *, apart: bool = True) -> Turns:
    sink = FileSink(path, (), append=True)
    sink.open()
    return Turns(sink, apart=apart)


def test_what_slices_bring_waits_until_their_state(path: Path) -> None:
    both = turns(path)
    for _ in range(2):
        both.add(ONE, LINE)
        both.add(TWO, OTHER)
    both.write()
    assert path.read_bytes() == b""
    both.commit(TWO)
    assert path.read_bytes() == OTHER * 2
    both.commit(ONE)
    assert path.read_bytes() == OTHER * 2 + LINE * 2


def test_a_slice_that_ended_without_a_state_of_its_own_goes_with_the_next_one(path: Path) -> None:
    both = turns(path)
    both.add(ONE, LINE)
    both.add(TWO, OTHER)
    both.end(ONE, well=True)
    assert path.read_bytes() == b""
    both.commit(TWO)
    assert path.read_bytes() == LINE + OTHER


def test_one_large_slice_goes_straight_to_the_file_while_another_waits_beside_it(path: Path) -> None:
    both = turns(path)
    both.add(ONE, MANY)
    both.add(TWO, MANY_OTHERS)
    assert both.full
    both.write()
    assert path.stat().st_size == 0 or set(path.read_bytes().splitlines()) == {LINE.strip()}
    both.add(TWO, OTHER)
    both.add(ONE, LINE)
    both.commit(ONE)
    assert path.read_bytes() == MANY + LINE
    both.commit(TWO)
    assert path.read_bytes() == MANY + LINE + MANY_OTHERS + OTHER
    assert os.listdir(path.parent) == [path.name]


def test_a_slice_that_is_read_again_leaves_nothing_behind(path: Path) -> None:
    both = turns(path)
    both.add(ONE, LINE)
    both.add(TWO, OTHER)
    both.end(ONE, well=False)
    both.commit(TWO)
    both.finish(well=False)
    assert path.read_bytes() == OTHER


def test_without_a_state_nothing_waits(path: Path) -> None:
    both = turns(path, apart=False)
    both.add(ONE, LINE)
    both.add(TWO, OTHER)
    assert both.waiting
    both.write()
    both.end(ONE, well=False)
    both.finish(well=False)
    assert path.read_bytes() == LINE + OTHER
