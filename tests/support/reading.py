"""Reads a stream of a manifest that a test writes, and keeps what happened."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from textwrap import dedent
from typing import Any, TypeVar

from core.connector import Connector, load_connector
from core.events import Event, ExchangeFinished, Log, Outcome, Records, SliceFinished, StateAdvanced, StreamFinished
from core.http.exchange import Role
from core.jobs.known import KnownJobs
from core.manifest.document import Document
from core.reading import Limits, open_reader

E = TypeVar("E", bound=Event)


@dataclass
class Told:
    """The events of one read."""

    events: list[Event] = field(default_factory=list)

    def of(self, kind: type[E]) -> list[E]:
        return [event for event in self.events if isinstance(event, kind)]

    @property
    def end(self) -> StreamFinished:
        assert isinstance(self.events[-1], StreamFinished)
        return self.events[-1]

    @property
    def outcome(self) -> Outcome:
        return self.end.outcome

    @property
    def errors(self) -> str:
        return "\n".join(self.end.errors)

    @property
    def records(self) -> list[Mapping[str, Any]]:
        return [record for batch in self.of(Records) for record in batch.records]

    @property
    def logs(self) -> str:
        return "\n".join(log.message for log in self.of(Log))

    @property
    def state(self) -> Mapping[str, Any]:
        return self.of(StateAdvanced)[-1].state

    @property
    def slices(self) -> list[Outcome]:
        return [event.outcome for event in self.of(SliceFinished)]

    def asked(self, role: Role) -> int:
        return sum(event.exchange.role is role for event in self.of(ExchangeFinished))


def connector(manifest: str) -> Connector:
    """The connector of a manifest; there must be no errors in it."""
    loaded = load_connector(Document.parse(dedent(manifest)))
    assert loaded.usable, "\n".join(map(str, loaded.problems))
    return loaded


async def no_wait(_seconds: float) -> None:
    """Gives way, but does not wait."""
    await asyncio.sleep(0)


async def read_all(
    manifest: str,
    config: Mapping[str, Any] | None = None,
    *,
    stream: str | None = None,
    state: Mapping[str, Any] | None = None,
    limits: Limits | None = None,
    jobs: KnownJobs | None = None,
) -> Told:
    """Read a stream (the first one when none is named) to its end, without waiting between polls and repetitions."""
    loaded = connector(manifest).for_inputs(config or {})
    told = Told()
    async with open_reader(loaded, config or {}, sleep=no_wait) as reader:
        async for event in reader.read(stream or loaded.stream_names[0], state, limits or Limits(), jobs=jobs):
            told.events.append(event)
    return told
