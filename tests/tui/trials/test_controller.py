from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
from textual.app import App

from core.connector import Connector
from core.errors import InputError
from core.events import JobPhase, Outcome
from core.http.exchange import Role
from core.jobs.known import KnownJob, KnownJobs
from core.jobs.statuses import JobStatus
from core.reading import Limits
from tests.tui.trials.support import (
    STREAM,
    Gate,
    Script,
    ScriptedReader,
    asked,
    batch,
    connector_of,
    contact,
    created,
    ended,
    job,
    polled,
    started,
    success,
    unmapped,
)
from tui.trials.controller import EventReader, Opener, TrialChanged, TrialController
from tui.trials.trial import Trial, TrialSettings

CONNECTOR = connector_of()


class Watched:
    """A controller in a running app, and the changes that it published."""

    def __init__(self, app: App[None], opener: Opener) -> None:
        self.controller = TrialController(app, opener)
        self.changes: list[TrialChanged] = []
        self.controller.changed.subscribe(app, self.changes.append, immediate=True)

    def start(self, stream: str = STREAM, settings: TrialSettings | None = None) -> Trial:
        return self.controller.start(stream, CONNECTOR, {}, settings, fingerprint="f")

    async def over(self, trial: Trial) -> Trial:
        await self.controller.wait(5)
        assert not trial.state.running
        return trial


@asynccontextmanager
async def watched(reader: ScriptedReader | Opener) -> AsyncIterator[Watched]:
    app: App[None] = App()
    async with app.run_test():
        yield Watched(app, reader.open if isinstance(reader, ScriptedReader) else reader)


def gated(*rest: Any) -> tuple[Gate, Script]:
    gate = Gate()
    return gate, [*started(), *created(), *polled(1, "pending", JobPhase.RUNNING), batch(contact(1)), gate, *rest]


async def test_a_trial_is_folded_and_remembered_for_its_stream() -> None:
    reader = ScriptedReader(success())
    async with watched(reader) as scene:
        trial = await scene.over(scene.start())
        assert scene.controller.results == {STREAM: trial}
        assert (trial.state.outcome, len(trial.records), len(trial.exchanges)) == (Outcome.COMPLETE, 40, 4)
        assert trial.state.fingerprint == "f"
        assert trial.exchanges.entries[1].api_status == "pending"
        assert scene.changes[-1] == TrialChanged(STREAM, trial)
        assert reader.asked_for == (STREAM, None, Limits(1000, 5, 5, attempts=1))


async def test_the_settings_of_a_stream_apply_to_its_trials() -> None:
    reader = ScriptedReader(success())
    async with watched(reader) as scene:
        scene.controller.settings[STREAM] = TrialSettings(Limits(records=5), {"cursor": 1})
        await scene.over(scene.start())
        assert reader.asked_for == (STREAM, {"cursor": 1}, Limits(records=5))


async def test_only_the_latest_trial_of_all_is_kept_in_memory() -> None:
    large = [{**contact(number), "text": "x" * 10_000} for number in range(200)]
    reader = ScriptedReader([*started(), *(batch(one) for one in large), *ended(Outcome.COMPLETE, 200)])
    async with watched(reader) as scene:
        first = await scene.over(scene.start("contacts"))
        assert first.records.in_memory > 2_000_000
        await scene.over(scene.start("surveys"))
        assert first.records.in_memory == 0
        assert first.records.row(199) == large[199]


async def test_many_events_make_few_changes() -> None:
    batches = [batch(contact(number)) for number in range(2000)]
    async with watched(ScriptedReader([*started(), *batches, *ended(Outcome.COMPLETE, 2000)])) as scene:
        trial = await scene.over(scene.start())
        assert len(trial.records) == 2000
        assert len(scene.changes) < 20


async def test_a_cancelled_trial_says_so_at_once_and_keeps_what_it_has() -> None:
    gate, script = gated()
    stop = [asked(Role.ABORT, 200), job(JobPhase.ABORTED, 1, "pending"), *ended(Outcome.CANCELLED, 1)]
    reader = ScriptedReader(script, stop)
    async with watched(reader) as scene:
        trial = scene.start()
        await gate.reached.wait()
        scene.controller.cancel()
        assert scene.changes[-1].trial.state.cancelling
        await scene.over(trial)
        assert reader.cancelled.is_set()
        assert (trial.state.outcome, len(trial.records)) == (Outcome.CANCELLED, 1)
        assert not trial.state.abandoned


async def test_a_second_key_does_not_wait() -> None:
    gate, script = gated()
    hanging = Gate()
    reader = ScriptedReader(script)
    reader.cancel = hanging.reached.set  # type: ignore[method-assign]  # a server that never answers the abort
    async with watched(reader) as scene:
        trial = scene.start()
        await gate.reached.wait()
        scene.controller.cancel_or_abandon()
        assert trial.state.running
        scene.controller.cancel_or_abandon()
        assert not trial.state.running
        assert trial.state.abandoned
        assert len(trial.records) == 1
        await scene.controller.close()
        assert reader.closed


async def test_closing_during_a_cancellation_waits_for_the_jobs_to_be_aborted() -> None:
    gate, script = gated(asked(Role.ABORT, 200), *ended(Outcome.CANCELLED, 1))
    in_flight = asyncio.Event()
    reader = ScriptedReader(script)
    reader.cancel = in_flight.set  # type: ignore[method-assign]  # the abort is answered when the gate opens
    async with watched(reader) as scene:
        trial = scene.start()
        await gate.reached.wait()
        scene.controller.cancel()
        assert in_flight.is_set()
        closing = asyncio.create_task(scene.controller.close())
        gate.opened.set()
        await closing
        assert (trial.state.outcome, trial.state.jobs_aborted) == (Outcome.CANCELLED, 1)
        assert not trial.state.abandoned


async def test_cancelling_before_the_connector_is_open_counts_too() -> None:
    reader = ScriptedReader([Gate(), *ended(Outcome.COMPLETE)], ended(Outcome.CANCELLED))
    async with watched(reader) as scene:
        trial = scene.start()
        scene.controller.cancel()
        assert (await scene.over(trial)).state.outcome is Outcome.CANCELLED


async def test_a_new_trial_ends_the_previous_one() -> None:
    gate, script = gated()
    first, second = ScriptedReader(script, ended(Outcome.CANCELLED)), ScriptedReader(success(3))
    readers = iter([first, second])

    @asynccontextmanager
    async def in_turn(connector: Connector, config: Mapping[str, Any]) -> AsyncIterator[EventReader]:
        async with next(readers).open(connector, config) as reader:
            yield reader

    async with watched(in_turn) as scene:
        earlier = scene.start()
        await gate.reached.wait()
        trial = await scene.over(scene.start())
        assert first.closed
        assert earlier.state.outcome is Outcome.CANCELLED
        assert (trial.state.outcome, len(trial.records)) == (Outcome.COMPLETE, 3)


async def test_a_mapped_status_reaches_the_read_that_is_running() -> None:
    gate, script = gated(*ended(Outcome.COMPLETE))
    reader = ScriptedReader([unmapped("queued"), *script])
    async with watched(reader) as scene:
        trial = scene.start()
        await gate.reached.wait()
        scene.controller.map_status(STREAM, "queued", JobStatus.RUNNING)
        assert reader.mapped == [(STREAM, "queued", JobStatus.RUNNING)]
        assert not trial.state.unmapped
        gate.opened.set()
        await scene.over(trial)
        scene.controller.map_status(STREAM, "late", JobStatus.FAILED)
        assert len(reader.mapped) == 1


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (InputError("The input `api_key` is missing."), "The input `api_key` is missing."),
        (KeyError("contacts"), "The manifest has no stream `contacts` that can be read."),
        (OSError(28, "No space left on device"), "can't be kept on this machine: No space left on device."),
        (RuntimeError("boom"), "stopped by an internal error of Longhaul (RuntimeError: boom)"),
    ],
)
async def test_what_goes_wrong_around_a_read_is_reported_in_a_sentence(error: Exception, message: str) -> None:
    @asynccontextmanager
    async def broken(connector: Connector, config: Mapping[str, Any]) -> AsyncIterator[EventReader]:
        del connector, config
        raise error
        yield  # pragma: no cover

    async with watched(broken) as scene:
        trial = await scene.over(scene.start())
        assert trial.state.outcome is Outcome.FAILED
        assert message in trial.state.errors[0]


async def test_jobs_that_were_kept_are_cleared_away_later_when_a_trial_does_not_begin() -> None:
    kept = KnownJobs()
    kept.note(None, KnownJob(httpx.Response(201), kept=True))
    reader = ScriptedReader(success())
    works = False

    @asynccontextmanager
    async def opened(connector: Connector, config: Mapping[str, Any]) -> AsyncIterator[EventReader]:
        if not works:
            raise InputError("The input `api_key` is missing.")
        async with reader.open(connector, config) as found:
            yield found

    async with watched(opened) as scene:
        scene.controller.jobs[STREAM] = kept
        await scene.over(scene.start())
        assert reader.cleared == []
        works = True
        await scene.over(scene.start())
        assert reader.cleared == [(STREAM, kept)]


async def test_a_missing_stream_fails_with_a_sentence() -> None:
    class Strict(ScriptedReader):
        def read(self, stream: str, *rest: Any, **more: Any) -> Any:
            del rest, more
            raise KeyError(stream)

    async with watched(Strict([])) as scene:
        trial = await scene.over(scene.start("nothing"))
        assert trial.state.errors == ("There is no stream `nothing`; there are contacts.",)
