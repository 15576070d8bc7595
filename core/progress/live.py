"""Progress as a live picture on a terminal: every stream, every job at work, and log lines above them."""

from __future__ import annotations

import math
from collections.abc import Iterator

from rich.console import Console, Group
from rich.live import Live
from rich.text import Text

from core.events import Event
from core.levels import Level
from core.progress.drawing import Line, Role, glyphs_for
from core.progress.gantt import counted, folded, gantt, name_of, shown_first
from core.progress.job_line import Look, job_line
from core.progress.picture import RunPicture, SlicePicture, StreamPicture
from core.progress.plain import is_shown
from core.progress.sentences import event_line
from core.units import count, duration, size
from core.wording import indented, one_line

_SPARE = 3
"""Lines of the terminal that the picture leaves free."""
_REDRAW = 0.125
"""Seconds between two pictures."""
_STYLES = {Level.DEBUG: "dim", Level.INFO: "", Level.WARNING: "yellow", Level.ERROR: "bold red"}
_ROLE_STYLES = {
    Role.TEXT: "",
    Role.QUIET: "dim",
    Role.WAITING: "dim",
    Role.RUNNING: "cyan",
    Role.READY: "green",
    Role.FAILED: "bold red",
    Role.STOPPED: "yellow",
    Role.DOWNLOAD: "blue",
    Role.CURSOR: "reverse",
}
_LINES_WITH_TIMES = 4
"""Lines from which one of them may show the times of the others."""


class LiveProgress:
    """Draws on a terminal; `level` is the least serious of the log lines that are shown.

    Texts from servers are shown as they are, never as markup.
    """

    def __init__(self, console: Console, run: RunPicture, level: Level) -> None:
        self._console = console
        self._run = run
        self._level = level
        self._glyphs = glyphs_for(console.encoding)
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
            text.no_wrap, text.overflow = True, "crop"
        return Group(*lines)

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
            yield _stream_text(stream, self._console.width)
            lines = self._job_lines(stream, left // (len(shown) - number))
            left -= len(lines)
            yield from map(_text, lines)
        if len(streams) > len(shown):
            yield Text(f"and {len(streams) - len(shown)} more streams", "dim")

    def _job_lines(self, stream: StreamPicture[SlicePicture], room: int) -> list[Line]:
        """The slices at work in at most `room` lines: a job line, or many on a common axis."""
        jobs, width = stream.slices, self._console.width - 1
        look = Look(stream.clock(), self._glyphs, stream.unmapped_statuses)
        if room <= 0 or not jobs:
            return []
        if len(jobs) == 1 and not stream.slices_done and not stream.failures.count:
            lines = job_line(next(iter(jobs.values())), look, width, rows=min(2, room))
        else:
            lines = self._chart(stream, look, width, room)
        return [((" ", Role.TEXT), *line) for line in lines]

    def _chart(self, stream: StreamPicture[SlicePicture], look: Look, width: int, room: int) -> list[Line]:
        jobs = stream.slices
        times = room >= _LINES_WITH_TIMES
        room -= times
        shown = shown_first(jobs.values(), room if len(jobs) <= room else room - 1)
        lines = gantt(shown, look, stream.started or 0.0, width, running=True, times=times)
        if len(shown) < len(jobs):
            numbers = {job.number for job in shown}
            hidden = folded((job for job in jobs.values() if job.number not in numbers), 0, look)
            lines.append(counted([(f"and {len(jobs) - len(shown):,} more:", Role.QUIET), *hidden], width))
        return lines


def _text(line: Line) -> Text:
    return Text.assemble(*((text, _ROLE_STYLES[role]) for text, role in line))


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
    if len(stream.slices) == 1:
        parts.append(name_of(next(iter(stream.slices.values()))))
    text = Text(one_line(stream.stream, max(8, width // 2)), "bold")
    return text.append(f"  {'  '.join(parts)}", "not bold")
