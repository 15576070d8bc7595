"""What a command needs before it begins with streams: the connector, with those that are made from templates, and the
inputs.
"""

from __future__ import annotations

import asyncio
import io
import os
import signal
import sys
from collections import deque
from collections.abc import Callable, Coroutine, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from core.command.arguments import Arguments
from core.command.custom_code import with_custom_code
from core.connector import Connector, load_connector
from core.errors import ManifestError
from core.events import Event, Log
from core.http.secrets import Secrets
from core.http.tape import Tape
from core.inputs import gather_inputs
from core.levels import Level
from core.manifest.document import Document
from core.outputs.paths import resolved
from core.outputs.token_file import TokenFile, beside, of_manifest
from core.progress.plain import PlainProgress
from core.reading import make_streams
from core.units import count

_EVENTS = 1_000
"""Of what happens while streams are made, the last events are kept."""
_BODY = 100_000
"""Bytes of a body that a trace has of it."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """A connector with the streams that it has for its inputs.

    `written` is the connector before streams were made from its templates, `events` is what happened meanwhile, which
    nobody was shown yet, `tape` the traffic where a case is kept, and `secrets` are those that came up. A read goes on
    with `tokens`: some may have been renewed meanwhile.
    """

    connector: Connector
    config: Mapping[str, Any]
    written: Connector
    tokens: TokenFile
    events: Iterable[Event] = ()
    tape: Tape | None = None
    secrets: Secrets = field(default_factory=Secrets)

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


def with_streams(arguments: Arguments, connector: Connector, config: Mapping[str, Any], tokens: TokenFile) -> Prepared:
    """A connector, with the streams that are made from its templates. Raises as `prepare` does."""
    tokens.check()
    if not connector.to_be_made:
        return Prepared(connector, config, connector, tokens)
    events: deque[Event] = deque(maxlen=_EVENTS)
    secrets, tape = Secrets(), Tape() if arguments.keep_case is not None else None
    live = PlainProgress(sys.stderr or io.StringIO(), arguments.level)

    def report(event: Event) -> None:
        if isinstance(event, Log):  # whoever waits for an API that does not answer wants to know
            live.show(event)
        else:
            events.append(event)

    work = make_streams(
        connector,
        config,
        report,
        tokens=tokens,
        tape=tape,
        secrets=secrets,
        body_limit=_BODY if arguments.trace is not None else 0,
    )
    return Prepared(_ended_in_order(work), config, connector, tokens, events, tape, secrets)


def _ended_in_order(work: Coroutine[Any, Any, Connector]) -> Connector:
    """What the work gives. When the process is asked to end, what was begun on the server is cleared away first, as it
    is at Ctrl-C.
    """

    async def obeying() -> Connector:
        task = asyncio.current_task()
        assert task is not None
        with suppress(NotImplementedError):  # Windows
            asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
        return await work

    try:
        return asyncio.run(obeying())
    except asyncio.CancelledError:
        sys.exit(128 + signal.SIGTERM)


def own_tokens(manifest: Path) -> TokenFile:
    """The tokens of a manifest that belong to no state."""
    return TokenFile(of_manifest(manifest), own=True)


def _tokens_of(arguments: Arguments, manifest: Path) -> TokenFile:
    return TokenFile(beside(resolved(arguments.state))) if arguments.state else own_tokens(manifest)
