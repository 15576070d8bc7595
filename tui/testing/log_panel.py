"""The log of a test read, with how serious each line is."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widgets import Static

from core.levels import Level
from core.progress.words import count
from core.texts import clean
from tui.running.state import LogLine, RunState

LINES = 300
"""The last lines of the log, which are shown."""

_GLYPHS = {
    Level.ERROR: ("✗", "$text-error"),
    Level.WARNING: ("▲", "$text-warning"),
    Level.INFO: ("·", "$foreground"),
    Level.DEBUG: ("·", "$foreground-muted"),
}


class LogPanel(VerticalScroll):
    """The lines of the log, the newest at the end, followed as long as the end is in view."""

    BINDING_GROUP_TITLE = "Log"

    def __init__(self) -> None:
        super().__init__(classes="log-panel")
        self._shown: tuple[int, int, int | None] | None = None

    def compose(self) -> ComposeResult:
        """The text."""
        yield Static(markup=False)

    def show(self, state: RunState | None, partition: int | None) -> None:
        """Show the lines of a partition (None: of all) and those that belong to none."""
        mark = (id(state), len(state.logs) if state else 0, partition)
        if mark == self._shown:
            return
        self._shown = mark
        at_end = self.max_scroll_y - self.scroll_offset.y <= 1
        logs = state.logs if state else []
        lines = [line for line in logs if partition is None or line.partition in (None, partition)]
        text = Content("\n").join(_line(line) for line in lines[-LINES:])
        self.query_one(Static).update(text if lines else Content.styled("Nothing was logged.", "$foreground-muted"))
        if at_end:
            self.scroll_end(animate=False)


def severities(state: RunState | None) -> str:
    """How many lines there are of each severity, the gravest first."""
    if state is None:
        return ""
    counts = state.severities
    grave = (Level.ERROR, Level.WARNING)
    told = [f"{_GLYPHS[level][0]} {count(counts[level], level)}" for level in grave if counts[level]]
    calm = counts[Level.INFO] + counts[Level.DEBUG]
    return " ".join([*told, *([f"{calm} info"] if calm else [])])


def _line(line: LogLine) -> Content:
    glyph, style = _GLYPHS[line.level]
    return Content.assemble(
        (f"{line.seconds:6.1f} s  ", "$foreground-muted"), (f"{glyph} {clean(line.message)}", style)
    )
