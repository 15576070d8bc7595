"""Draws the pictures of the documentation from real runs against the demo API: `make pictures`."""

from __future__ import annotations

import asyncio
import io
import os
import re
from pathlib import Path
from tempfile import TemporaryDirectory

from rich.console import Console
from rich.segment import Segment
from rich.terminal_theme import MONOKAI
from rich.text import Text
from textual.strip import Strip

from core.connector import load_connector
from core.events import DownloadProgress, Event, JobPhase, PollScheduled
from core.inputs import gather_inputs
from core.levels import Level
from core.manifest.document import Document
from core.progress.live import LiveProgress
from core.progress.picture import RunPicture
from core.reading import open_reader
from docs.moving_picture import Frame, frame, moving_picture
from sample_configs import sample
from sample_configs.demo_api import DemoApi
from tui.app import BuilderApp

HERE = Path(__file__).parent
SAMPLE, STREAM = "ads_report", "campaign_days"
POLLS_SHOWN, SHARE_SHOWN = 3, 0.6
COLUMNS, LINES, STEP = 150, 36, 0.4
"""The size of the moving picture, and the seconds of a frame during the test."""


def worth_a_picture(run: RunPicture) -> bool:
    """Whether jobs in several phases are to be seen and records have come."""
    phases = {job.phase for job in run.streams[STREAM].slices.values()}
    return run.records > 0 and JobPhase.RUNNING in phases and run.streams[STREAM].slices_done > 0


async def draw_run() -> str:
    """The live display of a headless run, as SVG."""
    console = Console(
        record=True, file=io.StringIO(), width=96, height=24, force_terminal=True, color_system="truecolor"
    )
    console.print(Text("$ longhaul --run ads_report.yaml --output data/ --state state.json\n", "bold"))
    run = RunPicture([STREAM])
    progress = LiveProgress(console, run, Level.INFO)
    with DemoApi(pace=1, rows=40_000) as api:
        connector = load_connector(Document.load(sample(SAMPLE).path))
        config = gather_inputs(connector.connection_specification, given=api.inputs(SAMPLE))
        async with open_reader(connector, config) as reader:
            async for event in reader.read(STREAM):
                if draw_event(run, progress, event):
                    console.print(progress.picture())
                    return without_web_fonts(console.export_svg(title="longhaul", theme=MONOKAI))
    raise RuntimeError("the run ended before there was a picture")


def draw_event(run: RunPicture, progress: LiveProgress, event: Event) -> bool:
    """Take an event; whether now is the moment for the picture."""
    run.fold(event)
    progress.show(event)
    return worth_a_picture(run)


async def draw_job() -> str:
    """One job at two moments, between two polls and in the middle of its download, as SVG."""
    console = Console(
        record=True, file=io.StringIO(), width=104, height=24, force_terminal=True, color_system="truecolor"
    )
    run, is_shown = RunPicture(["contacts"]), False
    progress = LiveProgress(console, run, Level.INFO)
    with DemoApi(pace=1, rows=400_000) as api:
        connector = load_connector(Document.load(sample("sendgrid_contacts").path))
        config = gather_inputs(connector.connection_specification, given=api.inputs("sendgrid_contacts"))
        async with open_reader(connector, config) as reader:
            async for event in reader.read("contacts"):
                run.fold(event)
                if isinstance(event, PollScheduled) and event.polls == POLLS_SHOWN:
                    await asyncio.sleep(0.6)  # the present is between two polls
                    console.print(progress.picture(), "")
                if isinstance(event, DownloadProgress) and not is_shown and (event.share or 0) >= SHARE_SHOWN:
                    console.print(progress.picture())
                    is_shown = True
    return without_web_fonts(console.export_svg(title="longhaul", theme=MONOKAI))


def without_web_fonts(svg: str) -> str:
    """The picture with the reader's own monospaced font: nothing is loaded from elsewhere."""
    svg = re.sub(r"@font-face \{.*?\}\s*", "", svg, flags=re.DOTALL)
    return svg.replace("font-family: Fira Code, monospace", "font-family: monospace")


async def frames_of_a_test() -> list[Frame]:
    """The builder before, during and after the test of a stream, and with the requests of its job."""
    with TemporaryDirectory() as folder:
        os.environ["LONGHAUL_CONFIG_DIR"] = os.environ["LONGHAUL_STATE_DIR"] = folder
        app = BuilderApp(demo=True)
        async with app.run_test(size=(COLUMNS, LINES)) as pilot, asyncio.timeout(60):
            while app.builder is None:
                await pilot.pause(0.1)
            await pilot.pause(0.5)
            frames = [shown(app, 2.0)]
            await pilot.press("f5")
            while (run := app.builder.trials.controller.results.get("contacts")) is None or run.state.ended is None:
                await pilot.pause(STEP)
                frames.append(shown(app, STEP))
            await pilot.pause(0.5)
            frames.append(shown(app, 2.5))
            await pilot.press("6")
            await pilot.pause(0.5)
            return [*frames, shown(app, 3.0)]


def shown(app: BuilderApp, seconds: float) -> Frame:
    """What is on the screen, without the port of the demo API: that is another one each time."""
    lines = app.screen._compositor.render_strips()
    return frame((Strip(map(_same_port, line), line.cell_length) for line in lines), seconds)


def _same_port(segment: Segment) -> Segment:
    return Segment(re.sub(r"(127\.0\.0\.1:)\d{5}", r"\g<1>40000", segment.text), segment.style)


def main() -> None:
    """Draw all pictures."""
    (HERE / "job.svg").write_text(asyncio.run(draw_job()), encoding="utf-8")
    (HERE / "run.svg").write_text(asyncio.run(draw_run()), encoding="utf-8")
    builder = moving_picture(asyncio.run(frames_of_a_test()), COLUMNS, LINES, "A job is tested in the builder")
    (HERE / "builder.svg").write_text(builder, encoding="utf-8")


if __name__ == "__main__":
    main()
