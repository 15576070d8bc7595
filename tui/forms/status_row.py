"""The status mapping: one table instead of one list for each meaning, and its row."""

from __future__ import annotations

from typing import Any, ClassVar

from textual import events, on
from textual.binding import BindingType
from textual.content import Content
from textual.geometry import Offset
from textual.widget import Widget
from textual.widgets import Input

from core.jobs.statuses import JobStatus
from tui.forms.field_row import FieldRow
from tui.model.status_names import suggested_meaning
from tui.widgets.base import hidden
from tui.widgets.display_text import escape, fit
from tui.widgets.list_editor import ItemInput, list_bindings
from tui.widgets.pairs import Pair, TwoColumnList

_MEANINGS = tuple(
    str(one) for one in (JobStatus.COMPLETED, JobStatus.FAILED, JobStatus.RUNNING, JobStatus.TIMEOUT, JobStatus.SKIPPED)
)
_LOOKS = {"completed": ("good", "✓"), "failed": ("bad", "✗"), "running": ("busy", "◌"), "timeout": ("bad", "✗")}
"""The part of the style and the glyph of each meaning; the others have none of their own."""
_NARROWEST_FIELD = 32


def guessed_meaning(status: str) -> str:
    """What a status that was typed probably means; one that leaves it open means that the job is running."""
    return str(suggested_meaning(status) or JobStatus.RUNNING)


class StatusTable(TwoColumnList):
    """Rows `status → meaning`. The first letter of a meaning gives it to the row under the cursor."""

    BINDING_GROUP_TITLE = "Status mapping"
    BINDINGS: ClassVar[list[BindingType]] = [
        *list_bindings("status", "status"),
        hidden("left", "turn(-1)", "Previous meaning", "Choose the previous meaning", "status.previous"),
        hidden("right", "turn(1)", "Next meaning", "Choose the next meaning", "status.next"),
        hidden("up", "step_or_leave(-1)", "Up", "Go to the row above", "status.up"),
        hidden("down", "step_or_leave(1)", "Down", "Go to the row below", "status.down"),
    ]

    CSS_PREFIX = "status-table"
    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "status-table--header",
        "status-table--status",
        "status-table--cursor",
        "status-table--add",
        "status-table--good",
        "status-table--bad",
        "status-table--busy",
    }
    WIDEST_KEY = 0.5

    def __init__(self) -> None:
        super().__init__(classes="status-table")

    # Drawing

    def header(self) -> str:
        letters = f"  ({' '.join(meaning[0] for meaning in _MEANINGS)} set it)" if self.has_focus else ""
        return fit(" API status", self.key_width) + "   Means" + letters

    def add_label(self) -> str:
        return "Add a status" if self._items else "Add a status, as the API writes it"

    def rows(self, width: int) -> list[Content]:
        key_width, lines = self.key_width, []
        for index, (status, meaning) in enumerate(self._items):
            part, glyph = _LOOKS.get(meaning, ("status", "·"))
            line = Content.assemble(
                (fit(f" {escape(status)}", key_width), self.style_of("status", index)),
                (" → ", self.style_of("header")),
                (fit(f" {glyph} {meaning}", max(0, width - key_width - 3)), self.style_of(part, index)),
            )
            lines.append(line)
        return lines

    # Meanings

    async def on_key(self, event: events.Key) -> None:
        """The first letter of a meaning gives it."""
        meaning = next((one for one in _MEANINGS if one[0] == event.character), None)
        if meaning is not None and self._edited is None and self.current is not None:
            event.stop()
            event.prevent_default()
            self.put(self._cursor, (self.current[0], meaning))

    def action_turn(self, step: int) -> None:
        """Give the row under the cursor the next meaning."""
        if self.current is not None:
            status, meaning = self.current
            following = _MEANINGS[(_MEANINGS.index(meaning) + step) % len(_MEANINGS)]
            self.put(self._cursor, (status, following))

    async def item_clicked(self, offset: Offset, *, double: bool) -> None:
        """A click on a meaning turns it, a double click on a status edits it."""
        if offset.x > self.key_width:
            self.action_turn(1)
        elif double:
            await self.action_edit()

    # Typing

    def make_fields(self, item: Pair | None) -> Widget:
        field = ItemInput(item[0] if item else "")
        field.placeholder = "Status, as the API writes it"
        field.styles.width = max(self.key_width, _NARROWEST_FIELD)
        return field

    def typed_item(self) -> Pair | None:
        """The status with the meaning that it has; one that is in another row already is shown there instead."""
        status = self.query_one(Input).value.strip()
        others = {one: index for index, (one, _) in enumerate(self._items) if index != self._edited}
        if status in others:
            self._cursor = others[status]
            return None
        if not status:
            return None
        edited = self._items[self._edited] if self._edited is not None and self._edited < len(self._items) else None
        return status, edited[1] if edited else guessed_meaning(status)

    def pasted_item(self, text: str) -> Pair | None:
        return None if text in dict(self._items) else (text, guessed_meaning(text))


class StatusRow(FieldRow):
    """API status → completed, failed, running, timeout or skipped."""

    is_section = True

    def make_control(self) -> Widget:
        return StatusTable()

    @property
    def _mapping(self) -> dict[str, list[Any]]:
        value = self.value
        found = value if isinstance(value, dict) else {}
        return {one: listed if isinstance(listed := found.get(one), list) else [] for one in _MEANINGS}

    def show_value(self) -> None:
        """Show the statuses, in the order in which they are first met."""
        rows = [(str(status), meaning) for meaning, statuses in self._mapping.items() for status in statuses]
        if isinstance(self.control, StatusTable) and sorted(self.control.items) != sorted(rows):
            self.control.items = rows

    @on(StatusTable.Changed)
    def _changed(self, event: StatusTable.Changed) -> None:
        event.stop()
        present = self._mapping
        written = {str(status): status for statuses in present.values() for status in statuses}
        try:
            with self.session.group(self.path):
                for meaning, statuses in present.items():
                    wanted = [written.get(status, status) for status, means in event.items if means == meaning]
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
