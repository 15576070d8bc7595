"""Records as a Parquet file that is complete at any time, whatever happens to the run."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Any

from core.outputs.sinks import partial
from core.outputs.tables.parts import Part, Parts, PartWriter, put_into
from core.outputs.tables.schema import TEXT, pa
from core.outputs.tables.sink import GROUP_ROWS, TableSink, TableStream


class ParquetSink(TableSink):
    """A Parquet file.

    Without a state, records go to a temporary file, which takes the place of the file when the stream has succeeded,
    and becomes `<name>.partial` otherwise. With a state, each commit leaves a part beside the file; the parts are put
    into the file when the stream ends, together with those that killed runs left.
    """

    def __init__(self, path: Path, stream: TableStream) -> None:
        super().__init__(stream)
        self._shown = path
        self._path = path.resolve()
        self._parts = Parts(self._path, GROUP_ROWS, replaced=stream.replaces)
        self._written: list[tuple[int, Path]] = []
        self._writer: PartWriter | None = None
        self._kept: Path | None = None

    @property
    def place(self) -> str:
        return str(self._kept or self._shown)

    @property
    def remains(self) -> str:
        if self._stream.resumable:
            return f"what the state covers is in {self._shown}"
        return f"what was read is in {self._kept}" if self._kept else "no records were kept"

    @property
    def folder(self) -> Path:
        return self._path.parent

    def open(self) -> str | None:
        self._number = self._first = self._parts.next_number()
        self._replaces = self._stream.replaces
        if self._stream.resumable:
            left = self._parts.waiting()
            if left:
                return f"What an interrupted run left beside {self._shown} is put into it when the stream ends."
            return None
        with suppress(FileNotFoundError):
            partial(self._path).unlink()
        return None

    # Writing

    def _store(self, table: Any) -> None:
        if self._writer is not None and not self._writer.holds(table.schema):
            self._end_part()
        if self._writer is None:
            self._begin_part()
        assert self._writer is not None
        self._writer.write(table)

    def _begin_part(self) -> None:
        nulls = self._tables.only_nulls
        schema = pa.schema([*self._tables.schema, *(pa.field(name, TEXT) for name in nulls)])
        self._writer = PartWriter(self._path, schema, self._number, replaces=self._replaces, nulls=nulls)

    def _end_part(self) -> None:
        if self._writer is not None:
            self._written.append((self._number, self._writer.close()))
            self._writer = None
            self._number += 1
            self._replaces = False

    def commit(self) -> None:
        self.write()
        self._flush()
        self._end_part()
        for number, path in self._written:
            self._parts.keep(path, number)
        self._written = []

    # The end

    def finish(self, *, succeeded: bool) -> None:
        try:
            if succeeded or not self._stream.resumable:
                self.write()
                self._flush()
            else:
                self._forget()
                self.discard()
            if succeeded and self._is_missing:
                self._begin_part()
            self._end_part()
            if self._stream.resumable:
                self.commit()
                before = self._parts.schema
                self._parts.fold()
                self._tell_what_became_text(before)
            elif succeeded:
                self._replace()
            elif self._written:
                put_into(partial(self._path), self._own_parts(), GROUP_ROWS)
                self._kept = partial(self._shown)
        finally:
            self.discard()

    @property
    def _is_missing(self) -> bool:
        """Whether there has to be a file with no records."""
        has_columns = bool(self._tables.schema) or bool(self._tables.only_nulls)
        begun = self._writer is not None or self._number > self._first
        return has_columns and not begun and (self._replaces or not (self._path.exists() or self._parts.waiting()))

    def _replace(self) -> None:
        """Put what was written into the file, after what is there or in place of it."""
        before = [] if self._stream.replaces else self._parts.all()
        schema = self._parts.schema if before else None
        if self._written:
            put_into(self._path, [*before, *self._own_parts()], GROUP_ROWS)
            self._tell_what_became_text(schema)
        elif self._stream.replaces and not self._parts.empty():
            self._path.unlink(missing_ok=True)
            self._stream.warn(f"{self._shown} is not there: no record and no schema names a column.")
        self._parts.waiting()

    def _tell_what_became_text(self, before: Any) -> None:
        """Warn of the columns of an earlier file that the new rows don't fit into; `before` is its schema."""
        after = self._parts.schema
        for field in before or ():
            was, now = field.type, after.field(field.name).type if field.name in after.names else field.type
            if now == TEXT and was not in (TEXT, pa.null()):
                self._stream.warn(
                    f"Column `{field.name}` of {self._shown} is text now: it was {was}, and other values came."
                )

    def _own_parts(self) -> list[Part]:
        return [Part(path) for _, path in self._written]

    def discard(self) -> None:
        """Delete the temporary files."""
        if self._writer is not None:
            self._writer.drop()
            self._writer = None
        for _, path in self._written:
            with suppress(OSError):
                path.unlink()
        self._written = []
