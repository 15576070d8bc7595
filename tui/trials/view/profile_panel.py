"""The Profile tab: what each column of the records holds, drawn line by line and gathered in a thread."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from time import perf_counter
from typing import ClassVar

from rich.segment import Segment
from rich.style import Style
from textual import events, on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.geometry import Size
from textual.scroll_view import ScrollView
from textual.strip import Strip
from textual.widget import Widget
from textual.widgets import Static

from core.decoding.chunks import Lines
from core.units import count
from tui.trials.profile import ColumnSummary, Profile, key_candidates
from tui.trials.records import RecordStore, RecordView, batches
from tui.trials.view.profile_cells import Cell, Layout, Part, detail, key_title, layout, not_a_key
from tui.widgets.base import WidgetMessage, hidden, paging, shown
from tui.widgets.display_text import escape
from tui.widgets.record_source import ListSource

Source = RecordStore | RecordView | ListSource

_FIRST_SLICE, _SLICE = 0.05, 0.4
"""Seconds of work in the thread until something is drawn: at first, and from then on."""
_CANDIDATES_NAMED = 3
_PARTS: tuple[Part, ...] = ("header", "cursor", "name", "plain", "quiet", "key", "bars")


class ProfileTable(ScrollView, can_focus=True):
    """A line for each column of the records under a fixed header, with a cursor."""

    BINDING_GROUP_TITLE = "Profile"
    BINDINGS: ClassVar[list[BindingType]] = [
        shown("i", "use_as_key", "Use as primary key", "Make this column the stream's primary key", "profile.key"),
        shown("enter", "open", "To its values", "Go to this column in the records", "profile.open"),
        hidden("up,k", "move(-1)", "Up", "One column up", "profile.up"),
        hidden("down,j", "move(1)", "Down", "One column down", "profile.down"),
        *paging("profile", "column"),
    ]
    COMPONENT_CLASSES: ClassVar[set[str]] = {f"profile-table--{part}" for part in _PARTS}

    @dataclass
    class Moved(WidgetMessage["ProfileTable"]):
        """The cursor stands on another column."""

    @dataclass
    class Opened(WidgetMessage["ProfileTable"]):
        """A person wants to see the values of a column."""

        column: str

    @dataclass
    class KeyWanted(WidgetMessage["ProfileTable"]):
        """A person wants a column to be the primary key."""

        column: ColumnSummary

    def __init__(self) -> None:
        super().__init__()
        self._columns: Sequence[ColumnSummary] = ()
        self._records = 0
        self._row = 0
        self._layout = Layout()
        self._laid_out: tuple[object, int] | None = None

    @property
    def current(self) -> ColumnSummary | None:
        """The column with the cursor."""
        return self._columns[self._row] if self._columns else None

    def show(self, columns: Sequence[ColumnSummary], records: int) -> None:
        """Show what is known of columns after so many records."""
        self._columns, self._records = columns, records
        self._row = min(self._row, max(0, len(columns) - 1))
        self._lay_out()
        self.refresh()

    def on_resize(self) -> None:
        self._lay_out()

    def _lay_out(self) -> None:
        width = self.scrollable_content_region.width
        if self._laid_out != (self._columns, width):
            self._laid_out = (self._columns, width)
            self._layout = layout(self._columns, self._records, width)
            self.virtual_size = Size(width, len(self._columns) + 1)

    # The cursor

    def action_move(self, by: int) -> None:
        """Move the cursor."""
        self._go_to(self._row + by)

    def action_page(self, direction: int) -> None:
        self._go_to(self._row + direction * max(1, self.size.height - 2))

    def action_edge(self, index: int) -> None:
        """Go to the first (0) or last (-1) column."""
        self._go_to(index % max(1, len(self._columns)))

    def _go_to(self, row: int) -> None:
        self._row = max(0, min(row, len(self._columns) - 1))
        top = self.scroll_offset.y
        rows = max(1, self.size.height - 1)
        self.scroll_to(y=min(self._row, max(top, self._row - rows + 1)), animate=False)
        self.refresh()
        self.post_message(self.Moved(self))

    def action_open(self) -> None:
        """Go to the column in the records."""
        if self.current is not None:
            self.post_message(self.Opened(self, self.current.name))

    def action_use_as_key(self) -> None:
        """Make the column the primary key."""
        if self.current is not None:
            self.post_message(self.KeyWanted(self, self.current))

    def on_click(self, event: events.Click) -> None:
        """Put the cursor where the mouse is; a double click opens."""
        offset = event.get_content_offset(self)
        row = self.scroll_offset.y + offset.y - 1 if offset is not None and offset.y else -1
        if 0 <= row < len(self._columns):
            self._go_to(row)
            if event.chain == 2:
                self.action_open()

    # Drawing

    def render_line(self, y: int) -> Strip:
        """Line 0 is the header, the lines below it are the columns in view."""
        row = self.scroll_offset.y + y - 1
        if y == 0:
            return self._strip(self._layout.header if self._columns else (), self._style("header"))
        if row >= len(self._layout.rows):
            return Strip.blank(self.size.width, self.rich_style)
        return self._strip(self._layout.rows[row], self._style("cursor") if row == self._row else None)

    def _strip(self, cells: Sequence[Cell], over: Style | None) -> Strip:
        """A line; the style `over` takes the place of those of the cells."""
        segments = [Segment(text, over or self._style(part)) for text, part in cells]
        return Strip(segments).adjust_cell_length(self.size.width, over or self.rich_style)

    def _style(self, part: Part) -> Style:
        return self.get_component_rich_style(f"profile-table--{part}")


class ColumnDetail(Widget):
    """All that is known of one column, with a large histogram."""

    def __init__(self) -> None:
        super().__init__(classes="column-detail")
        self._shown: tuple[ColumnSummary | None, int] = (None, 0)

    def show(self, column: ColumnSummary | None, records: int) -> None:
        """Show a column after so many records."""
        self._shown = (column, records)
        self.refresh()

    def render(self) -> Content:
        column, records = self._shown
        return detail(column, records, self.content_size.width) if column is not None else Content("")


class ProfilePanel(Vertical):
    """Gathers the profile of what it shows while it is looked at, a slice of time after the other."""

    @dataclass
    class KeyChosen(WidgetMessage["ProfilePanel"]):
        """A person wants a column, which may be one, to be the primary key."""

        column: str

    def __init__(self) -> None:
        super().__init__(classes="profile-panel")
        self._source: Source | None = None
        self._profile = Profile()
        self._columns: Sequence[ColumnSummary] = ()
        self._gathering = False

    def compose(self) -> ComposeResult:
        yield Static(markup=False, classes="doc-panel--line profile-panel--line")
        yield ProfileTable()
        yield ColumnDetail()

    @property
    def table(self) -> ProfileTable:
        return self.query_one(ProfileTable)

    def show_source(self, source: Source, empty: str) -> None:
        """Show the profile of a source, which may have grown since; without records the sentence `empty`."""
        if source is not self._source:
            self._source, self._profile, self._columns = source, Profile(), ()
            self._gathering = False
            self._show()
        if not len(source):
            self._say(empty)
        elif not self._gathering and self._profile.records < len(source) and not isinstance(source, ListSource):
            self._gathering = True
            self.run_worker(self._gather(source, self._profile), group="profile", exclusive=True, exit_on_error=False)

    async def _gather(self, source: RecordStore | RecordView, profile: Profile) -> None:
        """Profile the records that there are, and those that come meanwhile."""
        seconds = _FIRST_SLICE
        self._say("Looking at the records…")
        while profile.records < len(source) and profile is self._profile:
            found = batches(source, profile.records)
            more = True
            while more and profile is self._profile:
                try:
                    more, columns = await asyncio.to_thread(_advance, profile, found, seconds)
                except Exception as error:  # whatever the records hold, it is reported here
                    self._say(f"✗ The records can't be profiled: {type(error).__name__}: {escape(str(error))}")
                    return
                if profile is self._profile:
                    self._columns = columns
                    self._show()
                seconds = _SLICE
        if profile is self._profile:
            self._gathering = False

    def _show(self) -> None:
        records = self._profile.records
        self.table.show(self._columns, records)
        self._show_detail()
        self._say(self._summary(records))

    def _summary(self, records: int) -> str:
        total = len(self._source) if self._source is not None else 0
        known = f"{records:,} of {count(total, 'record')}…" if records < total else count(records, "record")
        columns = count(len(self._columns), "column")
        if self._profile.columns_left_out:
            columns = f"the first {columns}"
        found = list(key_candidates(self._columns, records))
        names = ", ".join(key_title(one, records) for one in found[:_CANDIDATES_NAMED])
        more = f" and {len(found) - _CANDIDATES_NAMED} more" if len(found) > _CANDIDATES_NAMED else ""
        keys = f"may be the primary key: {names}{more}" if found else "no single column is a key"
        return " · ".join([known, columns, *([keys] if records > 1 else [])])

    def _say(self, sentence: str) -> None:
        self.query_one(".profile-panel--line", Static).update(sentence)

    @on(ProfileTable.Moved)
    def _follow(self, event: ProfileTable.Moved) -> None:
        event.stop()
        self._show_detail()

    def _show_detail(self) -> None:
        self.query_one(ColumnDetail).show(self.table.current, self._profile.records)

    @on(ProfileTable.KeyWanted)
    def _choose_key(self, event: ProfileTable.KeyWanted) -> None:
        event.stop()
        if why := not_a_key(event.column, self._profile.records):
            self.notify(why, severity="warning", markup=False)
        else:
            self.post_message(self.KeyChosen(self, event.column.name))


def _advance(profile: Profile, found: Iterator[Lines], seconds: float) -> tuple[bool, Sequence[ColumnSummary]]:
    """Profile batches for about so long; says whether there may be more, and what is known by now."""
    end = perf_counter() + seconds
    more = False
    for batch in found:
        profile.add(batch)
        more = perf_counter() >= end
        if more:
            break
    if not more:
        profile.look_for_repeats()
    return more, profile.summaries()
