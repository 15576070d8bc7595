"""A run with nothing but HTTP in it: components from manifest text, a real session, recorded events and waits."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import yaml

from core.components.http_requester import HttpRequester
from core.connector.building import TreeBuilder
from core.events import Event, ExchangeFinished, Log
from core.http.exchange import Exchange, Role
from core.http.secrets import Secrets
from core.http.session import HttpSession
from core.manifest.problems import Problem
from core.runtime.context import Context, Run

VISIBLE = frozenset({"next_page_token", "stream_slice", "stream_partition", "stream_interval", "creation_response"})


def build(written: str | Mapping[str, Any], role: type[Any]) -> Any:
    """The component that a piece of a manifest describes; there must be nothing wrong with it."""
    component, problems = build_with_problems(written, role)
    assert component is not None, problems
    assert not problems
    return component


def build_with_problems(written: str | Mapping[str, Any], role: type[Any]) -> tuple[Any, list[Problem]]:
    """The same for a piece that may have problems."""
    raw = yaml.safe_load(written) if isinstance(written, str) else written
    builder = TreeBuilder()
    component = builder.build(raw, role, (), VISIBLE)
    assert component is None or isinstance(component, role)
    return component, builder.problems


@dataclass
class Bench:
    """What a test needs to let components talk HTTP.

    `waits` are the seconds that were waited for (no time passes: `now` moves on instead), `config` holds the inputs.
    """

    executor: ThreadPoolExecutor
    config: dict[str, Any] = field(default_factory=dict)
    events: list[Event] = field(default_factory=list)
    waits: list[float] = field(default_factory=list)
    now: datetime = datetime(2024, 5, 17, 12, tzinfo=UTC)
    session: HttpSession = field(init=False)
    _run: Run | None = None

    def __post_init__(self) -> None:
        self.session = HttpSession(
            Secrets(), connect_timeout=5, read_timeout=5, clock=lambda: self.now, sleep=self.sleep
        )

    @property
    def run(self) -> Run:
        if self._run is None:
            self._run = Run(
                config=self.config,
                session=self.session,
                executor=self.executor,
                asking=self.executor,
                read_parent=_no_parents,
                first_record=_no_schema,
                sleep=self.sleep,
                now=lambda: self.now,
            )
        return self._run

    @property
    def context(self) -> Context:
        return Context(run=self.run, stream="things", emit=self.events.append)

    @property
    def exchanges(self) -> list[Exchange]:
        return [event.exchange for event in self.events if isinstance(event, ExchangeFinished)]

    @property
    def log(self) -> list[str]:
        return [event.message for event in self.events if isinstance(event, Log)]

    async def sleep(self, seconds: float) -> None:
        self.waits.append(seconds)
        self.now += timedelta(seconds=seconds)

    async def send(self, requester: str | Mapping[str, Any], **variables: Any) -> httpx.Response | None:
        """Send the request of a requester written as in a manifest."""
        component: HttpRequester = build(requester, HttpRequester)
        return await component.send(self.context.with_variables(**variables), Role.PAGE)

    def everything_seen(self) -> str:
        """All events as text: what must be free of secrets."""
        return "\n".join(map(repr, self.events))


def _no_parents(*_: Any, **__: Any) -> Any:
    raise AssertionError("no parent streams here")


async def _no_schema(*_: Any) -> Any:
    raise AssertionError("no schemas here")
