"""How long to wait before a request is repeated."""

from __future__ import annotations

import math
import random
from typing import Annotated

import httpx
from pydantic import Field

from core.components.error_handlers import answer_scope
from core.errors import ReadError
from core.http.policy import Outcome, WaitTooLongError
from core.runtime.component import Component, Gives
from core.runtime.context import Context
from core.runtime.roles import BackoffStrategy
from core.templates import LimitError, PatternError, Template, TemplateError, compile_pattern

Number = float | Template


class ConstantBackoffStrategy(BackoffStrategy):
    """Waits the same time before every retry."""

    label = "A fixed time"

    backoff_time_in_seconds: Number = Field(title="Backoff Time", description="Seconds to wait.")
    jitter_range_in_seconds: float | None = Field(
        None, ge=0, title="Jitter Range", description="Up to twice as many seconds are added, by chance."
    )

    def wait(self, _outcome: Outcome, _attempt: int, context: Context) -> float | None:
        return _jittered(_number(self, "backoff_time_in_seconds", context), self.jitter_range_in_seconds)


class ExponentialBackoffStrategy(BackoffStrategy):
    """Waits twice as long before each further retry: with a factor of 5 for 10, 20, 40, 80, ... seconds."""

    label = "Longer each time"

    factor: Number = Field(5, title="Factor", description="Half of the first wait, in seconds.")
    jitter_range_in_seconds: float | None = Field(
        None, ge=0, title="Jitter Range", description="Up to twice as many seconds are added, by chance."
    )

    def wait(self, _outcome: Outcome, attempt: int, context: Context) -> float | None:
        factor = _number(self, "factor", context)
        return _jittered(None if factor is None else factor * 2.0**attempt, self.jitter_range_in_seconds)


class WaitTimeFromHeader(BackoffStrategy):
    """Waits as many seconds as a header of the response says."""

    label = "As long as a header says"

    header: Template = Field(title="Response Header Name", description="The header, such as Retry-After.")
    regex: Template | None = Field(
        None, title="Extraction Regex", description="What of the header is the number, from its beginning."
    )
    max_waiting_time_in_seconds: Number | None = Field(
        None,
        title="Max Waiting Time in Seconds",
        description="If the header asks for this long or longer, the request fails.",
    )

    def wait(self, outcome: Outcome, _attempt: int, context: Context) -> float | None:
        """Seconds to wait; None if the header has no number. Raises `WaitTooLongError`."""
        seconds = _header_number(self, self.header, self.regex, outcome, context)
        return _limited(self, seconds if seconds and seconds > 0 else None, context)


class WaitUntilTimeFromHeader(BackoffStrategy):
    """Waits until the time in a header of the response, in seconds since 1970."""

    label = "Until the time in a header"

    header: Template = Field(title="Response Header", description="The header, such as X-RateLimit-Reset.")
    min_wait: Number | None = Field(
        None,
        title="Minimum Wait Time",
        description="The shortest wait in seconds, even without the header.",
    )
    regex: Template | None = Field(
        None, title="Extraction Regex", description="What of the header is the number, from its beginning."
    )
    max_waiting_time_in_seconds: Number | None = Field(
        None,
        title="Max Waiting Time in Seconds",
        description="If it takes this long or longer, the request fails.",
    )

    def wait(self, outcome: Outcome, _attempt: int, context: Context) -> float | None:
        """Seconds to wait; None if the header has no time in the future. Raises `WaitTooLongError`."""
        least = _number(self, "min_wait", context)
        until = _header_number(self, self.header, self.regex, outcome, context)
        seconds = until - context.run.now().timestamp() if until else None
        if least:
            seconds = max(seconds or 0.0, least)
        return _limited(self, seconds if seconds is None or seconds >= 0 else None, context)


class WaitTimeFromResponse(BackoffStrategy):
    """Waits as many seconds as the body or the headers of the response say."""

    label = "As long as the answer says"

    wait_time_in_seconds: Annotated[Template, Gives("response", "headers")] = Field(
        title="Wait Time in Seconds", description="The seconds, such as {{ response.retry_in }}."
    )
    max_waiting_time_in_seconds: Number | None = Field(
        None,
        title="Max Waiting Time in Seconds",
        description="If the response asks for this long or longer, the request fails.",
    )

    def wait(self, outcome: Outcome, _attempt: int, context: Context) -> float | None:
        """Seconds to wait; None if the response has no number. Raises `WaitTooLongError`."""
        if not isinstance(outcome, httpx.Response):
            return None
        template = self.wait_time_in_seconds
        try:
            value = template.evaluate_or(answer_scope(template, self, outcome, context), None)
        except TemplateError:
            return None  # a response of another shape, which says nothing about waiting
        seconds = _as_number(value)
        return _limited(self, seconds if seconds and seconds > 0 else None, context)


def _number(strategy: Component, name: str, context: Context) -> float | None:
    """The number that a field gives. Raises `ReadError` when it gives something else."""
    written = getattr(strategy, name)
    if not isinstance(written, Template):
        return None if written is None else float(written)
    value = written.evaluate_or(context.scope(strategy), None)
    if value is None:
        return None
    number = _as_number(value)
    if number is None:
        raise ReadError(f"`{name}` of the {type(strategy).__name__} must give a number, but `{written}` does not.")
    return number


def _header_number(
    strategy: Component, header: Template, regex: Template | None, outcome: Outcome, context: Context
) -> float | None:
    if not isinstance(outcome, httpx.Response):
        return None
    scope = context.scope(strategy)
    name = header.text(scope)
    value = outcome.headers.get(name, "") if name.isascii() else ""  # no other names can be sent
    if regex is not None:
        try:
            match = compile_pattern(regex.text(scope)).match(value)
        except PatternError as error:
            raise ReadError(f"`{regex}` is not a regular expression: {error}.") from None
        except LimitError as error:
            raise ReadError(f"`{regex}` can't be used: {error}.") from None
        value = match[0] or "" if match else value
    return _as_number(value)


def _as_number(value: object) -> float | None:
    try:
        number = float(value)  # type: ignore[arg-type]  # what is no number raises
    except (TypeError, ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None


def _jittered(seconds: float | None, jitter: float | None) -> float | None:
    """Airbyte: between the time and the time plus twice the jitter."""
    if seconds is None or jitter is None:
        return seconds
    return random.uniform(seconds, seconds + 2 * jitter)


def _limited(strategy: Component, seconds: float | None, context: Context) -> float | None:
    limit = _number(strategy, "max_waiting_time_in_seconds", context)
    if seconds is not None and limit is not None and seconds >= limit:
        raise WaitTooLongError(seconds, limit)
    return seconds
