"""The live picture, rendered to a terminal of 80 columns and 24 lines."""

from __future__ import annotations

import io

from rich.console import Console

from core.events import (
    DownloadProgress,
    JobPhase,
    Log,
    Outcome,
    PollScheduled,
    Records,
    SliceFinished,
    SliceStarted,
    StreamStarted,
)
from core.levels import Level
from core.progress.live import LiveProgress
from core.progress.picture import RunPicture
from tests.progress.stories import Clock, ended, job, job_story


class Terminal:
    """A run that is shown on a terminal of the given size."""

    def __init__(self, *streams: str, width: int = 80, height: int = 24) -> None:
        self.clock = Clock()
        self.run = RunPicture(streams or ("contacts",), self.clock)
        self.written = io.StringIO()
        self.console = Console(file=self.written, force_terminal=True, width=width, height=height, color_system=None)
        self.progress = LiveProgress(self.console, self.run, Level.INFO)

    def lines(self) -> list[str]:
        with self.console.capture() as capture:
            self.console.print(self.progress.picture())
        return [line.rstrip() for line in capture.get().splitlines()]


def test_a_running_job_shows_status_time_polls_and_next_poll() -> None:
    terminal = Terminal()
    for event in (
        StreamStarted(stream="contacts"),
        job(JobPhase.RUNNING, job_id="exp_1", polls=3, api_status="PROCESSING", elapsed=70.0),
        PollScheduled(stream="contacts", attempt=1, polls=3, wait=12.0),
    ):
        terminal.run.fold(event)
    terminal.clock.now += 5
    assert terminal.lines() == [
        "0 records in 5 s",
        "contacts                0 records  0/s",
        " exp_1                  running     PROCESSING  1 min 15 s  3 polls  next in 7 s",
    ]


def test_a_download_shows_bytes_and_records() -> None:
    terminal = Terminal()
    for event in (
        StreamStarted(stream="contacts"),
        job(JobPhase.DOWNLOADING, {"day": "2024-01-01"}, job_id="exp_1"),
        DownloadProgress(stream="contacts", slice={"day": "2024-01-01"}, received=1_000_000),
        DownloadProgress(stream="contacts", slice={"day": "2024-01-01"}, received=1_500_000),
        Records(stream="contacts", slice={"day": "2024-01-01"}, count=12_000),
    ):
        terminal.run.fold(event)
    terminal.clock.now += 4
    assert terminal.lines() == [
        "12,000 records in 4 s",
        "contacts                12,000 records  3,000/s  1.5 MB",
        " 2024-01-01             downloading 1.5 MB  12,000 records",
    ]


def test_many_jobs_and_streams_stay_within_the_terminal() -> None:
    names = [f"stream {number}" for number in range(4)]
    terminal = Terminal(*names)
    for name in names:
        terminal.run.fold(StreamStarted(stream=name))
        for number in range(50):
            terminal.run.fold(SliceStarted(stream=name, slice={"number": number}))
    lines = terminal.lines()
    assert len(lines) <= 22
    assert sum("and 47 more (47 reading)" in line for line in lines) >= 1
    assert all(any(line.startswith(name) for line in lines) for name in names)


def test_more_streams_than_lines() -> None:
    names = [f"stream {number}" for number in range(60)]
    terminal = Terminal(*names)
    for name in names:
        terminal.run.fold(StreamStarted(stream=name))
        terminal.run.fold(SliceStarted(stream=name))
    lines = terminal.lines()
    assert len(lines) <= 22
    assert lines[-1] == "and 41 more streams"


def test_waiting_jobs_come_last() -> None:
    terminal = Terminal(height=8)
    terminal.run.fold(StreamStarted(stream="contacts"))
    for number in range(10):
        phase = JobPhase.RUNNING if number == 9 else JobPhase.WAITING
        terminal.run.fold(job(phase, {"n": number}))
    lines = terminal.lines()
    assert lines[2].startswith(" 9 ")
    assert lines[-1] == " and 8 more (8 waiting)"
    assert len(lines) == 5


def test_texts_from_servers_are_not_markup_and_fit_the_width() -> None:
    terminal = Terminal(width=40)
    terminal.run.fold(StreamStarted(stream="contacts"))
    terminal.run.fold(job(JobPhase.RUNNING, {"n": "[/bold]\x1b[2J" * 20}, api_status="[blink]\nx" * 20))
    assert " [/bold]" in terminal.lines()[2]
    assert all(len(line) <= 40 for line in terminal.lines())
    terminal.progress.log(Level.WARNING, "[bold]careful[/bold]")
    assert "[bold]careful[/bold]" in terminal.written.getvalue()


def test_log_lines_stay_above_the_picture_which_disappears_at_the_end() -> None:
    terminal = Terminal()
    terminal.progress.start()
    for event in job_story():
        terminal.clock.now += 0.5
        terminal.run.fold(event)
        terminal.progress.show(event)
        terminal.progress.refresh()
    terminal.progress.show(Log(stream="contacts", level=Level.DEBUG, message="too fine"))
    terminal.progress.stop()
    terminal.progress.stop()
    written = terminal.written.getvalue()
    assert "contacts: The result is in 1 file." in written
    assert "exp_1" in written
    assert "too fine" not in written


def test_a_stream_that_is_over_leaves_the_picture() -> None:
    terminal = Terminal("contacts", "users")
    terminal.run.fold(StreamStarted(stream="contacts"))
    terminal.run.fold(SliceStarted(stream="contacts"))
    terminal.run.fold(Records(stream="contacts", count=5))
    terminal.run.fold(SliceFinished(stream="contacts", outcome=Outcome.COMPLETE, records=5))
    terminal.run.fold(ended(records=5))
    assert terminal.lines() == ["1 of 2 streams done, 5 records in 0 s"]
