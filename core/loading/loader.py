"""What `--run --to` does with the records of a run: they are gathered slice by slice, and loaded in packages.

A slice is loaded when all of it was read. A package holds the slices that a state covers, and that state; so what is in
the destination and what the state says of it never differ.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from hashlib import sha256
from pathlib import Path
from typing import Any, TypeVar

from core.connector import Connector
from core.environment import state_folder
from core.extras import load
from core.loading.pipeline import StreamPipeline, StreamShape, Target, check_tables
from core.loading.spool import Spool
from core.outputs.durable import OutputError
from core.outputs.encoders import Encoder
from core.outputs.locks import hold
from core.outputs.paths import NamedPath
from core.outputs.portions import PORTION
from core.outputs.slice_buffer import Slice, State

PACKAGE = 96 << 20
"""Bytes of encoded records that make a package worth being loaded; larger ones come of larger slices."""
PATIENCE = 120.0
"""Seconds after which what is there is loaded, however little it is."""

Result = TypeVar("Result")


def shape_of(connector: Connector, name: str) -> StreamShape:
    """What a load has to know about a stream. Keys inside of objects are no columns, and don't count."""
    if name in connector.broken:
        return StreamShape(name)
    declared = connector.stream(name)
    stream = declared.described
    paths = stream.primary_key_paths
    keys = tuple(path[0] for path in paths) if all(len(path) == 1 for path in paths) else ()
    cursor = getattr(getattr(stream.incremental_sync, "cursor_field", None), "source", None)
    literal = cursor if isinstance(cursor, str) and "{" not in cursor else None
    return StreamShape(name, keys, literal, declared.lasting)


class Loads:
    """The loads of a run. The destination is asked by one thread, since dlt has one pipeline at work at a time."""

    def __init__(self, target: Target, connector: Connector, manifest: Path, streams: Sequence[str]) -> None:
        self.target = target
        self._connector = connector
        self._warn: Callable[[str], None] = lambda _: None
        self._thread = ThreadPoolExecutor(1, "longhaul-loader")
        where = "\0".join((target.address.shown, str(target.address.file), target.dataset, str(manifest.resolve())))
        digits = sha256(where.encode(errors="surrogateescape")).hexdigest()[:20]
        self.folder = state_folder() / "loads" / f"{manifest.name.partition('.')[0]}-{digits}"
        self._work = self.folder / "work"
        name = manifest.name.partition(".")[0]
        self._pipelines = {
            stream: StreamPipeline(target, shape_of(connector, stream), name, self._work, self.warn)
            for stream in dict.fromkeys([*streams, *connector.stream_names])
        }
        self._streams = tuple(streams)
        self._states: dict[str, State | None] = {}

    @property
    def journal(self) -> Path:
        """Where the jobs are written down, so that they outlive the run."""
        return self.folder / "load.jobs"

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the lock against other runs of this manifest into this dataset. Raises `OutputError`."""
        try:
            self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        except OSError as error:
            raise OutputError.of(self.folder, error) from error
        with hold([NamedPath(f"--to {self.target.address.shown}, dataset {self.target.dataset}", self.journal)]):
            shutil.rmtree(self._work, ignore_errors=True)
            try:
                self._work.mkdir(mode=0o700)
            except OSError as error:
                raise OutputError.of(self._work, error) from error
            try:
                yield
            finally:
                self._thread.shutdown()
                shutil.rmtree(self._work, ignore_errors=True)
        with suppress(OSError):  # there are jobs, or another run has begun
            self.folder.rmdir()

    def listen(self, warn: Callable[[str], None]) -> None:
        """Tell `warn` from now on what people should know."""
        self._warn = warn

    def check(self) -> None:
        """Try the connection, and whether each stream can be written as it is to be. Raises `OutputError`."""
        read = [self._pipelines[stream] for stream in self._streams]
        for one in read:
            self.call(one.check if one is read[0] else one.plan)
        check_tables(read)

    def of(self, stream: str) -> State | None:
        """The state of a stream, from the destination. Raises `OutputError`."""
        if stream not in self._states:
            pipeline = self._pipelines.get(stream)  # none for one that the journal remembers, and no manifest has
            self._states[stream] = self.call(pipeline.open) if pipeline is not None else None
            if pipeline is not None and pipeline.undone:
                self._warn(f"{stream}: what an unfinished load had left in {self.place(stream)} was taken back.")
        return self._states[stream]

    def place(self, stream: str) -> str:
        """Where the records of a stream are, for people."""
        return f"{self.target.address.shown}, {self.target.dataset}.{self._pipelines[stream].table}"

    def stream(self, name: str, report: Callable[[int, bool], None]) -> LoadBuffer:
        """Takes the records of a stream. `report` is told how many records a load has, and whether it is over."""
        return LoadBuffer(
            self, self._pipelines[name], shape_of(self._connector, name), self._connector.schema(name), report
        )

    def call(self, what: Callable[[], Result]) -> Result:
        """Do something with dlt, in its thread."""
        return self._thread.submit(what).result()

    def spool(self) -> Spool:
        return Spool(self._work, load("pyarrow", "Loads into databases and lakes", "dlt").Codec("zstd", 1))

    def warn(self, text: str) -> None:
        self._warn(text)


class LoadBuffer:
    """The records of one stream on their way into the destination; what `SliceBuffer` and a sink are for files.

    `add` is cheap; everything else may wait for a disk or the destination and belongs in a worker thread, one call at a
    time. All methods but `add` raise `OSError` and `OutputError`.
    """

    encoder: Encoder

    def __init__(
        self,
        loads: Loads,
        pipeline: StreamPipeline,
        shape: StreamShape,
        schema: Mapping[str, Any],
        report: Callable[[int, bool], None],
    ) -> None:
        self._loads = loads
        self._pipeline = pipeline
        self._shape = shape
        self._schema = schema
        self._report = report
        self._slices: dict[int, tuple[Slice, Spool]] = {}
        self._over: set[int] = set()
        self._ready = loads.spool()
        self.state: State | None = None
        """The last one that covers what was given out to be loaded."""
        self._advanced = False
        self._failed = False
        self.loaded = 0
        """The records that are in the destination."""

    # What a sink says of itself

    @property
    def sink(self) -> LoadBuffer:
        return self

    @property
    def place(self) -> str:
        return self._loads.place(self._shape.name)

    @property
    def remains(self) -> str:
        if self._pipeline.write == "replace":
            return f"{self.place} is as it was"
        return f"{self.loaded:,} of them are in {self.place}, with the state that covers them"

    def open(self) -> str | None:
        """Get ready. Raises `OutputError`."""
        from core.outputs.tables.batches import Tables

        name = self._shape.name
        self.state = self._loads.of(name)
        self._tables = Tables(
            self._schema,
            nested="struct" if self._loads.target.nested == "struct" else "json",
            required=self._shape.keys if self._pipeline.write == "merge" else (),
            warn=lambda text: self._loads.warn(f"{name}: {text}"),
        )
        self.encoder = self._tables
        self._since = time.monotonic()
        return None

    def declare(self, schema: Mapping[str, Any]) -> None:
        """Take note of the JSON Schema of the records, when that became known only in the read."""
        self._tables.declare(schema)

    # The slices

    def add(self, slice_: Slice, data: bytes) -> None:
        key = id(slice_)
        if key not in self._slices:
            self._slices[key] = (slice_, self._loads.spool())  # held, so that no other slice gets the same id()
        self._slices[key][1].add(data)

    @property
    def full(self) -> bool:
        """Whether there is more in memory than should be."""
        return any(spool.full for _, spool in self._slices.values())

    @property
    def waiting(self) -> bool:
        return False

    def write(self) -> None:
        """Move what is large to the disk."""
        for _, spool in self._slices.values():
            if spool.full:
                spool.write()

    def end(self, slice_: Slice, *, succeeded: bool) -> None:
        """A slice is over. When it failed, it will be read again, and what there is of it is dropped."""
        key = id(slice_)
        if key in self._slices:
            if succeeded:
                self._over.add(key)
            else:
                self._slices.pop(key)[1].drop()

    def commit(self, slice_: Slice, state: State) -> State | None:
        """A state covers the slices that are over, and this one. Loads them when it is time to, and then returns the
        state that is in the destination with them.
        """
        self.end(slice_, succeeded=True)
        self._gather()
        self._advanced = self._advanced or state != self.state
        self.state = dict(state)
        if self._waits_for_the_end or not (self._ready.size >= PACKAGE or self._is_late):
            return None
        self._load()
        return self.state

    def finish(self, *, succeeded: bool) -> State | None:
        """End the stream: what a state covers is loaded, what succeeded besides, too. Returns the state as `commit`."""
        try:
            for slice_, _ in list(self._slices.values()):
                self.end(slice_, succeeded=succeeded)
            self._gather()
            if self._failed or (self._waits_for_the_end and not succeeded):
                return None
            if not self._ready.size and self._is_settled:
                return None
            self._load()
            return self.state or {}
        finally:
            self._ready.drop()

    @property
    def _waits_for_the_end(self) -> bool:
        """Whether nothing may be loaded before all was read: what replaces a table does so at once, and records that
        are appended without a state that remembers them would come again after a crash.
        """
        return self._pipeline.write == "replace" or (self._pipeline.write == "append" and not self._shape.lasting)

    @property
    def _is_late(self) -> bool:
        return self._ready.size > 0 and time.monotonic() - self._since >= PATIENCE

    @property
    def _is_settled(self) -> bool:
        """Whether there is nothing new to say to the destination."""
        return (
            self._pipeline.write != "replace"
            and self._pipeline.known
            and (not self._advanced or not self._shape.lasting)
        )

    def _gather(self) -> None:
        for key in [key for key in self._slices if key in self._over]:
            self._ready.take(self._slices.pop(key)[1])
            self._over.discard(key)

    def _load(self) -> None:
        count = 0

        def tables() -> Iterator[Any]:
            nonlocal count
            for data in _together(self._ready.blocks()):
                table = self._tables.table(data)
                count += table.num_rows
                self._report(count, False)
                yield table
            if (
                not count
                and (self._pipeline.write == "replace" or not self._pipeline.known)
                and self._tables.schema.names
            ):
                yield self._tables.schema.empty_table()

        try:
            self._loads.call(lambda: self._pipeline.load(tables(), self.state))
        except BaseException:
            self._failed = True
            raise
        self._ready.drop()
        self.loaded += count
        self._advanced = False
        self._since = time.monotonic()
        self._report(count, True)


def _together(blocks: Iterator[bytes]) -> Iterator[bytes]:
    """Blocks put together to the size of an Arrow table."""
    waiting = bytearray()
    for block in blocks:
        waiting += block
        if len(waiting) >= PORTION:
            yield bytes(waiting)
            waiting.clear()
    if waiting:
        yield bytes(waiting)
