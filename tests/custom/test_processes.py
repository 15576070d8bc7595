"""However a run ends, all that it has started for custom code ends with it."""

from __future__ import annotations

import asyncio
import os
import select
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from core.custom.host import CustomError, CustomHost
from core.environment import CUSTOM_PYTHON
from core.reading import open_reader
from tests.custom.support import bad
from tests.custom.test_against_reference import CONFIG, items
from tests.support.custom import allowed
from tests.support.oracle import PYTHON
from tests.support.reading import connector
from tests.support.server import LoopbackServer

linux = pytest.mark.skipif(not hasattr(os, "pidfd_open"), reason="finds and waits for processes as Linux can")

pytestmark = pytest.mark.slow


async def test_a_run_that_is_cancelled_takes_the_process_with_it(server: LoopbackServer) -> None:
    server.on("/items", items())
    loaded = replace(connector(bad(server, "hangs")), custom=allowed())
    async with open_reader(loaded, CONFIG) as reader:
        host = reader.context("items", lambda event: None).run.custom
        assert host is not None
        reading = asyncio.create_task(_drained(reader.read("items")))
        async with asyncio.timeout(60):
            await server.was_asked()
            await asyncio.to_thread(until_asked, host)
        assert host._process is not None
        pid = host._process._process.pid
        reader.cancel()
        await asyncio.wait([reading])
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


BUSY = "import re; print('busy', flush=True); re.match('(a+)+$', 'a' * 60 + 'b')"

DAEMON = """
import os, subprocess
daemon = "import os, time; os.fork() and os._exit(0); os.setsid(); print(os.getpid(), flush=True); time.sleep(1000)"
with subprocess.Popen([{python!r}, "-c", daemon], stdout=subprocess.PIPE, text=True, start_new_session=True) as begun:
    with open({file!r}, "w") as pids:
        print(os.getpid(), begun.stdout.readline(), file=pids)
"""


def daemons(folder: Path) -> str:
    """Code that starts a process which leaves its group and its parent; both are named in the file `pids`."""
    return DAEMON.format(python=sys.executable, file=str(folder / "pids"))


def running(folder: Path) -> list[int]:
    """The processes of that code, to wait for."""
    return [os.pidfd_open(int(pid)) for pid in (folder / "pids").read_text(encoding="utf-8").split()]


def until_over(processes: list[int]) -> None:
    for process in processes:
        assert select.select([process], [], [], 30)[0] == [process]
        os.close(process)


@linux
@pytest.mark.parametrize("more", ["", BUSY], ids=["idle", "busy"])
def test_all_that_was_started_ends_with_a_process_that_is_killed(more: str, tmp_path: Path) -> None:
    code = daemons(tmp_path) + more
    begin = (
        "import os, signal, threading\n"
        "from core.custom.host import CustomHost\n"
        "from core.custom.permission import CustomCode\n"
        f"code = {code!r}\n"
        "host = CustomHost(CustomCode.of(code, 'c.py'), {}, {})\n"
        "threading.Thread(target=host._running, daemon=True).start()\n"
        f"while not (host._process and (host._process._said if {bool(more)} else host._started.done())):\n"
        "    pass\n"
        "print(host._process._process.pid, flush=True)\n"
        "input()\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    environment = {**os.environ, CUSTOM_PYTHON: str(PYTHON)}
    pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    with subprocess.Popen([sys.executable, "-c", begin], env=environment, **pipes) as killed:
        assert killed.stdout is not None
        processes = [os.pidfd_open(int(killed.stdout.readline())), *running(tmp_path)]
        killed.communicate("\n")
    assert killed.returncode == -9
    assert len(processes) == 3
    until_over(processes)


@linux
@pytest.mark.parametrize("end", ["", "os.abort()"], ids=["closed", "by itself"])
def test_all_that_was_started_ends_with_the_run(end: str, tmp_path: Path) -> None:
    host = CustomHost(allowed(daemons(tmp_path) + end, "c.py"), {}, {})
    with pytest.raises(CustomError, match="signal 6" if end else "KeyError"):
        host.ask("anything", {"do": "build", "path": [], "definition": {}})
    host.close()
    for pid in (tmp_path / "pids").read_text(encoding="utf-8").split():
        with pytest.raises(ProcessLookupError):
            os.kill(int(pid), 0)


def until_asked(host: CustomHost) -> None:
    """Wait for the first component to be made."""
    while host._process is None or not host._built:
        pass
    next(iter(host._built.values())).result(60)


async def _drained(events: Any) -> None:
    async for _ in events:
        pass
