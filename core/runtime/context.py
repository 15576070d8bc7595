"""What a component sees while it works: the run that all streams share, the context of one slice, and the values that
templates give in it.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from concurrent.futures import Executor
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from core.errors import ReadError
from core.events import BudgetWait, Event, ExchangeFinished, Log
from core.http.budget import Wait
from core.http.exchange import Exchange
from core.levels import Level
from core.runtime.component import Component
from core.runtime.errands import Errands
from core.runtime.files import FileStore
from core.runtime.resumption import Resumption
from core.runtime.slices import Record, SliceMemory, StreamSlice
from core.runtime.tokens import TokenStore
from core.templates import Template, TemplateError, in_doubt

if TYPE_CHECKING:  # what only a run loads
    from core.custom.host import CustomHost
    from core.http.session import HttpSession

ParentRecord = tuple[StreamSlice, Mapping[str, Any]]
"""A record of a parent stream, with the slice of the parent that it came from."""


class HasState(Protocol):
    """Something that says how far a stream was read: a cursor."""

    def state(self) -> dict[str, Any]:
        """The state, in the shape in which Airbyte saves it."""


class ParentRead(AsyncIterator[ParentRecord]):
    """The read of a parent stream: its records, from a state on, and how far it came.

    `start` begins the read from a state (None: from the beginning); it gives the parent's cursor and the
    records. What gives the records closes a slice when the record after the slice's last one is asked
    for.
    """

    def __init__(
        self, start: Callable[[Mapping[str, Any] | None], tuple[HasState, AsyncIterator[ParentRecord]]]
    ) -> None:
        self._start = start
        self._started: tuple[HasState, AsyncIterator[ParentRecord]] | None = None

    def resume(self, state: Mapping[str, Any] | None) -> None:
        """Begin the read from a state."""
        self._started = self._start(state)

    def state(self) -> dict[str, Any]:
        """The parent's state: covers the slices of the parent whose records were all taken."""
        return self._begun()[0].state()

    async def __anext__(self) -> ParentRecord:
        return await anext(self._begun()[1])

    def _begun(self) -> tuple[HasState, AsyncIterator[ParentRecord]]:
        if self._started is None:
            self._started = self._start(None)
        return self._started


T = TypeVar("T")


class ParentReader(Protocol):
    """Reads a stream on behalf of another one; `what` it is for that one is said where it fails.

    `shown`: how the read goes on is reported, too, not only its requests and log lines.
    """

    def __call__(
        self, stream: Any, context: Context, what: str = "parent stream", *, shown: bool = False
    ) -> ParentRead: ...


FirstRecord = Callable[[Component, "Context"], Awaitable[Record | None]]
"""Reads with a retriever until there is a record: what describes the schema of a stream. Raises `ReadError`."""


@dataclass(slots=True)
class Run:
    """One run of a connector: what its streams share.

    `config` holds the inputs, `session` the HTTP client (with the masking of secrets), `executor` the threads that
    parse, `asking` those that ask other processes and wait for nothing else, `folder` is where the manifest is (None:
    nowhere yet), `files` takes the files of records (None: they are not downloaded), `tokens` keeps tokens that an API
    gave in place of those in the inputs, `now` is the clock, `monotonic` the one that time limits go by (in seconds),
    and `sleep` waits for a number of seconds.
    """

    config: Mapping[str, Any]
    session: HttpSession
    executor: Executor
    asking: Executor
    read_parent: ParentReader
    first_record: FirstRecord
    folder: Path | None = None
    files: FileStore | None = None
    tokens: TokenStore = field(default_factory=TokenStore)
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    now: Callable[[], datetime] = field(default=lambda: datetime.now(UTC))
    monotonic: Callable[[], float] = time.monotonic
    custom: CustomHost | None = None
    """Runs custom components; None: none may run."""
    parent_requesters: frozenset[bytes] = frozenset()
    """The identities of the requesters of parent streams, whose responses are kept for their children."""
    _shared: dict[Any, Any] = field(default_factory=dict)

    @property
    def loop(self) -> asyncio.AbstractEventLoop:
        """The event loop of the run."""
        return asyncio.get_running_loop()

    def shared(self, key: Any, make: Callable[[], T]) -> T:
        """The run's one object under `key`, made on first use.

        A component that keeps state (a token, say) uses its `identity` as key, so that components that say the same
        share it.
        """
        if key not in self._shared:
            self._shared[key] = make()
        shared: T = self._shared[key]
        return shared


@dataclass(frozen=True, slots=True)
class Context:
    """Where a component works: the run, the stream, the slice, its page and the template variables that are visible.

    `in_order`: parent streams are read slice by slice, so that their records always come in the same order.
    `resumption` says where the read of the stream goes on with that of an earlier run; None: it does not.
    `home` is a URL of the site that credentials are for where a request has its address from an answer of the API.
    `portion` is the number of the request for this page, where it is asked for in portions of its properties.
    `schema` is the JSON Schema of the records that are wanted; None: they are wanted with all they have.
    `memory` is what the bodies of the slice say about each other, `errands` what its parsing threads wait for.
    """

    run: Run
    stream: str
    emit: Callable[[Event], None]
    in_order: bool = False
    slice: StreamSlice | None = None
    variables: Mapping[str, Any] = field(default_factory=dict)
    page: int | None = None
    portion: int | None = None
    schema: Mapping[str, Any] | None = None
    home: str | None = None
    resumption: Resumption | None = None
    memory: SliceMemory = field(default_factory=SliceMemory)
    errands: Errands = field(default_factory=Errands)

    @property
    def config(self) -> Mapping[str, Any]:
        """The inputs."""
        return self.run.config

    async def apart(self, ask: Callable[[], T]) -> T:
        """Ask another process in a thread, so that the event loop goes on meanwhile.

        It is none of those that parse: all of them may wait for bodies that need new credentials to go on.
        """
        return await self.run.loop.run_in_executor(self.run.asking, ask)

    def with_schema(self, schema: Mapping[str, Any]) -> Context:
        """The same, where the JSON Schema of the records that are wanted is known."""
        return replace(self, schema=schema)

    def for_slice(self, slice_: StreamSlice) -> Context:
        """The same, seen from within a slice: its variables, and its extra fields as variables of their own."""
        variables = {
            **self.variables,
            "stream_slice": slice_,
            "stream_partition": slice_,
            "stream_interval": slice_,
            **slice_.extra_fields,
        }
        return replace(self, slice=slice_, variables=variables)

    def for_page(self, page: int) -> Context:
        """The same, seen from within a page of the slice."""
        return replace(self, page=page)

    def remembering(self) -> Context:
        """The same with a memory of its own; what that warns of is logged."""
        return replace(self, memory=SliceMemory(warn=partial(self.log, Level.WARNING)))

    def with_variables(self, **variables: Any) -> Context:
        """The same with more template variables."""
        return replace(self, variables={**self.variables, **variables})

    def scope(self, component: Component, **more: Any) -> dict[str, Any]:
        """The variables that a template of `component` sees."""
        return {"config": self.run.config, **self.variables, "parameters": component.parameters, **more}

    def record(self, exchange: Exchange) -> None:
        """Report an exchange of this stream, slice, page and portion."""
        self.emit(
            ExchangeFinished(
                stream=self.stream, slice=self.slice, exchange=exchange, page=self.page, portion=self.portion
            )
        )

    def log(self, level: Level, message: str) -> None:
        """Log a message about this stream and slice."""
        self.emit(Log(stream=self.stream, slice=self.slice, level=level, message=message))

    def doubt(self, problem: TemplateError, so: str) -> None:
        """Warn of a condition that counts as true because its values don't fit together; `so` is what follows."""
        self.memory.warn_once(in_doubt(problem, so))

    def report_wait(self, wait: Wait) -> None:
        """Report that the API budget holds back a request of this stream and slice."""
        self.emit(BudgetWait(stream=self.stream, slice=self.slice, wait=wait))


@contextmanager
def readable() -> Iterator[None]:
    """Raise `ReadError` for templates that can't be evaluated."""
    try:
        yield
    except TemplateError as error:
        raise ReadError(str(error)) from None


def value_of(template: Template, scope: Mapping[str, Any]) -> Any:
    """The value of a template. Raises `ReadError`."""
    with readable():
        return template.evaluate(scope)


def text_of(template: Template, scope: Mapping[str, Any]) -> str:
    """The value of a template as text; Airbyte reads the text as a literal first. Raises `ReadError`."""
    return str(value_of(template, scope))


def whole_number_of(template: Template | None, scope: Mapping[str, Any], name: str) -> int | None:
    """The whole number that the field `name` gives; None without one. Raises `ReadError`."""
    value = None if template is None else value_of(template, scope)
    if value is None or value == "":
        return None
    if isinstance(value, bool) or not isinstance(value, int):
        raise ReadError(f"`{name}` must give a whole number, but `{template}` gives something else.")
    return value
