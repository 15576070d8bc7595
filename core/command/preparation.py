"""What a command needs before it begins with streams: the connector, with those that are made from templates, and the
inputs.
"""

from __future__ import annotations

import os
import sys
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from core.command.arguments import Arguments
from core.command.conduct import Conduct, progress_on
from core.command.custom_code import with_custom_code
from core.connector import Connector, load_connector
from core.errors import ManifestError, ReadError
from core.events import Event, ExchangeFinished
from core.http.tape import Tape
from core.inputs import gather_inputs
from core.levels import Level
from core.manifest.document import Document
from core.outputs.paths import resolved
from core.outputs.token_file import TokenFile, beside
from core.progress.picture import RunPicture
from core.reading import Carried, open_reader
from core.reading.surroundings import USUAL, Surroundings
from core.units import count

_EXCHANGES = 1_000
"""Of the requests that are sent while streams are made, the last ones are kept."""
_BODY = 100_000
"""Bytes of a body that a trace has of it."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """A connector with the streams that it has for its inputs.

    `written` is the connector before streams were made from its templates, `exchanges` are the requests of that, `tape`
    is their traffic where a case is kept, `carried` what they have left. A read goes on with `tokens`: some may have
    been renewed meanwhile.
    """

    connector: Connector
    config: Mapping[str, Any]
    written: Connector
    tokens: TokenFile
    exchanges: Iterable[Event] = ()
    tape: Tape | None = None
    carried: Carried = field(default_factory=Carried)

    @property
    def notes(self) -> Iterable[tuple[Level, str]]:
        """How many streams were made."""
        for template, names in self.connector.made_streams.items():
            made = [name for name in names if name not in self.connector.broken]
            level, why = (Level.INFO, "") if names else (Level.WARNING, " What they are made of holds nothing.")
            yield level, f"{template}: {count(len(made), 'stream')} made from the template.{why}"


Adjust = Callable[[Connector, Mapping[str, Any]], Mapping[str, Any]]
"""Gives the inputs that a connector is asked with in place of those that were gathered."""


def _as_gathered(_connector: Connector, config: Mapping[str, Any]) -> Mapping[str, Any]:
    return config


def connector_with_inputs(
    arguments: Arguments, manifest: Path, given: Mapping[str, Any] | None = None, adjust: Adjust = _as_gathered
) -> tuple[Connector, Mapping[str, Any]]:
    """The connector for the inputs, and the inputs; `given` are those that nobody has to write, `adjust` changes them.

    Raises `ManifestError` when none of the streams can be read, `InputError`.
    """
    connector = load_connector(Document.load(manifest))
    if connector.source is None or not connector.readable():
        raise ManifestError(connector.errors or connector.problems)
    connector = with_custom_code(connector, arguments, manifest)
    config = gather_inputs(
        connector.connection_specification,
        arguments.config,
        os.environ,
        arguments.settings,
        given,
        rules=connector.input_rules,
    )
    adjusted = adjust(connector, config)
    return connector.for_inputs(adjusted), adjusted


def prepare(
    arguments: Arguments, manifest: Path, given: Mapping[str, Any] | None = None, tokens: TokenFile | None = None
) -> Prepared:
    """The same, with the streams that are made from templates; that may take requests.

    `tokens` is where the refresh tokens go that the API issues; None: beside the state, or into the person's folder.
    Raises `ManifestError`, `InputError`, `OutputError` for tokens that can't be read, `ReadError`.
    """
    connector, config = connector_with_inputs(arguments, manifest, given)
    return with_streams(arguments, connector, config, tokens or _tokens_of(arguments, manifest))


def with_streams(
    arguments: Arguments,
    connector: Connector,
    config: Mapping[str, Any],
    tokens: TokenFile,
    around: Surroundings = USUAL,
) -> Prepared:
    """A connector, with the streams that are made from its templates. Raises as `prepare` does."""
    tokens.check()
    if not connector.to_be_made:
        return Prepared(connector, config, connector, tokens)
    exchanges: deque[Event] = deque(maxlen=_EXCHANGES)
    carried, tape = Carried(), Tape() if arguments.keep_case is not None else None
    picture = RunPicture([template.name for template in connector.to_be_made])
    conduct = Conduct(picture, progress_on(arguments, picture, to_stdout=False))
    made: list[Connector] = []

    def report(event: Event) -> None:
        conduct.emit(event)
        if isinstance(event, ExchangeFinished):
            exchanges.append(event)

    async def work() -> int:
        body_limit = _BODY if arguments.trace is not None else 0
        opened = open_reader(
            connector, config, tokens=tokens, tape=tape, carried=carried, body_limit=body_limit, around=around
        )
        async with opened as reader:
            conduct.cancel = reader.cancel
            made.append(await reader.make_streams(report))
        return 0

    try:
        code = conduct(work)
    except ReadError as error:
        if not conduct.signal:
            raise
        conduct.log(Level.WARNING, str(error))
        code = 128 + conduct.signal
    if code:
        sys.exit(code)
    return Prepared(made[0], config, connector, tokens, exchanges, tape, carried)


def _tokens_of(arguments: Arguments, manifest: Path) -> TokenFile:
    return TokenFile(beside(resolved(arguments.state))) if arguments.state else TokenFile.of_manifest(manifest)
