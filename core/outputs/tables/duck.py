"""Records as a table of a DuckDB file."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from core.extras import load
from core.outputs.durable import OutputError
from core.outputs.tables.duck_table import DuckTable
from core.outputs.tables.schema import TEXT, pa
from core.outputs.tables.sink import TableSink, TableStream
from core.outputs.tables.widening import conform

duckdb: Any = load("duckdb", "DuckDB files", "duckdb")

_CONFIG = {"autoinstall_known_extensions": "false", "memory_limit": "256MB", "threads": "1", "TimeZone": "UTC"}
_HOLDER = re.compile(r"held in (.*?)\s*\(PID (\d+)\)")


@contextmanager
def _speaking(path: Path) -> Iterator[None]:
    """Raise `OutputError` for what DuckDB raises."""
    try:
        yield
    except duckdb.Error as error:
        raise OutputError(_problem(path, str(error))) from error


def _problem(path: Path, text: str) -> str:
    holder = _HOLDER.search(text)
    if holder or "Could not set lock" in text:
        who = f" ({holder[1]}, process {holder[2]})" if holder else ""
        return f"{path} is open in another program{who}; close it there and run again."
    if "not a valid DuckDB database" in text:
        return f"{path} is no DuckDB database; move it away, or name another file."
    return f"{path} can't be written: {' '.join(text.split())[:500]}"


def connect(path: Path) -> Any:
    """A connection to a database file, which is created where it is missing. Raises `OutputError`."""
    with _speaking(path):
        connection = duckdb.connect(str(path), config=_CONFIG)
        connection.execute("SET enable_progress_bar = false")  # it would draw on the terminal
        return connection


def check_database(path: Path) -> None:
    """Check that an existing file can be written. Raises `OutputError`."""
    if path.exists():
        connect(path).close()


class DuckSink(TableSink):
    """A table in a DuckDB file.

    Without a state, all is one transaction: records go to the table `<name>.partial`, which takes the place of the
    table, or is added to it, when the stream has succeeded. With a state, each commit is a transaction.
    """

    def __init__(self, path: Path, table: str, stream: TableStream) -> None:
        super().__init__(stream)
        self._shown = path
        self._path = path.resolve()
        self._name = table
        self._kept: str | None = None

    @property
    def place(self) -> str:
        return f"{self._shown}, table {self._name}"

    @property
    def remains(self) -> str:
        if self._stream.resumable:
            return f"what the state covers is in {self.place}"
        return f"what was read is in {self._shown}, table {self._kept}" if self._kept else "no records were kept"

    @property
    def folder(self) -> Path:
        return self._path.parent

    def open(self) -> str | None:
        self._is_new = not self._path.exists()
        self._connection = connect(self._path)
        self._in_transaction = False
        self._replaces = self._stream.replaces
        with _speaking(self._path):
            self._table = DuckTable(self._connection, self._name, self._stream.warn)
            self._staging = DuckTable(self._connection, f"{self._name}.partial", self._stream.warn)
            for table in (self._table, self._staging):
                if table.kind not in (None, "BASE TABLE"):
                    raise OutputError(
                        f"{self._shown}: `{table.name}` is a view there; rename it, or name another file."
                    )
            if not self._stream.resumable:
                self._staging.drop()
        return None

    def _store(self, table: Any) -> None:
        if not table.num_columns:
            table = conform(table, self._rest().schema)
        with _speaking(self._path):
            self._begin()
            if self._stream.resumable:
                self._put(table)
            else:
                self._staging.add(table)

    def _begin(self) -> None:
        if not self._in_transaction:
            self._connection.begin()
            self._in_transaction = True
        if self._replaces and self._stream.resumable:
            self._table.drop() if self._rest().num_columns else self._table.empty()
            self._replaces = False

    def _end(self) -> None:
        if self._in_transaction:
            self._connection.commit()
            self._in_transaction = False

    def _put(self, rows: Any) -> None:
        if self._stream.write == "merge":
            self._table.merge(rows, self._stream.key)
        else:
            self._table.add(rows)

    def commit(self) -> None:
        self.write()
        self._flush()
        with _speaking(self._path):
            self._end()

    def finish(self, *, succeeded: bool) -> None:
        try:
            if self._stream.resumable and not succeeded:
                self._forget()
                return
            self.write()
            self._flush()
            with _speaking(self._path):
                self._begin()
                if self._stream.resumable:
                    self._table.add(self._rest())
                elif succeeded:
                    self._staging.add(self._rest())
                    self._settle()
                elif self._staging.kind:
                    self._kept = self._staging.name
                self._end()
                if succeeded and self._table.kind is None:
                    self._stream.warn(f"{self.place} is not there: no record and no schema names a column.")
        finally:
            self._close()

    def discard(self) -> None:
        self._close()
        if self._is_new:
            self._path.unlink(missing_ok=True)

    def _close(self) -> None:
        with suppress(duckdb.Error):
            self._connection.close()  # which rolls back what is not committed

    def _rest(self) -> Any:
        """No rows, but every column: those of the schema, and those that held only nulls."""
        columns = [*self._tables.schema, *(pa.field(name, TEXT) for name in self._tables.only_nulls)]
        return pa.schema(columns).empty_table()

    def _settle(self) -> None:
        """Let the records of a stream that has succeeded be in its table."""
        staging = self._staging
        if staging.kind is None:
            if self._replaces:
                self._table.empty()
            return
        if self._replaces:
            self._table.drop()
        if self._table.kind is None and self._stream.write != "merge":
            staging.rename(self._name)
        else:
            self._put(staging)
            staging.drop()
