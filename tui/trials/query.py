"""SQL over the records of trials: a DuckDB database in memory, which reaches neither files nor the network."""

from __future__ import annotations

import re
import time
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import chain, count
from threading import Event, Lock
from typing import TYPE_CHECKING, Any

from core.errors import LonghaulError
from core.extras import how_to_install, is_installed, load
from core.outputs.encoders import JsonLines
from tui.trials.export import Selection
from tui.trials.records import RecordStore, batches
from tui.trials.scratch import ScratchFolder

if TYPE_CHECKING:
    from core.outputs.tables.batches import Tables

MOST_ROWS = 100_000
"""Rows of a result that are kept."""
MOST_BYTES = 256_000_000
"""Bytes of a result, as JSON, that are kept; most of them on disk."""
_MEMORY = "512MB"
_PATIENCE = 0.1
"""Seconds between two attempts at interrupting a query when the database is closed."""
_ROWS_AT_ONCE = 500
_BYTES_AT_ONCE = 4_000_000
_QUERIES = frozenset({"SELECT", "EXPLAIN", "PRAGMA", "MULTI"})
"""Kinds of statements that only read; PIVOT is one of several."""
_TABLE = "records"
_BATCH = "longhaul_batch"
_PLACE = re.compile(r"^LINE (\d+): ", re.MULTILINE)


class QueryError(LonghaulError):
    """A query can't be run; the message may have several lines. `line` is where in the query, counted from 0."""

    def __init__(self, message: str, line: int | None = None) -> None:
        super().__init__(message)
        self.line = line


class QueryInterrupted(QueryError):
    """A person has interrupted the query."""

    def __init__(self) -> None:
        super().__init__("Interrupted.")


@dataclass(frozen=True, slots=True)
class Source:
    """The records of a trial, to be queried as a table."""

    name: str
    """The name of their stream."""
    records: RecordStore
    schema: Mapping[str, Any] = field(default_factory=dict)
    """Their JSON Schema; {} when none is declared."""


@dataclass(frozen=True, slots=True)
class QueryResult:
    """The rows of a query, as JSON; `more`: there are more than were kept."""

    rows: RecordStore
    schema: Mapping[str, Any]
    seconds: float
    more: bool = False

    def selection(self, name: str) -> Selection:
        """The rows, to be exported under a name."""
        cut = f"Only the first {len(self.rows):,} rows of the result were kept; there are more." if self.more else ""
        return Selection(name, self.rows, self.schema, cut=cut)


def why_not() -> str:
    """The sentence that says what to install before anything can be queried; empty when it is there."""
    is_there = is_installed("duckdb") and is_installed("pyarrow")
    return "" if is_there else how_to_install("Queries", "duckdb")


class QueryDatabase:
    """Holds records as tables: those of the first source as `records`, with the name of its stream as a view, and
    those of others under the names of their streams.

    `query` and `close` belong in a thread; a call waits until the one before it has ended.
    """

    def __init__(self) -> None:
        self._connection: Any = None
        self._folder: ScratchFolder | None = None
        self._loaded: dict[str, tuple[RecordStore, int]] = {}
        """The store that each table was made from, and how many records it had then."""
        self._lock = Lock()
        self._interrupted = Event()
        self._closed = False
        self.loading = (0, 0)
        """How many records have been loaded, out of how many; (0, 0) while none are."""

    def interrupt(self) -> None:
        """Make the query that runs end soon, with `QueryInterrupted`. One that is just beginning may miss it."""
        self._interrupted.set()
        connection = self._connection
        if connection is not None:
            with suppress(Exception):  # it may just be closing
                connection.interrupt()

    def close(self) -> None:
        """Free everything."""
        self._closed = True
        self.interrupt()
        while not self._lock.acquire(timeout=_PATIENCE):
            self.interrupt()  # again: a query that was just beginning may have missed it
        try:
            if self._connection is not None:
                self._connection.close()
                self._connection = None
            if self._folder is not None:
                self._folder.close()
                self._folder = None
        finally:
            self._lock.release()

    def query(self, sql: str, sources: Sequence[Source]) -> QueryResult:
        """Load what has changed of the sources, and run one statement. Raises `LonghaulError`."""
        with self._lock:
            self._interrupted.clear()
            if self._closed:
                raise QueryInterrupted
            duckdb = load("duckdb", "Queries", "duckdb")
            try:
                self._open(duckdb)
                self._load_all(sources)
                return self._run(sql)
            except duckdb.InterruptException:
                raise QueryInterrupted from None
            except duckdb.OutOfMemoryException:
                raise QueryError(
                    f"The query needs more memory than it may take ({_MEMORY}): narrow it with WHERE or LIMIT."
                ) from None
            except duckdb.Error as error:
                raise _told(str(error)) from None
            finally:
                self.loading = (0, 0)

    def _open(self, duckdb: Any) -> None:
        if self._connection is not None:
            return
        self._folder = ScratchFolder()
        connection = duckdb.connect(
            ":memory:",
            config={
                "memory_limit": _MEMORY,
                "temp_directory": str(self._folder.path),
                "autoinstall_known_extensions": "false",
                "autoload_known_extensions": "false",
                "allow_community_extensions": "false",
                "python_enable_replacements": "false",  # variables of this program are no tables
            },
        )
        connection.execute("SET TimeZone = 'UTC'")
        connection.execute("SET enable_progress_bar = false")  # it would draw over the builder
        connection.execute("SET enable_external_access = false")
        connection.execute("SET lock_configuration = true")
        self._connection = connection

    # Loading

    def _load_all(self, sources: Sequence[Source]) -> None:
        names = _names([_TABLE, *(source.name for source in sources)])
        tables = [names[0], *names[2:]]
        stale = [
            (table, source)
            for table, source in zip(tables, sources, strict=True)
            if self._loaded.get(table) != (source.records, len(source.records))
        ]
        self.loading = (0, sum(len(source.records) for _, source in stale))
        for table, source in stale:
            self._load(table, source)
        if stale:
            self._connection.execute(f"CREATE OR REPLACE VIEW {_quoted(names[1])} AS SELECT * FROM {_quoted(_TABLE)}")

    def _load(self, table: str, source: Source) -> None:
        from core.outputs.tables.batches import Tables

        self._loaded.pop(table, None)
        total, before = len(source.records), self.loading[0]
        tables = Tables(source.schema)
        while not self._filled(table, tables, source):
            for batch in batches(source.records):  # what comes late is known from now on
                tables.table(tables.encode(batch))
                self._check()
            self.loading = (before, self.loading[1])
        self._loaded[table] = (source.records, total)

    def _filled(self, table: str, tables: Tables, source: Source) -> bool:
        """Fill a table anew; False when columns come up, or change their type, after its first records."""
        created: Any = None
        skipped = False
        for batch in batches(source.records):
            rows = tables.table(tables.encode(batch))
            columns = (tables.schema, tuple(tables.only_nulls))
            if created not in (None, columns) or (skipped and rows.num_columns):
                return False
            skipped = not rows.num_columns
            if not skipped:
                self._insert(table, rows, columns[1], create=created is None)
                created = columns
            self.loading = (self.loading[0] + len(batch), self.loading[1])
            self._check()
        if created is None:
            self._leave_empty(table, tables.schema.empty_table())
        return True

    def _leave_empty(self, table: str, rows: Any) -> None:
        """Leave a table without records; none where no columns are known."""
        self._connection.execute(f"DROP TABLE IF EXISTS {_quoted(table)}")
        if rows.num_columns:
            self._insert(table, rows, (), create=True)
        elif table == _TABLE:
            raise QueryError("There are no values to query: the test has read no records, or empty ones.")

    def _insert(self, table: str, rows: Any, empty: Sequence[str], *, create: bool) -> None:
        """Add rows, and columns without values; `create` makes the table for them."""
        names = _names([*rows.column_names, *empty])
        values = ["*", *(f"NULL::VARCHAR AS {_quoted(name)}" for name in names[rows.num_columns :])]
        self._connection.register(_BATCH, rows.rename_columns(names[: rows.num_columns]))
        try:
            into = f"CREATE OR REPLACE TABLE {_quoted(table)} AS" if create else f"INSERT INTO {_quoted(table)}"
            self._connection.execute(f"{into} SELECT {', '.join(values)} FROM {_BATCH}")
        finally:
            self._connection.unregister(_BATCH)

    # Querying

    def _run(self, sql: str) -> QueryResult:
        self._check_kind(sql)
        self._check()
        began = time.monotonic()
        try:
            self._connection.execute("BEGIN TRANSACTION READ ONLY")
            result = self._connection.execute(sql)
            names = _names(str(column[0]) for column in result.description)
            properties = {
                name: _json_type(str(column[1])) for name, column in zip(names, result.description, strict=True)
            }
            rows = RecordStore(names)
            more = self._fetch(result, names, rows)
        finally:
            self._roll_back()
        return QueryResult(rows, {"type": "object", "properties": properties}, time.monotonic() - began, more)

    def _roll_back(self) -> None:
        """End the transaction. That, too, ends early when an interrupt of the query comes late; then once more."""
        import duckdb

        while True:
            try:
                self._connection.execute("ROLLBACK")
            except duckdb.InterruptException:
                continue
            except duckdb.Error:  # there is none any more
                pass
            return

    def _check_kind(self, sql: str) -> None:
        """Let only queries pass. Raises `QueryError`, and DuckDB's errors of syntax."""
        statements = self._connection.extract_statements(sql)
        if not statements:
            raise QueryError("There is no query yet. Try: FROM records")
        if len(statements) > 1:
            raise QueryError("These are several statements: write one at a time.")
        if statements[0].type.name not in _QUERIES:
            raise QueryError(
                f"{statements[0].type.name} is no query: the records of a test can be read here (SELECT, SUMMARIZE, "
                "DESCRIBE, PIVOT, SHOW TABLES), not changed."
            )

    def _fetch(self, result: Any, names: Sequence[str], rows: RecordStore) -> bool:
        """Keep the rows of a result; whether there are more than may be kept."""
        lines, size, wanted = JsonLines(), 0, 1
        while fetched := result.fetchmany(wanted):
            self._check()
            room = MOST_ROWS - len(rows)
            data = lines.encode([dict(zip(names, row, strict=True)) for row in fetched[:room]])
            rows.append(data, len(fetched[:room]))
            size += len(data)
            wanted = min(_ROWS_AT_ONCE, max(1, _BYTES_AT_ONCE * len(rows) // max(1, size)))
            if len(fetched) > room or size > MOST_BYTES:
                return True
        return False

    def _check(self) -> None:
        if self._interrupted.is_set():
            raise QueryInterrupted


def _told(message: str) -> QueryError:
    """An error of DuckDB without the name of its kind, and with the line that it is about."""
    found = _PLACE.search(message)
    text = message.partition("Error: ")[2] or message
    return QueryError(text.strip(), int(found[1]) - 1 if found else None)


def _names(wanted: Iterable[str]) -> list[str]:
    """The same names, each only once: DuckDB makes no difference between small and capital letters."""
    taken: set[str] = set()
    names = []
    for name in wanted:
        plain = name.replace("\0", "_") or "_"
        unique = next(
            one for one in chain([plain], (f"{plain}_{number}" for number in count(1))) if one.casefold() not in taken
        )
        taken.add(unique.casefold())
        names.append(unique)
    return names


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


_TYPES = {
    "BOOLEAN": {"type": "boolean"},
    "FLOAT": {"type": "number"},
    "DOUBLE": {"type": "number"},
    "DATE": {"type": "string", "format": "date"},
    "TIMESTAMP": {"type": "string", "format": "date-time", "airbyte_type": "timestamp_without_timezone"},
    "TIMESTAMP WITH TIME ZONE": {"type": "string", "format": "date-time"},
}


def _json_type(name: str) -> Mapping[str, Any]:
    """A type of DuckDB as JSON Schema."""
    if name.endswith("]"):
        return {"type": "array"}
    if name.startswith(("STRUCT", "MAP")):
        return {"type": "object"}
    if name.startswith("DECIMAL"):
        return {"type": "number"}
    if name.endswith("INT") or name.endswith("INTEGER"):
        return {"type": "integer"}
    return _TYPES.get(name, {"type": "string"})
