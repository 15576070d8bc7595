"""The jobs of a trial: the line of one partition, or a chart of several, from which one can be opened."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from textual import events
from textual.binding import BindingType
from textual.content import Content
from textual.widget import Widget

from core.progress.drawing import Line, Role, Span
from core.progress.gantt import counted, folded, gantt, shown_first
from core.progress.job_line import Look, job_line
from core.units import count
from tui.trials.state import Partition, TrialState
from tui.widgets.base import WidgetMessage, hidden, shown

_STYLES = {
    Role.TEXT: "",
    Role.QUIET: "$foreground-muted",
    Role.WAITING: "$phase-waiting",
    Role.RUNNING: "bold $phase-running",
    Role.READY: "bold $phase-ready",
    Role.FAILED: "bold $phase-failed",
    Role.STOPPED: "bold $text-warning",
    Role.DOWNLOAD: "$phase-download",
    Role.CURSOR: "reverse",
}
_TWO_LINES = 2
_LINES_WITH_TIMES = 5


class JobArea(Widget):
    """Draws a partition in two lines, or several in as many as it may have; hidden without any.

    Where it may have one line only, several are counted; with the focus, there is a line for the one with the cursor.
    """

    BINDING_GROUP_TITLE = "Jobs"
    HELP = "Up and down choose a partition, Enter opens its line; Enter again goes back to all of them."
    BINDINGS: ClassVar[list[BindingType]] = [
        hidden("up,k", "move(-1)", "Up", "Go to the partition above", "jobs.up"),
        hidden("down,j", "move(1)", "Down", "Go to the partition below", "jobs.down"),
        shown("enter", "open", "Open", "Show this partition alone, or all of them again", "jobs.open"),
    ]

    @dataclass
    class Opened(WidgetMessage["JobArea"]):
        """A person wants to see a partition, by its number; None: all of them."""

        partition: int | None

    def __init__(self) -> None:
        super().__init__(classes="job-area")
        self._state: TrialState | None = None
        self._partition: int | None = None
        self._most = _TWO_LINES
        self._cursor: int | None = None
        """The number of the partition with the cursor."""
        self._rows: list[Partition] = []
        """The partitions that have a line in the chart."""
        self._lines: list[Line] = []
        self.display = False

    def show(self, state: TrialState | None, partition: int | None, lines: int = _TWO_LINES) -> None:
        """Show a partition by its number, or all (None), in at most so many lines."""
        if state is not self._state:
            self._cursor = None
        self._state, self._partition, self._most = state, partition, lines
        self.display = state is not None and bool(state.slices)
        self.can_focus = state is not None and len(state.slices) > 1
        self._draw()

    def on_resize(self) -> None:
        self._draw()

    def on_focus(self) -> None:
        self._draw()

    def on_blur(self) -> None:
        self._draw()

    def _draw(self) -> None:
        lines = self._drawn(self._state) if self._state is not None and self._state.slices else []
        if len(lines) != len(self._lines):
            self.styles.height = len(lines)
        if lines != self._lines:
            self._lines = lines
            self.refresh()

    def _drawn(self, state: TrialState) -> list[Line]:
        width = self.content_size.width
        now = state.clock() if state.ended is None else state.ended
        look = Look(now, unmapped=state.unmapped)
        if width <= 0:
            return []
        chosen = None if self._partition is None else state.numbered(self._partition)
        if chosen is None and len(state.slices) == 1:
            chosen = next(iter(state.slices.values()))
        if chosen is not None:
            self._rows = [chosen]
            return job_line(chosen, look, width)
        return self._chart(state, look, width)

    def _chart(self, state: TrialState, look: Look, width: int) -> list[Line]:
        """The partitions that are worth a line, and in a last line how many do what."""
        most = max(_TWO_LINES, self._most) if self.has_focus else self._most
        room, times = most - 1, most >= _LINES_WITH_TIMES
        self._rows = shown_first(state.slices.values(), room - times)
        numbers = [row.number for row in self._rows]
        cursor = numbers.index(self._cursor) if self._cursor in numbers else 0
        started = state.started if state.started is not None else look.now
        chosen = cursor if self.has_focus else None
        lines = gantt(self._rows, look, started, width, running=state.running, times=times, chosen=chosen)
        head: Span = (f"{count(len(state.slices), 'partition')}:", Role.QUIET)
        return [*lines, counted([head, *folded(state.slices.values(), 0, look)], width)]

    def render(self) -> Content:
        styled = (Content.assemble(*((text, _STYLES[role]) for text, role in line)) for line in self._lines)
        return Content("\n").join(styled)

    # One of several

    def action_move(self, by: int) -> None:
        """Move the cursor."""
        numbers = [row.number for row in self._rows]
        at = numbers.index(self._cursor) if self._cursor in numbers else 0
        self._cursor = numbers[max(0, min(len(numbers) - 1, at + by))]
        self._draw()

    def action_open(self) -> None:
        """Open the partition with the cursor; from an open one, show all again."""
        numbers = [row.number for row in self._rows]
        self._open(self._cursor if self._cursor in numbers else next(iter(numbers), None))

    def on_click(self, event: events.Click) -> None:
        at = event.get_content_offset(self)
        if self.can_focus and at is not None and at.y < len(self._rows):
            self._open(self._rows[at.y].number)
        elif self.can_focus and self._partition is not None:
            self._open(None)

    def _open(self, partition: int | None) -> None:
        opened = None if self._partition is not None else partition
        self._cursor = opened if opened is not None else self._cursor
        self.post_message(self.Opened(self, opened))
