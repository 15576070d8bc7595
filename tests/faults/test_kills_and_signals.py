"""A run that is killed or told to stop at any moment: the next run goes on, nothing is lost, little is repeated."""

from __future__ import annotations

import asyncio
import json
import random
import signal
from collections import Counter
from contextlib import suppress
from pathlib import Path

import pytest

from tests.faults.daily_exports import DAYS, IDS, IN_TIME, DailyExports, running
from tests.support.server import LoopbackServer, Reply

REQUESTS = 4 * len(DAYS)
"""What a whole run asks: a creation, two polls and a download for each day."""

rounds = pytest.mark.parametrize("turn", range(100))


async def finish(folder: Path, server: LoopbackServer) -> None:
    """Run to the end, however often the run before was stopped."""
    async with running(folder, server) as process:
        _, said = await asyncio.wait_for(process.communicate(), 60)
        assert process.returncode == 0, said.decode()


def ids(path: Path) -> Counter[str]:
    """How often each record is in the file, every line of which must be well-formed."""
    text = path.read_text()
    assert text.endswith("\n")
    return Counter(json.loads(line)["id"] for line in text.splitlines())


def repeated_days(found: Counter[str]) -> set[str]:
    """The days of which more came twice than the one record that ends an interval and begins the next read."""
    assert max(found.values()) <= 2
    days = Counter(identity.split()[0] for identity, count in found.items() if count > 1)
    return {day for day, count in days.items() if count > 1}


@rounds
async def test_after_a_kill_the_next_run_loses_nothing_and_repeats_one_slice_at_most(
    tmp_path: Path, server: LoopbackServer, turn: int
) -> None:
    chance = random.Random(turn)
    DailyExports(server)
    async with running(tmp_path, server) as process:
        await server.was_asked(chance.randint(1, REQUESTS))
        await asyncio.sleep(chance.uniform(0, 0.1))
        with suppress(ProcessLookupError):  # it may have ended before
            process.kill()
        await process.wait()

    await finish(tmp_path, server)

    found = ids(tmp_path / "out.jsonl")
    assert found.keys() == IDS
    assert len(repeated_days(found)) <= 1


@rounds
async def test_a_signal_aborts_the_jobs_saves_the_state_and_ends_in_time(
    tmp_path: Path, server: LoopbackServer, turn: int
) -> None:
    number, code = [(signal.SIGINT, 130), (signal.SIGTERM, 143)][turn % 2]
    chance = random.Random(turn)
    api = DailyExports(server, polls=4)
    async with running(tmp_path, server) as process:
        await server.was_asked(chance.randint(1, REQUESTS))
        await asyncio.sleep(chance.uniform(0, 0.1))
        with suppress(ProcessLookupError):
            process.send_signal(number)
        _, said = await asyncio.wait_for(process.communicate(), IN_TIME)

    ended = process.returncode
    assert ended is not None
    as_shells_say = ended if ended >= 0 else 128 - ended  # a signal that comes when all is done ends Python itself
    assert as_shells_say in (code, 0), said.decode()
    assert not api.running
    assert b"Traceback" not in said
    json.loads((tmp_path / "state.json").read_text())

    await finish(tmp_path, server)

    found = ids(tmp_path / "out.jsonl")
    assert found.keys() == IDS
    assert len(repeated_days(found)) <= 1


async def test_a_server_that_does_not_answer_an_abort_is_left_in_time(tmp_path: Path, server: LoopbackServer) -> None:
    DailyExports(server, polls=1_000)
    async with running(tmp_path, server) as process:
        await server.was_asked(1)
        server.on("/jobs/j0/abort", Reply({}, gate=asyncio.Event()))
        await server.was_asked(5)
        process.send_signal(signal.SIGTERM)
        _, said = await asyncio.wait_for(process.communicate(), IN_TIME)

    assert process.returncode == 143
    assert b"The job `j0` couldn't be aborted on the server: it didn't answer within" in said
    assert b"The job `j1` was aborted on the server." in said


async def test_a_second_ctrl_c_leaves_at_once(tmp_path: Path, server: LoopbackServer) -> None:
    api = DailyExports(server, polls=1_000)
    async with running(tmp_path, server) as process:
        await server.was_asked(1)
        server.on("/jobs/j0/abort", Reply({}, gate=asyncio.Event()))
        await server.was_asked(5)
        process.send_signal(signal.SIGINT)
        assert process.stderr is not None
        async with asyncio.timeout(5):
            while b"Cancelling" not in await process.stderr.readline():
                pass
            process.send_signal(signal.SIGINT)
        assert await asyncio.wait_for(process.wait(), 1) == 130
    assert "j0" in api.running
