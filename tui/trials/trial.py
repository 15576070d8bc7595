"""One trial of a stream: what a person sets for it, and everything that it collected."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from core.components.dynamic import DynamicDeclarativeStream
from core.components.stream import DeclarativeStream
from core.errors import LonghaulError
from core.events import Event, ExchangeFinished, JobChanged, Records, SchemaLoaded
from core.reading.plan import Limits
from core.wording import json_fault
from tui.trials.exchanges import ExchangeLog
from tui.trials.records import RecordInspector, RecordStore, Spool
from tui.trials.state import ROLES_OF_STAGE, TrialState, gives_records

TEST_LIMITS = Limits(records=1000, pages=5, slices=5, attempts=1)
"""A job that fails in a trial is not created again, so that it can be inspected (as in Airbyte's tests)."""

IN_MEMORY_PUT_AWAY = 1_000_000
"""Bytes of records and bodies that a trial keeps in memory when a newer one has taken its place."""


@dataclass(frozen=True, slots=True)
class TrialSettings:
    """The limits of a trial and the state that it starts from (None: from the beginning).

    `made` is which of the streams is tried that are made from a template; empty: the first.
    """

    limits: Limits = TEST_LIMITS
    state: Mapping[str, Any] | None = None
    made: str = ""


@dataclass(frozen=True, slots=True)
class Listing:
    """A read of what the streams of a template are made of, as long as none can be made.

    `definition` has the list in the place of the stream that is its template. `missing` are sentences that say why no
    stream can be made yet, `tab`, `title` and `path` (from what makes the streams) where that is.
    """

    definition: DynamicDeclarativeStream
    missing: str
    tab: str
    title: str
    path: tuple[str | int, ...]


def parse_state(text: str, stream: str) -> Mapping[str, Any] | None:
    """The input state of a stream from what a person typed: nothing, an object, or Airbyte's list of state messages.

    Raises `ValueError` with a sentence that says what is wrong.
    """
    if not text.strip():
        return None
    try:
        value = json.loads(text)
    except json.JSONDecodeError as error:
        raise ValueError(f"This is not JSON: {json_fault(error)}.") from None
    if isinstance(value, list):
        return _of_stream(value, stream)
    if not isinstance(value, dict):
        raise ValueError("A state is a JSON object, such as the one on the State tab.")  # noqa: TRY004 - of the text
    if "stream_state" in value or "stream" in value:
        return _of_stream([value], stream)
    return value


def _of_stream(messages: list[Any], stream: str) -> Mapping[str, Any]:
    for message in messages:
        inner = message.get("stream", message) if isinstance(message, dict) else {}
        named = inner.get("stream_descriptor", {}).get("name") if isinstance(inner, dict) else None
        if named == stream and isinstance(inner.get("stream_state"), dict):
            state: Mapping[str, Any] = inner["stream_state"]
            return state
    raise ValueError(f"The list holds no state of the stream `{stream}`.")


class Trial:
    """Takes the events of a read; `state` says what is going on, the stores hold what came of it.

    Pass `inspector.encode` to the read: records are then inspected and encoded where they are parsed.
    """

    def __init__(self, state: TrialState, declared: DeclarativeStream | None = None) -> None:
        self.state = state
        self.number = 0
        """Counts the trials of the stream."""
        self.read_as = state.stream
        """What the stream was called when the read began, and is called in it."""
        self.declared = declared
        """The stream as the connector had it when the read began; of a template, what is tried once it is made."""
        self.template: DynamicDeclarativeStream | None = None
        """What makes the stream that is read, where the trial is of a template."""
        self.listing: Listing | None = None
        """What the trial is of where a template is not complete: the list that streams are made of."""
        self.made: tuple[str, ...] = ()
        """The names of the streams that were made, where the trial is of a template."""
        self.mask: Callable[[str], str] = str
        """Masks the secrets of the read in a text. It keeps the secrets alive, so that what is shown stays masked."""
        self.loaded_schema: Mapping[str, Any] | None = None
        """The JSON Schema that the read has loaded, where the manifest does not contain one."""
        keys, schema = (declared.primary_key_paths, _schema(declared)) if declared is not None else ((), None)
        self._declared_schema = schema or {}
        self.inspector = RecordInspector(keys, schema)
        self._spool = Spool()
        self.records = RecordStore(self.inspector.columns, self._spool)
        self.exchanges = ExchangeLog(self._spool, final=ROLES_OF_STAGE[state.limits.last])

    @property
    def schema(self) -> Mapping[str, Any]:
        """The JSON Schema of the stream, as declared or as the read has loaded it; {} when there is none."""
        return self.loaded_schema or self._declared_schema

    def read_made(self, name: str, stream: DeclarativeStream, made: Sequence[str]) -> None:
        """Note which one of the streams that were `made` is read."""
        self.read_as, self.declared, self.made = name, stream, tuple(made)
        self.state.read_as_made(name)
        self._declared_schema = _schema(stream)
        self.inspector.check_against(self._declared_schema)

    def take(self, event: Event) -> None:
        """Take in what happened; nothing any more once the read has ended. Raises `OSError` when the disk is full."""
        if not self.state.running:
            return
        state = self.state
        polls = state.slice(event.slice).polls if isinstance(event, JobChanged) else 0
        state.fold(event)
        match event:
            case Records(count=count, data=data, records=records):
                data = data or self.inspector.encode(records)
                self.records.append(data, count, state.slice(event.slice).number, event.page)
            case ExchangeFinished():
                self._add_exchange(event)
            case JobChanged() if event.polls > polls:
                partition = state.slice(event.slice)
                self.exchanges.note_status(partition.number, partition.api_status, partition.meaning)
            case SchemaLoaded(schema=schema):
                self.loaded_schema = schema
                self.inspector.check_against(schema)
            case _:
                pass

    def put_away(self) -> None:
        """Keep the trial, which is over, in little memory: what is more goes to disk. Raises `OSError`."""
        self.inspector.forget_keys()
        if self.records.in_memory + self.exchanges.in_memory > IN_MEMORY_PUT_AWAY:
            self.records.put_away()
            self.exchanges.put_away()

    def let_go(self) -> None:
        """Delete what is on disk; nothing of it can be read any more."""
        self._spool.close()

    def answer_status(self, status: str, meaning: str) -> None:
        """Note that a person said what a status means."""
        self.state.answer_status(status, meaning)
        for partition in self.state.partitions:
            if partition.api_status == status:
                self.exchanges.note_status(partition.number, status, meaning)

    def _add_exchange(self, event: ExchangeFinished) -> None:
        number, page = self.state.number_of(event.slice), None
        if gives_records(event):
            number, page = self.state.slice(event.slice).number, event.page or 1
        self.exchanges.add(event, self.state.began, number, page)


def _schema(declared: DeclarativeStream) -> Mapping[str, Any]:
    """The declared JSON Schema; empty when there is none that can be read."""
    try:
        return declared.json_schema
    except LonghaulError:
        return {}
