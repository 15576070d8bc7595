"""The trial pane with the real engine against the demo API."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from core.reading import open_reader
from sample_configs.demo_api import DemoApi, Fault
from tests.tui.trials.view.support import Scene, scene
from tui.trials.view.status_question import StatusQuestion

EXPORTS = "/v3/marketing/contacts/exports"


@asynccontextmanager
async def demo(
    size: tuple[int, int] = (100, 36), pace: float = 0, sample: str = "sendgrid_contacts", stream: str = "contacts"
) -> AsyncIterator[tuple[Scene, DemoApi]]:
    with DemoApi(pace=pace, rows=300) as api:
        async with scene(open_reader, size, sample_name=sample, stream=stream, clock=time.monotonic) as stage:
            stage.start(api.inputs(sample))
            yield stage, api


async def until(stage: Scene, true: Callable[[], object]) -> None:
    async with asyncio.timeout(10):
        while not true():
            await stage.pilot.pause(0.02)


async def test_a_job_is_created_polled_and_downloaded_and_its_polls_are_listed() -> None:
    async with demo() as (stage, _):
        text = await stage.finish()
        assert stage.pane.current is not None
        assert stage.pane.current.state.partitions[0].share == 1.0  # of the length that the server announced
        assert "✓ 300 records" in text
        assert "◆  ready  download ███" in text
        assert "EMAIL" in text
        text = await stage.press("6")
        assert "Async Job -- Polling 1" in text
        assert '"status": "ready"' in await stage.settle()


async def test_wrong_credentials_are_shown_with_the_answer_and_the_field() -> None:
    with DemoApi(pace=0) as api:
        async with scene(open_reader, (100, 36), clock=time.monotonic) as stage:
            stage.start(api.inputs("sendgrid_contacts") | {"api_key": "wrong"})
            text = await stage.finish()
            assert "answered 401" in text
            assert "Go to Creation, Authenticator" in text
            assert "Async Job -- Create" in text


async def test_a_missing_download_is_shown_with_its_answer() -> None:
    async with demo() as (stage, api):
        api.misbehave(Fault(path="/files/*", status=404, body="gone", times=None))
        text = await stage.finish()
        assert "✗ failed" in text
        assert "ready  download ░░░" in text
        assert "404 Not Found" in text


async def test_cancelling_a_hanging_job_reports_what_became_of_it() -> None:
    async with demo(pace=1000, sample="stripe_report_run", stream="balance_transactions") as (stage, _):
        await until(stage, lambda: stage.pane.current and stage.pane.current.state.exchanges)
        await stage.press("escape")
        text = " ".join((await stage.finish()).split())
        assert "■ cancelled" in text
        assert "running on the server: the stream has no abort request." in text
        assert "Go to Download, Abort" in text


async def test_a_status_is_mapped_while_the_job_runs() -> None:
    async with demo(pace=0) as (stage, api):
        api.misbehave(Fault(method="POST", path=EXPORTS, job_status="strange"))
        stage.app.controller.cancel()
        await stage.finish()
        stage.start(api.inputs("sendgrid_contacts"))
        await until(stage, lambda: stage.pane.query_one(StatusQuestion).takes_answers)
        assert "“strange”" in stage.app.text()
        await stage.press("s")
        assert "skipped" in await stage.finish()
