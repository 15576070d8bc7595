"""The way of one stream into its table: a pipeline of dlt, whose packages hold records together with the state that
covers them.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from core.loading.address import DUCKDB, LAKE, Address
from core.loading.columns import ColumnFit, with_zones
from core.loading.faults import load_error
from core.loading.library import destination, dlt
from core.loading.unfinished import APPENDING, REPLACING, UnfinishedLoads, unfinished_loads
from core.outputs.durable import OutputError

STATE = "longhaul"
"""The entry of a resource's state that holds the state of the stream."""
_LONGEST = 48
_LAYOUT = "{table_name}/{load_id}.{file_id}.{ext}"
"""Of the files of a lake: their names begin with the load that they belong to."""


@dataclass(frozen=True, slots=True)
class Target:
    """Where the tables are and how records join those that are there. `write` is None for the default: merge where
    there is a primary key, else append.
    """

    address: Address
    dataset: str
    write: str | None = None
    nested: str = "json"


@dataclass(frozen=True, slots=True)
class StreamShape:
    """What a load has to know about a stream: `keys` are the fields of its primary key, `cursor` is the field by which
    the later of two records with the same key is told, `lasting` says that its state remembers how far it was read.
    """

    name: str
    keys: tuple[str, ...] = ()
    cursor: str | None = None
    lasting: bool = False

    def order(self, write: str) -> dict[str, Any] | None:
        """For dlt: of several records with the same key in one load, that with the highest cursor value is kept."""
        if write != "merge" or self.cursor is None or self.cursor in self.keys:
            return None
        return {self.cursor: {"name": self.cursor, "dedup_sort": "desc"}}


def plain_name(text: str) -> str:
    """A name that every destination takes: small letters, digits and underscores."""
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", text).lower()
    name = re.sub(r"[^a-z0-9]+", "_", words).strip("_")[:_LONGEST]
    return name if name[:1].isalpha() else f"d_{name}"


def pipeline_name(manifest: str, stream: str) -> str:
    """The same on every machine, and no other stream's of this manifest."""
    name = f"{plain_name(manifest)}_{plain_name(stream)}"
    if name == f"{manifest}_{stream}":
        return name
    digits = sha256(f"{manifest}\0{stream}".encode(errors="surrogatepass")).hexdigest()[:6]
    return f"{name}_{digits}"


def dataset_name(given: str | None, manifest: Path, address: Address) -> str:
    """The dataset: as it is given, else named after the manifest. Raises `OutputError`.

    DuckDB can't tell a schema from the file when both have the same name.
    """
    name = given or plain_name(manifest.name.partition(".")[0])
    if not name.strip():
        raise OutputError("--dataset is empty: name the schema or folder of the tables.")
    taken = address.kind == DUCKDB and address.file is not None and address.file.stem.lower() == name.lower()
    if taken and given:
        raise OutputError(
            f"--dataset {given}: DuckDB can't tell a schema from its file when both are called {given}; choose another "
            "name."
        )
    return f"{name}_data" if taken else name


def write_mode(target: Target, shape: StreamShape, merges: bool) -> str:
    """How the records of a stream join its table. Raises `OutputError` where that is not possible."""
    if target.write != "merge":
        return target.write or ("merge" if shape.keys and merges else "append")
    if not shape.keys:
        raise OutputError(
            f"--write merge: the stream `{shape.name}` has no primary key to merge by; add one to the manifest, or "
            "choose append or replace."
        )
    if not merges:
        raise OutputError(
            f"--write merge: {target.address.shown} can't merge records into a table; choose append or replace."
        )
    return "merge"


class StreamPipeline:
    """The pipeline of one stream. All methods raise `OutputError`, and are called by one thread only.

    Nothing in its folder outlives it: the destination knows what was loaded. What a run that was killed had extracted
    is dropped and read again.
    """

    def __init__(
        self, target: Target, shape: StreamShape, manifest: str, folder: Path, warn: Callable[[str], None]
    ) -> None:
        self._target = target
        self._shape = shape
        self.stream = shape.name
        self.name = pipeline_name(manifest, shape.name)
        self._folder = folder / self.name
        self._fit = ColumnFit(shape.keys, warn)
        self._pipeline: Any = None
        self._caps: Any = None
        self.write = "append"
        self.table = shape.name
        self.undone = 0
        """The unfinished loads that were taken back when it was opened."""

    def plan(self) -> None:
        """Find out whether and how the records can be written, as far as that can be said without the destination."""
        self._guarded(self._prepare, "be reached")

    def check(self) -> None:
        """The same, and try the connection."""
        self._guarded(self._connect, "be reached")

    def open(self) -> Mapping[str, Any] | None:
        """Take back what unfinished loads have left, and return the state from the destination."""
        state: Mapping[str, Any] | None = self._guarded(self._restore, "be reached")
        return state

    def load(self, tables: Iterable[Any], state: Mapping[str, Any] | None) -> None:
        """Load Arrow tables together with the state that covers them."""
        self._guarded(lambda: self._load(tables, state), "be loaded")

    @property
    def known(self) -> bool:
        """Whether the table is there."""
        schema = self._pipeline.default_schema if self._pipeline.default_schema_name else None
        return schema is not None and self.table in schema.tables

    def close(self) -> None:
        """Remove the folder."""
        shutil.rmtree(self._folder, ignore_errors=True)

    # What is done under the guard

    def _guarded(self, call: Callable[[], Any], doing: str) -> Any:
        try:
            return call()
        except Exception as error:
            raise load_error(error, self._target.address, doing) from None

    def _prepare(self) -> Any:
        """Returns the destination of dlt."""
        address = self._target.address
        settings: dict[str, Any] = {"layout": _LAYOUT} if address.kind == LAKE else {}
        found = destination(address, settings)
        self._caps = caps = found.capabilities()
        self.write = write_mode(
            self._target, self._shape, address.kind != LAKE and bool(caps.supported_merge_strategies)
        )
        if self._target.nested == "struct" and not caps.supports_nested_types and address.kind not in (LAKE, DUCKDB):
            raise OutputError(
                f"--nested struct: {address.shown} has no structures; leave it out, and they are JSON text."
            )
        naming = dlt().Schema(self.name).naming
        self.table = naming.normalize_table_identifier(self._shape.name)
        if address.kind != LAKE and "insert-from-staging" in (caps.supported_replace_strategies or ()):
            return destination(address, {"replace_strategy": "insert-from-staging"})
        return found

    def _connect(self) -> None:
        found, library = self._prepare(), dlt()
        self.close()
        self._pipeline = library.pipeline(
            self.name, pipelines_dir=str(self._folder.parent), destination=found, dataset_name=self._target.dataset
        )
        with self._pipeline.destination_client() as client:
            self._caps = client.capabilities
            client.is_storage_initialized()

    def _restore(self) -> Mapping[str, Any] | None:
        self._connect()
        with self._pipeline.destination_client() as client:
            unfinished = unfinished_loads(client, self.name, self.table)
            if unfinished is not None:
                self.undone = unfinished.undo(replaces=self.write == "replace")
        self._pipeline.sync_destination()
        if self.write == "replace":
            return None
        sources = self._pipeline.state.get("sources", {}).values()
        resources = [source.get("resources", {}).get(self._shape.name, {}) for source in sources]
        return next((one[STATE] for one in resources if STATE in one), None)

    def _load(self, tables: Iterable[Any], state: Mapping[str, Any] | None) -> None:
        pipeline = self._pipeline
        pipeline.extract(self._resource(tables, state), loader_file_format=None)
        pipeline.normalize()
        loads = pipeline.list_normalized_load_packages()
        if not loads:
            return
        status = {"append": APPENDING, "replace": REPLACING}.get(self.write)
        if status is not None:
            pipeline.sync_schema()
            self._noted(lambda unfinished: unfinished.begin(loads[0], status))
        pipeline.load()
        if status is not None:
            self._noted(lambda unfinished: unfinished.settle())

    def _noted(self, note: Callable[[UnfinishedLoads], None]) -> None:
        with self._pipeline.destination_client() as client:
            unfinished = unfinished_loads(client, self.name, self.table)
            if unfinished is not None:
                note(unfinished)

    def _resource(self, tables: Iterable[Any], state: Mapping[str, Any] | None) -> Any:
        library, fit = dlt(), self._fit.fit

        def records() -> Iterable[Any]:
            for table in tables:
                schema = library.current.source_schema()
                known = schema.tables.get(self.table, {}).get("columns", {})
                yield with_zones(fit(table, known, schema.naming, self._caps), known, schema.naming)
            if state is not None:
                library.current.resource_state()[STATE] = dict(state)

        return library.resource(
            records,
            name=self._shape.name,
            primary_key=list(self._shape.keys) if self.write == "merge" else None,
            write_disposition=self.write,
            columns=self._shape.order(self.write),
        )()


def check_tables(pipelines: Sequence[StreamPipeline]) -> None:
    """Check that no two streams go to one table. Raises `OutputError`."""
    seen: dict[str, StreamPipeline] = {}
    for one in pipelines:
        other = seen.setdefault(one.table, one)
        if other is not one:
            raise OutputError(
                f"The streams `{other.stream}` and `{one.stream}` would both go into the table `{one.table}`; rename "
                "one of them."
            )
