"""The status mapping: one table instead of one list for each meaning, and its row."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from rich.cells import cell_len
from textual import events, on
from textual.binding import BindingType
from textual.content import Content
from textual.geometry import Size
from textual.style import Style
from textual.widget import Widget
from textual.widgets import Input

from core.jobs.statuses import JobStatus
from tui.forms.field_row import FieldRow
from tui.widgets.base import WidgetMessage, hidden, shown
from tui.widgets.item_list import ItemInput, ItemList, TypeToAdd
from tui.widgets.record_cells import escape, fit

Row = tuple[str, str]
"""A status, and what it means."""

_NARROWEST = 12
_TOP = 1
"""The line above the rows."""


class StatusTable(TypeToAdd, can_focus=True):
    """Rows `status → meaning`. Only what a person does posts `Changed`.

    The first letter of a meaning gives it to the row under the cursor; every status is there once.
    """

    BINDING_GROUP_TITLE = "Status mapping"
    BINDINGS: ClassVar[list[BindingType]] = [
        shown("enter,e", "edit", "Edit", "Edit this status, or add one", "status.edit"),
        shown("a,plus", "add", "Add", "Add a status", "status.add"),
        shown("delete,backspace", "delete", "Delete", "Take this status out", "status.delete"),
        hidden("left", "turn(-1)", "Previous meaning", "Give it the meaning before", "status.previous"),
        hidden("right", "turn(1)", "Next meaning", "Give it the next meaning", "status.next"),
        hidden("home", "step(-1000000)", "First", "Go to the first row", "status.first"),
        hidden("end", "step(1000000)", "Last", "Go behind the last row", "status.last"),
        hidden("up", "step(-1)", "Up", "Go to the row above", "status.up"),
        hidden("down", "step(1)", "Down", "Go to the row below", "status.down"),
        shown("escape", "stop", "Cancel edit", "Leave the status as it was", "status.stop"),
    ]

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "status-table--header",
        "status-table--status",
        "status-table--cursor",
        "status-table--add",
        "status-table--good",
        "status-table--bad",
        "status-table--busy",
    }

    @dataclass
    class Changed(WidgetMessage["StatusTable"]):
        """A person changed the table."""

        rows: list[Row]

    def __init__(self, meanings: Sequence[str], *, tones: dict[str, str], guess: Callable[[str], str]) -> None:
        """`tones` says which meaning is "good", "bad" or "busy", `guess` what a new status probably means."""
        super().__init__(classes="status-table")
        self._meanings = tuple(meanings)
        self._tones = tones
        self._guess = guess
        self._list: ItemList[Row] = ItemList()
        self._edited: int | None = None

    @property
    def rows(self) -> list[Row]:
        """The statuses and their meanings."""
        return list(self._list.items)

    @rows.setter
    def rows(self, rows: Iterable[Row]) -> None:
        cursor = self._list.cursor
        self._list = ItemList(rows)
        self._list.step(cursor)
        self.refresh(layout=True)

    # Drawing

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        """The header, the rows, and the line to add one."""
        return _TOP + len(self._list.items) + 1

    def render(self) -> Content:
        """The table."""
        width = max(1, self.content_size.width)
        letters = f"  ({' '.join(meaning[0] for meaning in self._meanings)} set it)" if self.has_focus else ""
        header = fit(" API status", self._width) + "   Means" + letters
        lines = [Content.styled(fit(header, width), self._style("header"))]
        lines += [self._row(index, width) for index in range(len(self._list.items))]
        add = " + Add a status" if self._list.items else " + Add a status, as the API writes it"
        end = len(self._list.items)
        lines.append(Content.styled(fit(add, width), self._style("add", cursor=self._marked(end))))
        return Content("\n").join(lines)

    def _row(self, index: int, width: int) -> Content:
        status, meaning = self._list.items[index]
        cursor = self._marked(index)
        glyph = {"good": "✓", "bad": "✗", "busy": "◌"}.get(self._tones.get(meaning, ""), "·")
        room = max(0, width - self._width - 3)
        return Content.assemble(
            (fit(f" {escape(status)}", self._width), self._style("status", cursor=cursor)),
            (" → ", self._style("header")),
            (fit(f" {glyph} {meaning}", room), self._style(self._tones.get(meaning, "status"), cursor=cursor)),
        )

    def _style(self, part: str, *, cursor: bool = False) -> Style:
        names = [f"status-table--{part}", "status-table--cursor"] if cursor else [f"status-table--{part}"]
        return self.get_visual_style(*names)

    def _marked(self, index: int) -> bool:
        return self.has_focus_within and index == (self._list.cursor if self._edited is None else self._edited)

    @property
    def _width(self) -> int:
        longest = max((cell_len(status) for status, _ in self._list.items), default=0) + 2
        return max(_NARROWEST, min(longest, self.content_size.width // 2))

    # Keys and mouse

    async def on_key(self, event: events.Key) -> None:
        """The first letter of a meaning gives it."""
        meaning = next((one for one in self._meanings if one[0] == event.character), None)
        if meaning is not None and self._edited is None and self._list.current is not None:
            event.stop()
            event.prevent_default()
            self._mean(meaning)

    def action_turn(self, step: int) -> None:
        """Give the row under the cursor the next meaning."""
        if self._list.current is not None:
            place = self._meanings.index(self._list.current[1]) + step
            self._mean(self._meanings[place % len(self._meanings)])

    def _mean(self, meaning: str) -> None:
        current = self._list.current
        if current is not None and self._list.put(self._list.cursor, (current[0], meaning)):
            self._changed()

    def action_step(self, distance: int) -> None:
        """Move the cursor; past the ends the focus goes on."""
        end = len(self._list.items)
        if distance == -1 and self._list.cursor == 0:
            self.screen.focus_previous()
        elif distance == 1 and self._list.cursor == end:
            self.screen.focus_next()
        else:
            self._list.step(distance)
            self.refresh()

    def action_delete(self) -> None:
        """Take out the row under the cursor."""
        if self._list.remove():
            self._changed()

    async def action_add(self) -> None:
        """Type a status."""
        self._list.step(len(self._list.items))
        await self.action_edit()

    async def action_edit(self) -> None:
        """Type the status under the cursor, or a new one behind the last."""
        if self._edited is None:
            self._edited = self._list.cursor
            field = ItemInput(self._list.current[0] if self._list.current else "")
            field.placeholder = "Status, as the API writes it"
            field.styles.offset = (0, _TOP + self._edited)
            field.styles.width = max(self._width, 32)
            await self.mount(field)
            self.screen.set_focus(field)
            self.refresh()

    async def action_stop(self) -> None:
        """Leave the status without a change."""
        await self._close()
        self.focus()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Escape means something only while a status is typed; then only escape does."""
        return (action == "stop") == (self._edited is not None)

    async def on_click(self, event: events.Click) -> None:
        """Go to the row under the mouse; a click on its meaning turns it, a double click edits the status."""
        offset = event.get_content_offset(self)
        if offset is None or self._edited is not None:
            return
        row = offset.y - _TOP
        if 0 <= row <= len(self._list.items):
            self._list.cursor = row
            self.refresh()
            if row == len(self._list.items) or (event.chain == 2 and offset.x < self._width):
                await self.action_edit()
            elif offset.x > self._width:
                self.action_turn(1)

    @on(Input.Submitted)
    async def _submit(self, event: Input.Submitted) -> None:
        """Take the status; after a new one ask for the next."""
        event.stop()
        count = len(self._list.items)
        self._take(event.value)
        if len(self._list.items) > count:
            self._edited = len(self._list.items)
            self._list.step(self._edited)
            event.input.clear()
            event.input.styles.offset = (0, _TOP + self._edited)
        else:
            await self._close()
            self.focus()

    def take_typed(self) -> None:
        """Take the status that is being typed."""
        if self._edited is not None:
            self._take(self.query_one(Input).value)

    def _take(self, text: str) -> None:
        text, edited = text.strip(), self._edited
        if edited is None or not text:
            return
        present = self._list.items[edited] if edited < len(self._list.items) else None
        others = [row[0] for row in self._list.items if row is not present]
        if text in others:
            self._list.cursor = next(i for i, row in enumerate(self._list.items) if row[0] == text)
        elif self._list.put(edited, (text, present[1] if present else self._guess(text))):
            self._changed()

    def _put(self, index: int, text: str) -> None:
        if text not in (status for status, _ in self._list.items):
            self._list.put(index, (text, self._guess(text)))

    async def _close(self) -> None:
        self._edited = None
        await self.query(Input).remove()
        self.refresh()

    def _changed(self) -> None:
        self.refresh(layout=True)
        self.post_message(self.Changed(self, self.rows))


_MEANINGS = (JobStatus.COMPLETED, JobStatus.FAILED, JobStatus.RUNNING, JobStatus.TIMEOUT, JobStatus.SKIPPED)
_TONES = {"completed": "good", "failed": "bad", "running": "busy", "timeout": "bad"}
_GUESSES = (
    (re.compile(r"fail|err|abort|cancel|reject|denied"), JobStatus.FAILED),
    (re.compile(r"time.?d?.?out|expire"), JobStatus.TIMEOUT),
    (re.compile(r"skip|empty|no.?data"), JobStatus.SKIPPED),
    (re.compile(r"^(?:in|un|not)|progress|partial"), JobStatus.RUNNING),
    (re.compile(r"ready|done|complet|succe|finish|available"), JobStatus.COMPLETED),
)
"""What a status with these letters usually means, the first that fits; everything else is taken as running."""


def guessed(status: str) -> str:
    """What a status probably means."""
    found = (meaning for pattern, meaning in _GUESSES if pattern.search(status.lower()))
    return str(next(found, JobStatus.RUNNING))


class StatusRow(FieldRow):
    """API status → completed, failed, running, timeout or skipped."""

    is_section = True

    def make_control(self) -> Widget:
        """The table."""
        return StatusTable([str(one) for one in _MEANINGS], tones=_TONES, guess=guessed)

    @property
    def _mapping(self) -> dict[str, list[Any]]:
        value = self.value
        found = value if isinstance(value, dict) else {}
        return {one: listed if isinstance(listed := found.get(one), list) else [] for one in map(str, _MEANINGS)}

    def show_value(self) -> None:
        """Show the statuses, in the order in which they are first met."""
        rows = [(str(status), meaning) for meaning, statuses in self._mapping.items() for status in statuses]
        if isinstance(self.control, StatusTable) and sorted(self.control.rows) != sorted(rows):
            self.control.rows = rows

    @on(StatusTable.Changed)
    def _changed(self, event: StatusTable.Changed) -> None:
        event.stop()
        present = self._mapping
        written = {str(status): status for statuses in present.values() for status in statuses}
        try:
            with self.session.group(self.path):
                for meaning, statuses in present.items():
                    wanted = [written.get(status, status) for status, means in event.rows if means == meaning]
                    if sorted(map(str, wanted)) != sorted(map(str, statuses)):
                        self._write_statuses(meaning, wanted)
        except ValueError as error:
            self.app.notify(str(error), severity="error", markup=False)
            self.show_value()

    def _write_statuses(self, meaning: str, statuses: list[Any]) -> None:
        path = (*self.path, meaning)
        if statuses or meaning != JobStatus.SKIPPED:
            self.session.set(path, statuses)
        elif self.session.exists(path):
            self.session.unset(path)
