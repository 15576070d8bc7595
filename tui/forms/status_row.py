"""A row for the status mapping: one table instead of one list for each meaning."""

from __future__ import annotations

import re
from typing import Any

from textual import on
from textual.widget import Widget

from core.components.async_retriever import JobStatus
from tui.forms.field_row import FieldRow
from tui.forms.status_table import StatusTable

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
