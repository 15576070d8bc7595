"""`check`: whether the inputs are right and the API answers, by the first record of what the manifest names."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import aclosing
from typing import Any

from core.components.source import CheckDynamicStream, CheckStream
from core.connector import Connector
from core.events import Outcome, StreamFinished
from core.http.pace import Pace
from core.levels import Level
from core.protocols import messages
from core.protocols.errors import SourceError
from core.protocols.log import MessageLog
from core.reading import Limits, Reader
from core.reading.surroundings import Surroundings

STREAM_NAMES = "__airbyte_check_stream_names"
"""The key of a config by which Airbyte's platform says what is checked."""
FIRST_RECORD = Limits(records=1, slices=1)
"""What is read of a stream that is checked."""
AROUND = Surroundings(longest_wait=60.0, slowest=Pace(rate=100, seconds=60.0))
"""Somebody waits for a check: an API that wants to be asked again in an hour counts as one that doesn't answer, and so
does one whose answer drips.
"""


def check_inputs(connector: Connector, config: Mapping[str, Any]) -> dict[str, Any]:
    """The inputs for a check: some may have other values than in a read. Raises `SourceError`."""
    check = connector.source.check if connector.source else None
    changes = getattr(check, "config_overrides", None) or {}
    if reserved := [key for key in changes if str(key).startswith("__airbyte")]:
        raise SourceError(f"`config_overrides` of the check may not change {', '.join(reserved)}: it is Airbyte's own.")
    return {**config, **changes}


class Unavailable(Exception):
    """There is nothing to check the connection with; its text says why."""


def needs_made_streams(connector: Connector, config: Mapping[str, Any]) -> bool:
    """Whether the check is about streams that are made from templates (Airbyte: the same)."""
    check = connector.source.check if connector.source else None
    if not isinstance(check, CheckStream) or check.dynamic_streams_check_configs:
        return True
    names = config.get(STREAM_NAMES) or check.stream_names
    return not names or any(name not in connector.stream_names for name in names)


async def check(connector: Connector, reader: Reader, *, config: Mapping[str, Any], log: MessageLog) -> int:
    """Check the connection and send the outcome. Raises `SourceError` where the manifest does not say how."""
    problem = None
    try:
        for name in streams_to_check(connector, config):
            problem = await _problem(reader, name, log)
            if problem is not None:
                break
    except Unavailable as unavailable:
        problem = str(unavailable)
    log.log(*((Level.INFO, "Check succeeded") if problem is None else (Level.ERROR, "Check failed")))
    log.writer.send(messages.connection_status(problem))
    return 0


def streams_to_check(connector: Connector, config: Mapping[str, Any]) -> Sequence[str]:
    """The streams that are looked at. Raises `Unavailable`, `SourceError`."""
    assert connector.source is not None
    check = connector.source.check
    if not isinstance(check, CheckStream | CheckDynamicStream):
        raise SourceError(
            f"The manifest has no `check` that Longhaul runs: add one of the type {CheckStream.__name__}."
        )
    for name in connector.unmade:
        raise Unavailable(" ".join(map(str, connector.broken[name])))
    if not connector.stream_names:
        raise Unavailable("There are no streams to check the connection with.")
    if isinstance(check, CheckDynamicStream):
        return connector.stream_names[: check.stream_count] if check.use_check_availability else ()
    return list(dict.fromkeys([*_named(check, connector, config), *_made(check, connector)]))


def _named(check: CheckStream, connector: Connector, config: Mapping[str, Any]) -> list[str]:
    """The streams that are checked by name. Raises `SourceError`."""
    names = config.get(STREAM_NAMES) or check.stream_names
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise SourceError(f"`{STREAM_NAMES}` in the config must be a list of names of streams.")
    if unknown := [name for name in names if name not in connector.stream_names]:
        raise SourceError(f"The check names `{unknown[0]}`. {connector.missing(unknown[0])}")
    return names


def _made(check: CheckStream, connector: Connector) -> Iterator[str]:
    """The streams that are checked by the template that they were made from. Raises `Unavailable`."""
    for wanted in check.dynamic_streams_check_configs:
        if wanted.dynamic_stream_name not in connector.made_streams:
            raise Unavailable(f"The manifest has no dynamic stream `{wanted.dynamic_stream_name}`.")
        yield from connector.made_streams[wanted.dynamic_stream_name][: wanted.stream_count]


async def _problem(reader: Reader, name: str, log: MessageLog) -> str | None:
    """Why there is no first record of a stream; None where there is one, or nothing to be read."""
    ended = None
    async with aclosing(reader.read(name, None, FIRST_RECORD)) as events:
        async for event in events:
            log.show(event)
            if isinstance(event, StreamFinished):
                ended = event
    assert ended is not None
    if ended.outcome is Outcome.CANCELLED:
        return "The check was ended before it had an answer."
    if ended.outcome is Outcome.FAILED:
        return f"Stream {name} is not available: {' '.join(ended.errors)}"
    if not ended.slices:
        return f"Stream {name} is not available: it has no slices, likely because its parent stream is empty."
    if not ended.records:
        log.log(Level.INFO, f"Successfully connected to stream {name}, but got 0 records.")
    return None
