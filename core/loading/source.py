"""The streams of a manifest as a source for people's own dlt pipelines."""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import AsyncGenerator, Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import aclosing
from pathlib import Path
from typing import Any, Literal

from core.connector import Connector, load_connector
from core.errors import InputError, ManifestError, ReadError
from core.events import Event, Log, Outcome, SchemaLoaded, StateAdvanced, StreamFinished
from core.extras import load
from core.inputs import gather_inputs
from core.levels import Level
from core.loading.columns import ColumnFit, with_zones
from core.loading.loader import shape_of
from core.loading.pipeline import STATE, StreamShape, plain_name
from core.manifest.document import Document
from core.outputs.portions import next_portion
from core.outputs.token_file import TokenFile
from core.reading import Limits, make_streams, open_reader
from core.reading.turns import Turns

_WHAT = "Sources for dlt"
_LOG = logging.getLogger("longhaul")


def longhaul_source(
    manifest: str | Path,
    config: Mapping[str, Any] | str | Path | None = None,
    streams: Sequence[str] | None = None,
    *,
    write: Literal["append", "replace", "merge"] | None = None,
    nested: Literal["json", "struct"] = "json",
    name: str | None = None,
) -> Any:
    """A source of dlt (`DltSource`) with a resource for each stream, which yields Arrow tables.

    `config` are the inputs, as a mapping or the file that holds them; `LONGHAUL_<INPUT>` variables of the environment
    win over it. `streams` names those that are read; None: all. `write` is how records join those that are there; None:
    merge where the stream has a primary key, else append. The state of each stream is kept in the state of its
    resource, so dlt stores it in the destination with the records that it covers; a stream that replaces its table is
    read from its beginning. `name` is that of the source; None: that of the file.

    Raises `ManifestError`, `InputError`, and `MissingExtra` without dlt. A stream that fails makes the extraction fail
    with a `ReadError`, and nothing of it is loaded.
    """
    dlt = load("dlt", _WHAT, "dlt")
    load("pyarrow", _WHAT, "dlt")
    path = Path(manifest)
    connector, inputs = _with_inputs(path, config)
    chosen = connector.stream_names if streams is None else tuple(streams)
    connector.require(chosen)
    for one in chosen:
        if one in connector.broken:
            raise ManifestError(connector.broken[one])
    source = name or plain_name(path.name.partition(".")[0])
    assert connector.source is not None
    turns = Turns(connector.source.stream_groups, connector.streams)

    def resources() -> Iterator[Any]:
        for one in chosen:
            shape = shape_of(connector, one)
            mode = write or ("merge" if shape.keys else "append")
            if mode == "merge" and not shape.keys:
                raise InputError(f'The stream `{one}` has no primary key to merge by; write="append" or "replace".')
            reading = _Reading(connector, inputs, shape, write=mode, nested=nested, manifest=path)
            yield dlt.resource(
                _function(reading, turns, one),
                name=one,
                primary_key=list(shape.keys) if mode == "merge" else None,
                write_disposition=mode,
                columns=shape.order(mode),
            )

    return dlt.source(resources, name=source, section=source)()


def _with_inputs(manifest: Path, config: Mapping[str, Any] | str | Path | None) -> tuple[Connector, Mapping[str, Any]]:
    """The connector with all its streams, and its inputs. Raises `ManifestError`, `InputError`, `ReadError`."""
    connector = load_connector(Document.load(manifest))
    if connector.source is None:
        raise ManifestError(connector.errors)
    file = Path(config) if isinstance(config, str | Path) else None
    given = config if isinstance(config, Mapping) else None
    inputs = gather_inputs(connector.connection_specification, file, os.environ, (), given, rules=connector.input_rules)
    connector = connector.for_inputs(inputs)
    for doubt in connector.doubts:
        _LOG.warning("%s", doubt)
    if connector.to_be_made:
        tokens = TokenFile.of_manifest(manifest)
        with ThreadPoolExecutor(1, "longhaul-source") as thread:  # the caller may run a loop itself
            connector = thread.submit(asyncio.run, make_streams(connector, inputs, _tell, tokens=tokens)).result()
    return connector, inputs


def _function(reading: _Reading, turns: Turns, stream: str) -> Callable[[], Iterator[Any]]:
    """What dlt calls for the tables of a stream: a function, on which it writes something. It asks several streams in
    turn, and passes over one that gives None: of a stream group, one is read at a time.
    """

    def tables() -> Iterator[Any]:
        while turns.begin(stream):
            yield None
        try:
            yield from reading.tables()
        finally:
            turns.end(stream)

    return tables


def _tell(event: Event) -> None:
    """Log what people should know."""
    if isinstance(event, Log) and event.level in (Level.WARNING, Level.ERROR):
        _LOG.warning("%s: %s", event.stream, event.message)


class _Reading:
    """Reads one stream for dlt, which asks for tables from a thread without an event loop."""

    def __init__(
        self,
        connector: Connector,
        inputs: Mapping[str, Any],
        shape: StreamShape,
        *,
        write: str,
        nested: Literal["json", "struct"],
        manifest: Path,
    ) -> None:
        self._connector = connector
        self._inputs = inputs
        self._shape = shape
        self._write = write
        self._nested = nested
        self._manifest = manifest
        self._state: Mapping[str, Any] | None = None

    def tables(self) -> Iterator[Any]:
        """The records, table by table; then the state is set. Raises `ReadError`."""
        import dlt
        from dlt.common.destination.capabilities import DestinationCapabilitiesContext

        from core.outputs.tables.batches import Tables

        def warn(text: str) -> None:
            _LOG.warning("%s: %s", self._shape.name, text)

        kept = dlt.current.resource_state()
        keys = self._shape.keys if self._write == "merge" else ()
        self._tables = tables = Tables(
            self._connector.schema(self._shape.name), nested=self._nested, required=keys, warn=warn
        )
        fit = ColumnFit(keys, warn)
        caps = DestinationCapabilitiesContext.generic_capabilities()
        state = None if self._write == "replace" else kept.get(STATE)
        count = 0
        for data in self._portions(state):
            schema = dlt.current.source_schema()
            known = schema.tables.get(schema.naming.normalize_table_identifier(self._shape.name), {}).get("columns", {})
            table = fit.fit(tables.table(data), known, schema.naming, caps)
            count += table.num_rows
            yield with_zones(table, known, schema.naming)
        if not count and self._write == "replace" and tables.schema.names:
            yield tables.schema.empty_table()
        if self._state is not None:
            kept[STATE] = dict(self._state)

    def _portions(self, state: Mapping[str, Any] | None) -> Iterator[bytes]:
        """The encoded records. They are read in a thread of their own, since the caller may run a loop itself."""
        with ThreadPoolExecutor(1, "longhaul-source") as thread, asyncio.Runner() as runner:
            events = self._events(state)
            try:
                while portion := thread.submit(runner.run, next_portion(events, self._take)).result():
                    yield portion
            finally:
                thread.submit(runner.run, events.aclose()).result()
                thread.submit(runner.close).result()

    async def _events(self, state: Mapping[str, Any] | None) -> AsyncGenerator[Event, None]:
        tokens = TokenFile.of_manifest(self._manifest)
        async with (
            open_reader(self._connector, self._inputs, body_limit=0, tokens=tokens) as reader,
            aclosing(reader.read(self._shape.name, state, Limits(), self._tables.encode)) as events,
        ):
            async for event in events:
                yield event

    def _take(self, event: Event) -> None:
        """Note what is no record. Raises `ReadError` when the stream has failed."""
        _tell(event)
        match event:
            case StateAdvanced(state=state):
                self._state = state
            case SchemaLoaded(schema=schema):
                self._tables.declare(schema)
            case StreamFinished(outcome=outcome, errors=errors) if outcome is not Outcome.COMPLETE:
                raise ReadError(" ".join(errors) or f"The stream `{event.stream}` was not read to its end.")
