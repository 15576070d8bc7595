"""A table of a DuckDB database: rows come in by name, and its columns widen as far as they have to."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from core.outputs.tables.fitting import EXACT
from core.outputs.tables.schema import pa

_ROWS = "longhaul_rows"
_POSITION = "longhaul_position"
_INTEGERS = frozenset(
    {"TINYINT", "SMALLINT", "INTEGER", "BIGINT", "UTINYINT", "USMALLINT", "UINTEGER"}  # all of which are in BIGINT
)
_TIMES = {
    "TIMESTAMP": "strftime({}, '%Y-%m-%dT%H:%M:%S.%f')",
    "TIMESTAMP WITH TIME ZONE": "strftime(make_timestamp(epoch_us({})), '%Y-%m-%dT%H:%M:%S.%fZ')",
}


def quoted(name: str) -> str:
    doubled = name.replace('"', '""')
    return f'"{doubled}"'


class DuckTable:
    """A table in the schema `main`, which may not exist yet. All methods raise `duckdb.Error`.

    Names of columns that DuckDB takes for the same, since they differ in case only, get a few digits of their hash.
    """

    def __init__(self, connection: Any, name: str, warn: Callable[[str], None]) -> None:
        self._connection = connection
        self._warn = warn
        self.name = name
        self._sql = quoted(name)

    @property
    def kind(self) -> str | None:
        """`BASE TABLE`, `VIEW` or another; None where there is none of this name."""
        found = self._ask(
            "SELECT table_type FROM information_schema.tables WHERE table_catalog = current_database() "
            "AND table_schema = 'main' AND lower(table_name) = lower(?)",
            [self.name],
        )
        return str(found[0][0]) if found else None

    def drop(self) -> None:
        self._ask(f"DROP TABLE IF EXISTS {self._sql}")

    def empty(self) -> None:
        """Leave the columns and none of the rows."""
        if self.kind is not None:
            self._ask(f"DELETE FROM {self._sql}")

    def rename(self, name: str) -> None:
        self._ask(f"ALTER TABLE {self._sql} RENAME TO {quoted(name)}")

    def add(self, rows: Any) -> None:
        """Append the rows of a `pyarrow.Table` or another table; the table is created where there is none."""
        if not isinstance(rows, DuckTable) and not rows.num_columns:
            return  # which DuckDB does not know
        with self._shown(rows) as source:
            self._insert(source)

    def merge(self, rows: Any, key: Sequence[str]) -> None:
        """Let rows replace those of the same key; of several with one key, the last one counts."""
        with self._shown(rows, numbered=True) as source:
            self._merge(source, key)

    # Rows that come in

    @contextmanager
    def _shown(self, rows: Any, *, numbered: bool = False) -> Iterator[str]:
        """What SQL selects rows from, under the names that their columns have in the table."""
        if isinstance(rows, DuckTable):
            yield f"(SELECT *, rowid AS {_POSITION} FROM {rows._sql})" if numbered else rows._sql
            return
        names = self._names(rows.column_names)
        rows = rows.rename_columns([names[name] for name in rows.column_names])
        if numbered:
            rows = rows.append_column(_POSITION, pa.array(range(rows.num_rows), pa.int64()))
        self._connection.register(_ROWS, rows)
        try:
            yield _ROWS
        finally:
            self._connection.unregister(_ROWS)

    def _insert(self, source: str, where: str = "") -> None:
        wanted = self._evolve(source)
        if wanted:
            columns, values = ", ".join(map(quoted, wanted)), ", ".join(wanted.values())
            self._ask(f"INSERT INTO {self._sql} ({columns}) SELECT {values} FROM {source} {where}")

    def _merge(self, source: str, key: Sequence[str]) -> None:
        wanted = self._evolve(source)
        keys = [quoted(self._names([*wanted, *key])[name]) for name in key]
        same = " AND ".join(f"{self._sql}.{name} = found.{name}" for name in keys)
        parts = ", ".join(f"{value} AS {quoted(name)}" for name, value in wanted.items())
        self._ask(f"DELETE FROM {self._sql} USING (SELECT {parts} FROM {source}) AS found WHERE {same}")
        last = f"row_number() OVER (PARTITION BY {', '.join(keys)} ORDER BY {_POSITION} DESC) = 1"
        self._insert(source, f"QUALIFY {last} ORDER BY {_POSITION}")

    # Columns

    def _evolve(self, source: str) -> Mapping[str, str]:
        """Let the table have the columns that rows need; returns the expression that gives each column its values."""
        found = {name: type_ for name, type_ in self._columns(f"SELECT * FROM {source}") if name != _POSITION}
        if self.kind is None:
            if found:
                columns = ", ".join(f"{quoted(name)} {type_}" for name, type_ in found.items())
                self._ask(f"CREATE TABLE {self._sql} ({columns})")
            return {name: quoted(name) for name in found}
        known = dict(self._columns(f"SELECT * FROM {self._sql}"))
        for name, type_ in found.items():
            if name not in known:
                self._ask(f"ALTER TABLE {self._sql} ADD COLUMN {quoted(name)} {type_}")
                known[name] = type_
            elif known[name] != type_ and not self._fits(source, name, type_, known[name]):
                known[name] = self._widen(name, known[name], type_)
        return {name: _converted(name, type_, known[name]) for name, type_ in found.items()}

    def _columns(self, query: str) -> Iterator[tuple[str, str]]:
        return ((row[0], row[1]) for row in self._ask(f"DESCRIBE {query}"))

    def _fits(self, source: str, name: str, type_: str, known: str) -> bool:
        """Whether all values of one type are exactly values of another: there and back again, they are the same."""
        if known == "VARCHAR":
            return True
        if "BOOLEAN" in (known, type_) or {known, type_} == _TIMES.keys():
            return False
        column = quoted(name)
        there = f"TRY_CAST(TRY_CAST({column} AS {known}) AS {type_})"
        return not self._ask(f"SELECT 1 FROM {source} WHERE {there} IS DISTINCT FROM {column} LIMIT 1")

    def _widen(self, name: str, known: str, type_: str) -> str:
        """Let a column have the type that holds both; returns it."""
        column = quoted(name)
        wide = "VARCHAR"
        if known in _INTEGERS and type_ == "BIGINT":
            wide = type_
        elif known in _INTEGERS and type_ == "DOUBLE":
            largest = self._ask(f"SELECT max(abs({column}::HUGEINT)) FROM {self._sql}")[0][0]
            wide = type_ if (largest or 0) <= EXACT else wide
        value = _text(column, known) if wide == "VARCHAR" else column
        self._ask(f"ALTER TABLE {self._sql} ALTER COLUMN {column} TYPE {wide} USING {value}")
        if wide == "VARCHAR":
            self._warn(f"Column `{name}` of the table `{self.name}` is text now: it was {known}, and {type_} came.")
        return wide

    def _names(self, names: Iterable[str]) -> dict[str, str]:
        """What columns are called in the table: those that it has are served first."""
        present = [name for name, _ in self._columns(f"SELECT * FROM {self._sql}")] if self.kind else []
        taken = {name.lower(): name for name in present}
        called = {}
        for name in sorted(names, key=lambda name: name not in present):
            is_free = name and "\0" not in name and taken.get(name.lower(), name) == name
            called[name] = name if is_free else _unique(name)
            taken[called[name].lower()] = called[name]
        return called

    def _ask(self, query: str, values: Sequence[Any] = ()) -> list[Any]:
        result: list[Any] = self._connection.execute(query, values).fetchall()
        return result


def _unique(name: str) -> str:
    digits = hashlib.sha256(name.encode(errors="surrogatepass")).hexdigest()[:8]
    return "_".join(part for part in (name.replace("\0", "_"), digits) if part)


def _converted(name: str, type_: str, known: str) -> str:
    column = quoted(name)
    if type_ == known:
        return column
    return _text(column, type_) if known == "VARCHAR" else f"CAST({column} AS {known})"


def _text(value: str, type_: str) -> str:
    """An expression for a value as text, as it stands in JSON."""
    if type_ in _TIMES:
        return _TIMES[type_].format(value)
    nested = type_.endswith("]") or type_.startswith(("STRUCT", "MAP"))
    return f"CAST(to_json({value}) AS VARCHAR)" if nested else f"CAST({value} AS VARCHAR)"
