"""A signal ends a run within five seconds, whatever its threads are in the middle of."""

from __future__ import annotations

import asyncio
import json
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from tests.faults.daily_exports import IN_TIME
from tests.support.paging_api import manifest
from tests.support.server import LoopbackServer, Reply

MANY = json.dumps({"items": [{"n": n} for n in range(400_000)]}).encode()
"""One block, decoded at once; every record of it then takes a while."""
FIELDS = ", ".join(
    f"""{{type: AddedFieldDefinition, path: [f{n}], value: "{{{{ record['n'] + {n} }}}} of {{{{ now_utc() }}}}"}}"""
    for n in range(8)
)
SLOW = f"transformations: [{{type: AddFields, fields: [{FIELDS}]}}]"


@asynccontextmanager
async def command(folder: Path, text: str, *arguments: str) -> AsyncIterator[asyncio.subprocess.Process]:
    """The command, reading a manifest; killed in the end when it still runs."""
    path = folder / "manifest.yaml"
    path.write_text(text)
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "core.command.cli", "--run", str(path), *arguments, stdout=pipe, stderr=pipe
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


def grown(folder: Path) -> None:
    """Wait until there are records in a file."""
    deadline = time.monotonic() + 20
    while not any(part.stat().st_size for part in folder.glob("*out.jsonl*")):
        assert time.monotonic() < deadline
        time.sleep(0.05)


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
async def test_while_a_large_block_is_worked_on(
    tmp_path: Path, server: LoopbackServer, number: signal.Signals, code: int
) -> None:
    server.on("/items", Reply(MANY))
    output = tmp_path / "out.jsonl"
    async with command(tmp_path, manifest(server, stream=SLOW), "--output", str(output)) as process:
        await server.was_asked(1)
        await asyncio.to_thread(grown, tmp_path)
        process.send_signal(number)
        _, said = await asyncio.wait_for(process.communicate(), IN_TIME)

    assert process.returncode == code, said.decode()
    assert b"Traceback" not in said
    assert not output.exists()


async def test_while_nobody_takes_what_is_written(tmp_path: Path, server: LoopbackServer) -> None:
    server.on("/items", Reply(MANY))

    code = await asyncio.to_thread(stopped_at_its_first_words, tmp_path, manifest(server))

    assert code == 143


def stopped_at_its_first_words(folder: Path, text: str) -> int:
    """The exit code of the command when it is stopped while its output waits to be taken."""
    path = folder / "manifest.yaml"
    path.write_text(text)
    pipe = subprocess.PIPE
    with subprocess.Popen(
        [sys.executable, "-m", "core.command.cli", "--run", str(path)], stdout=pipe, stderr=pipe
    ) as process:
        try:
            assert process.stdout is not None
            process.stdout.read(10)
            process.send_signal(signal.SIGTERM)
            return process.wait(IN_TIME)
        finally:
            process.kill()
