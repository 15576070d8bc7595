"""What the sinks for tables share: encoded records are gathered until they fill a group of rows."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from core.outputs.sinks import OutputSink
from core.outputs.tables.batches import Tables
from core.outputs.tables.frames import whole
from core.outputs.tables.schema import Nested
from core.outputs.tables.widening import put_together

Write = Literal["append", "replace", "merge"]

GROUP_ROWS = 120_000
GROUP_BYTES = 32 << 20
"""Rows that are written in one go, and their size in memory: whatever is reached first."""


@dataclass(frozen=True, slots=True)
class TableStream:
    """How the records of one stream become a table.

    `resumable`: records are committed before the stream ends, since a state is kept. `goes_on`: the state of an earlier
    run is continued, so that what is there is never replaced. `key` are the columns of the primary key.
    """

    schema: Mapping[str, Any] = field(default_factory=dict)
    nested: Nested = "json"
    write: Write = "replace"
    key: Sequence[str] = ()
    resumable: bool = False
    goes_on: bool = False
    warn: Callable[[str], None] = lambda _: None

    @property
    def replaces(self) -> bool:
        return self.write == "replace" and not self.goes_on


class TableSink(OutputSink):
    """Takes records that `Tables` encoded, and passes them on in groups of rows."""

    def __init__(self, stream: TableStream) -> None:
        super().__init__()
        self._stream = stream
        required = stream.key if stream.write == "merge" else ()
        self._tables = Tables(stream.schema, nested=stream.nested, required=required, warn=stream.warn)
        self.encoder = self._tables
        self._held = bytearray()
        self._group: list[Any] = []
        self._rows = self._bytes = 0
        """How much is gathered; asking a table for its size takes a while."""

    def declare(self, schema: Mapping[str, Any]) -> None:
        self._tables.declare(schema)

    def _write(self, data: bytearray) -> None:
        if self._held:
            data[:0] = self._held
        end = whole(data)
        self._held = data[end:]
        if end:
            del data[end:]
            table = self._tables.table(data)
            self._group.append(table)
            self._rows += table.num_rows
            self._bytes += table.nbytes
        if self._rows >= GROUP_ROWS or self._bytes >= GROUP_BYTES:
            self._flush()

    def _flush(self) -> None:
        """Pass on the rows that are gathered."""
        if self._group:
            group, self._group = self._group, []
            self._rows = self._bytes = 0
            table = put_together(group, self._tables.schema)
            if table.num_columns or self._tables.only_nulls:
                self._store(table)

    def _forget(self) -> None:
        """Let go of what was not passed on yet."""
        self._held.clear()
        self._group.clear()
        self._rows = self._bytes = 0

    @abstractmethod
    def _store(self, table: Any) -> None:
        """Take a group of rows, as a `pyarrow.Table`. It has no columns where the rows hold only nulls."""
