"""The navigator at the left: the streams with their marks, inputs and global settings, all drawn by one widget."""

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

from core.units import count
from tui.model.inputs import SCHEMA
from tui.model.places import PlaceKind
from tui.model.problems import Counts
from tui.model.session import BuilderSession
from tui.model.streams import StreamInfo, StreamKind
from tui.shell.actions import NAVIGATOR, bindings
from tui.shell.selection import GLOBAL, INPUTS, Selection
from tui.widgets.base import WidgetMessage
from tui.widgets.display_text import fit_name, safe
from tui.widgets.syntax import ink


@dataclass(frozen=True, slots=True)
class NavigatorEntry:
    """A line of the navigator: what is selected by it, or the action that it stands for; else it is a gap.

    `kind` says whether a stream is sync or async, `note` stands at the right end.
    """

    title: str
    selection: Selection | None = None
    kind: str = ""
    note: str = ""
    action: str = ""
    errors: int = 0
    warnings: int = 0
    stale: bool = False
    tested: bool = False
    testing: bool = False

    @property
    def is_gap(self) -> bool:
        return self.selection is None and not self.action

    @property
    def marks(self) -> str:
        """The marks, each a glyph, counted where there can be several."""
        found = [f"✗{self.errors}"] if self.errors else []
        found += [f"!{self.warnings}"] if self.warnings else []
        found += ["⟳"] if self.stale else []
        found += ["◌"] if self.testing else []
        calm = self.tested and not found
        return "✓" if calm else " ".join(found)

    @property
    def description(self) -> str:
        """The marks spelled out."""
        found = [count(self.errors, "error")] if self.errors else []
        found += [count(self.warnings, "warning")] if self.warnings else []
        found += ["changed since its test"] if self.stale else []
        found += ["is being tested"] if self.testing else []
        found += ["tested"] if self.tested and not self.stale and not self.testing else []
        return ", ".join(found)


def entries(session: BuilderSession, testing: str | None = None) -> list[NavigatorEntry]:
    """All lines; `testing` is the stream that is being tested."""
    return [
        *(stream_entry(stream, testing) for stream in session.streams.all()),
        NavigatorEntry("+ Add a stream", action="stream.add"),
        NavigatorEntry(""),
        _entry("Inputs", INPUTS, session.counts(SCHEMA[:1]), str(len(session.inputs.all()) or "")),
        _entry("Global", GLOBAL, _global_counts(session)),
    ]


def facts(entries: Sequence[NavigatorEntry]) -> str:
    """How many streams there are, and how many of them have errors."""
    streams = [entry for entry in entries if isinstance(entry.selection, int)]
    broken = sum(bool(entry.errors) for entry in streams)
    number = sum(entry.note != PlaceKind.INCREMENTAL for entry in streams)  # the other way of one that is counted
    return " ─ ".join([count(number, "stream"), *[f"{broken} to fix"] * bool(broken)])


def stream_entry(stream: StreamInfo, testing: str | None) -> NavigatorEntry:
    """The line of a stream."""
    return NavigatorEntry(
        stream.name or "(no name)",
        stream.index,
        "" if stream.kind is StreamKind.OTHER else str(stream.kind),
        "template" if stream.place.is_template else str(stream.place.kind),
        errors=stream.counts.errors,
        warnings=stream.counts.warnings + len(stream.warnings),
        stale=stream.stale,
        tested=stream.tested,
        testing=stream.name == testing,
    )


def _entry(title: str, selection: Selection, counts: Counts, note: str = "") -> NavigatorEntry:
    return NavigatorEntry(title, selection, note=note, errors=counts.errors, warnings=counts.warnings)


def _global_counts(session: BuilderSession) -> Counts:
    """The problems that are neither of a stream nor of the inputs."""
    shown = session.problems()
    return Counts.of([one for one in shown if one.path[:1] != SCHEMA[:1] and session.streams.at(one.path) is None])


_ROOM_FOR_KINDS = 26
"""The width, in cells, from which the kinds of streams are written out; else by their first letters."""
_KINDS = ("async", "sync")
_KIND = max(map(len, _KINDS))
"""Cells of a kind that is written out."""
_SHORT_NOTES = {PlaceKind.FULL: "full", PlaceKind.INCREMENTAL: "incr", "template": "tmpl"}
"""What stands for a note where the names have not the room that they need."""
_MARKS = {"✗": "error", "!": "warning", "⟳": "stale", "◌": "testing", "✓": "tested"}
"""The parts of the style sheet for the marks."""


class Navigator(ScrollView, can_focus=True):
    """Shows entries and a cursor; the selected one is marked. Enter or a click selects one."""

    BINDING_GROUP_TITLE = "Navigator"
    HELP = "What the manifest consists of. ✗ errors, ! warnings, ⟳ changed since its test, ◌ test running, ✓ tested."
    BINDINGS: ClassVar[list[BindingType]] = [*bindings(NAVIGATOR)]

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        f"navigator--{part}"
        for part in (
            "action",
            "note",
            "async",
            "sync",
            "error",
            "warning",
            "stale",
            "testing",
            "tested",
            "selected",
            "cursor",
        )
    }

    @dataclass
    class Selected(WidgetMessage["Navigator"]):
        """An entry was selected, to be shown in the editor area."""

        selection: Selection

    @dataclass
    class ActionChosen(WidgetMessage["Navigator"]):
        """An entry that stands for an action was chosen."""

        action: str

    @dataclass
    class CursorMoved(WidgetMessage["Navigator"]):
        """The cursor is on another entry."""

        entry: NavigatorEntry

    def __init__(self) -> None:
        super().__init__(classes="navigator pane")
        self.border_title = "Streams"
        self._entries: tuple[NavigatorEntry, ...] = (NavigatorEntry("Global", GLOBAL),)
        self._selected: Selection | None = None
        self._cursor = 0
        self._is_narrow = False
        """Whether some names have not the room that they need."""

    @property
    def entries(self) -> tuple[NavigatorEntry, ...]:
        return self._entries

    @property
    def current(self) -> NavigatorEntry:
        """The entry under the cursor."""
        return self._entries[self._cursor]

    def show(self, entries: Sequence[NavigatorEntry], moved: Callable[[Selection], Selection] | None = None) -> None:
        """List other entries. The cursor stays on its entry while the navigator has the focus, else it goes to the
        selected one. `moved` gives the new selection for an old one when streams have moved.
        """
        if tuple(entries) == self._entries:
            return
        selection = self.current.selection
        if moved is not None and selection is not None:
            selection = moved(selection)
            self._selected = None if self._selected is None else moved(self._selected)
        self._entries = tuple(entries)
        self.border_subtitle = facts(entries)
        self._measure()
        self.refresh(layout=True)
        self._put_cursor(self._row_of(selection, self._cursor) if self.has_focus else self._selected_row)

    def mark_selected(self, selection: Selection | None) -> None:
        """Mark an entry as selected, and put the cursor there; None marks none, with the cursor on the first."""
        self._selected = selection
        self._put_cursor(self._selected_row)
        self.refresh()

    @property
    def _selected_row(self) -> int:
        return self._row_of(self._selected, 0)

    def _row_of(self, selection: Selection | None, otherwise: int) -> int:
        rows = {entry.selection: row for row, entry in enumerate(self._entries) if entry.selection is not None}
        return rows.get(selection, min(otherwise, len(self._entries) - 1)) if selection is not None else otherwise

    def on_resize(self) -> None:
        self._measure()
        self._follow_cursor()

    def _measure(self) -> None:
        width = self.scrollable_content_region.width
        self.virtual_size = Size(width, len(self._entries))
        self._is_narrow = width < self._widest

    def get_content_width(self, container: Size, viewport: Size) -> int:
        """The cells in which all names can be seen whole; the style sheet says how many it has at least and at most."""
        return self._widest + self.styles.scrollbar_size_vertical

    @property
    def _widest(self) -> int:
        return max(sum(cell_len(text) for text, _ in self._parts(entry, None)) for entry in self._entries)

    # Drawing

    def render_line(self, y: int) -> Strip:
        row = y + self.scroll_offset.y
        width = self.scrollable_content_region.width
        if row >= len(self._entries):
            return Strip.blank(width, self.rich_style)
        return Strip(self._segments(self._entries[row], row, width), width)

    def _segments(self, entry: NavigatorEntry, row: int, width: int) -> list[Segment]:
        base = self._base(entry, row)
        inked = not self._at_cursor(row)
        parts = self._parts(entry, width)
        return [Segment(text, base + self._ink(part) if part and inked else base) for text, part in parts]

    def _parts(self, entry: NavigatorEntry, width: int | None) -> list[tuple[str, str]]:
        """The texts of a line in so many cells, or in as many as they take, each with its part of the style sheet."""
        mark = "▌" if entry.selection is not None and entry.selection == self._selected else " "
        kind = self._kind(entry, width)
        name = "action" if entry.action else ""
        kinds = [(f"{kind} ", entry.kind or "note")] if kind else []
        marks = [(f" {one}", _MARKS[one[0]]) for one in entry.marks.split()]
        note = entry.note if width is None or not self._is_narrow else _SHORT_NOTES.get(entry.note, entry.note)
        marks += [(f" {note}", "note")] if note else []
        title = safe(entry.title)
        if width is not None:
            room = width - 2 - sum(cell_len(text) for text, _ in (*kinds, *marks))
            title = fit_name(title, max(1, room))
        return [(mark, "action"), *kinds, (title, name), *marks, (" ", "")]

    def _kind(self, entry: NavigatorEntry, width: int | None) -> str:
        """What stands in front of the name of a stream."""
        if not isinstance(entry.selection, int):
            return ""
        return (
            entry.kind.upper().ljust(_KIND)
            if width is None or width >= _ROOM_FOR_KINDS
            else entry.kind[:1].upper().ljust(1)
        )

    def _base(self, entry: NavigatorEntry, row: int) -> Style:
        style = self.rich_style
        if entry.selection is not None and entry.selection == self._selected:
            style += self.get_component_rich_style("navigator--selected", partial=True)
        if self._at_cursor(row):
            style += self.get_component_rich_style("navigator--cursor", partial=True)
        return style

    def _at_cursor(self, row: int) -> bool:
        """Whether the line has the accent background, on which the colours of the parts can't be read."""
        return row == self._cursor and self.has_focus

    def _ink(self, part: str) -> Style:
        return ink(self, f"navigator--{part}")

    # Moving

    def move_cursor(self, step: int) -> None:
        """Go to the entry above (-1) or below (1)."""
        row = self._cursor + step
        while 0 <= row < len(self._entries) and self._entries[row].is_gap:
            row += step
        if 0 <= row < len(self._entries):
            self._go(row)

    def go_to_edge(self, end: int) -> None:
        """Go to the first (0) or the last (-1) entry."""
        self._go(end % len(self._entries))

    def open(self) -> None:
        """Select the entry under the cursor, or do what it stands for."""
        if self.current.action:
            self.post_message(self.ActionChosen(self, self.current.action))
        if self.current.selection is not None:
            self.post_message(self.Selected(self, self.current.selection))

    def on_click(self, event: events.Click) -> None:
        offset = event.get_content_offset(self)
        row = offset.y + self.scroll_offset.y if offset else -1
        if 0 <= row < len(self._entries) and not self._entries[row].is_gap:
            self._go(row)
            self.open()

    def _go(self, row: int) -> None:
        self._put_cursor(row)
        self.refresh()
        self.refresh_bindings()
        self.post_message(self.CursorMoved(self, self.current))

    def _put_cursor(self, row: int) -> None:
        if self._entries[row].is_gap:
            row = row + 1 if row + 1 < len(self._entries) else row - 1
        self._cursor = row
        self._follow_cursor()

    def _follow_cursor(self) -> None:
        if self.size.height:
            self.scroll_to_region(Region(0, self._cursor, 1, 1), animate=False, force=True)
