"""`read`: the streams of a catalog side by side, and what happens in them as messages."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import aclosing
from typing import Any

from core.connector import Connector
from core.errors import ManifestError, ReadError, fault_text
from core.events import Event, ExchangeFinished, Outcome, Records, StateAdvanced, StreamFinished, StreamStarted
from core.http.exchange import Exchange
from core.levels import Level
from core.protocols import messages
from core.protocols.envelope import Envelope
from core.protocols.log import MessageLog
from core.protocols.writer import MessageWriter
from core.reading import Limits, Reader
from core.units import count, duration

STREAMS_AT_ONCE = 4
_ERRORS_SENT = 10
_PASSING = (408, 423, 425, 429)
_REFUSED = (401, 403)
_FAILED_SYNC = "During the sync, the following streams did not sync successfully: "


class StreamMessages:
    """Turns what happens in the read of one stream into messages."""

    def __init__(self, stream: str, writer: MessageWriter, *, has_cursor: bool) -> None:
        self.stream = stream
        self.failure = ""
        self._writer = writer
        self._has_cursor = has_cursor
        self._is_running = False
        self._records = 0
        self._state: Mapping[str, Any] | None = None
        self._exchange: Exchange | None = None

    def take(self, event: Event) -> None:
        """Send the messages for an event, if there are any."""
        match event:
            case StreamStarted():
                self._status(messages.STARTED)
            case Records(data=data, count=number):
                if not self._is_running:
                    self._is_running = True
                    self._status(messages.RUNNING)
                self._records += number
                self._writer.send(data)
            case StateAdvanced(state=state) if self._has_cursor or not state:
                self._advance(state)
            case ExchangeFinished(exchange=exchange):
                self._exchange = exchange
            case StreamFinished():
                self._end(event)

    def fail(self, error: str, failure_type: str = messages.SYSTEM_ERROR) -> None:
        """Send an error. A stream that has one is incomplete."""
        self.failure = self.failure or error
        self._writer.send(messages.error(error, failure_type, stream=self.stream))

    def close(self) -> None:
        """Say how the stream ended that did not say so itself."""
        self._status(messages.INCOMPLETE)

    def _end(self, event: StreamFinished) -> None:
        for error in event.errors[:_ERRORS_SENT]:
            self.fail(error, _failure_type(self._exchange))
        if event.outcome is not Outcome.CANCELLED and not self._has_cursor:
            self._advance(messages.NO_CURSOR)
        self._status(messages.COMPLETE if event.outcome in _READ else messages.INCOMPLETE)

    def _advance(self, state: Mapping[str, Any]) -> None:
        if self._records or state != self._state:
            self._writer.send(messages.state(self.stream, state, self._records))
            self._records, self._state = 0, state

    def _status(self, status: str) -> None:
        self._writer.send(messages.stream_status(self.stream, status))


_READ = (Outcome.COMPLETE, Outcome.SKIPPED)
"""How a stream ends that was read completely."""


def _failure_type(last: Exchange | None) -> str:
    """Whose turn it is after a failure, by the last request before it."""
    if last is None or (last.status or 0) in _REFUSED:
        return messages.SYSTEM_ERROR if last is None else messages.CONFIG_ERROR
    passing = last.error or (last.status or 0) >= 500 or last.status in _PASSING
    return messages.TRANSIENT_ERROR if passing else messages.SYSTEM_ERROR


class Sync:
    """Reads streams, once; `states` are those that they go on from."""

    def __init__(
        self,
        connector: Connector,
        streams: Sequence[str],
        states: Mapping[str, Mapping[str, Any]],
        log: MessageLog,
    ) -> None:
        self._connector = connector
        self._streams = streams
        self._states = states
        self._log = log
        self._writer = log.writer

    async def run(self, reader: Reader) -> int:
        """Read everything; 1 when a stream failed, else 0."""
        failures = []
        for name in self._streams:
            if name not in self._connector.stream_names:
                failures += self._miss(name)
        names = [name for name in self._streams if name in self._connector.stream_names]
        gate = asyncio.Semaphore(STREAMS_AT_ONCE)
        told = await asyncio.gather(*(self._read(reader, name, gate) for name in names))
        failures += [f"{one.stream}: {one.failure}" for one in told if one is not None and one.failure]
        if failures:
            self._writer.send(messages.error(_FAILED_SYNC + "\n".join(failures), messages.CONFIG_ERROR))
        return int(bool(failures))

    def _miss(self, name: str) -> list[str]:
        """Say that there is no stream of this name; a failure where it may be one that could not be made."""
        failures = [" ".join(map(str, self._connector.broken[one])) for one in self._connector.unmade]
        if not failures:
            self._log.log(Level.WARNING, f"The catalog asks for `{name}`. {self._connector.missing(name)}")
        for failure in failures:
            self._writer.send(messages.error(failure, messages.SYSTEM_ERROR, stream=name))
        self._writer.send(messages.stream_status(name, messages.INCOMPLETE))
        return [f"{name}: {failure}" for failure in failures]

    async def _read(self, reader: Reader, name: str, gate: asyncio.Semaphore) -> StreamMessages | None:
        async with reader.turn(name, self._log.show), gate:
            if self._writer.is_ending:
                return None
            told = StreamMessages(name, self._writer, has_cursor=self._has_cursor(reader, name))
            try:
                await self._read_into(reader, told)
            except Exception as error:  # also a mistake of ours: the other streams go on
                told.fail(fault_text(error, reader.mask))
                told.close()
            return told

    async def _read_into(self, reader: Reader, told: StreamMessages) -> None:
        encode = Envelope(told.stream).encode
        async with aclosing(reader.read(told.stream, self._state_of(told.stream), Limits(), encode)) as events:
            async for event in events:
                told.take(event)
                if isinstance(event, Records):
                    await self._writer.room()
                else:
                    self._log.show(event)
                    if isinstance(event, StreamFinished):
                        self._summarize(event)

    def _state_of(self, name: str) -> Mapping[str, Any] | None:
        """The state that a stream is read from. That it was read before says something only where it is read in
        another way then.
        """
        state = self._states.get(name)
        if state != messages.NO_CURSOR or name in self._connector.broken:
            return state
        return state if len(self._connector.stream(name).ways) > 1 else None

    def _summarize(self, event: StreamFinished) -> None:
        level = Level.INFO if event.outcome in _READ else Level.WARNING
        amount = f"{count(event.records, 'record')}, {count(event.slices, 'slice')}, {duration(event.seconds)}"
        self._log.log(level, f"{event.stream}: {event.outcome} ({amount})")

    def _has_cursor(self, reader: Reader, name: str) -> bool:
        """Whether the state of this read says how far it came."""
        try:
            return reader.choice(name, self._state_of(name)).stream.incremental_sync is not None
        except (ReadError, ManifestError):
            return False
