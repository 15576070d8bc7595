"""`check`, `discover` and `read`: opens the source and does what was asked for."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import Any

from core.connector import Connector
from core.errors import InputError
from core.levels import Level
from core.protocols import messages
from core.protocols.checking import check, check_inputs
from core.protocols.custom_code import ALLOWED, is_allowed
from core.protocols.discovery import discover
from core.protocols.files import read_catalog, read_state
from core.protocols.interrupts import Interrupts
from core.protocols.log import MessageLog
from core.protocols.options import Request
from core.protocols.source import Source
from core.protocols.sync import Sync
from core.protocols.tokens import ControlTokens
from core.protocols.writer import MessageWriter
from core.reading import Reader, open_reader

Work = Callable[[Reader], Awaitable[int]]

_PATIENCE = 1.0
"""Seconds without anybody reading after which an interrupted source ends, though it has more to say."""


def carry_out(request: Request, writer: MessageWriter) -> int:
    """Carry out a command and return the exit code; a signal that comes meanwhile ends the process.

    Raises `ManifestError`, `InputError`, `SourceError` and what `open_reader` raises.
    """
    log = MessageLog(writer, debug=request.debug)
    if request.components is not None and not is_allowed():
        log.log(
            Level.WARNING,
            f"--components-path is not used: Python code runs only with {ALLOWED}=true in the environment.",
        )
    source = Source.of(request)
    try:
        return _carry_out(request, source, log)
    except InputError as error:
        if request.command != "check":
            raise
        writer.send(messages.connection_status(str(error)))
        return 0


def _carry_out(request: Request, source: Source, log: MessageLog) -> int:
    config, migrated = source.inputs(), source.migrated()
    if migrated != source.given:
        log.writer.send(messages.changed_config(migrated))
    if request.command == "check":
        config = check_inputs(source.connector, config)
    work = _work(request, source.connector, config, log)
    return asyncio.run(_run(source.connector, config, ControlTokens(migrated, log.writer), log, work))


def _work(request: Request, connector: Connector, config: Mapping[str, Any], log: MessageLog) -> Work:
    """What is done with the open source. Raises `SourceError`."""
    if request.command == "check":
        return partial(check, connector, config, log)
    if request.command == "discover":
        return partial(discover, connector, log)
    assert request.catalog is not None
    streams = read_catalog(request.catalog)
    states, warnings = read_state(request.state)
    for warning in warnings:
        log.log(Level.WARNING, warning)
    return Sync(connector, streams, states, log).run


async def _run(
    connector: Connector, config: Mapping[str, Any], tokens: ControlTokens, log: MessageLog, work: Work
) -> int:
    """Work with an open reader, which ends when a signal comes or nobody reads the messages any more."""
    writer, interrupts = log.writer, Interrupts()
    async with open_reader(connector, config, body_limit=0, tokens=tokens) as reader:

        def end() -> None:
            writer.let_go()
            reader.cancel()

        writer.attend(end)
        interrupts.obey(end)
        code = await work(reader)
    if interrupts.number is not None:
        writer.close(_PATIENCE)
        interrupts.die()
    return code
