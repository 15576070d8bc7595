"""Loads that were begun and did not come to their end: what they left in the destination is taken back.

dlt writes a row into its table `_dlt_loads` when all of a load is there, with status 0. Before a load begins that could
not be repeated without harm, a row with another status says so. A later run finds that row, and where the one with
status 0 is missing, deletes the records of this load. So neither a killed process nor a lost disk doubles a record.
"""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from typing import Any

import orjson

APPENDING, REPLACING = 1, 2
"""The status of a load that was begun. One that merges may be repeated, and needs none."""


class UnfinishedLoads(ABC):
    """The loads of one pipeline into one table that were begun. All methods raise what dlt raises."""

    def __init__(self, client: Any, pipeline: str, table: str) -> None:
        self._client = client
        self._schema = client.schema
        self._pipeline = pipeline
        self._table = table

    @abstractmethod
    def begin(self, load: str, status: int) -> None:
        """Say that a load begins."""

    @abstractmethod
    def end(self, load: str) -> None:
        """The load is complete."""

    def undo(self, *, replaces: bool) -> int:
        """Take back what unfinished loads have left behind; returns how many there were.

        After one that replaced the table, the state no longer belongs to what is in it: the stream is read from its
        beginning. `replaces`: the table is about to be replaced anyway.
        """
        undone = 0
        for load, status in self._begun():
            if not self._complete(load):
                if status == REPLACING and replaces:
                    continue  # as long as the table is not replaced, a later run has to know
                undone += 1
                if status == REPLACING and self._left(load):
                    self._forget_state()
                self._delete(load)
            self.end(load)
        return undone

    def settle(self) -> None:
        """A load is complete, and with it whatever was begun before."""
        for load, _ in self._begun():
            self.end(load)

    @abstractmethod
    def _begun(self) -> list[tuple[str, int]]: ...

    @abstractmethod
    def _complete(self, load: str) -> bool: ...

    @abstractmethod
    def _left(self, load: str) -> bool:
        """Whether anything of a load that replaces has reached the table."""

    @abstractmethod
    def _delete(self, load: str) -> None: ...

    @abstractmethod
    def _forget_state(self) -> None: ...


class InDatabase(UnfinishedLoads):
    """Those of a destination that speaks SQL. The client has to be open."""

    def begin(self, load: str, status: int) -> None:
        columns = self._client.loads_table_schema_columns
        values = (load, self._schema.name, status, datetime.now(UTC), self._schema.version_hash)
        self._run(f"INSERT INTO {self._loads}({columns}) VALUES(%s, %s, %s, %s, %s)", *values)

    def end(self, load: str) -> None:
        self._run(f"DELETE FROM {self._loads} WHERE {self._name('load_id')} = %s AND {self._name('status')} > 0", load)

    def _begun(self) -> list[tuple[str, int]]:
        load, schema, status = map(self._name, ("load_id", "schema_name", "status"))
        with _where_it_exists():
            rows = self._run(
                f"SELECT {load}, {status} FROM {self._loads} WHERE {schema} = %s AND {status} > 0", self._schema.name
            )
            return [(str(row[0]), int(row[1])) for row in rows or ()]
        return []

    def _complete(self, load: str) -> bool:
        where = f"{self._name('load_id')} = %s AND {self._name('status')} = 0"
        return bool(self._run(f"SELECT 1 FROM {self._loads} WHERE {where}", load))

    def _left(self, load: str) -> bool:
        with _where_it_exists():
            counted = self._run(f"SELECT COUNT(*) FROM {self._records} WHERE {self._name('_dlt_load_id')} = %s", load)
            return bool(counted and counted[0][0])
        return False

    def _delete(self, load: str) -> None:
        with _where_it_exists():
            self._run(f"DELETE FROM {self._records} WHERE {self._name('_dlt_load_id')} = %s", load)

    def _forget_state(self) -> None:
        states = self._sql.make_qualified_table_name(self._schema.state_table_name)
        with _where_it_exists():
            self._run(f"DELETE FROM {states} WHERE {self._name('pipeline_name')} = %s", self._pipeline)

    @property
    def _sql(self) -> Any:
        return self._client.sql_client

    @property
    def _loads(self) -> str:
        return str(self._sql.make_qualified_table_name(self._schema.loads_table_name))

    @property
    def _records(self) -> str:
        return str(self._sql.make_qualified_table_name(self._table))

    def _name(self, column: str) -> str:
        return str(self._sql.escape_column_name(self._schema.naming.normalize_identifier(column)))

    def _run(self, statement: str, *values: Any) -> Any:
        return self._sql.execute_sql(statement, *values)


class InLake(UnfinishedLoads):
    """Those of a folder or bucket: what `InDatabase` keeps in rows is a small file each, beside those of dlt."""

    def begin(self, load: str, status: int) -> None:
        row = {
            "load_id": load,
            "schema_name": self._schema.name,
            "status": status,
            "inserted_at": datetime.now(UTC),
            "schema_version_hash": self._schema.version_hash,
        }
        self._files.makedirs(self._folder(self._schema.loads_table_name), exist_ok=True)
        self._files.pipe_file(self._mark(load), orjson.dumps(row))

    def end(self, load: str) -> None:
        self._remove(self._mark(load))

    def _begun(self) -> list[tuple[str, int]]:
        prefix, suffix = f"{self._schema.name}__", ".begun.jsonl"
        found = []
        for path in self._list(self._schema.loads_table_name):
            name = os.path.basename(path)
            if name.startswith(prefix) and name.endswith(suffix):
                found.append((name[len(prefix) : -len(suffix)], self._status(path)))
        return sorted(found)

    def _status(self, path: str) -> int:
        row = self._row(path)
        return int(row["status"]) if row else APPENDING  # torn: nothing was loaded yet

    def _complete(self, load: str) -> bool:
        return self._row(self._completed(load)) is not None

    def _left(self, load: str) -> bool:
        """The files of the table are deleted before new ones are written."""
        return True

    def _delete(self, load: str) -> None:
        for path in self._list(self._table):
            if os.path.basename(path).startswith(f"{load}."):
                self._remove(path)
        for path in self._list(self._schema.state_table_name):
            if os.path.basename(path).startswith(f"{self._pipeline}__{load}__"):
                self._remove(path)
        self._remove(self._completed(load))

    def _forget_state(self) -> None:
        for path in self._list(self._schema.state_table_name):
            if os.path.basename(path).startswith(f"{self._pipeline}__"):
                self._remove(path)

    @property
    def _files(self) -> Any:
        return self._client.fs_client

    def _folder(self, table: str) -> str:
        return str(self._client.get_table_dir(table))

    def _mark(self, load: str) -> str:
        return f"{self._folder(self._schema.loads_table_name)}{self._schema.name}__{load}.begun.jsonl"

    def _completed(self, load: str) -> str:
        return f"{self._folder(self._schema.loads_table_name)}{self._schema.name}__{load}.jsonl"

    def _list(self, table: str) -> Iterator[str]:
        """All files of a table, as they are now."""
        self._files.invalidate_cache()
        with _where_it_exists(), suppress(FileNotFoundError):
            yield from list(self._client.list_table_files(table))

    def _row(self, path: str) -> dict[str, Any] | None:
        """A row that dlt or `begin` has written; None for one that is torn or not there."""
        try:
            row: dict[str, Any] = orjson.loads(self._files.cat_file(path))
        except (FileNotFoundError, orjson.JSONDecodeError):
            return None
        return row

    def _remove(self, path: str) -> None:
        with suppress(FileNotFoundError):
            self._files.rm_file(path)


def unfinished_loads(client: Any, pipeline: str, table: str) -> UnfinishedLoads | None:
    """Those of an open client; None where nothing can be taken back."""
    from dlt.destinations.fs_client import FSClientBase
    from dlt.destinations.sql_client import WithSqlClient

    if isinstance(client, FSClientBase):
        return InLake(client, pipeline, table)
    return InDatabase(client, pipeline, table) if isinstance(client, WithSqlClient) else None


@contextmanager
def _where_it_exists() -> Iterator[None]:
    """Do nothing where there is no such table yet."""
    from dlt.common.destination.exceptions import DestinationUndefinedEntity

    with suppress(DestinationUndefinedEntity):
        yield
