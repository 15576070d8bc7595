"""`longhaul --check-connection`: asks for the first record of streams, and says what answered and what to do."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Iterator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any

from rich.console import Console
from rich.text import Text

from core.command.arguments import Arguments
from core.command.conduct import Conduct, progress_on
from core.command.preparation import Prepared, connector_with_inputs, with_streams
from core.command.run import chosen_streams, warnings_of
from core.connector import Connector
from core.errors import fault_text
from core.events import ExchangeFinished, Outcome, StreamFinished
from core.http.exchange import Exchange, Role
from core.inputs.specification import inputs, is_secret
from core.levels import Level
from core.outputs.token_file import TokenFile
from core.progress.picture import RunPicture
from core.protocols import checking
from core.protocols.checking import FIRST_RECORD, Unavailable, check_inputs, needs_made_streams, streams_to_check
from core.reading import Reader, open_reader
from core.units import count
from core.wording import indented, on_one_line

ALL = "*"
"""In place of a stream: all there are."""
_AT_ONCE = 4
_CLEARING_AWAY = (Role.ABORT, Role.DELETE)
_ADVICE = {
    401: "Check the inputs that it signs in with: {secrets}.",
    403: "Check what the account may read, and the inputs that it signs in with: {secrets}.",
    404: "Check `url` and `path` of its requester, and the inputs that are in them.",
    429: "The API wants to be asked less often: try again later.",
}
_NOT_REACHED = "Check the address in `url`, the inputs that are in it, and the network."
_FAULT_THERE = "The API has a fault of its own: try again later."
_NO_SLICES = "There is nothing to ask for: its parent stream, or its list of values, is empty."


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of the check of a stream; `exchange` is the last one that was about its records."""

    stream: str
    end: StreamFinished
    exchange: Exchange | None

    @property
    def is_there(self) -> bool:
        """Whether the stream can be read: also without records, but not without anything to ask for."""
        return self.end.outcome in _READ and self.end.slices > 0


_READ = (Outcome.COMPLETE, Outcome.SKIPPED, Outcome.LIMITED)


def check_connection(arguments: Arguments) -> int:
    """Check the streams that the manifest's check names, or those of `--stream`; 1 when one of them fails, else 0.

    Raises `ManifestError`, `InputError`, `SourceError` and `OutputError` for what is found before anything is sent.
    """
    assert arguments.manifest is not None
    connector, config = connector_with_inputs(arguments, arguments.manifest, adjust=check_inputs)
    if not _is_about_templates(connector, config, arguments.streams):
        connector = connector.without_templates()
    tokens = TokenFile.of_manifest(arguments.manifest)
    prepared = with_streams(arguments, connector, config, tokens, checking.AROUND)
    connector = prepared.connector
    everything = ALL in arguments.streams
    chosen_streams(connector, () if everything else arguments.streams)
    picture = RunPicture(connector.stream_names)
    conduct = Conduct(picture, progress_on(arguments, picture, to_stdout=True))
    for warning in warnings_of(connector, config):
        conduct.log(Level.WARNING, warning)
    for event in prepared.exchanges:
        conduct.trace(event)
    streams = connector.stream_names if everything else arguments.streams
    try:
        return _Check(prepared, streams or tuple(streams_to_check(connector, config)), conduct)()
    except Unavailable as unavailable:
        conduct.log(Level.ERROR, str(unavailable))
        return 1


def _is_about_templates(connector: Connector, config: Mapping[str, Any], streams: Sequence[str]) -> bool:
    """Whether streams that are made from templates are asked for."""
    if streams:
        return not set(streams) <= set(connector.stream_names)
    return needs_made_streams(connector, config)


class _Check:
    """Asks for the first record of each stream, a few side by side, and prints the answers in order."""

    def __init__(self, prepared: Prepared, streams: Sequence[str], conduct: Conduct) -> None:
        self._prepared = prepared
        self._connector = prepared.connector
        self._streams = streams
        self._conduct = conduct
        self._console = Console(highlight=False, soft_wrap=True)

    def __call__(self) -> int:
        return self._conduct(self._run)

    async def _run(self) -> int:
        gate = asyncio.Semaphore(_AT_ONCE)
        tokens, carried = self._prepared.tokens, self._prepared.carried
        opened = open_reader(
            self._connector, self._prepared.config, body_limit=0, tokens=tokens, carried=carried, around=checking.AROUND
        )
        async with opened as reader:
            self._conduct.cancel = reader.cancel
            asked = [asyncio.create_task(self._ask(reader, name, gate)) for name in self._streams]
            answers = [await self._shown(one) for one in asked]
        if problem := tokens.settle():
            self._conduct.log(Level.WARNING, problem)
        failed = sum(not answer.is_there for answer in answers)
        there = count(len(answers), "stream")
        self._print(Text(f"{failed} of {there} can't be read." if failed else f"{there} can be read."))
        return int(failed > 0)

    async def _ask(self, reader: Reader, name: str, gate: asyncio.Semaphore) -> Answer:
        end, last = None, None
        async with gate:
            try:
                async with aclosing(reader.read(name, None, FIRST_RECORD)) as events:
                    async for event in events:
                        self._conduct.emit(event)
                        if isinstance(event, ExchangeFinished) and event.exchange.role not in _CLEARING_AWAY:
                            last = event.exchange
                        if isinstance(event, StreamFinished):
                            end = event
            except Exception as error:  # also a mistake of ours: the other streams are asked all the same
                text = fault_text(error, reader.mask)
                end = StreamFinished(
                    stream=name, outcome=Outcome.FAILED, records=0, slices=1, seconds=0.0, errors=(text,)
                )
        assert end is not None
        return Answer(name, end, last)

    async def _shown(self, asked: Awaitable[Answer]) -> Answer:
        answer = await asked
        mark, style = ("ok  ", "green") if answer.is_there else ("FAIL", "bold red")
        if answer.end.outcome is Outcome.CANCELLED:
            mark, style = "skip", "yellow"
        self._print(Text.assemble((mark, style), "  ", (answer.stream, "bold"), f": {_what(answer)}"))
        if not answer.is_there and answer.end.outcome is not Outcome.CANCELLED:
            for line in self._reasons(answer):
                self._print(Text(indented(f"      {line}")))
        return answer

    def _reasons(self, answer: Answer) -> Iterator[str]:
        yield from (on_one_line(text) for text in answer.end.errors[:3])
        advice = _advice(answer)
        if advice:
            yield advice.format(secrets=", ".join(self._secrets()) or "the manifest marks none as secret")

    def _secrets(self) -> list[str]:
        """The inputs that hold secrets."""
        known = inputs(self._connector.connection_specification)
        return [f"`{'.'.join(path)}`" for path, schemas in known if any(map(is_secret, schemas))]

    def _print(self, text: Text) -> None:
        self._console.print(text)


def _what(answer: Answer) -> str:
    if answer.end.outcome is Outcome.CANCELLED:
        return "ended before there was an answer"
    asked = "" if answer.exchange is None else on_one_line(_line(answer.exchange))
    if not answer.is_there:
        return asked or "no record was asked for"
    found = "the first record is there" if answer.end.records else "it answers, but has no records now"
    return f"{found}{', ' if asked else ''}{asked}"


def _line(exchange: Exchange) -> str:
    """The request line and the status, such as: GET https://api.example.com/contacts answered 200 OK."""
    request = f"{exchange.method} {exchange.url}"
    if exchange.status is None:
        return f"{request} was not answered"
    return f"{request} answered {exchange.status} {exchange.reason}".rstrip()


def _advice(answer: Answer) -> str:
    """What to do about a failure, by the last answer before it."""
    if not answer.end.slices and answer.end.outcome in _READ:
        return _NO_SLICES
    exchange = answer.exchange
    if exchange is None:
        return ""
    if exchange.status is None:
        return _NOT_REACHED
    return _ADVICE.get(exchange.status, _FAULT_THERE if exchange.status >= 500 else "")
