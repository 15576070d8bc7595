"""Memory does not grow with the number of records."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

WRITE = """
import resource, sys
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
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


@pytest.mark.parametrize("name", ["x.parquet", "x.duckdb"])
def test_a_million_records_take_no_more_memory_than_many(tmp_path: Path, name: str) -> None:
    def peak(records: int) -> int:
        command = [sys.executable, "-c", WRITE, str(tmp_path / f"{records}-{name}"), str(records // 5_000)]
        return int(subprocess.run(command, check=True, capture_output=True, text=True).stdout)

    assert peak(1_000_000) < 1.3 * peak(500_000)
