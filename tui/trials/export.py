"""Writes the records of a trial to a file of any format that `--output` writes, in a thread."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event
from typing import Any

from core.errors import LonghaulError
from core.extras import how_to_install, is_installed
from core.outputs.destination import Destination
from core.outputs.durable import OutputError
from core.outputs.locks import hold
from core.outputs.paths import NamedPath
from core.units import count
from tui.trials.records import RecordStore, RecordView, batches

_WARNINGS = 2
"""Warnings that are mentioned at the end."""
_OPTION = "--output: "
"""What messages about a destination begin with, which were made for the command line."""


FORMATS = {
    ".jsonl": "JSON Lines",
    ".jsonl.gz": "JSON Lines, compressed",
    ".csv": "CSV",
    ".csv.gz": "CSV, compressed",
    ".parquet": "Parquet",
    ".duckdb": "a DuckDB database",
}
"""What is written to a file, by the ending of its name."""
_EXTRAS = {".parquet": ("pyarrow", "Parquet files", "parquet"), ".duckdb": ("duckdb", "DuckDB databases", "duckdb")}
"""The libraries that some formats need."""


def ending_of(name: str) -> str | None:
    """The ending of a file's name that says its format; None when it says none."""
    return next((ending for ending in sorted(FORMATS, key=len, reverse=True) if name.endswith(ending)), None)


def missing_extra(ending: str) -> str:
    """The sentence that says how to install what a format needs; empty when it is there."""
    if ending not in _EXTRAS:
        return ""
    module, what, extra = _EXTRAS[ending]
    return "" if is_installed(module) else how_to_install(what, extra)


class ExportCancelled(LonghaulError):
    """A person has cancelled the export."""

    def __init__(self) -> None:
        super().__init__("Cancelled: nothing was written.")


@dataclass(frozen=True, slots=True)
class Selection:
    """Records to be exported: all of a trial, some of them, or the result of a query."""

    name: str
    """The name of their stream; files and tables are called so."""
    records: RecordStore | RecordView
    schema: Mapping[str, Any] = field(default_factory=dict)
    """Their JSON Schema; {} when none is declared."""
    part: str = ""
    """Which part of the records it is, in a few words; empty for all of them."""
    cut: str = ""
    """A sentence that says where records were cut off; empty when nothing is missing."""


class Export:
    """Writes a selection to a file, once. `run` belongs in a thread; `written` grows meanwhile."""

    def __init__(self, selection: Selection, path: Path) -> None:
        self._selection = selection
        self._path = path
        self._cancelled = Event()
        self._warnings: list[str] = []
        self.total = len(selection.records)
        self.written = 0
        """How many records have been written."""

    def cancel(self) -> None:
        """Make `run` end soon, without anything written."""
        self._cancelled.set()

    def run(self) -> str:
        """Write the records; returns a sentence about what was written, and one about what is missing.

        A file that is replaced stays as it is when that fails. Raises `LonghaulError`.
        """
        try:
            destination = Destination.parse(str(self._path), append=False)
            with hold([NamedPath("the export", self._path)]):
                place = self._write(destination)
        except OSError as error:
            raise OutputError.of(self._path, error) from error
        except OutputError as error:
            raise OutputError(str(error).removeprefix(_OPTION)) from error
        said = f"{count(self.written, 'record')} exported to {place}."
        return " ".join(filter(None, (said, self._selection.cut, *self._warnings[:_WARNINGS])))

    def _write(self, destination: Destination) -> str:
        """Returns where the records are."""
        selection = self._selection
        destination.check({})
        sink = destination.sink(selection.name, (), selection.schema, warn=self._warnings.append)
        sink.open()
        try:
            for batch in batches(selection.records):
                self._check()
                sink.add(sink.encoder.encode(batch))
                sink.write()
                self.written += len(batch)
            self._check()
            sink.finish(succeeded=True)
        except BaseException:
            with suppress(OSError, LonghaulError):
                sink.discard()
            raise
        return sink.place

    def _check(self) -> None:
        if self._cancelled.is_set():
            raise ExportCancelled
