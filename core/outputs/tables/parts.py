"""The parts of a Parquet file: hidden files beside it that wait to be folded into it, whatever happens meanwhile.

Parts are numbered. A Parquet file says which is the last one that it holds, so that a part is never folded twice, also
when a run is killed before it could delete those that it had folded.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import orjson

from core.extras import load
from core.outputs.durable import OutputError, create, move, permissions, short, sync
from core.outputs.tables.schema import NULL, pa
from core.outputs.tables.widening import Inexact, common_schema, conform

pq: Any = load("pyarrow.parquet", "Parquet files", "parquet")

_NOTE = b"longhaul"
"""The entry in the metadata of a Parquet file that holds our `_Note`."""


_DICTIONARY = 1 << 17
"""Bytes of different values that a column may have, or it gets no dictionary, which then costs more than it saves."""

_BUFFER = 1 << 20
"""Bytes that are written in one go: each write waits for the interpreter lock, which the threads that parse hold."""


@dataclass(frozen=True, slots=True)
class _Note:
    """What a file says of itself: the number of the last part in it, whether it replaces all before it, and which of
    its columns hold nothing but nulls, so that their type is not known yet.
    """

    part: int = 0
    replaces: bool = False
    nulls: Sequence[str] = ()

    def dump(self) -> bytes:
        return orjson.dumps({"part": self.part, "replaces": self.replaces, "nulls": list(self.nulls)})

    @classmethod
    def load(cls, text: bytes | None) -> _Note:
        try:
            found = orjson.loads(text or b"")
            return cls(int(found["part"]), bool(found["replaces"]), tuple(map(str, found["nulls"])))
        except (ValueError, TypeError, KeyError):
            return cls()


@dataclass(frozen=True)
class Part:
    """A Parquet file that is complete. Raises `OutputError` where it turns out to be none."""

    path: Path

    @cached_property
    def _file(self) -> tuple[Any, _Note]:
        with _opened(self.path) as file:
            return file.schema_arrow, _Note.load((file.metadata.metadata or {}).get(_NOTE))

    @property
    def schema(self) -> Any:
        """Its `pyarrow.Schema`, with the type null for columns that hold nothing else."""
        schema, note = self._file
        return pa.schema([field.with_type(NULL) if field.name in note.nulls else field for field in schema])

    @property
    def is_plain(self) -> bool:
        """Whether it can be the complete file as it is."""
        schema, _ = self._file
        return bool(common_schema([schema]).equals(schema.remove_metadata()))

    @property
    def number(self) -> int:
        return self._file[1].part

    @property
    def replaces(self) -> bool:
        return self._file[1].replaces

    def emptied(self) -> Path:
        """A temporary file with its columns and no rows."""
        schema, note = self._file
        return PartWriter(self.path, schema.remove_metadata(), note.part, nulls=note.nulls).close()

    def tables(self, rows: int) -> Iterator[Any]:
        with _opened(self.path) as file:
            for batch in file.iter_batches(batch_size=rows, use_threads=False):
                yield pa.Table.from_batches([batch])


@contextmanager
def _opened(path: Path) -> Iterator[Any]:
    try:
        with pq.ParquetFile(path) as file:
            yield file
    except pa.ArrowInvalid as error:
        raise OutputError(
            f"{path} is damaged or no Parquet file, nothing can be appended to it; move it away and run again."
        ) from error


class PartWriter:
    """Writes one part into a temporary file. All methods raise `OSError`."""

    def __init__(
        self, target: Path, schema: Any, number: int, *, replaces: bool = False, nulls: Iterable[str] = ()
    ) -> None:
        """Begin a part for the file `target`; `nulls` are columns of the schema that have no type yet."""
        self.schema = schema
        self._path = target.with_name(f".{short(target.name)}.{secrets.token_hex(8)}.new")
        self._number = number
        self._replaces = replaces
        self._nulls = {*nulls}
        self._file = create(self._path, permissions(target))
        self._stream = pa.output_stream(self._file, buffer_size=_BUFFER)
        self._writer = pq.ParquetWriter(
            self._stream,
            schema,
            compression="snappy",  # zstd makes files a third smaller, and costs half as much time again
            dictionary_pagesize_limit=_DICTIONARY,
        )

    def holds(self, schema: Any) -> bool:
        """Whether rows of a schema can be written as they are, columns of nulls apart."""
        known = {field.name: field.type for field in self.schema}
        return all(known.get(field.name) == field.type for field in schema)

    def write(self, table: Any) -> None:
        """Write one group of rows."""
        self._nulls -= {name for name in self._nulls if name in table.column_names}
        self._writer.write_table(conform(table, self.schema), row_group_size=max(1, table.num_rows))

    def close(self) -> Path:
        """Complete the part and flush it to the disk; returns the temporary file."""
        note = _Note(self._number, self._replaces, sorted(self._nulls))
        self._writer.add_key_value_metadata({_NOTE: note.dump()})
        self._writer.close()
        self._stream.flush()
        sync(self._file)
        self._stream.close()
        return self._path

    def drop(self) -> None:
        """Delete what was written, also when the disk takes nothing more."""
        for close in (self._writer.close, self._stream.close, self._file.close):
            with suppress(Exception):
                close()
        with suppress(OSError):
            self._path.unlink()


class Parts:
    """A Parquet file and the parts beside it. The caller holds the lock of the file."""

    def __init__(self, target: Path, group: int, *, replaced: bool) -> None:
        """`group` is the number of rows that are written in one go; a file that is `replaced` may be anything."""
        self._target = target
        self._replaced = replaced
        self._group = group
        self._name = re.compile(re.escape(f".{short(target.name)}.") + r"([0-9]{6,12})\.part")

    def waiting(self) -> list[Part]:
        """The parts that are not in the file yet, in their order; those that are get deleted."""
        done = self._complete.number if self._complete else 0
        parts = []
        for number, path in self._numbered():
            if number <= done:
                path.unlink()
            else:
                parts.append(Part(path))
        return parts

    @property
    def _complete(self) -> Part | None:
        if not self._target.exists():
            return None
        part = Part(self._target)
        try:
            part.number  # noqa: B018 - reads the file
        except OutputError:
            if not self._replaced:
                raise
            return None
        return part

    @property
    def schema(self) -> Any:
        """The `pyarrow.Schema` of the file; None when there is none yet."""
        return self._complete.schema if self._complete else None

    def empty(self) -> bool:
        """Leave the columns of the file and none of its rows, in one step; False when there is no file. Raises
        `OSError`.
        """
        if self._complete is None:
            return False
        move(self._complete.emptied(), self._target)
        return True

    def _numbered(self) -> list[tuple[int, Path]]:
        found = [(self._name.fullmatch(path.name), path) for path in self._target.parent.iterdir()]
        return sorted((int(match[1]), path) for match, path in found if match)

    def next_number(self) -> int:
        numbers = [number for number, _ in self._numbered()]
        return max([*numbers, self._complete.number if self._complete else 0]) + 1

    def keep(self, written: Path, number: int) -> None:
        """Let a complete part survive a crash."""
        move(written, self._target.with_name(f".{short(self._target.name)}.{number:06}.part"))

    def all(self) -> list[Part]:
        """What the file has to hold: the file itself and the waiting parts, less what is replaced."""
        parts = [*([self._complete] if self._complete else []), *self.waiting()]
        return parts[max((index for index, part in enumerate(parts) if part.replaces), default=0) :]

    def fold(self) -> None:
        """Put the waiting parts into the file, in one step. Raises `OSError`, `OutputError`."""
        if self.waiting():
            put_into(self._target, self.all(), self._group)
            self.waiting()


def put_into(target: Path, parts: Sequence[Part], group: int) -> None:
    """Replace a file by the rows of some parts, in one step. Raises `OSError`, `OutputError`."""
    if len(parts) == 1 and parts[0].is_plain:
        move(parts[0].path, target)
        return
    as_text: frozenset[str] = frozenset()
    while True:
        try:
            _write_all(target, parts, common_schema([part.schema for part in parts], as_text), group)
        except Inexact as inexact:
            as_text |= {inexact.column}
        else:
            return


def _write_all(target: Path, parts: Sequence[Part], schema: Any, group: int) -> None:
    number = max(part.number for part in parts)
    writer = PartWriter(target, schema, number)
    try:
        for table in _regrouped((conform(table, schema) for part in parts for table in part.tables(group)), group):
            writer.write(table)
        move(writer.close(), target)
    except BaseException:
        writer.drop()
        raise


def _regrouped(tables: Iterable[Any], group: int) -> Iterator[Any]:
    """The same rows in tables of up to `group` rows."""
    held: list[Any] = []
    for table in tables:
        if sum(map(len, [*held, table])) > group and held:
            yield pa.concat_tables(held)
            held = []
        held.append(table)
    if held:
        yield pa.concat_tables(held)
