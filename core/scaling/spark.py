"""A data source for Spark: slices of a stream are partitions, which tasks of Spark read into Arrow batches.

    spark.dataSource.register(LonghaulDataSource)
    spark.read.format("longhaul").option("manifest", "contacts.yaml").option("stream", "contacts").load()

Spark runs these classes in processes of its own: one that plans, and as many that read as it has cores.
"""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import AsyncGenerator, Callable, Generator, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import aclosing, closing, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson

from core.connector import Connector, load_connector
from core.connector.templates import Made
from core.errors import InputError, ManifestError, ReadError
from core.events import Event, Log, Outcome, Records, StreamFinished
from core.extras import load
from core.http.secrets import Secrets
from core.inputs import gather_inputs, secret_values
from core.levels import Level
from core.manifest.document import Document
from core.manifest.files import read_text
from core.outputs.portions import next_portion
from core.outputs.token_file import TokenFile
from core.reading import Limits, Reader, make_streams, open_reader
from core.reading.surroundings import Surroundings
from core.runtime.slices import StreamSlice
from core.templates import TemplateError
from core.wording import listed

load("pyspark.sql.datasource", "Data frames of Spark", "spark")

from pyspark.sql.datasource import DataSource, DataSourceReader, InputPartition  # noqa: E402
from pyspark.sql.pandas.types import from_arrow_schema  # noqa: E402

from core.outputs.tables.batches import Tables  # noqa: E402
from core.outputs.tables.schema import TEXT, arrow_schema, pa  # noqa: E402
from core.scaling.spark_types import Fit, column_types  # noqa: E402

_OPTIONS = ("config", "manifest", "nested", "partitions", "stream")
_ROWS = 10_000
"""Rows of a batch at most, as many as Spark itself takes."""
_SAMPLE = 1_000
"""Records that columns are detected from."""
_LOG = logging.getLogger("longhaul")


@dataclass(frozen=True, slots=True)
class StreamToRead:
    """What is read, as it travels to the processes that read. It holds secrets, which its text does not show.

    `parts`: at most that many processes read at the same time, which share the API budget; None: nobody knows. `made`
    is what came of the templates of the connector, for this stream.
    """

    stream: str
    file: str
    manifest: str = field(repr=False)
    config: Mapping[str, Any] = field(repr=False)
    nested: str = "json"
    parts: int | None = None
    made: Made | None = field(default=None, repr=False)

    @classmethod
    def of(cls, options: Mapping[str, str]) -> StreamToRead:
        """What the options name. Raises `ManifestError`, `InputError`."""
        if unknown := sorted(set(options) - {*_OPTIONS, "path"}):
            raise InputError(f"There is no option `{unknown[0]}`; there are {', '.join(_OPTIONS)}.")
        file = options.get("manifest") or options.get("path")
        if not file:
            raise InputError('The manifest is missing: .option("manifest", "connector.yaml").')
        text = read_text(Path(file))
        connector = load_connector(Document.parse(text, file))
        if connector.source is None:
            raise ManifestError(connector.errors)
        nested = options.get("nested", "json")
        if nested not in ("json", "struct"):
            raise InputError(f"The option `nested` is json or struct, not {nested}.")
        parts = options.get("partitions")
        if parts is not None and not (parts.isdecimal() and int(parts)):
            raise InputError(f"The option `partitions` is a number from 1 on, not {parts}.")
        config = _inputs(connector, options.get("config"))
        connector = connector.for_inputs(config)
        if connector.to_be_made:
            tokens = TokenFile.of_manifest(Path(file))
            connector = asyncio.run(make_streams(connector, config, _tell, tokens=tokens))
        stream = _stream(connector, options.get("stream"))
        most = int(parts) if parts else _most_parts(connector, stream, config)
        return cls(stream, str(Path(file).absolute()), text, config, nested, most, connector.made_for(stream))

    def connector(self) -> Connector:
        """The connector for the inputs."""
        connector = load_connector(Document.parse(self.manifest, self.file)).for_inputs(self.config)
        if self.made is None:
            return connector
        secrets = Secrets(secret_values(connector.connection_specification, self.config))
        return connector.with_made(self.made, secrets.mask)

    def open(self, connector: Connector) -> Any:
        """The connector, open for reading."""
        tokens = TokenFile.of_manifest(Path(self.file))
        around = Surroundings(parts=self.parts or 1)
        return open_reader(connector, self.config, body_limit=0, tokens=tokens, around=around)


def _stream(connector: Connector, named: str | None) -> str:
    names = connector.stream_names
    if named is None and len(names) == 1:
        named = names[0]
    if named is None:
        raise InputError(
            f"The stream is missing; there {'is' if len(names) == 1 else 'are'} {listed(names) or 'none'}."
        )
    connector.require([named])
    if named in connector.broken:
        raise ManifestError(connector.broken[named])
    return named


def _most_parts(connector: Connector, stream: str, config: Mapping[str, Any]) -> int | None:
    """As many tasks as there may be jobs at once, fewer where the API budget can't be divided among these; None for a
    stream without jobs. Raises `InputError`.
    """
    source = connector.source
    assert source is not None
    if not connector.stream(stream).has_jobs:
        return None
    try:
        for parts in range(source.job_budget(config), 1, -1):
            with suppress(InputError):
                source.rate_budget(config, parts)
                return parts
    except TemplateError as error:
        raise InputError(str(error)) from None
    return 1


def _inputs(connector: Connector, given: str | None) -> Mapping[str, Any]:
    """The inputs: those of a file or JSON text, over which `LONGHAUL_<INPUT>` variables of the environment win."""
    file, values = (Path(given) if given else None), None
    if given and given.lstrip().startswith("{"):
        file = None
        try:
            values = orjson.loads(given)
        except orjson.JSONDecodeError:
            raise InputError("The option `config` is neither valid JSON nor the name of a file.") from None
    specification = connector.connection_specification
    return gather_inputs(specification, file, os.environ, (), values, rules=connector.input_rules)


class SlicePartition(InputPartition):
    """The slices of one task."""

    def __init__(self, slices: Sequence[StreamSlice]) -> None:
        self.slices = tuple(slices)

    def __repr__(self) -> str:
        return f"SlicePartition({len(self.slices)})"


class LonghaulDataSource(DataSource):
    """The format `longhaul`. Options:

    - `manifest`: the file,
    - `stream`: which stream of it; needed where there are several,
    - `config`: the inputs, as the name of a file or as JSON; `LONGHAUL_<INPUT>` variables win over it,
    - `nested`: what objects and lists become, `json` (text, the default) or `struct`,
    - `partitions`: how many tasks to read in at most; without it, as many as there may be jobs at once, since each task
      has one, and a task for each slice of a stream without jobs.
    """

    @classmethod
    def name(cls) -> str:
        return "longhaul"

    def schema(self) -> Any:
        """The columns: those that the stream declares, else those of its first records, which are read for that."""
        work = StreamToRead.of(self.options)
        return from_arrow_schema(asyncio.run(_columns(work)), prefer_timestamp_ntz=True)

    def reader(self, schema: Any) -> LonghaulReader:
        return LonghaulReader(StreamToRead.of(self.options), schema)


async def _columns(work: StreamToRead) -> Any:
    """The `pyarrow.Schema` of a stream's records. Raises `ReadError`."""
    connector = work.connector()
    async with work.open(connector) as reader:
        declared = arrow_schema(await reader.schema(work.stream), nested=work.nested)  # type: ignore[arg-type]
        return declared if len(declared) else await _detected(reader, work)


async def _detected(reader: Reader, work: StreamToRead) -> Any:
    tables = Tables({}, nested=work.nested)  # type: ignore[arg-type]
    data = bytearray()
    async with aclosing(reader.read(work.stream, None, Limits(records=_SAMPLE), tables.encode)) as events:
        async for event in events:
            if isinstance(event, Records):
                data += event.data
            else:
                _take(event)
    tables.table(bytes(data))
    found = pa.schema([*tables.schema, *(pa.field(name, TEXT) for name in tables.only_nulls)])
    if not len(found):
        raise ReadError(
            f"The stream `{work.stream}` declares no fields, and has no records to detect them from. "
            "Declare them in its schema, or with `.schema(...)`."
        )
    return found


class LonghaulReader(DataSourceReader):
    """Reads a stream, slice by slice, into batches of the columns in `schema`."""

    def __init__(self, work: StreamToRead, schema: Any) -> None:
        self._work = work
        self._schema = schema

    def partitions(self) -> Sequence[SlicePartition]:
        """The slices, each for itself, or dealt out to as many tasks as there may be."""
        slices = asyncio.run(self._slices())
        parts = min(self._work.parts or len(slices), len(slices))
        return [SlicePartition(slices[number::parts]) for number in range(parts)]

    async def _slices(self) -> list[StreamSlice]:
        async with self._work.open(self._work.connector()) as reader:
            return [slice_ async for slice_ in reader.slices(self._work.stream, None, _take)]

    def read(self, partition: InputPartition) -> Iterator[Any]:
        """The batches of some slices; none for the partition that Spark makes up where there are no slices.

        Raises `ReadError` for a slice that fails and for a value that does not fit its column.
        """
        if not isinstance(partition, SlicePartition):
            return
        columns, declared = column_types(self._schema)
        misfits: list[str] = []
        tables = Tables(declared, nested="struct", warn=misfits.append)
        fit = Fit(columns, misfits, _LOG.warning)
        reading = _TaskRead(self._work, partition.slices, tables)
        with closing(reading.portions()) as portions:
            for data in portions:
                yield from fit.fit(tables.table(data)).to_batches(max_chunksize=_ROWS)


class _TaskRead:
    """Reads the slices of one task, one after the other, so that a task never has more than one job.

    The engine has a thread of its own, which is one portion ahead of Spark.
    """

    def __init__(self, work: StreamToRead, slices: Sequence[StreamSlice], tables: Tables) -> None:
        self._work = work
        self._slices = slices
        self._tables = tables
        self._cancel: Callable[[], object] = lambda: None
        self._given_up = False

    def portions(self) -> Generator[bytes, None, None]:
        """The encoded records. When it is closed before the end, jobs are aborted on the server. Raises `ReadError`."""
        events = self._events()
        with ThreadPoolExecutor(1, "longhaul-task") as thread, asyncio.Runner() as runner:
            coming = thread.submit(runner.run, next_portion(events, _take))
            try:
                while portion := coming.result():
                    coming = thread.submit(runner.run, next_portion(events, _take))
                    yield portion
            finally:
                self._given_up = True
                self._cancel()
                thread.submit(runner.run, events.aclose()).result()
                thread.submit(runner.close).result()

    async def _events(self) -> AsyncGenerator[Event, None]:
        work, loop = self._work, asyncio.get_running_loop()
        async with work.open(work.connector()) as reader:
            self._cancel = lambda: loop.call_soon_threadsafe(reader.cancel)
            schema = await reader.schema(work.stream)
            for slice_ in self._slices:
                if self._given_up:
                    return
                read = reader.read(work.stream, None, encode=self._tables.encode, slices=[slice_], schema=schema)
                async with aclosing(read) as events:
                    async for event in events:
                        yield event


def _tell(event: Event) -> None:
    """Log what people should know."""
    if isinstance(event, Log) and event.level in (Level.WARNING, Level.ERROR):
        _LOG.warning("%s: %s", event.stream, event.message)


def _take(event: Event) -> None:
    """The same. Raises `ReadError` when the stream has failed."""
    _tell(event)
    match event:
        case StreamFinished(outcome=Outcome.FAILED | Outcome.CANCELLED, errors=errors):
            raise ReadError(" ".join(errors) or f"The stream `{event.stream}` was not read to its end.")
