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
        job(JobPhase.RUNNING, job_id="exp_1", polls=3, api_status="PROCESSING", timeout=3600.0),
        PollScheduled(stream="contacts", attempt=1, polls=3, wait=12.0),
    ):
        terminal.run.fold(event)
    terminal.clock.now += 5
    assert terminal.lines() == [
        "0 records in 5 s",
        "contacts  0 records  0/s  exp_1",
        " ○───────────▶┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄◌┄┄┄┄┄┄┄  PROCESSING → running    next poll in 7 s",
        " 0.0 s     5.0 s                        3 polls · limit 1 h",
    ]


def test_a_download_shows_its_share_bytes_records_and_rates() -> None:
    terminal, day = Terminal(), {"day": "2024-01-01"}
    terminal.run.fold(StreamStarted(stream="contacts"))
    terminal.run.fold(job(JobPhase.DOWNLOADING, day, job_id="exp_1"))
    for quarter in range(1, 9):
        terminal.clock.now += 0.5
        share = quarter / 16
        terminal.run.fold(DownloadProgress(stream="contacts", slice=day, received=250_000 * quarter, share=share))
        terminal.run.fold(Records(stream="contacts", slice=day, count=1_500))
    lines = terminal.lines()
    assert lines[:2] == ["12,000 records in 4 s", "contacts  12,000 records  3,000/s  2.0 MB  2024-01-01"]
    assert lines[2].endswith("███████████▌░░░░░░░░░░░  50 %  2.0 MB")
    assert lines[3].endswith("12,000 records  3.43 k/s")
    assert "█" in lines[3]


def test_many_jobs_and_streams_stay_within_the_terminal() -> None:
    names = [f"stream {number}" for number in range(4)]
    terminal = Terminal(*names)
    for name in names:
        terminal.run.fold(StreamStarted(stream=name))
        for number in range(50):
            terminal.run.fold(SliceStarted(stream=name, slice={"number": number}))
    lines = terminal.lines()
    assert len(lines) <= 22
    assert sum(" more:  4" in line and "reading" in line for line in lines) == 4
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
    assert lines[-1] == " and 8 more:  8 waiting"
    assert len(lines) == 5


def test_texts_from_servers_are_not_markup_and_fit_the_width() -> None:
    terminal = Terminal(width=40)
    terminal.run.fold(StreamStarted(stream="contacts"))
    terminal.run.fold(job(JobPhase.RUNNING, {"n": "[/bold]\x1b[2J" * 20}, polls=1, api_status="[blink]\nx" * 20))
    assert "[/bold]" in terminal.lines()[1]
    assert "[blink]" in terminal.lines()[2]
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
    assert "limit 1 h" in written
    assert "too fine" not in written


def test_a_stream_that_is_over_leaves_the_picture() -> None:
    terminal = Terminal("contacts", "users")
    terminal.run.fold(StreamStarted(stream="contacts"))
    terminal.run.fold(SliceStarted(stream="contacts"))
    terminal.run.fold(Records(stream="contacts", count=5))
    terminal.run.fold(SliceFinished(stream="contacts", outcome=Outcome.COMPLETE, records=5))
    terminal.run.fold(ended(records=5))
    assert terminal.lines() == ["1 of 2 streams done, 5 records in 0 s"]
