"""What a component sees while it works: the run that all streams share, and the context of one slice."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import Executor
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

from core.events import BudgetWait, Event, ExchangeFinished, Log
from core.http.budget import Wait
from core.http.exchange import Exchange
from core.http.session import HttpSession
from core.levels import Level
from core.runtime.component import Component
from core.runtime.parents import ParentRead
from core.runtime.slices import Record, StreamSlice
from core.runtime.token_store import TokenStore

T = TypeVar("T")

ParentReader = Callable[[Any, "Context"], ParentRead]
"""Reads the stream given as its first argument on behalf of a child."""

FirstRecord = Callable[[Component, "Context"], Awaitable[Record | None]]
"""Reads with a retriever until there is a record: what describes the schema of a stream. Raises `ReadError`."""


@dataclass(slots=True)
class Run:
    """One run of a connector: what its streams share.

    `config` holds the inputs, `session` the HTTP client (with the masking of secrets), `executor` the threads that
    parse, `folder` is where the manifest is (None: nowhere yet), `tokens` keeps tokens that an API gave in place of
    those in the inputs, `now` is the clock and `sleep` waits for a number of seconds.
    """

    config: Mapping[str, Any]
    session: HttpSession
    executor: Executor
    read_parent: ParentReader
    first_record: FirstRecord
    folder: Path | None = None
    tokens: TokenStore = field(default_factory=TokenStore)
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    now: Callable[[], datetime] = field(default=lambda: datetime.now(UTC))
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
    `home` is a URL of the site that credentials are for where a request has its address from an answer of the API.
    `portion` is the number of the request for this page, where it is asked for in portions of its properties.
    `schema` is the JSON Schema of the records that are wanted; None: they are wanted with all they have.
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

    @property
    def config(self) -> Mapping[str, Any]:
        """The inputs."""
        return self.run.config

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

    def with_variables(self, **variables: Any) -> Context:
        """The same with more template variables."""
        return replace(self, variables={**self.variables, **variables})

    def scope(self, component: Component, **more: Any) -> dict[str, Any]:
        """The variables that a template of `component` sees."""
        return {"config": self.run.config, **self.variables, "parameters": component.parameters, **more}

    def record(self, exchange: Exchange) -> None:
        """Tell people of an exchange of this stream, slice, page and portion."""
        self.emit(
            ExchangeFinished(
                stream=self.stream, slice=self.slice, exchange=exchange, page=self.page, portion=self.portion
            )
        )

    def log(self, level: Level, message: str) -> None:
        """Tell people something about this stream and slice."""
        self.emit(Log(stream=self.stream, slice=self.slice, level=level, message=message))

    def report_wait(self, wait: Wait) -> None:
        """Report that the API budget holds back a request of this stream and slice."""
        self.emit(BudgetWait(stream=self.stream, slice=self.slice, wait=wait))
