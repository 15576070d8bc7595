"""Opens a connector for a run, with what the run needs: inputs, HTTP session, threads, the process for custom code."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator, Mapping
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import aclosing, asynccontextmanager, contextmanager
from functools import partial
from typing import Any

from core.connector import Connector
from core.custom.host import CustomHost
from core.errors import InputError, ManifestError
from core.events import Event
from core.http.budget import Budget
from core.http.exchange import BODY_LIMIT
from core.http.secrets import Secrets
from core.http.session import HttpSession
from core.http.tape import Tape
from core.inputs import secret_values, with_secrets
from core.reading.carried import Carried
from core.reading.plan import NO_LIMITS, Limits
from core.reading.reader import Reader, Sleep
from core.reading.surroundings import USUAL, Surroundings
from core.runtime.errands import THREADS, ThreadsInContext
from core.runtime.files import FileStore
from core.runtime.tokens import TokenStore
from core.templates import TemplateError
from core.templates.surroundings import surrounded

PARSERS = 64
"""Threads that may parse, and as many that may ask other processes; they are started when needed."""


@asynccontextmanager
async def open_reader(
    connector: Connector,
    config: Mapping[str, Any],
    *,
    sleep: Sleep | None = None,
    body_limit: int = BODY_LIMIT,
    spare_bodies: int = 0,
    tokens: TokenStore | None = None,
    tape: Tape | None = None,
    carried: Carried | None = None,
    around: Surroundings = USUAL,
    files: FileStore | None = None,
) -> AsyncIterator[Reader]:
    """Open a connector with its inputs. `sleep` is what waits, between polls and before repeated requests; exchanges
    keep `body_limit` bytes of each body, and `spare_bodies` more in all. `tokens` keeps refresh tokens that the API
    replaces; without it they are forgotten. `tape` takes up the traffic as it is. `carried` is what sessions before
    have left. `around` is what the run has around it, `files` takes the files of records; without it they are not
    downloaded.

    Raises `ManifestError` when no stream of the manifest can be read, `InputError` when an input makes no sense for
    it, `ReadError` when the manifest asks for an API budget that can't be kept.
    """
    if not connector.readable() and not connector.left_out:
        raise ManifestError(connector.errors or connector.problems)
    carried = carried or Carried()
    secrets, wait = carried.secrets, sleep or around.sleep
    config = _known_secrets(connector, config, secrets)
    with _threads(around) as (executor, asking), _custom_host(connector, config, secrets) as custom:
        async with HttpSession(
            secrets,
            budget=_budget(connector, config, carried, around),
            clock=around.now,
            sleep=wait,
            longest_wait=around.longest_wait,
            slowest=around.slowest,
            body_limit=body_limit,
            spare_bodies=spare_bodies,
            tape=tape,
            clients=around.clients,
        ) as session:
            with _about_inputs():
                reader = Reader(
                    connector,
                    config,
                    session,
                    executor,
                    wait,
                    asking=asking,
                    tokens=tokens or TokenStore(),
                    around=around,
                    custom=custom,
                    files=files,
                )
            try:
                with surrounded(None if around.usual else around.now, around.uuids):
                    yield reader
            finally:
                await reader.close()


def _known_secrets(connector: Connector, config: Mapping[str, Any], secrets: Secrets) -> Mapping[str, Any]:
    """The inputs, with the values of those that are secret registered, and hidden from whoever prints them."""
    specification = connector.connection_specification
    for value in secret_values(specification, config):
        secrets.add(value)
    return with_secrets(specification, config, secrets.hide)


def _budget(connector: Connector, config: Mapping[str, Any], carried: Carried, around: Surroundings) -> Budget | None:
    """The API budget of the run. Raises `InputError`, `ReadError`."""
    assert connector.source is not None
    if not around.budgeted:
        return None
    with _about_inputs():
        return carried.budget(partial(connector.source.rate_budget, config, around.parts))


@contextmanager
def _about_inputs() -> Iterator[None]:
    """A template that can't be evaluated before anything is read is one that an input makes no sense for."""
    try:
        yield
    except TemplateError as error:
        raise InputError(str(error)) from None


@contextmanager
def _threads(around: Surroundings) -> Iterator[tuple[Executor, Executor]]:
    """The threads that parse, and those that ask other processes; nobody waits for their end."""
    threads = ThreadPoolExecutor if around.usual else ThreadsInContext
    both = threads(PARSERS, thread_name_prefix=THREADS), threads(PARSERS, thread_name_prefix=THREADS)
    try:
        yield both
    finally:
        for each in both:
            each.shutdown(wait=False, cancel_futures=True)


@contextmanager
def _custom_host(connector: Connector, config: Mapping[str, Any], secrets: Secrets) -> Iterator[CustomHost | None]:
    """The process for the custom components of the connector; None where none may run."""
    if connector.custom is None:
        yield None
        return
    custom = CustomHost(connector.custom, connector.tree, config, secrets.mask)
    try:
        yield custom
    finally:
        custom.close()


async def read(
    connector: Connector,
    stream: str,
    config: Mapping[str, Any],
    state: Mapping[str, Any] | None = None,
    limits: Limits = NO_LIMITS,
) -> AsyncGenerator[Event, None]:
    """Read one stream of a connector: the short way for callers that read nothing else.

    Raises `ManifestError`, `InputError` and `KeyError` before the first event; failures of the stream are events.
    """
    async with open_reader(connector.for_inputs(config), config) as reader:
        await reader.make_streams()
        async with aclosing(reader.read(stream, state, limits)) as events:
            async for event in events:
                yield event


async def make_streams(
    connector: Connector, config: Mapping[str, Any], report: Callable[[Event], None], **opened: Any
) -> Connector:
    """The connector with the streams that are made of its templates, for callers that choose among them before they
    read. `report` takes what happens meanwhile; `opened` is how it is opened, see `open_reader`.

    Raises what `open_reader` and `Reader.make_streams` raise.
    """
    async with open_reader(connector, config, **opened) as reader:
        return await reader.make_streams(report)
