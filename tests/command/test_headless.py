"""A headless run writes, shows and traces what a reader emits, whatever happens to either of them."""

from __future__ import annotations

import asyncio
import io
import json
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from pathlib import Path
from typing import Any, cast

import pytest

from core.command.headless import STREAMS_AT_ONCE, HeadlessRun, RunPlan
from core.components.stream import DeclarativeStream, StreamChoice
from core.connector import Connector
from core.events import Event, Outcome, Records, StateAdvanced, StreamFinished, StreamStarted
from core.levels import Level
from core.outputs.destination import Destination
from core.outputs.har import HarTrace
from core.outputs.state import StateFile
from core.progress.picture import RunPicture
from core.progress.plain import PlainProgress
from core.reading import Limits
from tests.outputs.test_sinks import ids
from tests.progress.stories import exchange

Step = Event | dict[str, Any] | Callable[[], Awaitable[None]]
"""What a scripted stream does next: an event, a record, or something else."""


class Connectorlike:
    """As much of a connector as a run asks for."""

    def __init__(self, names: tuple[str, ...]) -> None:
        self.stream_names = names

    def primary_key(self, name: str) -> list[list[str]]:
        return []

    def schema(self, name: str) -> Mapping[str, Any]:
        return {"properties": {"id": {}}}


class ToldReader:
    """A reader that plays a script for each stream, and ends it as a real one does."""

    def __init__(self, stories: Mapping[str, list[Step]], outcome: Outcome) -> None:
        self.stories = stories
        self.outcome = outcome
        self.asked: dict[str, tuple[Any, Limits]] = {}
        self.cancelled = asyncio.Event()
        self.at_once = self.most_at_once = 0

    def cancel(self) -> None:
        self.cancelled.set()

    def mask(self, text: str) -> str:
        return text.replace("s3cret", "****")

    def choice(self, stream: str, state: Any) -> StreamChoice:
        return StreamChoice(cast(DeclarativeStream, None), state, goes_on=state is not None)

    def turn(self, stream: str, report: object) -> AbstractAsyncContextManager[None]:
        return nullcontext()

    async def read(
        self,
        stream: str,
        state: Any,
        limits: Limits,
        encode: Callable[[Sequence[dict[str, Any]]], bytes],
        jobs: object = None,
        *,
        detach: bool = False,
    ) -> AsyncIterator[Event]:
        self.asked[stream] = (state, limits)
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        yield StreamStarted(stream=stream)
        records = 0
        for step in self.stories[stream]:
            if self.cancelled.is_set():
                break
            if isinstance(step, dict):
                records += 1
                yield Records(stream=stream, count=1, data=encode([step]))
            elif isinstance(step, Event):
                yield step
            else:
                await step()
        self.at_once -= 1
        outcome = Outcome.CANCELLED if self.cancelled.is_set() else self.outcome
        errors = ("It broke.",) if outcome is Outcome.FAILED else ()
        yield StreamFinished(stream=stream, outcome=outcome, records=records, slices=1, seconds=1.0, errors=errors)


class Run:
    """A headless run of scripted streams, with its messages and its results."""

    def __init__(
        self,
        monkeypatch: pytest.MonkeyPatch,
        stories: Mapping[str, list[Step]],
        output: str | None,
        *,
        outcome: Outcome = Outcome.COMPLETE,
        state: Path | None = None,
        trace: Path | None = None,
    ) -> None:
        names = tuple(stories)
        target = io.StringIO()

        self.reader = ToldReader(stories, outcome)

        @asynccontextmanager
        async def open_reader(*_: object, **__: object) -> AsyncIterator[ToldReader]:
            yield self.reader

        monkeypatch.setattr("core.command.headless.open_reader", open_reader)
        plan = RunPlan(
            connector=cast(Connector, Connectorlike(names)),
            config={},
            streams=names,
            destination=Destination.parse(output, append=state is not None),
            state=StateFile(state) if state else None,
            trace=HarTrace(trace) if trace else None,
            limit=7,
        )
        self.code = HeadlessRun(plan, RunPicture(names), PlainProgress(target, Level.INFO))()
        self.lines = [line.split(" ", 1)[1] for line in target.getvalue().splitlines()]


def state_of(stream: str, day: int) -> StateAdvanced:
    return StateAdvanced(stream=stream, state={"day": day})


def test_records_go_to_their_file_and_the_summary_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = Run(monkeypatch, {"users": [{"id": 1}, {"id": 2}]}, str(tmp_path / "out.csv"))
    assert run.code == 0
    assert (tmp_path / "out.csv").read_text() == "id\n1\n2\n"
    assert run.lines == [f"users: 2 records, 1 slice, 1.0 s -> {tmp_path}/out.csv"]
    assert run.reader.asked == {"users": (None, Limits(records=7))}


def test_a_failed_stream_is_code_1_and_its_records_stay_in_the_partial_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "out.jsonl"
    path.write_text("old\n")
    run = Run(monkeypatch, {"users": [{"id": 1}]}, str(path), outcome=Outcome.FAILED)
    assert run.code == 1
    assert path.read_text() == "old\n"
    assert (tmp_path / "out.jsonl.partial").read_text() == '{"id":1}\n'
    assert run.lines == [
        "ERROR: users: It broke.",
        f"ERROR: users: failed (1 record, 1 slice, 1.0 s); what was read is in {path}.partial.",
    ]


def test_streams_are_read_side_by_side_into_a_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def pause() -> None:
        await asyncio.sleep(0.01)

    stories: dict[str, list[Step]] = {f"s{number}": [{"id": number}, pause] for number in range(10)}
    run = Run(monkeypatch, stories, str(tmp_path))
    assert run.code == 0
    assert run.reader.most_at_once == STREAMS_AT_ONCE
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == {
        f"s{number}.jsonl": f'{{"id":{number}}}\n' for number in range(10)
    }
    assert run.lines[-1].startswith("10 of 10 streams read: 10 records in ")


def test_the_state_is_never_newer_than_the_records_on_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, happened = tmp_path / "out.jsonl", []
    real_sync, real_save = os.fsync, StateFile.save

    def sync(descriptor: int) -> None:
        real_sync(descriptor)
        if path.exists() and os.fstat(descriptor).st_ino == path.stat().st_ino:
            happened.append(("on disk", path.read_text().count("\n")))

    def save(self: StateFile, stream: str, state: Mapping[str, Any]) -> None:
        happened.append(("state", state["day"]))
        real_save(self, stream, state)

    monkeypatch.setattr(os, "fsync", sync)
    monkeypatch.setattr(StateFile, "save", save)
    story: list[Step] = [{"id": 1}, state_of("users", 1), {"id": 2}, {"id": 3}, state_of("users", 3), {"id": 4}]
    run = Run(monkeypatch, {"users": story}, str(path), state=tmp_path / "state.json")
    assert run.code == 0
    assert happened == [("on disk", 1), ("state", 1), ("on disk", 3), ("state", 3), ("on disk", 4)]


def test_a_state_that_can_not_be_saved_stops_the_stream_and_keeps_the_records(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def save(self: StateFile, stream: str, state: Mapping[str, Any]) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(StateFile, "save", save)
    story: list[Step] = [{"id": 1}, state_of("users", 1), {"id": 2}]
    run = Run(monkeypatch, {"users": story}, str(tmp_path / "out.jsonl"), state=tmp_path / "state.json")
    assert run.code == 1
    assert (tmp_path / "out.jsonl").read_text() == '{"id":1}\n'
    assert run.lines[0] == (
        f"ERROR: users: {tmp_path}/state.json can't be written: the disk is full; free some space and run again."
    )


KILLED = """
import os, sys
from pathlib import Path
import pytest
from tests.command.test_headless import Run, StateFile, state_of

def killed_at(moment, real):
    def call(*arguments, **named):
        global calls
        calls += 1
        if calls == moment:
            os._exit(9)
        return real(*arguments, **named)
    return call

def run(file, state, moment):
    os.fsync, Path.replace = killed_at(moment, os.fsync), killed_at(moment, Path.replace)
    done = (StateFile(state).of("users") or {"day": 0})["day"]
    story = []
    for day in range(done + 1, 6):
        story += [{"id": day, f"extra{day}": "x"}, state_of("users", day)]
    os._exit(Run(pytest.MonkeyPatch(), {"users": story}, str(file), state=state).code)

for moment in range(1, 100):
    folder = Path(sys.argv[1]) / str(moment)
    folder.mkdir()
    for again in (moment, 0):
        calls = 0
        child = os.fork()
        if not child:
            run(folder / sys.argv[2], folder / "state.json", again)
        code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        if again and code == 0:
            sys.exit(0)
"""
"""A run of five slices of one record each, killed at every call that touches the disk, and repeated."""


@pytest.mark.slow
@pytest.mark.parametrize("name", ["out.jsonl", "out.jsonl.gz", "out.csv", "out.csv.gz"])
def test_after_a_kill_at_any_moment_the_next_run_goes_on_without_a_loss(tmp_path: Path, name: str) -> None:
    subprocess.run([sys.executable, "-c", KILLED, str(tmp_path), name], check=True)
    folders = sorted(tmp_path.iterdir())
    assert len(folders) > 15
    for folder in folders:
        assert list(dict.fromkeys(ids(folder / name))) == ["1", "2", "3", "4", "5"]
        assert StateFile(folder / "state.json").of("users") == {"day": 5}


def test_a_stream_goes_on_from_its_state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "state.json").write_text('{"users": {"day": 5}, "others": {"day": 1}}')
    run = Run(
        monkeypatch,
        {"users": [{"id": 6}, state_of("users", 6)]},
        str(tmp_path / "out.jsonl"),
        state=tmp_path / "state.json",
    )
    assert run.reader.asked["users"][0] == {"day": 5}
    assert StateFile(tmp_path / "state.json").of("users") == {"day": 6}
    assert StateFile(tmp_path / "state.json").of("others") == {"day": 1}


def test_a_disk_that_fails_ends_one_stream_and_not_the_others(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "bad.jsonl").mkdir()
    run = Run(
        monkeypatch,
        {"bad": [{"id": 1}], "good": [{"id": 2}]},
        str(tmp_path),
        state=tmp_path / "state.json",
    )
    assert run.code == 1
    assert (tmp_path / "good.jsonl").read_text() == '{"id":2}\n'
    assert any("bad.jsonl can't be written" in line and "directory" in line for line in run.lines)


def test_a_fault_of_our_own_is_one_sentence_without_secrets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def fault() -> None:
        raise ZeroDivisionError("with s3cret\nin it")

    run = Run(monkeypatch, {"bad": [{"id": 1}, fault], "good": [{"id": 2}]}, str(tmp_path))
    assert run.code == 1
    assert (
        "ERROR: bad: stopped by an internal error of Longhaul (ZeroDivisionError: with **** in it). Please report it, "
        "with the manifest and what this command prints with LONGHAUL_DEBUG=1 in the environment."
    ) in run.lines
    assert not any("s3cret" in line or "Traceback" in line for line in run.lines)
    assert (tmp_path / "good.jsonl").exists()
    assert (tmp_path / "bad.jsonl.partial").read_text() == '{"id":1}\n'


@pytest.mark.parametrize("on_windows", [False, True])
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_cancels_the_reader_and_ends_in_order(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, code: int, on_windows: bool
) -> None:
    if on_windows:  # where event loops know no signals
        monkeypatch.setattr(asyncio.SelectorEventLoop, "add_signal_handler", asyncio.BaseEventLoop.add_signal_handler)

    async def interrupt() -> None:
        os.kill(os.getpid(), number)
        await asyncio.sleep(0.05)

    story: list[Step] = [{"id": 1}, state_of("users", 1), interrupt, {"id": 2}]
    before = signal.getsignal(number)
    run = Run(monkeypatch, {"users": story}, str(tmp_path / "out.jsonl"), state=tmp_path / "state.json")
    signal.signal(number, before)
    assert run.code == code
    assert (tmp_path / "out.jsonl").read_text() == '{"id":1}\n'
    assert [line.partition(" (")[0] for line in run.lines] == [
        "WARNING: Cancelling: requests are stopped, jobs that run on the server are aborted. "
        "Press Ctrl-C again to leave at once.",
        "WARNING: users: cancelled",
        f"WARNING: users: the state reached is saved in {tmp_path}/state.json.",
    ]


def test_a_second_signal_ends_the_run_at_once(tmp_path: Path) -> None:
    program = """
import asyncio, os, signal, sys
import pytest
from tests.command.test_headless import Run
async def interrupt():
    for _ in range(2):
        os.kill(os.getpid(), signal.SIGINT)
        await asyncio.sleep(0.05)
    await asyncio.sleep(60)
Run(pytest.MonkeyPatch(), {"users": [{"id": 1}, interrupt]}, sys.argv[1])
"""
    done = subprocess.run([sys.executable, "-c", program, str(tmp_path)], check=False, timeout=30)
    assert done.returncode == 130


def test_exchanges_are_traced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Run(monkeypatch, {"contacts": [exchange(), exchange()]}, str(tmp_path), trace=tmp_path / "run.har")
    assert len(json.loads((tmp_path / "run.har").read_text())["log"]["entries"]) == 2


def test_a_trace_that_can_not_go_on_does_not_stop_the_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def add(self: HarTrace, event: Event) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(HarTrace, "add", add)
    run = Run(
        monkeypatch,
        {"contacts": [exchange(), {"id": 1}, exchange()]},
        str(tmp_path),
        trace=tmp_path / "run.har",
    )
    assert run.code == 0
    assert sum("The trace ends here" in line for line in run.lines) == 1


def test_a_reader_of_standard_output_that_has_gone_ends_the_run_quietly(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    kept = os.dup(1)
    os.dup2(writing, 1)
    try:
        run = Run(monkeypatch, {"contacts": [{"id": 1}, exchange(), {"id": 2}]}, None)
    finally:
        os.dup2(kept, 1)
        os.close(writing)
        os.close(kept)
    assert run.code == 0
    assert run.lines == []
    assert run.reader.cancelled.is_set()
