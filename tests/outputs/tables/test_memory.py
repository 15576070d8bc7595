"""Memory does not grow with the number of records."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

STATUS = Path("/proc/self/status")
pytestmark = pytest.mark.skipif(not STATUS.exists(), reason="the peak of a process's memory is read from /proc")

TELL = """
print(*(line.split()[1] for line in open("/proc/self/status") if line.startswith("VmHWM")))
"""
"""Prints the peak in kB: that of `getrusage` begins with what the process has that started this one."""


def peak_of(program: str, *arguments: str) -> int:
    command = [sys.executable, "-c", program + TELL, *arguments]
    return int(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


WRITE = """
import sys
from pathlib import Path
from core.outputs.tables.duck import DuckSink
from core.outputs.tables.parquet import ParquetSink
from core.outputs.tables.sink import TableStream

path, rounds = Path(sys.argv[1]), int(sys.argv[2])
sink = ParquetSink(path, TableStream()) if path.suffix == ".parquet" else DuckSink(path, "t", TableStream())
sink.open()
batch = [{"id": n, "at": "2026-01-01", "score": n / 7} | {f"c{c}": f"{n * c}" for c in range(9)} for n in range(100)]
data = sink.encoder.encode(batch) * 50
for _ in range(rounds):
    sink.add(data)
    sink.write()
sink.finish(succeeded=True)
"""


@pytest.mark.parametrize("name", ["x.parquet", "x.duckdb"])
def test_a_million_records_take_no_more_memory_than_many(tmp_path: Path, name: str) -> None:
    def peak(records: int) -> int:
        return peak_of(WRITE, str(tmp_path / f"{records}-{name}"), str(records // 5_000))

    assert peak(1_000_000) < 1.3 * peak(500_000)


MERGE = """
import sys
from pathlib import Path
from core.outputs.tables.duck import DuckSink
from core.outputs.tables.sink import TableStream

path, resumable = Path(sys.argv[1]), sys.argv[2] == "with"
for turn in range(2):
    sink = DuckSink(path, "t", TableStream(write="merge", key=["id"], resumable=resumable))
    sink.open()
    for first in range(0, 300_000, 10_000):
        rows = [{"id": f"{n:036}", "turn": turn, "text": f"{n * 7919:060}"} for n in range(first, first + 10_000)]
        sink.add(sink.encoder.encode(rows))
        sink.write()
        if resumable and first % 50_000 == 0:
            sink.commit()
    sink.finish(succeeded=True)
"""


@pytest.mark.parametrize("state", ["with", "without"])
def test_many_records_are_merged_in_bounded_memory(tmp_path: Path, state: str) -> None:
    path = tmp_path / "x.duckdb"
    assert peak_of(MERGE, str(path), state) < 600_000
    with duckdb.connect(str(path)) as connection:
        assert connection.execute("SELECT count(*), count(DISTINCT id), min(turn) FROM t").fetchall() == [
            (300_000, 300_000, 1)
        ]
