"""The dialog that exports records: it asks for a file, shows how far the export has come, and what went wrong."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import ClassVar

from textual.widgets import Button, Input, OptionList

from core.errors import LonghaulError, fault_text
from core.units import count
from tui.trials import load
from tui.trials.export import FORMATS, Export, ExportCancelled, Selection, ending_of, missing_extra
from tui.trials.load import DATASET, LoadExport, is_url
from tui.widgets.file_dialog import FileDialog

_REDRAW = 0.1
_BAR = 20
"""Cells of the progress bar."""
_ENDINGS = f"{', '.join([*FORMATS][:-1])} or {[*FORMATS][-1]}"
_URLS = "duckdb:///crm.duckdb, postgresql://user@host/database or s3://bucket/lake"


class ExportDialog(FileDialog):
    """Exports a selection to the file, or into the database, that a person names. The result is the path of the file;
    None when none was written: URLs may hold passwords, and are not remembered.

    The dialog stays open until all is written, so that nothing typed is lost when that fails; escape cancels it.
    """

    AUTO_FOCUS: ClassVar[str] = "Input"
    MOST_LINES = 10

    def __init__(self, selection: Selection, start: Path) -> None:
        super().__init__("save", start, title="Export records", suffixes=tuple(FORMATS), confirm="Export")
        self._selection = selection
        self._export: Export | LoadExport | None = None
        """What is being written."""
        self._cancelling = False

    def on_mount(self) -> None:
        self.set_interval(_REDRAW, self._show_progress)

    def on_unmount(self) -> None:
        if self._export is not None:
            self._export.cancel()

    # What is typed

    def note_on(self, text: str) -> str:
        selection = self._selection
        what = f"{count(len(selection.records), 'record')}{f' ({selection.part})' if selection.part else ''}"
        if is_url(text):
            table = f"{DATASET}.{selection.name}, a table that is replaced"
            return load.missing_extra() or f"{what} into {table}. {selection.cut}".rstrip()
        ending = ending_of(text)
        if ending is not None:
            told = f"{what} as {self._format(ending)}. {selection.cut}".rstrip()
            others = ", ".join(other for other in FORMATS if other != ending)
            return missing_extra(ending) or f"{told} Other formats by their ending: {others}; or a URL."
        return f"{what}. The ending says the format: {_ENDINGS}. Or write a URL, such as {_URLS}."

    def _format(self, ending: str) -> str:
        return f"{FORMATS[ending]}, table {self._selection.name}" if ending == ".duckdb" else FORMATS[ending]

    def replaces(self, path: Path) -> str:
        return f"the table {self._selection.name} in it" if path.suffix == ".duckdb" else "it"

    def problem_with(self, path: Path) -> str | None:
        ending = ending_of(path.name)
        if ending is None:
            return f"The ending {path.suffix} says no format: choose {_ENDINGS}."
        return missing_extra(ending) or super().problem_with(path)

    # The export

    def accept(self, path: Path) -> None:
        self.run_worker(self._write(Export(self._selection, path), path), exit_on_error=False)

    def finish(self) -> None:
        text = self.query_one(Input).value.strip()
        if self._export is not None:
            return
        if not is_url(text):
            super().finish()
        elif problem := load.missing_extra():
            self.show_problem(f"✗ {problem}")
        else:
            self.run_worker(self._write(LoadExport(self._selection, text), None), exit_on_error=False)

    async def _write(self, export: Export | LoadExport, path: Path | None) -> None:
        """Write or load everything; `path` is the file, where it is one."""
        self._export, self._cancelling = export, False
        self._show_progress()
        self._set_busy(busy=True)
        try:
            said = await asyncio.to_thread(export.run)
        except ExportCancelled as cancelled:
            self._report(f"■ {cancelled}")
        except LonghaulError as error:
            self._report(f"✗ {error}")
        except Exception as error:  # whatever the records hold, the builder goes on
            self._report(f"✗ The export was {fault_text(error, str)}")
        else:
            self._export = None
            self.app.notify(said, title="Export", timeout=8, markup=False)
            self.dismiss(path)

    def _report(self, problem: str) -> None:
        self._export = None
        self._set_busy(busy=False)
        self.show_note(self.note_on(self.query_one(Input).value))
        self.show_problem(problem)

    def _set_busy(self, *, busy: bool) -> None:
        for widget in (self.query_one(Input), self.query_one(OptionList), *self.query(Button)):
            widget.disabled = busy and getattr(widget, "name", "") != "cancel"
        (self.query(Button).last() if busy else self.query_one(Input)).focus()

    def _show_progress(self) -> None:
        if self._export is not None:
            total = self._export.total
            done = min(_BAR, round(_BAR * self._export.written / max(1, total)))
            bar = "━" * done + "─" * (_BAR - done)
            state = "Cancelling…" if self._cancelling else "Escape cancels."
            self.show_note(f"Writing {bar} {self._export.written:,} of {count(total, 'record')}. {state}")

    def action_cancel(self) -> None:
        if self._export is not None:
            self._export.cancel()
            self._cancelling = True
            self._show_progress()
        else:
            self.dismiss(None)
