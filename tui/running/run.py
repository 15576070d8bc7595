"""One test read with everything it collected: its state, its records and its exchanges."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from core.components.stream import DeclarativeStream
from core.errors import LonghaulError
from core.events import Event, ExchangeFinished, JobChanged, Records, SchemaLoaded
from tui.running.exchanges import ExchangeLog
from tui.running.inspection import RecordInspector
from tui.running.records import RecordStore
from tui.running.spool import Spool
from tui.running.state import RunState, fold, gives_records


class Run:
    """Takes the events of a read; `state` says what is going on, the stores hold what came of it.

    Hand `inspector.encode` to the read: records are then looked at and encoded where they are parsed.
    """

    def __init__(self, state: RunState, declared: DeclarativeStream | None = None) -> None:
        self.state = state
        self.read_as = state.stream
        """What the stream was called when the read began, and is called in it."""
        self.declared = declared
        """The stream as the connector had it when the read began."""
        self.mask: Callable[[str], str] = str
        """Takes the secrets of the read out of a text; as long as it is here, what is shown is masked."""
        self.loaded_schema: Mapping[str, Any] | None = None
        """The JSON Schema that the read has loaded, where the manifest does not say one itself."""
        keys, schema = (declared.primary_key_paths, _schema(declared)) if declared is not None else ((), None)
        self.inspector = RecordInspector(keys, schema)
        self._spool = Spool()
        self.records = RecordStore(self.inspector.columns, self._spool)
        self.exchanges = ExchangeLog(self._spool)

    def take(self, event: Event) -> None:
        """Take in what happened; nothing any more once the read has ended. Raises `OSError` when the disk is full."""
        if not self.state.running:
            return
        polls = self.state.partition(event.slice).polls if isinstance(event, JobChanged) else 0
        fold(self.state, event)
        match event:
            case Records(count=count, data=data, records=records):
                data = data or self.inspector.encode(records)
                self.records.append(data, count, self.state.partition(event.slice).number, event.page)
            case ExchangeFinished():
                self._add_exchange(event)
            case JobChanged() if event.polls > polls:
                partition = self.state.partition(event.slice)
                self.exchanges.told_status(partition.number, partition.api_status, partition.meaning)
            case SchemaLoaded(schema=schema):
                self.loaded_schema = schema
                self.inspector.hold_against(schema)
            case _:
                pass

    def answer_status(self, status: str, meaning: str) -> None:
        """Note that a person said what a status means."""
        self.state.answer_status(status, meaning)
        for partition in self.state.partitions:
            if partition.api_status == status:
                self.exchanges.told_status(partition.number, status, meaning)

    def _add_exchange(self, event: ExchangeFinished) -> None:
        number, page = self.state.number_of(event.slice), None
        if gives_records(event):
            number, page = self.state.partition(event.slice).number, event.page or 1
        self.exchanges.add(event, self.state.began, number, page)


def _schema(declared: DeclarativeStream) -> Mapping[str, Any]:
    """The declared JSON Schema; empty when there is none that can be read."""
    try:
        return declared.json_schema
    except LonghaulError:
        return {}
