"""What the builder takes until it shows things: `python -m benchmarks.screens`.

The start is measured from outside, as a terminal sees it. Everything else happens in the real app, driven by keys: the
time from a key to the picture that it asks for, and the longest pause of the event loop, in which no key is heard.
"""

from __future__ import annotations

import argparse
import asyncio
import fcntl
import os
import pty
import select
import struct
import subprocess
import sys
import termios
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import yaml
from textual.pilot import Pilot
from textual.widget import Widget
from textual.widgets import Input

from benchmarks.data import make_files
from benchmarks.engines import ROOT
from benchmarks.manifests import CSV, JSON, STREAM, job_manifest
from benchmarks.measuring import running_server
from benchmarks.report import PAGE, judged, machine, table
from core.reading import Limits
from sample_configs import sample
from tui.app import BuilderApp
from tui.command import keep_responsive
from tui.forms import StreamForm
from tui.shell.screen import BuilderScreen
from tui.trials.trial import Trial, TrialSettings
from tui.trials.view.details import Details, LogPanel, OtherRequests
from tui.trials.view.results import TAB_KEYS, Results
from tui.widgets.doc_view import DocView
from tui.widgets.record_table import RecordTable

START_TARGET = 0.8
"""Seconds from the start of the process to the first picture."""
KEY_TARGET = 0.15
"""Seconds from a key to the picture."""
PAUSE_TARGET = 0.1
"""Seconds for which the event loop may hear nothing."""
SIZE = (120, 40)
ROWS = 100_000
_SLICES = 10
"""Jobs that give so many rows each."""
LARGE_BODY = 19_000
"""Records of the JSON answer that is looked at: 10 MB."""
_PATIENCE = 60.0
_BEGIN, _END = "<!-- begin: python -m benchmarks.screens --write -->\n", "<!-- end -->\n"


@dataclass(frozen=True, slots=True)
class Figure:
    """Something that was measured, in seconds; `target`: what it should stay below."""

    what: str
    seconds: float
    target: float | None = None

    @property
    def row(self) -> list[str]:
        """The line of the table."""
        target = judged(f"< {self.target * 1000:.0f}", self.seconds < self.target) if self.target else ""
        return [self.what, f"{self.seconds * 1000:.0f}", target]


# The start, from outside


def large_manifest(path: Path, streams: int = 80, size: int = 500_000) -> Path:
    """Write a manifest of some size: the SendGrid stream again and again, with long schemas."""
    manifest = yaml.safe_load(sample("sendgrid_contacts").path.read_text())
    stream = manifest["streams"][0]
    fields = size // streams // 90
    properties = {f"field_{number}": {"type": ["string", "null"]} for number in range(fields)}
    schema = {"type": "InlineSchemaLoader", "schema": {"type": "object", "properties": properties}}
    names = [f"contacts_{number}" for number in range(streams)]
    manifest["streams"] = [{**stream, "name": name, "schema_loader": schema} for name in names]
    manifest["check"]["stream_names"] = names[:1]
    path.write_text(yaml.dump(manifest, sort_keys=False, Dumper=_WithoutAnchors))
    return path


class _WithoutAnchors(yaml.SafeDumper):
    def ignore_aliases(self, data: Any) -> bool:
        return True


def start(path: Path, folder: Path) -> tuple[float, float]:
    """Seconds from the start of the process to the first picture, and to the form."""
    environment = {**os.environ, "TERM": "xterm-256color", "COLORTERM": "truecolor", **_folders(folder)}
    with _terminal() as (screen, keyboard):
        began = time.monotonic()
        command = [sys.executable, "-m", "tui", str(path)]
        with subprocess.Popen(
            command, cwd=ROOT, stdin=keyboard, stdout=keyboard, stderr=keyboard, env=environment
        ) as process:
            try:
                seen = bytearray()
                first = _until(screen, seen, b"Opening")
                ready = _until(screen, seen, b"HTTP Method")
            finally:
                process.kill()
    return first - began, ready - began


@contextmanager
def _terminal() -> Iterator[tuple[int, int]]:
    screen, keyboard = pty.openpty()
    fcntl.ioctl(keyboard, termios.TIOCSWINSZ, struct.pack("HHHH", SIZE[1], SIZE[0], 0, 0))
    try:
        yield screen, keyboard
    finally:
        os.close(screen)
        os.close(keyboard)


def _until(screen: int, seen: bytearray, words: bytes) -> float:
    end = time.monotonic() + _PATIENCE
    while words not in seen:
        if not select.select([screen], [], [], max(0.0, end - time.monotonic()))[0]:
            raise RuntimeError(f"{words.decode()!r} did not come about")
        seen += os.read(screen, 65_536)
    return time.monotonic()


def _folders(folder: Path) -> dict[str, str]:
    """Folders of its own, so that nothing of the person's is read or written."""
    return {"LONGHAUL_CONFIG_DIR": str(folder / "config"), "LONGHAUL_STATE_DIR": str(folder / "state")}


# The app, from inside


@dataclass
class Pulse:
    """Beats in the event loop; `longest` is the longest time between two beats."""

    longest: float = 0.0
    _task: asyncio.Task[None] | None = field(default=None, init=False)

    async def __aenter__(self) -> Pulse:
        self._task = asyncio.create_task(self._beat())
        return self

    async def __aexit__(self, *_error: object) -> None:
        assert self._task is not None
        self._task.cancel()

    async def _beat(self) -> None:
        last = time.perf_counter()
        while True:
            await asyncio.sleep(0.001)
            now = time.perf_counter()
            self.longest, last = max(self.longest, now - last), now


class Stage:
    """A running builder whose keys are pressed and whose pictures are waited for."""

    def __init__(self, app: BuilderApp, pilot: Pilot[None]) -> None:
        self.app = app
        self.pilot = pilot

    @property
    def builder(self) -> BuilderScreen:
        """The screen of the builder."""
        assert self.app.builder is not None
        return self.app.builder

    @property
    def form(self) -> StreamForm:
        """The form of the stream."""
        return self.builder.query_one(StreamForm)

    async def painted(self) -> None:
        """Wait until what is asked of the screen by now is drawn."""
        done = asyncio.Event()
        self.app.screen.call_after_refresh(done.set)
        await done.wait()

    async def until(self, holds: Callable[[], object]) -> None:
        """Wait until something holds and is drawn."""
        end = time.monotonic() + _PATIENCE
        while not holds():
            if time.monotonic() > end:
                raise RuntimeError("what was waited for did not come about")
            await asyncio.sleep(0.001)
        await self.painted()

    async def key(self, key: str, holds: Callable[[], object] = lambda: True) -> float:
        """Seconds from a key to the picture in which something holds."""
        await self.painted()
        began = time.perf_counter()
        self.app.simulate_key(key)
        await asyncio.sleep(0)
        await self.until(holds)
        return time.perf_counter() - began

    async def test(self) -> None:
        """Test the stream to its end."""
        await self.pilot.press("f5")
        await self.until(lambda: (run := self.run) is not None and not run.state.running)
        await self.pilot.pause()

    @property
    def run(self) -> Trial | None:
        """The latest test."""
        return next(iter(self.builder.trials.controller.results.values()), None)


@asynccontextmanager
async def opened(path: Path, values: dict[str, str] | None = None) -> AsyncIterator[Stage]:
    """The builder with a manifest; nothing limits its tests."""
    app = BuilderApp(path, opened=keep_responsive)
    async with app.run_test(size=SIZE) as pilot:
        while app.builder is None or not app.builder.query(StreamForm):
            await pilot.pause(0.02)
        stage = Stage(app, pilot)
        stage.builder.session.values.lend(values or {})
        stage.builder.trials.controller.settings[STREAM] = TrialSettings(Limits())
        await pilot.pause(0.2)
        yield stage
        await stage.builder.close_project()


async def tabs(path: Path, values: dict[str, str]) -> AsyncIterator[Figure]:
    """Each tab of the form and of the test screen, when it is first shown."""
    async with opened(path, values) as stage:
        for title in list(stage.form.tab_titles)[1:]:
            yield Figure(f"form, {title}", await stage.key("ctrl+pagedown", _shows_tab(stage.form, title)), KEY_TARGET)
        yield Figure("test screen", await stage.key("ctrl+b", lambda: stage.builder.trial_actions.is_shown), KEY_TARGET)
        await stage.test()
        results = stage.builder.query_one(Results)
        for tab, key in reversed(TAB_KEYS.items()):
            took = await stage.key(key, _shows_result(results, tab))
            yield Figure(f"test screen, {tab.capitalize()}", took, KEY_TARGET)
        details = stage.builder.query_one(Details)
        for key, kind, words in (("6", OtherRequests, "Other requests"), ("7", LogPanel, "Log")):
            took = await stage.key(key, _shows_detail(details, kind))
            yield Figure(f"test screen, {words}", took, KEY_TARGET)
        yield Figure("back to the form", await stage.key("ctrl+b", lambda: stage.form.has_focus_within), KEY_TARGET)


def _shows_tab(form: StreamForm, title: str) -> Callable[[], bool]:
    return lambda: form.active_tab == title and form.pane is not None and form.pane.has_focus_within


def _shows_result(results: Results, tab: str) -> Callable[[], bool]:
    def shows() -> bool:
        view = results.query_one_optional(f"#{tab}", Widget) if tab != "records" else results.query_one(RecordTable)
        return results.strip.active == tab and view is not None and view.display

    return shows


def _shows_detail(details: Details, kind: type[Widget]) -> Callable[[], bool]:
    return lambda: any(view.display for view in details.query(kind))


def _holds_more(field: Input) -> Callable[[], bool]:
    before = len(field.value)
    return lambda: len(field.value) > before


async def many_records(path: Path, values: dict[str, str]) -> AsyncIterator[Figure]:
    """A download without a limit while a person types, and the table of its records."""
    async with opened(path, values) as stage:
        await stage.pilot.press("f5")
        await stage.pilot.press("ctrl+b")
        name = stage.form.query_one(Input)
        name.focus()
        run = stage.builder.trials.controller.running
        strokes: list[float] = []
        async with Pulse() as pulse:
            while run is not None and run.state.running:
                strokes.append(await stage.key("a", _holds_more(name)))
                await asyncio.sleep(0.02)
        records = run.state.records if run is not None else 0
        yield Figure(f"a key typed while {records:,} records are downloaded, the slowest", max(strokes), KEY_TARGET)
        yield Figure("the longest pause meanwhile", pulse.longest, PAUSE_TARGET)
        rows = stage.builder.query_one(RecordTable)
        yield Figure(
            f"{records:,} records, opened",
            await stage.key("ctrl+b", lambda: stage.builder.trial_actions.is_shown),
            KEY_TARGET,
        )
        rows.focus()
        async with Pulse() as pulse:
            scrolled = [await stage.key(key) for key in ("pagedown", "ctrl+end", "pageup", "end", "ctrl+home") * 4]
        yield Figure("a page of them, the slowest", max(scrolled), KEY_TARGET)
        yield Figure("the longest pause meanwhile", pulse.longest, PAUSE_TARGET)


async def large_answer(path: Path, values: dict[str, str]) -> AsyncIterator[Figure]:
    """An answer of 10 MB of JSON."""
    async with opened(path, values) as stage:
        async with Pulse() as pulse:
            await stage.test()
        yield Figure("an answer of 10 MB received, the longest pause", pulse.longest, PAUSE_TARGET)
        await stage.pilot.press("1")
        async with Pulse() as pulse:
            shown = await stage.key("3", lambda: stage.builder.query("#response DocView"))
            view = stage.builder.query_one("#response DocView", DocView)
            began = time.perf_counter()
            await stage.until(lambda: len(view.doc.text) > 10_000_000)
            ready = shown + time.perf_counter() - began
        yield Figure("its tab", shown, KEY_TARGET)
        yield Figure("its text, laid out and coloured", ready)
        yield Figure("the longest pause meanwhile", pulse.longest, PAUSE_TARGET)
        scrolled = [await stage.key(key) for key in ("pagedown", "ctrl+end", "pageup", "ctrl+home") * 4]
        yield Figure("a page of it, the slowest", max(scrolled), KEY_TARGET)


# All of it


async def measure(rows: int, say: Callable[[Figure], None]) -> None:
    """Measure everything; `say` hears each figure."""
    data = ROOT / "build" / "bench"
    data.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory() as scratch, running_server(data) as url:
        folder = Path(scratch)
        os.environ.update(_folders(folder))
        small, large = sample("sendgrid_contacts").path, large_manifest(folder / "large.yaml")
        for title, path in (("a small manifest", small), (f"{large.stat().st_size // 1000} KB, 80 streams", large)):
            first, ready = (min(times) for times in zip(*(start(path, folder) for _ in range(3)), strict=True))
            say(Figure(f"first picture, {title}", first, START_TARGET))
            say(Figure(f"form, {title}", ready))
        made = {
            "csv": (job_manifest(CSV, polling_interval=0.05, slices=_SLICES), make_files(data, rows) / "contacts.csv"),
            "small": (job_manifest(CSV, polling_interval=0.05), make_files(data, 1_000) / "contacts.csv"),
            "json": (job_manifest(JSON, polling_interval=0.05), make_files(data, LARGE_BODY) / "contacts.json"),
        }
        for number, (name, act) in enumerate((("small", tabs), ("csv", many_records), ("json", large_answer))):
            manifest, file = made[name]
            path = folder / f"{name}.yaml"
            path.write_text(yaml.dump(manifest, sort_keys=False))
            inputs = {"api_url": f"{url}/screen-{number}", "file": str(file.relative_to(data))}
            values = {**inputs, "polls": "1", "latency": "0"}
            runs = [[figure async for figure in act(path, values)] for _ in range(3)]
            for same in zip(*runs, strict=True):
                say(min(same, key=lambda figure: figure.seconds))


def write_part(text: str) -> None:
    """Put the results into the page, between the marks that say where."""
    before, _, rest = PAGE.read_text().partition(_BEGIN)
    PAGE.write_text(f"{before}{_BEGIN}\n{text}\n{_END}{rest.partition(_END)[2]}")


def main() -> None:
    """Measure, and print what came out."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.screens", description=__doc__)
    parser.add_argument("--rows", type=int, default=ROWS, help="a tenth of the large download (default: %(default)s)")
    parser.add_argument("--write", action="store_true", help="put the results into docs/performance.md")
    options = parser.parse_args()
    figures: list[Figure] = []

    def say(figure: Figure) -> None:
        figures.append(figure)
        print(f"... {figure.what}: {figure.seconds * 1000:.0f} ms", file=sys.stderr, flush=True)

    with suppress(KeyboardInterrupt):
        asyncio.run(measure(options.rows, say))
    found = table([["milliseconds", "measured", "target"], *(figure.row for figure in figures)])
    print(found)
    if options.write:
        write_part(f"Measured on {machine()}.\n\n{found}\n")


if __name__ == "__main__":
    main()
