"""Progress as a live picture on a terminal: every stream, every job at work, and log lines above them."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator

from rich.cells import set_cell_size
from rich.console import Console, Group
from rich.live import Live
from rich.text import Text

from core.events import Event, JobPhase
from core.levels import Level
from core.progress.picture import RunPicture, SlicePicture, StreamPicture
from core.progress.plain import is_shown
from core.progress.sentences import attempt, event_line, next_poll
from core.units import count, duration, size
from core.wording import indented, one_line, slice_values

_PHASE = 11
_STATUS = 20
_SPARE = 3
"""Lines of the terminal that the picture leaves free."""
_REDRAW = 0.125
"""Seconds between two pictures."""
_STYLES = {Level.DEBUG: "dim", Level.INFO: "", Level.WARNING: "yellow", Level.ERROR: "bold red"}
_PHASE_STYLES = {
    JobPhase.WAITING: "dim",
    JobPhase.RUNNING: "cyan",
    JobPhase.COMPLETED: "green",
    JobPhase.DOWNLOADING: "green",
    JobPhase.DONE: "green",
    JobPhase.FAILED: "red",
    JobPhase.TIMED_OUT: "red",
    JobPhase.ABORTED: "red",
}


class LiveProgress:
    """Draws on a terminal; `level` is the least serious of the log lines that are shown.

    Texts from servers are shown as they are, never as markup.
    """

    def __init__(self, console: Console, run: RunPicture, level: Level) -> None:
        self._console = console
        self._run = run
        self._level = level
        self._drawn = 0.0
        self._live = Live(
            console=console,
            auto_refresh=False,
            transient=True,
            redirect_stdout=False,
            redirect_stderr=False,
            get_renderable=self.picture,
        )

    def start(self) -> None:
        self._live.start()

    def stop(self) -> None:
        """Take the picture away and give the terminal back."""
        self._live.stop()

    def refresh(self) -> None:
        now = self._run.clock()
        if now - self._drawn >= _REDRAW:
            self._drawn = now
            self._live.refresh()

    def show(self, event: Event) -> None:
        """Write the line of an event, where it has one; the picture itself shows the rest."""
        line = event_line(event)
        if line:
            self.log(*line)

    def log(self, level: Level, text: str) -> None:
        """Write a line above the picture."""
        if is_shown(level, self._level):
            self._console.print(Text(indented(text), _STYLES[level]), soft_wrap=True)

    def picture(self) -> Group:
        """The run as it is now, no higher than the terminal."""
        room = max(2, self._console.height - _SPARE)
        lines = [self._headline(), *self._streams(room - 1)]
        for text in lines:
            text.no_wrap, text.overflow = True, "ellipsis"
        return Group(*lines)

    @property
    def _label(self) -> int:
        """The width of the column that names slices and jobs."""
        return min(40, max(12, self._console.width // 4 + 2))

    def _headline(self) -> Text:
        run = self._run
        total = len(run.streams)
        streams = f"{len(run.results)} of {total} streams done, " if total > 1 else ""
        time = duration(math.floor(run.seconds), whole=True)
        return Text(f"{streams}{count(run.records, 'record')} in {time}", "bold")

    def _streams(self, room: int) -> Iterator[Text]:
        """The streams that are being read, the room shared out evenly."""
        streams = [stream for stream in self._run.streams.values() if stream.started is not None and stream.running]
        shown = streams if len(streams) <= room else streams[: room - 1]
        left = room - len(shown) - (len(streams) > len(shown))
        for number, stream in enumerate(shown):
            yield _stream_text(stream, self._label)
            jobs = list(_job_texts(stream, left // (len(shown) - number), self._label))
            left -= len(jobs)
            yield from jobs
        if len(streams) > len(shown):
            yield Text(f"and {len(streams) - len(shown)} more streams", "dim")


def _stream_text(stream: StreamPicture[SlicePicture], width: int) -> Text:
    parts = [count(stream.records, "record"), f"{stream.rate:,.0f}/s"]
    if stream.received:
        parts.append(size(stream.received))
    if stream.slices_done or len(stream.slices) > 1:
        parts.append(f"{count(stream.slices_done, 'slice')} done")
    if stream.failures.count:
        parts.append(f"{stream.failures.count} failed")
    if stream.loads:
        parts.append(f"{stream.loaded:,} loaded")
    if stream.loading:
        parts.append(f"loading {stream.loading:,}")
    text = Text(set_cell_size(one_line(stream.stream, width + 1), width + 1), "bold")
    return text.append(f" {'  '.join(parts)}", "not bold")


def _job_texts(stream: StreamPicture[SlicePicture], room: int, width: int) -> Iterator[Text]:
    """The slices at work, those that wait for a place last, in at most `room` lines."""
    jobs = sorted(stream.slices.values(), key=lambda job: job.phase is JobPhase.WAITING)
    if room <= 0 or not jobs:
        return
    shown = jobs if len(jobs) <= room else jobs[: room - 1]
    for job in shown:
        yield _job_text(job, stream.clock(), width)
    hidden = jobs[len(shown) :]
    if hidden:
        phases = Counter(str(job.phase or "reading") for job in hidden)
        kinds = ", ".join(f"{number} {phase}" for phase, number in phases.items())
        yield Text(f" and {len(hidden)} more ({kinds})", "dim")


def _job_text(job: SlicePicture, now: float, width: int) -> Text:
    label = slice_values(job.slice) or job.job_id or "whole stream"
    text = Text(" ").append(set_cell_size(one_line(label, width), width))
    phase = str(job.phase or "reading")
    text.append(f" {phase:<{_PHASE}}", _PHASE_STYLES.get(job.phase, "") if job.phase else "")
    return text.append(f" {'  '.join(_job_facts(job, now))}")


def _job_facts(job: SlicePicture, now: float) -> Iterator[str]:
    if job.attempt > 1:
        yield attempt(job)
    if job.phase is JobPhase.RUNNING:
        if job.api_status:
            yield one_line(job.api_status, _STATUS)
        yield duration(math.floor(job.elapsed_at(now)), whole=True)
        yield count(job.polls, "poll")
        if job.next_poll is not None:
            yield next_poll(job, now)
    elif job.phase in (None, JobPhase.DOWNLOADING):
        if job.received:
            yield size(job.received)
        yield count(job.records, "record")
