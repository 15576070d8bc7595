"""The navigator at the left: global settings, inputs and streams, each with its marks; one widget, however many
streams.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import ClassVar

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.binding import BindingType
from textual.geometry import Region, Size
from textual.scroll_view import ScrollView
from textual.strip import Strip

from core.wording import count
from tui.model.inputs import SCHEMA
from tui.model.problems import Counts
from tui.model.session import BuilderSession
from tui.model.streams import StreamInfo, StreamKind
from tui.shell.actions import NAVIGATOR, bindings
from tui.widgets.base import WidgetMessage
from tui.widgets.display_text import fit, safe
from tui.widgets.syntax import ink

Spot = str | int
"""What is shown in the middle: "global", "inputs", or the index of a stream."""
GLOBAL: Spot = "global"
INPUTS: Spot = "inputs"


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of the navigator; a heading has no spot. `kind` is how a stream is read, `words` its marks spelled out."""

    title: str
    spot: Spot | None = None
    kind: str = ""
    errors: int = 0
    warnings: int = 0
    stale: bool = False
    tested: bool = False
    testing: bool = False

    @property
    def marks(self) -> str:
        """The marks, each a glyph, counted where there can be several."""
        found = [f"✗{self.errors}"] if self.errors else []
        found += [f"▲{self.warnings}"] if self.warnings else []
        found += ["⟳"] if self.stale else []
        found += ["◌"] if self.testing else []
        calm = self.tested and not found
        return "✓" if calm else " ".join(found)

    @property
    def words(self) -> str:
        """The marks in words."""
        found = [count(self.errors, "error")] if self.errors else []
        found += [count(self.warnings, "warning")] if self.warnings else []
        found += ["changed since its test"] if self.stale else []
        found += ["is being tested"] if self.testing else []
        found += ["tested"] if self.tested and not self.stale and not self.testing else []
        return ", ".join(found)


def entries(session: BuilderSession, testing: str | None = None) -> list[Entry]:
    """All lines; `testing` is the stream whose test is running."""
    streams = session.streams.all()
    return [
        _around("Global", GLOBAL, _global_counts(session)),
        _around(f"Inputs ({len(session.inputs.all())})", INPUTS, session.counts(SCHEMA[:1])),
        Entry(f"Streams ({len(streams)})"),
        *(stream_entry(stream, testing) for stream in streams),
    ]


def stream_entry(stream: StreamInfo, testing: str | None) -> Entry:
    """The line of a stream."""
    return Entry(
        stream.name or "(no name)",
        stream.index,
        "" if stream.kind is StreamKind.OTHER else str(stream.kind),
        stream.counts.errors,
        stream.counts.warnings + len(stream.warnings),
        stale=stream.stale,
        tested=stream.tested,
        testing=stream.name == testing,
    )


def _around(title: str, spot: Spot, counts: Counts) -> Entry:
    return Entry(title, spot, errors=counts.errors, warnings=counts.warnings)


def _global_counts(session: BuilderSession) -> Counts:
    """The problems that are neither of a stream nor of the inputs."""
    elsewhere = [one for one in session.problems() if one.path[:1] not in (("streams",), SCHEMA[:1])]
    at_streams = [one for one in session.problems(("streams",)) if len(one.path) == 1]
    return Counts.of([*elsewhere, *at_streams])


_ROOM_FOR_SYNC = 24
"""Cells from which on synchronous streams are called so; in less room only the others are."""


class Navigator(ScrollView, can_focus=True):
    """Shows entries and a cursor; the open one is marked. Enter or a click opens one."""

    BINDING_GROUP_TITLE = "Navigator"
    HELP = "What the manifest consists of. ✗ errors, ▲ warnings, ⟳ changed since its test, ◌ test running, ✓ tested."
    BINDINGS: ClassVar[list[BindingType]] = [*bindings(NAVIGATOR)]

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        f"navigator--{part}"
        for part in ("heading", "kind", "error", "warning", "stale", "testing", "tested", "open", "cursor")
    }

    @dataclass
    class Opened(WidgetMessage["Navigator"]):
        """A person wants to see what an entry stands for."""

        spot: Spot

    @dataclass
    class Moved(WidgetMessage["Navigator"]):
        """The cursor stands on another entry."""

        entry: Entry

    def __init__(self) -> None:
        super().__init__(classes="navigator")
        self._entries: tuple[Entry, ...] = (Entry("Global", GLOBAL),)
        self._open: Spot = GLOBAL
        self._cursor = 0

    @property
    def entries(self) -> tuple[Entry, ...]:
        """What is listed."""
        return self._entries

    @property
    def current(self) -> Entry:
        """The entry under the cursor."""
        return self._entries[self._cursor]

    def show(self, entries: Sequence[Entry], moved: Callable[[Spot], Spot] | None = None) -> None:
        """List other entries. The cursor is where a person left it, or on what is open; `moved` says where things are
        now.
        """
        if tuple(entries) == self._entries:
            return
        spot = self.current.spot
        if moved is not None and spot is not None:
            self._open, spot = moved(self._open), moved(spot)
        self._entries = tuple(entries)
        self._measure()
        self._put_cursor(self._row_of(spot, self._cursor) if self.has_focus else self._open_row)
        self.refresh()

    def mark_open(self, spot: Spot) -> None:
        """Mark the entry that is open, and put the cursor there."""
        self._open = spot
        self._put_cursor(self._open_row)
        self.refresh()

    @property
    def _open_row(self) -> int:
        return self._row_of(self._open, 0)

    def _row_of(self, spot: Spot | None, otherwise: int) -> int:
        rows = {entry.spot: row for row, entry in enumerate(self._entries) if entry.spot is not None}
        return rows.get(spot, min(otherwise, len(self._entries) - 1)) if spot is not None else otherwise

    def on_resize(self) -> None:
        """Lines are as wide as there is room."""
        self._measure()
        self._follow_cursor()

    def _measure(self) -> None:
        self.virtual_size = Size(self.scrollable_content_region.width, len(self._entries))

    # Drawing

    def render_line(self, y: int) -> Strip:
        """One line of what is in view."""
        row = y + self.scroll_offset.y
        width = self.scrollable_content_region.width
        if row >= len(self._entries):
            return Strip.blank(width, self.rich_style)
        return Strip(self._segments(self._entries[row], row, width), width)

    def _segments(self, entry: Entry, row: int, width: int) -> list[Segment]:
        base = self._base(entry, row)
        if entry.spot is None:
            heading = self._ink("heading")
            return [Segment(fit(f" {entry.title}", width), base + heading)]
        kind = "" if entry.kind == "sync" and width < _ROOM_FOR_SYNC else entry.kind
        marks = self._marks(entry, base)
        right = sum(cell_len(segment.text) for segment in marks) + (len(kind) + 1 if kind else 0)
        is_open = entry.spot == self._open
        name = f"{'▌' if is_open else ' '}{' ' if isinstance(entry.spot, int) else ''}{safe(entry.title)}"
        return [
            Segment(fit(name, max(1, width - right - 1)), base),
            *([Segment(f" {kind}", base + self._ink("kind"))] if kind else []),
            *marks,
            Segment(" ", base),
        ]

    def _base(self, entry: Entry, row: int) -> Style:
        style = self.rich_style
        if entry.spot is not None and entry.spot == self._open:
            style += self.get_component_rich_style("navigator--open", partial=True)
        if row == self._cursor and self.has_focus:
            style += self.get_component_rich_style("navigator--cursor", partial=True)
        return style

    def _marks(self, entry: Entry, base: Style) -> list[Segment]:
        parts = {"✗": "error", "▲": "warning", "⟳": "stale", "◌": "testing", "✓": "tested"}
        marks = entry.marks.split()
        return [Segment(f" {mark}", base + self._ink(parts[mark[0]])) for mark in marks]

    def _ink(self, part: str) -> Style:
        return ink(self, f"navigator--{part}")

    # Moving

    def action_move(self, step: int) -> None:
        """Go to the entry above or below; headings are passed over."""
        row = self._cursor + step
        while 0 <= row < len(self._entries) and self._entries[row].spot is None:
            row += step
        if 0 <= row < len(self._entries):
            self._go(row)

    def action_edge(self, end: int) -> None:
        """Go to the first or the last entry."""
        self._go(end % len(self._entries))

    def action_open(self) -> None:
        """Open the entry under the cursor."""
        if self.current.spot is not None:
            self.post_message(self.Opened(self, self.current.spot))

    def on_click(self, event: events.Click) -> None:
        """Open the entry that is clicked."""
        offset = event.get_content_offset(self)
        row = offset.y + self.scroll_offset.y if offset else -1
        if 0 <= row < len(self._entries) and self._entries[row].spot is not None:
            self._go(row)
            self.action_open()

    def _go(self, row: int) -> None:
        self._put_cursor(row)
        self.refresh()
        self.refresh_bindings()
        self.post_message(self.Moved(self, self.current))

    def _put_cursor(self, row: int) -> None:
        if self._entries[row].spot is None:
            row = row + 1 if row + 1 < len(self._entries) else row - 1
        self._cursor = row
        self._follow_cursor()

    def _follow_cursor(self) -> None:
        if self.size.height:
            self.scroll_to_region(Region(0, self._cursor, 1, 1), animate=False, force=True)
