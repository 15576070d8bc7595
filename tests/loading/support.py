"""An API whose orders are read day by day, the command that loads them, and the places where they go."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.support.threaded_api import Call, ThreadedApi

PATIENCE = 60.0
DAYS = tuple(f"2026-11-{day:02}" for day in range(1, 13))
PER_DAY = 25


def order(day: str, number: int, **more: Any) -> dict[str, Any]:
    """Each day at another time, so that no record is just where a slice of a later run begins."""
    time = f"{day}T12:{day[-2:]}:{number:02}"
    return {"id": f"{day}/{number}", "time": time, "number": number, "items": [{"sku": number}], **more}


class OrdersApi(ThreadedApi):
    """Gives the orders after a moment, up to another; `rows` may be changed. `broken` days are answered with an error,
    those with a gate wait for it. `asked` are the days on which the time that was asked for begins.
    """

    def __init__(self) -> None:
        self.rows = {day: [order(day, number) for number in range(PER_DAY)] for day in DAYS}
        self.broken: set[str] = set()
        self.asked: list[str] = []
        self.arrived = threading.Condition()
        self.gates: dict[str, threading.Event] = {}
        super().__init__()

    def reply(self, call: Call) -> tuple[int, Any]:
        query = parse_qs(urlsplit(call.path).query)
        after, upto = query.get("after", [""])[0], query.get("upto", ["9"])[0]
        day = after[:10]
        with self.arrived:
            self.asked.append(day)
            self.arrived.notify_all()
        if day in self.gates:
            self.gates[day].wait(PATIENCE)
        rows = [row for rows in self.rows.values() for row in rows if after < row["time"] <= upto]
        return 400 if day in self.broken else 200, rows

    def release(self) -> None:
        for gate in self.gates.values():
            gate.set()

    @property
    def ids(self) -> list[str]:
        return sorted(row["id"] for rows in self.rows.values() for row in rows)

    def manifest(self, folder: Path, *, key: bool = True, cursor: bool = True, schema: str = "{}") -> Path:
        """A manifest `shop.yaml` with the stream `Orders`."""
        path = folder / "shop.yaml"
        incremental = f"""
    incremental_sync:
      type: DatetimeBasedCursor
      cursor_field: time
      datetime_format: "%Y-%m-%dT%H:%M:%S"
      start_datetime: "{DAYS[0]}T00:00:00"
      end_datetime: "{DAYS[-1]}T23:59:59"
      step: P1D
      cursor_granularity: PT1S
"""
        span = '{after: "{{ stream_interval.start_time }}", upto: "{{ stream_interval.end_time }}"}' if cursor else "{}"
        path.write_text(f"""
version: 7.0.0
type: DeclarativeSource
check: {{type: CheckStream, stream_names: [Orders]}}
streams:
  - type: DeclarativeStream
    name: Orders
    {"primary_key: [id]" if key else ""}
    {incremental if cursor else ""}
    schema_loader: {{type: InlineSchemaLoader, schema: {schema}}}
    retriever:
      type: SimpleRetriever
      requester:
        type: HttpRequester
        url_base: {self.url}
        path: /orders
        request_parameters: {span}
        error_handler: {{type: DefaultErrorHandler, max_retries: 0}}
      record_selector: {{type: RecordSelector, extractor: {{type: DpathExtractor, field_path: []}}}}
""")
        return path


def surroundings(folder: Path) -> dict[str, str]:
    """That of the processes that a test starts: the state folder is `state`, unless it says something else."""
    return {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2]), "LONGHAUL_STATE_DIR": str(folder / "state")}


def run(
    *arguments: str | Path,
    folder: Path,
    environment: dict[str, str] | None = None,
    kill: str = "",
) -> tuple[int, str, str]:
    """Run `longhaul` in a process of its own: its code, standard output and standard error. `kill` names the step of a
    load before or after which the process is killed (see `killed.py`).
    """
    module = ["-m", "tests.loading.killed", kill] if kill else ["-m", "core.command.cli"]
    ended = subprocess.run(
        [sys.executable, *module, *map(str, arguments)],
        cwd=folder,
        env=surroundings(folder) | (environment or {}),
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )
    return ended.returncode, ended.stdout, ended.stderr


def duckdb_rows(file: Path, statement: str) -> Sequence[tuple[Any, ...]]:
    import duckdb

    with duckdb.connect(str(file), read_only=True) as connection:
        rows: Sequence[tuple[Any, ...]] = connection.sql(statement).fetchall()
    return rows


def postgres_rows(url: str, statement: str) -> Sequence[tuple[Any, ...]]:
    import psycopg2

    connection = psycopg2.connect(url)
    try:
        with connection.cursor() as cursor:
            cursor.execute(statement)
            rows: Sequence[tuple[Any, ...]] = cursor.fetchall()
    finally:
        connection.close()
    return rows
