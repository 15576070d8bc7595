"""The job line as text: the same picture, moment and room always give the same line."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from time import perf_counter
from typing import Any

import pytest

from core.events import (
    DownloadProgress,
    Event,
    ExchangeFinished,
    JobPhase,
    Outcome,
    PollScheduled,
    Records,
    SliceFinished,
    SliceStarted,
    StreamStarted,
)
from core.http.exchange import Role as ExchangeRole
from core.progress.drawing import ASCII, UNICODE, Glyphs, Line, Role, glyphs_for, width_of
from core.progress.gantt import folded, gantt, shown_first
from core.progress.job_line import Look, job_line
from core.progress.picture import SlicePicture, StreamPicture
from tests.progress.stories import Clock, exchange, job

STREAM = "contacts"


class Story:
    """A stream to which things happen at given seconds."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.stream = StreamPicture(STREAM, SlicePicture, self.clock, keep_finished=True)
        self.at(0, StreamStarted(stream=STREAM))

    def at(self, seconds: float, *events: Event) -> None:
        self.clock.now = 1000 + seconds
        for event in events:
            self.stream.fold(event)

    def polled(self, seconds: float, number: int, status: str, phase: JobPhase, wait: float = 0) -> None:
        told: dict[str, Any] = {
            "job_id": "1",
            "timeout": 60.0,
            "elapsed": seconds,
            "polls": number,
            "api_status": status,
        }
        self.at(seconds, job(phase, **told))
        if wait:
            self.at(seconds, PollScheduled(stream=STREAM, attempt=1, polls=number, wait=wait))

    def look(self, glyphs: Glyphs = UNICODE, unmapped: Sequence[str] = ()) -> Look:
        return Look(self.clock.now, glyphs, unmapped)

    def lines(self, width: int, rows: int = 2, look: Look | None = None) -> list[str]:
        (only,) = self.stream.slices.values()
        lines = job_line(only, look or self.look(), width, rows)
        assert all(width_of(line) == width for line in lines)
        return texts(lines)


def texts(lines: Sequence[Line]) -> list[str]:
    return ["".join(text for text, _ in line).rstrip() for line in lines]


def polling() -> Story:
    """Created after 0.2 s, polled after 2, 6 and 14 s, and next after 26 s; it is the 18th second."""
    story = Story()
    story.at(0, job(JobPhase.WAITING), job(JobPhase.CREATING))
    story.at(0.2, job(JobPhase.RUNNING, job_id="1", timeout=60.0, elapsed=0.2))
    story.polled(2, 1, "pending", JobPhase.RUNNING)
    story.polled(6, 2, "pending", JobPhase.RUNNING)
    story.polled(14, 3, "pending", JobPhase.RUNNING, 12)
    story.at(18)
    return story


def downloading() -> Story:
    story = polling()
    story.polled(26, 4, "ready", JobPhase.RUNNING)
    story.polled(26, 4, "ready", JobPhase.COMPLETED)
    story.at(26, job(JobPhase.DOWNLOADING, job_id="1", polls=4, api_status="ready", elapsed=26))
    for second in range(1, 6):
        story.at(26 + second, DownloadProgress(stream=STREAM, received=100_000 * second**2, share=second / 10))
        story.at(26 + second, Records(stream=STREAM, count=1_000 * second))
    return story


def test_polls_stand_at_their_true_distance_with_their_times_and_the_next_one_ahead() -> None:
    assert polling().lines(100) == [
        "create ●───○──────○─────────────○──────▶┄┄┄┄┄┄┄┄┄┄┄┄┄◌┄┄┄┄┄┄┄  pending → running    next poll in 8 s",
        "       0.2 s      6.0 s         14 s 18 s                      3 polls · limit 60 s",
    ]
    assert polling().lines(58) == [
        "●─○──○───────○──▶┄┄┄┄┄┄◌┄┄┄┄  pending     next poll in 8 s",
        "create 0.2 s  18 s            3 polls · limit 60 s",
    ]


def test_in_a_narrow_place_a_job_has_one_line() -> None:
    assert polling().lines(60, rows=1) == ["●─○───○────────○───▶┄┄┄┄┄┄┄┄◌┄┄┄┄ pending · next poll in 8 s"]
    assert polling().lines(40) == ["●○○───○▶┄┄◌┄┄ pending · next poll in 8 s"]
    assert polling().lines(30)[0].endswith("pending ◌ 8 s")


def test_the_limit_is_on_the_line_once_it_is_near() -> None:
    story = polling()
    story.polled(50, 4, "pending", JobPhase.RUNNING, 8)
    upper, lower = story.lines(100)
    assert "▶┄" in upper
    assert "┤" in upper
    assert upper.index("◌") < upper.index("┤")
    assert "limit 60 s" in lower


def test_a_download_is_a_bar_with_a_sparkline_beneath() -> None:
    upper, lower = downloading().lines(100)
    assert "◆  ready  download ███████" in upper
    assert upper.endswith("50 %  2.5 MB")
    assert "█" in lower
    assert "15,000 records" in lower
    assert lower.endswith("/s")


def test_a_download_of_unknown_length_is_a_block_that_travels() -> None:
    story = downloading()
    places = set()
    for tenth in range(20):
        story.at(31 + tenth / 10, DownloadProgress(stream=STREAM, received=2_500_000 + tenth))
        (upper, _) = story.lines(100)
        assert "%" not in upper
        places.add(upper.index("█"))
    assert len(places) > 8


def test_a_further_attempt_goes_on_on_the_same_line() -> None:
    story = polling()
    story.polled(26, 4, "broken", JobPhase.FAILED)
    story.at(28, job(JobPhase.CREATING, attempt=2))
    story.at(30, job(JobPhase.RUNNING, attempt=2, job_id="2", timeout=60.0))
    story.at(31)
    upper, lower = story.lines(100)
    assert upper.count("●") == 2
    assert upper.index("○") < upper.index("✗") < upper.rindex("●")
    assert "attempt 2" in lower


def test_a_status_without_a_meaning_has_a_mark_of_its_own() -> None:
    story = polling()
    upper, _ = story.lines(100, look=story.look(unmapped=["pending"]))
    assert upper.count("?") == 3
    assert "pending → not mapped" in upper


@pytest.mark.parametrize("width", range(8, 220, 7))
def test_a_line_takes_exactly_its_width_at_any_width(width: int) -> None:
    for story in (Story(), polling(), downloading()):
        if not story.stream.slices:
            story.at(0, job(JobPhase.WAITING))
        for rows in (1, 2):
            story.lines(width, rows)


def test_a_terminal_without_unicode_gets_the_same_line_in_ascii(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("LC_ALL", "LC_CTYPE", "LANG"):
        monkeypatch.delenv(name, raising=False)
    assert glyphs_for("utf-8") is UNICODE
    assert glyphs_for("iso-8859-1") is ASCII
    monkeypatch.setenv("LC_ALL", "C")
    assert glyphs_for("utf-8") is ASCII
    for story in (polling(), downloading()):
        assert all(line.isascii() for line in story.lines(100, look=story.look(ASCII)))


def test_the_requests_of_a_synchronous_stream_are_marks_too() -> None:
    story = Story()
    story.at(0, SliceStarted(stream=STREAM, slice={}))
    assert story.lines(100)[0] == "· waiting for the first answer"
    for page in range(1, 6):
        answer = replace(exchange().exchange, role=ExchangeRole.PAGE)
        story.at(page, Records(stream=STREAM, slice={}, count=100 * page, page=page))
        story.at(page, ExchangeFinished(stream=STREAM, slice={}, exchange=answer, page=page))
    upper, lower = story.lines(100)
    assert upper.count("▪") >= 4
    assert "5 pages" in upper
    assert "1,500 records" in lower
    for page in range(6, 601):
        story.at(page, ExchangeFinished(stream=STREAM, slice={}, exchange=answer, page=page))
    assert "600 pages" in story.lines(100)[0], "however many marks are kept"


def many(number: int) -> Story:
    story = Story()
    for one in range(number):
        slice_ = {"n": f"slice-{one}"}
        story.at(0, job(JobPhase.WAITING, slice_))
        if one % 10 < 3:
            story.at(1, job(JobPhase.CREATING, slice_), job(JobPhase.RUNNING, slice_, job_id=str(one), timeout=60.0))
            for poll in range(1, 20):
                story.at(poll, job(JobPhase.RUNNING, slice_, job_id=str(one), polls=poll, api_status="p", timeout=60.0))
        if one % 10 == 0:
            story.at(20, SliceFinished(stream=STREAM, slice=slice_, outcome=Outcome.COMPLETE, records=0))
    story.at(21)
    return story


def test_slices_share_an_axis_with_those_at_work_on_top_and_the_rest_counted() -> None:
    story = many(10)
    shown = shown_first(story.stream.slices.values(), 3)
    assert [one.number for one in shown] == [2, 3, 4]  # the third only waits
    lines = gantt(shown, story.look(), 1000.0, 80, running=True)
    upper, second, waits, times = texts(lines)
    assert upper.index("▶") == second.index("▶")
    assert "waiting" in waits
    assert times.split()[:3] == ["0.0", "s", "7.5"]
    assert folded(story.stream.slices.values(), 0, story.look()) == [
        ("✓ 1 done", Role.READY),
        ("2 running", Role.QUIET),
        ("7 waiting", Role.QUIET),
    ]


@pytest.mark.parametrize("outcome", [Outcome.COMPLETE, Outcome.LIMITED])
@pytest.mark.parametrize(("seconds", "marks"), [(0.1, "◆"), (20, "◆✓")])
def test_the_end_has_a_mark_of_its_own_where_the_download_takes_time(
    outcome: Outcome, seconds: float, marks: str
) -> None:
    story = polling()
    story.polled(26, 4, "ready", JobPhase.COMPLETED)
    story.at(26, job(JobPhase.DOWNLOADING, job_id="1", polls=4, api_status="ready", elapsed=26))
    story.at(26 + seconds, Records(stream=STREAM, count=7))
    story.at(26 + seconds, SliceFinished(stream=STREAM, outcome=outcome, records=7))
    (row,) = texts(gantt([*story.stream.slices.values()], story.look(), 1000.0, 100, running=False, times=False))
    line = row.removesuffix("✓ 7 records")
    assert "".join(char for char in line if char in "◆✓") == marks


def test_names_are_cut_in_the_middle_where_they_differ_at_their_ends() -> None:
    story = Story()
    name = "a-very-long-name-of-a-region-that-never-ends"
    for month in ("2024-01", "2024-02"):
        story.at(0, job(JobPhase.RUNNING, {"region": name, "month": month}))
    lines = texts(gantt(list(story.stream.slices.values()), story.look(), 1000.0, 70, running=True, times=False))
    assert [line.split(" ")[0].startswith("a-very") and "2024-0" in line for line in lines] == [True, True]
    assert lines[0][:30] != lines[1][:30]


def test_thousands_of_slices_cost_little_to_draw() -> None:
    story = many(5_000)

    def seconds() -> float:
        began = perf_counter()
        shown = shown_first(story.stream.slices.values(), 10)
        gantt(shown, story.look(), 1000.0, 120, running=True)
        folded(story.stream.slices.values(), 0, story.look())
        return perf_counter() - began

    assert min(seconds() for _ in range(5)) < 0.05
