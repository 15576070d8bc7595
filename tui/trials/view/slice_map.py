"""The Map tab: all partitions of a test as cells that are the fuller, the more records they gave."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import ClassVar, Literal

from rich.segment import Segment
from textual import events
from textual.binding import BindingType
from textual.geometry import Size
from textual.scroll_view import ScrollView
from textual.strip import Strip

from core.events import JobPhase, Outcome
from core.units import count, size
from tui.trials.state import Partition, TrialState
from tui.widgets.base import WidgetMessage, hidden, paging, shown
from tui.widgets.display_text import escape, fit

Shade = Literal["none", "least", "less", "more", "most", "failed", "running"]
_SHADES: tuple[Shade, ...] = ("least", "less", "more", "most")
_GLYPHS: dict[Shade, str] = {
    "none": "·",
    "least": "░",
    "less": "▒",
    "more": "▓",
    "most": "█",
    "failed": "✗",
    "running": "◌",
}
_PARTS = (*_GLYPHS, "cursor", "chosen", "text", "quiet")
_HEAD = 3
"""Lines above the cells: the whole, the legend, the cell with the cursor."""
_WIDEST = 4
_OUTCOMES = {
    Outcome.COMPLETE: "complete",
    Outcome.LIMITED: "limit reached",
    Outcome.SKIPPED: "skipped",
    Outcome.FAILED: "failed",
    Outcome.CANCELLED: "cancelled",
}


@dataclass(frozen=True, slots=True)
class _Grid:
    """How cells are laid out: how many stand in a row, how wide each is, and the numbers left of the rows."""

    per_row: int
    cell: int
    gutter: int


def _grid(cells: int, width: int, rows: int) -> _Grid:
    """The widest cells with which all of them are in view; round numbers in a row where there are several rows."""
    gutter = len(f"{cells:,}") + 3
    room = max(1, width - gutter - 1)
    for cell in (_WIDEST, 2, 1):
        fitting = max(1, room // cell)
        per_row = fitting if cells <= fitting or fitting < 10 else fitting // 10 * 10
        if cell == 1 or -(-cells // per_row) <= rows:
            return _Grid(per_row, cell, gutter)
    raise AssertionError


def shade(partition: Partition, most: int) -> Shade:
    """How a partition is shown, where the largest one has `most` records."""
    if partition.outcome is Outcome.FAILED:
        return "failed"
    if not partition.records:
        return "none" if partition.outcome is not None or partition.phase is JobPhase.WAITING else "running"
    return _SHADES[(partition.records * len(_SHADES) - 1) // most]


class SliceMap(ScrollView, can_focus=True):
    """A cell for each partition, with a cursor."""

    BINDING_GROUP_TITLE = "Map"
    BINDINGS: ClassVar[list[BindingType]] = [
        shown("enter", "choose", "This partition", "Show this partition alone, or all of them again", "map.choose"),
        hidden("left,h", "move(-1)", "Left", "One partition back", "map.left"),
        hidden("right,l", "move(1)", "Right", "One partition on", "map.right"),
        hidden("up,k", "row(-1)", "Up", "One row up", "map.up"),
        hidden("down,j", "row(1)", "Down", "One row down", "map.down"),
        *paging("map", "partition"),
    ]
    COMPONENT_CLASSES: ClassVar[set[str]] = {f"slice-map--{part}" for part in _PARTS}

    @dataclass
    class Chosen(WidgetMessage["SliceMap"]):
        """A person wants to see a partition, by its number; None: all of them."""

        partition: int | None

    def __init__(self) -> None:
        super().__init__()
        self._state: TrialState | None = None
        self._partitions: Sequence[Partition] = ()
        self._shades: Sequence[Shade] = ()
        self._chosen: int | None = None
        self._most = 0
        self._cursor = 0
        self._grid = _grid(0, 1, 1)

    def show(self, state: TrialState | None, chosen: int | None) -> None:
        """Show the partitions of a test, that with the number `chosen` marked."""
        if state is not self._state:
            self._state, self._cursor = state, 0
        self._partitions = state.partitions if state is not None else ()
        self._most = max((one.records for one in self._partitions), default=0)
        self._shades = [shade(one, self._most) for one in self._partitions]
        self._chosen = chosen
        self._lay_out()

    def on_resize(self) -> None:
        self._lay_out()

    def _lay_out(self) -> None:
        region = self.scrollable_content_region
        self._grid = _grid(len(self._shades), region.width, max(1, region.height - _HEAD))
        self.virtual_size = Size(region.width, -(-len(self._shades) // self._grid.per_row) + _HEAD)
        self.refresh()

    # The cursor

    def action_move(self, by: int) -> None:
        """Move the cursor."""
        self._go_to(self._cursor + by)

    def action_row(self, by: int) -> None:
        """Move the cursor to another row, if there is one."""
        place = self._cursor + by * self._grid.per_row
        if 0 <= place < len(self._shades):
            self._go_to(place)

    def action_page(self, direction: int) -> None:
        self._go_to(self._cursor + direction * self._grid.per_row * max(1, self.size.height - _HEAD - 1))

    def action_edge(self, index: int) -> None:
        """Go to the first (0) or last (-1) partition."""
        self._go_to(index % max(1, len(self._shades)))

    def _go_to(self, place: int) -> None:
        self._cursor = max(0, min(place, len(self._shades) - 1))
        row = self._cursor // self._grid.per_row
        rows = max(1, self.size.height - _HEAD)
        self.scroll_to(y=min(row, max(self.scroll_offset.y, row - rows + 1)), animate=False)
        self.refresh()

    def action_choose(self) -> None:
        """Show the partition alone; when it is shown alone, all of them again."""
        if self._partitions:
            number = self._partitions[self._cursor].number
            self.post_message(self.Chosen(self, None if number == self._chosen else number))

    def on_click(self, event: events.Click) -> None:
        """Put the cursor where the mouse is; a double click chooses."""
        offset = event.get_content_offset(self)
        if offset is None or offset.y < _HEAD or offset.x < self._grid.gutter:
            return
        column = (offset.x - self._grid.gutter) // self._grid.cell
        place = (self.scroll_offset.y + offset.y - _HEAD) * self._grid.per_row + column
        if column < self._grid.per_row and place < len(self._shades):
            self._go_to(place)
            if event.chain == 2:
                self.action_choose()

    # Drawing

    def render_line(self, y: int) -> Strip:
        """Above the cells stand what there is in all, the legend, and the partition with the cursor."""
        if not self._shades:
            return Strip.blank(self.size.width, self.rich_style)
        segments = (self._whole, self._legend, self._current)[y]() if y < _HEAD else self._cells(y - _HEAD)
        return Strip(segments).adjust_cell_length(self.size.width, self.rich_style)

    def _whole(self) -> list[Segment]:
        total = sum(one.records for one in self._partitions)
        empty = sum(not one.records and one.outcome not in (None, Outcome.FAILED) for one in self._partitions)
        failed = self._shades.count("failed")
        facts = [f"{count(total, 'record')} in {count(len(self._shades), 'partition')}"]
        facts += [f"{empty:,} without records"] * bool(empty) + [f"{failed:,} failed"] * bool(failed)
        return [self._segment(f" {' · '.join(facts)}", "quiet")]

    def _legend(self) -> list[Segment]:
        """The shades that there are; each with the most records that it stands for."""
        present = set(self._shades)
        segments = []
        for one, glyph in _GLYPHS.items():
            if one in present:
                segments.append(self._segment(f" {glyph * 2} ", one))
                segments.append(self._segment(f"{self._meaning(one)} ", "quiet"))
        return segments

    def _meaning(self, one: Shade) -> str:
        if one in _SHADES:
            return f"to {self._most * (_SHADES.index(one) + 1) // len(_SHADES):,}"
        return "none" if one == "none" else one

    def _current(self) -> list[Segment]:
        partition = self._partitions[self._cursor]
        facts = [count(partition.records, "record")]
        facts += [size(partition.transferred)] * bool(partition.transferred)
        facts.append(_OUTCOMES[partition.outcome] if partition.outcome else str(partition.phase or "reading"))
        ending = f"  {' · '.join(facts)}"
        name = f" {partition.number}  {escape(partition.name)}"
        width = max(8, self.size.width - len(ending))
        return [self._segment(name if len(name) <= width else fit(name, width), "text"), self._segment(ending, "quiet")]

    def _cells(self, y: int) -> list[Segment]:
        grid, row = self._grid, self.scroll_offset.y + y
        first = row * grid.per_row
        shades = self._shades[first : first + grid.per_row]
        if not shades:
            return []
        segments = [self._segment(f" {first + 1:>{grid.gutter - 3},}  ", "quiet")]
        chosen = self._chosen - 1 if self._chosen is not None else None
        marked = {chosen: "chosen", self._cursor: "cursor"}
        looks = [(one, marked.get(first + at, one)) for at, one in enumerate(shades)]
        for (one, part), group in groupby(looks):
            segments.append(self._segment(_GLYPHS[one] * grid.cell * len(list(group)), part))
        return segments

    def _segment(self, text: str, part: str) -> Segment:
        return Segment(text, self.get_component_rich_style(f"slice-map--{part}"))
