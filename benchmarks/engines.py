"""The programs that are compared, each started as people start it, in a process of its own, and what that costs."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import yaml
from pyarrow import parquet

from benchmarks.manifests import STREAM

ROOT = Path(__file__).parent.parent
LONGHAUL = str(Path(sys.executable).with_name("longhaul"))
SOURCE = str(Path(sys.executable).with_name("source-longhaul"))
REFERENCE = str(ROOT / ".venv-oracle" / "bin" / "source-declarative-manifest")


@dataclass(frozen=True, slots=True)
class Cost:
    """What a process took: CPU and wall time in seconds (all threads, and the kernel's work for it), the most memory in
    MB, and the moment of its start on the monotonic clock.
    """

    cpu: float
    wall: float
    peak: float
    started: float


def measure(command: Sequence[str], folder: Path, output: Path | None = None) -> Cost:
    """Run a command to its end. Raises `RuntimeError` with its last words when it fails."""
    complaints = folder / "stderr.txt"
    with complaints.open("wb") as errors, (output or Path(os.devnull)).open("wb") as out:
        started = time.monotonic()
        process = subprocess.Popen(command, cwd=folder, stdout=out, stderr=errors)
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.monotonic() - started
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError(f"{command[0]} ended with {process.returncode}:\n{complaints.read_text()[-3000:]}")
    return Cost(usage.ru_utime + usage.ru_stime, wall, usage.ru_maxrss / 1000, started)


def run_longhaul(
    manifest: Mapping[str, Any], config: Mapping[str, str], folder: Path, output: str = "longhaul.jsonl"
) -> tuple[Cost, int]:
    """Read with Longhaul into a file; what it cost, and the number of records."""
    (folder / "manifest.yaml").write_text(yaml.safe_dump(dict(manifest), sort_keys=False))
    (folder / "config.json").write_text(json.dumps(config))
    cost = measure([LONGHAUL, "--run", "manifest.yaml", "--config", "config.json", "--output", output], folder)
    return cost, _rows(folder / output)


def run_source(manifest: Mapping[str, Any], config: Mapping[str, str], folder: Path) -> tuple[Cost, int]:
    """Read with Longhaul as an Airbyte source, its messages into a file; what it cost, and the number of records."""
    return _run_protocol(SOURCE, manifest, config, folder)


def run_reference(manifest: Mapping[str, Any], config: Mapping[str, str], folder: Path) -> tuple[Cost, int]:
    """The same with Airbyte's runtime."""
    return _run_protocol(REFERENCE, manifest, config, folder)


def _run_protocol(
    program: str, manifest: Mapping[str, Any], config: Mapping[str, str], folder: Path
) -> tuple[Cost, int]:
    (folder / "config.json").write_text(json.dumps({**config, "__injected_declarative_manifest": manifest}))
    stream = {"name": STREAM, "json_schema": {}, "supported_sync_modes": ["full_refresh"]}
    configured = {"stream": stream, "sync_mode": "full_refresh", "destination_sync_mode": "append"}
    (folder / "catalog.json").write_text(json.dumps({"streams": [configured]}))
    output = folder / "messages.jsonl"
    command = [program, "read", "--config", "config.json", "--catalog", "catalog.json"]
    return measure(command, folder, output), _lines(output, b'{"type":"RECORD"')


def run_floor(source: Path, folder: Path) -> Cost:
    """Convert a file to JSON Lines with as little Python as possible."""
    floor = Path(__file__).with_name("floor.py")
    return measure([sys.executable, str(floor), str(source), "floor.jsonl"], folder)


def _rows(path: Path) -> int:
    """The number of records in a file that Longhaul wrote."""
    if path.suffix == ".parquet":
        return int(parquet.read_metadata(path).num_rows)
    if path.suffix == ".duckdb":
        with duckdb.connect(str(path), read_only=True) as connection:
            return int(connection.table(STREAM).count("*").fetchall()[0][0])
    return _lines(path, b"{")


def _lines(path: Path, start: bytes) -> int:
    with path.open("rb") as file:
        return sum(line.startswith(start) for line in file)
