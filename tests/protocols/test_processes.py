"""`source-longhaul` as a process: signals, slow readers, readers that go away, and wrappers."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml

from core.errors import ManifestError
from core.outputs.durable import OutputError
from core.protocols.wrapper import make_source
from tests.protocols.support import BY_DAY, PATIENCE, ROOT, Answer, Asking, manifest, stream
from tests.support import jobs_api
from tests.support.server import Asked, LoopbackServer, Reply

pytestmark = pytest.mark.slow


@asynccontextmanager
async def started(asking: Asking, *words: str) -> AsyncIterator[subprocess.Popen[bytes]]:
    process = asking.start(*words)
    try:
        yield process
    finally:
        process.kill()
        await asyncio.to_thread(process.communicate)


async def end(process: subprocess.Popen[bytes]) -> Answer:
    output, complaints = await asyncio.wait_for(asyncio.to_thread(process.communicate), PATIENCE)
    assert b"Traceback" not in complaints, complaints
    return Answer(process.returncode, output.decode())


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_signal_aborts_the_jobs_and_sends_the_states_before_it_kills(
    server: LoopbackServer, tmp_path: Path, number: signal.Signals
) -> None:
    jobs_api.serve_job(server, *["busy"] * 1000)
    server.on("/days", _day)
    content = yaml.safe_load(jobs_api.manifest(server, retriever=jobs_api.ABORT % server.url()))
    by_day = {**BY_DAY, "step": "P1D", "cursor_granularity": "P1D"}
    content["streams"].append(stream("days", server.url(), "/days", incremental_sync=by_day))
    async with started(Asking(tmp_path, content), "read", "exports", "days") as process:
        while not (server.to("/jobs/j1") and any(one.query["since"] == ["2024-01-04"] for one in server.to("/days"))):
            await asyncio.sleep(0.02)
            assert process.poll() is None
        process.send_signal(number)
        answer = await end(process)
    assert answer.code == -number
    assert server.to("/jobs/j1/abort")
    assert answer.states("days")[-1]["stream"]["stream_state"]["day"] == "2024-01-03"
    assert answer.statuses("days")[-1] == answer.statuses("exports")[-1] == "INCOMPLETE"
    assert answer.states("exports") == []


def _day(asked: Asked) -> Reply:
    """A record for each day; the fourth never comes."""
    (since,) = asked.query["since"]
    return Reply([{"id": 1, "day": since}], gate=asyncio.Event() if since >= "2024-01-04" else None)


async def test_a_slow_reader_delays_no_poll_and_no_death(server: LoopbackServer, tmp_path: Path) -> None:
    many = json.dumps([{"id": number, "text": "x" * 200} for number in range(100_000)]).encode()
    server.on("/many", Reply(many, headers={"content-type": "application/json"}))
    jobs_api.serve_job(server, *["busy"] * 1000)
    content = yaml.safe_load(jobs_api.manifest(server, retriever="polling_interval: 0.05"))
    content["streams"].append(stream("many", server.url(), "/many"))
    async with started(Asking(tmp_path, content), "read", "many", "exports") as process:
        await server.was_asked(2)
        polls = len(server.to("/jobs/j1"))
        await server.was_asked(len(server.asked) + 40)
        assert len(server.to("/jobs/j1")) > polls + 30  # nobody has read a byte
        peak = _memory(process.pid)
        process.terminate()
        began = time.monotonic()
        code = await asyncio.wait_for(asyncio.to_thread(process.wait), PATIENCE)
        assert code == -signal.SIGTERM
        assert time.monotonic() - began < 7  # before the last resort, though it could not send what it had
        assert peak < 220


def _memory(pid: int) -> float:
    """The resident memory of a process in MB."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


async def test_a_reader_that_goes_away_ends_the_read(server: LoopbackServer, tmp_path: Path) -> None:
    jobs_api.serve_job(server, *["busy"] * 1000)
    server.on("/days", _day)
    retriever = f"polling_interval: 0.05\n{jobs_api.ABORT % server.url()}"
    content = yaml.safe_load(jobs_api.manifest(server, retriever=retriever))
    by_day = {**BY_DAY, "step": "P1D", "cursor_granularity": "P1D"}
    content["streams"].append(stream("days", server.url(), "/days", incremental_sync=by_day))
    async with started(Asking(tmp_path, content), "read", "exports", "days") as process:
        assert process.stdout is not None
        process.stdout.close()
        code = await asyncio.wait_for(asyncio.to_thread(process.wait), PATIENCE)
        assert process.stderr is not None
        assert (code, process.stderr.read()) == (1, b"")
    assert len(server.to("/jobs/j1/abort")) == len(server.to("/jobs"))


async def test_a_full_disk_is_an_error(server: LoopbackServer, tmp_path: Path) -> None:
    server.on("/things", Reply([{"id": 1}]))
    words = Asking(tmp_path, manifest(stream("things", server.url(), "/things"))).words("read", "things")
    full = os.open("/dev/full", os.O_WRONLY)
    try:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-P", "-m", "core.protocols", *words),
            stdout=full,
            stderr=asyncio.subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        )
        _, complaints = await asyncio.wait_for(process.communicate(), PATIENCE)
    finally:
        os.close(full)
    assert process.returncode == 1
    assert complaints == b"source-longhaul: standard output can't be written: No space left on device.\n"


def test_spec_loads_neither_the_engine_nor_a_screen(tmp_path: Path) -> None:
    program = (
        "import sys\nfrom core.protocols.entry import main\nsys.argv = ['source-longhaul', 'spec']\nmain()\n"
        "print(sorted({'textual', 'rich', 'httpx', 'pydantic', 'jinja2'} & {*sys.modules}), file=sys.stderr)"
    )
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    ended = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, env=environment)
    assert ended.stderr == b"[]\n"
    assert json.loads(ended.stdout)["type"] == "SPEC"


# Wrappers


def _spec(wrapper: Path, folder: Path) -> Any:
    ended = subprocess.run(
        [wrapper, "spec"], check=True, capture_output=True, cwd=folder, env={**os.environ, "PYTHONPATH": str(ROOT)}
    )
    return json.loads(ended.stdout)["spec"]["connectionSpecification"]


def test_a_wrapper_is_a_source_from_everywhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    content = manifest(stream("things", "http://127.0.0.1", "/things"))
    place = tmp_path / "my 'own' manifests"
    (place / "core").mkdir(parents=True)  # a folder that is called as a package of ours
    (place / "things.yaml").write_text(json.dumps(content))
    monkeypatch.chdir(place)
    wrapper = Path("bin/source-things")
    make_source(Path("things.yaml"), wrapper)
    assert len(wrapper.read_text().splitlines()) == 2
    assert wrapper.stat().st_mode & 0o777 == 0o755
    expected = content["spec"]["connection_specification"]
    assert _spec(wrapper.resolve(), place) == _spec(wrapper.resolve(), Path("/")) == expected
    make_source(Path("things.yaml"), wrapper)
    assert [path.name for path in wrapper.parent.iterdir()] == ["source-things"]


def test_a_wrapper_replaces_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "things.yaml"
    path.write_text(json.dumps(manifest(stream("things", "http://127.0.0.1", "/things"))))
    other = tmp_path / "other.sh"
    other.write_text("#!/bin/sh\necho mine\n")
    for output in (other, path, tmp_path):
        with pytest.raises(OutputError):
            make_source(path, output)
    with pytest.raises(ManifestError):
        make_source(tmp_path / "nothing.yaml", tmp_path / "source")
    path.write_text("version: 7.0.0\nstreams: []\n")
    with pytest.raises(ManifestError):
        make_source(path, tmp_path / "source")
    assert sorted(one.name for one in tmp_path.iterdir()) == ["other.sh", "things.yaml"]
    assert other.read_text() == "#!/bin/sh\necho mine\n"
