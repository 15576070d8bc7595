"""A stream that is read in one way without a state, and in another one with it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Annotated, Any

from pydantic import Field

from core.components.cursors.counting import IncrementingCountCursor
from core.components.stream import DeclarativeStream, ReadableStream, StreamChoice
from core.errors import ReadError
from core.jobs.steps import JobSteps
from core.levels import Level
from core.manifest.problems import Problem
from core.runtime.component import Shown
from core.runtime.context import Context, text_of
from core.runtime.cursor import NO_CURSOR
from core.templates import Template, TemplateError
from core.templates.datetimes import DatetimeError, parse_duration

_WAYS = ("full_refresh_stream", "incremental_stream")
_NO_COUNTS = "`api_retention_period` needs cursors over time, and this is an IncrementingCountCursor"


class StateDelegatingStream(ReadableStream):
    """A stream that is read in full as long as there is no state, and by another request for changes from then on."""

    label = "Full, then changes"

    full_refresh_stream: DeclarativeStream = Field(
        title="Full Refresh", description="How everything is read, when there is no state yet."
    )
    incremental_stream: DeclarativeStream = Field(
        title="Incremental", description="How changes are read, when there is a state."
    )
    api_retention_period: Annotated[Template | None, Shown(editor="duration", unset="No limit")] = Field(
        None,
        title="API Retention Period",
        description="How long the API remembers changes, such as P30D. A state that is older is dropped, and "
        "everything is read again.",
    )

    @property
    def described(self) -> DeclarativeStream:
        return self.full_refresh_stream

    @property
    def ways(self) -> tuple[DeclarativeStream, ...]:
        return self.full_refresh_stream, self.incremental_stream

    def cursor_field(self, context: Context) -> str | None:
        """That of a read with a state."""
        return self.incremental_stream.cursor_field(context)

    def chosen(self, state: Mapping[str, Any] | None, context: Context, *, fresh: bool = True) -> StreamChoice:
        """Airbyte: without a state the full refresh, else the incremental one, unless the state is older than what the
        API remembers, or says no time that could be compared.
        """
        if not state:
            return self._in_full(state, "as there is no state")
        period = self._retention(context) if fresh else ""
        if period and (reason := self._too_old(state, period, context)):
            choice = self._in_full({}, reason)
            return replace(choice, level=Level.WARNING, drops_state=True)
        reason = f"`{self.name}` goes on from its state: its changes are read (`{_WAYS[1]}`)."
        return StreamChoice(self.incremental_stream, state, goes_on=True, reason=reason, way=_WAYS[1])

    def _in_full(self, state: Mapping[str, Any] | None, why: str) -> StreamChoice:
        reason = f"`{self.name}` is read in full (`{_WAYS[0]}`), {why}."
        return StreamChoice(self.full_refresh_stream, state, goes_on=False, reason=reason, way=_WAYS[0])

    def job_steps(self, way: str) -> JobSteps | None:
        ways = dict(zip(_WAYS, self.ways, strict=True))
        return ways[way].retriever.job_steps if way in ways else super().job_steps(way)

    def _too_old(self, state: Mapping[str, Any], period: str, context: Context) -> str:
        """Why changes since the state can't be told any more, as a clause; empty where they can."""
        try:
            since = context.run.now() - parse_duration(period)
        except (DatetimeError, OverflowError, ValueError):
            raise ReadError(f"`api_retention_period` of the stream `{self.name}` is no duration: {period!r}.") from None
        if any(isinstance(way.incremental_sync, IncrementingCountCursor) for way in self.ways):
            raise ReadError(f"The stream `{self.name}` can't be read: {_NO_COUNTS}.")
        until = next((time for way in self.ways if (time := way.saved_until(state, context)) is not None), None)
        if until is None and state.get(NO_CURSOR) and any(way.incremental_sync is None for way in self.ways):
            return ""  # it was read in full, and no time is known yet from which changes are asked for
        if until is None:
            return "as its state says no time that could be compared with what the API remembers; the state is dropped"
        if until < since:
            return f"as its state ends {until:%Y-%m-%d %H:%M}, and the API remembers {period}; the state is dropped"
        return ""

    def _retention(self, context: Context) -> str:
        template = self.api_retention_period
        value = "" if template is None else text_of(template, {"config": context.config, "parameters": self.parameters})
        return "" if value == "None" else value

    def lint(self) -> list[Problem]:
        """All three have the same name, and a constant period is one that times can be compared with."""
        names = [
            Problem(f"`name` must be `{self.name}`, as that of the stream around it", (key, "name"))
            for key, way in zip(_WAYS, self.ways, strict=True)
            if way.name != self.name and self.name
        ]
        return [*self._nameless(), *names, *self._lint_period()]

    def _lint_period(self) -> list[Problem]:
        period = self.api_retention_period
        if period is None or not period.constant:
            return []
        try:
            text = str(period.evaluate({}))
            if text:
                parse_duration(text)
        except (DatetimeError, TemplateError) as error:
            return [Problem(f"this period can't be read: {error}", ("api_retention_period",), hint="such as P30D")]
        return [
            Problem(_NO_COUNTS, (key, "incremental_sync"))
            for key, way in zip(_WAYS, self.ways, strict=True)
            if text and isinstance(way.incremental_sync, IncrementingCountCursor)
        ]
