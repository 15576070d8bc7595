"""A run into Parquet or DuckDB that is killed at any moment: the next one goes on, and each row is there once."""

from __future__ import annotations

import asyncio
import random
import signal
from collections import Counter
from contextlib import suppress
from pathlib import Path

import duckdb
import pytest

from tests.faults.daily_exports import IDS, IN_TIME, DailyExports, running
from tests.faults.test_kills_and_signals import REQUESTS, repeated_days
from tests.support.server import LoopbackServer

KINDS = {
    "parquet": ("out.parquet", ()),
    "duckdb": ("out.duckdb", ()),
    "merge": ("out.duckdb", ("--write", "merge")),
}


def found(folder: Path, output: str) -> Counter[str]:
    """How often each record is there."""
    database, table = (output, "events") if output.endswith(".duckdb") else (":memory:", f"'{folder / output}'")
    with duckdb.connect(database if database == ":memory:" else str(folder / database)) as connection:
        rows = connection.execute(f"SELECT id FROM {table}").fetchall()
    return Counter(row[0] for row in rows)


@pytest.mark.parametrize("turn", range(2))
@pytest.mark.parametrize("kind", KINDS)
async def test_after_ctrl_c_the_next_run_goes_on(tmp_path: Path, server: LoopbackServer, kind: str, turn: int) -> None:
    output, options = KINDS[kind]
    DailyExports(server)
    async with running(tmp_path, server, *options, output=output) as process:
        await server.was_asked(random.Random(turn).randint(REQUESTS // 2, REQUESTS))
        with suppress(ProcessLookupError):
            process.send_signal(signal.SIGINT)
        _, said = await asyncio.wait_for(process.communicate(), IN_TIME)
        assert b"Traceback" not in said
    assert {path.name for path in tmp_path.iterdir()} <= {"events.yaml", "state.json", "state.json.jobs", output}

    async with running(tmp_path, server, *options, output=output) as process:
        _, said = await asyncio.wait_for(process.communicate(), 60)
        assert process.returncode == 0, said.decode()
    rows = found(tmp_path, output)
    assert rows.keys() == IDS
    assert rows.total() == len(IDS) or (kind != "merge" and len(repeated_days(rows)) <= 1)


@pytest.mark.parametrize("turn", range(15))
@pytest.mark.parametrize("kind", KINDS)
async def test_after_kills_nothing_is_lost_and_little_is_repeated(
    tmp_path: Path, server: LoopbackServer, kind: str, turn: int
) -> None:
    output, options = KINDS[kind]
    chance = random.Random(turn)
    DailyExports(server)
    for longest in (0.1, 1.5):
        async with running(tmp_path, server, *options, output=output) as process:
            await server.was_asked(chance.randint(1, REQUESTS))
            await asyncio.sleep(chance.uniform(0, longest))
            with suppress(ProcessLookupError):  # it may have ended before
                process.kill()
            await process.wait()

    async with running(tmp_path, server, *options, output=output) as process:
        _, said = await asyncio.wait_for(process.communicate(), 60)
        assert process.returncode == 0, said.decode()

    rows = found(tmp_path, output)
    assert rows.keys() == IDS
    if kind == "merge":
        assert rows.total() == len(IDS)
    else:
        assert len(repeated_days(rows)) <= 2
    assert {path.name for path in tmp_path.iterdir()} == {"events.yaml", "state.json", output}
