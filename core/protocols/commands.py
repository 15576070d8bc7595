"""`check`, `discover` and `read`: opens the source and does what was asked for."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from core.connector import Connector
from core.errors import InputError, ReadError
from core.levels import Level
from core.outputs.file_folder import FileFolder
from core.protocols import checking, messages
from core.protocols.checking import check, check_inputs, needs_made_streams
from core.protocols.custom_code import ALLOWED, is_allowed
from core.protocols.discovery import discover
from core.protocols.files import read_catalog, read_state
from core.protocols.interrupts import Interrupts
from core.protocols.log import MessageLog
from core.protocols.options import Request
from core.protocols.source import Source
from core.protocols.staging import staging_folder
from core.protocols.sync import Sync
from core.protocols.tokens import ControlTokens
from core.protocols.writer import MessageWriter
from core.reading import Reader, open_reader
from core.reading.surroundings import USUAL, Surroundings

Work = Callable[[Connector, Reader], Awaitable[int]]

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
    connector = source.connector.for_inputs(config)
    for doubt in connector.doubts:
        log.log(Level.WARNING, str(doubt))
    work = _work(request, config, log)
    if request.command == "check" and not needs_made_streams(connector, config):
        connector = connector.without_templates()
    around = Around(
        ControlTokens(migrated, log.writer),
        staging_folder(connector) if request.command == "read" else None,
        checking.AROUND if request.command == "check" else USUAL,
    )
    return asyncio.run(_run(connector, config, around, log, work))


def _work(request: Request, config: Mapping[str, Any], log: MessageLog) -> Work:
    """What is done with the open source. Raises `SourceError`."""
    if request.command == "check":
        return partial(check, config=config, log=log)
    if request.command == "discover":
        return partial(discover, log=log)
    assert request.catalog is not None
    streams = read_catalog(request.catalog)
    states, warnings = read_state(request.state)
    for warning in warnings:
        log.log(Level.WARNING, warning)
    return lambda connector, reader: Sync(connector, streams, states, log).run(reader)


@dataclass(frozen=True, slots=True)
class Around:
    """What a source keeps beside records and states, and what its run has around it."""

    tokens: ControlTokens
    files: FileFolder | None = None
    run: Surroundings = USUAL


async def _run(connector: Connector, config: Mapping[str, Any], around: Around, log: MessageLog, work: Work) -> int:
    """Work with an open reader, which ends when a signal comes or nobody reads the messages any more."""
    writer, interrupts = log.writer, Interrupts()
    opened = open_reader(connector, config, body_limit=0, tokens=around.tokens, files=around.files, around=around.run)
    async with opened as reader:

        def end() -> None:
            writer.let_go()
            reader.cancel()

        writer.attend(end)
        interrupts.obey(end)
        try:
            connector = await reader.make_streams(log.show)
        except ReadError:  # it was ended
            code = 1
        else:
            code = await work(connector, reader)
    if interrupts.number is not None:
        writer.close(_PATIENCE)
        interrupts.die()
    return code
