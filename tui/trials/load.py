"""Loads the records of a trial into a database, a warehouse or a lake, with dlt, in a thread."""

from __future__ import annotations

import re
from collections.abc import Iterator
from threading import Event
from typing import TYPE_CHECKING, Any

from core.errors import LonghaulError
from core.extras import how_to_install, is_installed
from core.units import count
from tui.trials.export import ExportCancelled, Selection
from tui.trials.records import batches
from tui.trials.scratch import ScratchFolder

if TYPE_CHECKING:
    from core.loading import Address

DATASET = "longhaul_test"
"""Where tables go: a schema of its own, so that samples never get among what runs have loaded."""
_OPTION = re.compile(r"^--to:? ")
"""What messages about an address begin with, which were made for the command line."""
_TABLE = 8 << 20
"""Bytes of encoded records that become one Arrow table."""


def is_url(text: str) -> bool:
    """Whether a place is one that records are loaded into, rather than a file."""
    return "://" in text


def missing_extra() -> str:
    """The sentence that says how to install what loads need; empty when it is there."""
    return "" if is_installed("dlt") else how_to_install("Loads into databases and lakes", "dlt")


class LoadExport:
    """Loads a selection into a table that is named as it, once; `run` belongs in a thread, `written` grows meanwhile.

    The table is replaced when all is there.
    """

    def __init__(self, selection: Selection, url: str) -> None:
        self._selection = selection
        self._url = url
        self._cancelled = Event()
        self.total = len(selection.records)
        self.written = 0
        """How many records have been given to dlt."""

    def cancel(self) -> None:
        """Make `run` end soon, without anything loaded; too late once the table is being replaced."""
        self._cancelled.set()

    def run(self) -> str:
        """Load the records; returns a sentence about what was loaded, and one about what is missing.

        Raises `LonghaulError`, in which there are no secrets.
        """
        from core.loading import parse_address

        try:
            address = parse_address(self._url)
            table = self._load(address)
        except LonghaulError as error:
            if self._cancelled.is_set():
                raise ExportCancelled from None
            raise type(error)(_OPTION.sub("", str(error))) from None
        said = f"{count(self.written, 'record')} loaded into {DATASET}.{table} of {address.shown}."
        return " ".join(filter(None, (said, self._selection.cut)))

    def _load(self, address: Address) -> str:
        """Returns the name of the table."""
        from core.loading.pipeline import StreamPipeline, StreamShape, Target

        target = Target(address, DATASET, "replace")
        with ScratchFolder() as folder:
            shape = StreamShape(self._selection.name)
            pipeline = StreamPipeline(target, shape, "export", folder, lambda _: None)
            pipeline.open()
            pipeline.load(self._tables(), None)
            return pipeline.table

    def _tables(self) -> Iterator[Any]:
        from core.outputs.tables.batches import Tables

        tables = Tables(self._selection.schema)
        waiting = bytearray()
        for batch in batches(self._selection.records):
            if self._cancelled.is_set():
                raise ExportCancelled
            waiting += tables.encode(batch)
            self.written += len(batch)
            if len(waiting) >= _TABLE:
                yield tables.table(waiting)
                waiting.clear()
        if waiting:
            yield tables.table(waiting)
