"""The API budget: how many requests of which kind may be sent in which time."""

from __future__ import annotations

import re
from abc import abstractmethod
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import cached_property
from typing import Annotated, Any
from urllib.parse import parse_qsl

import httpx
from pydantic import BeforeValidator, Field

from core.components.http_requester import Method
from core.errors import InputError, ReadError
from core.http.budget import (
    HIT_STATUSES,
    REMAINING_HEADER,
    RESET_HEADER,
    Budget,
    FixedWindow,
    MovingWindow,
    Policy,
    Window,
)
from core.http.messages import time_span
from core.manifest.problems import Path, Problem, Severity
from core.runtime.component import Component, Shown, Unsupported
from core.templates import LimitError, Pattern, PatternError, Template, TemplateError, compile_pattern
from core.templates.datetimes import DatetimeError, parse_duration


def whole_number(value: int | Template, config: Mapping[str, Any]) -> int:
    """The number that is written or that a template gives. Raises `TemplateError`."""
    if not isinstance(value, Template):
        return value
    result = value.evaluate({"config": config})
    try:
        return int(result)
    except (TypeError, ValueError):
        raise TemplateError(f"`{value.source}` must give a whole number", value.source) from None


def positive_number(value: int | Template, config: Mapping[str, Any]) -> int:
    """The same for a number that must be at least 1. Raises `TemplateError`."""
    number = whole_number(value, config)
    if number < 1:
        raise TemplateError("it must give a number of at least 1", str(value))
    return number


def positive_problems(value: int | Template | None, path: Path) -> list[Problem]:
    """What is wrong with such a number as far as it can be told without inputs."""
    if value is None or (isinstance(value, Template) and not value.constant):
        return []
    try:
        number = whole_number(value, {})
    except TemplateError:
        return [Problem(f"`{path[-1]}` must be a whole number", path)]
    return [] if number >= 1 else [Problem(f"`{path[-1]}` must be at least 1, but it is {number}", path)]


_ORIGIN = re.compile(r"https?://[^/?#{}]+/?")
HttpStatus = Annotated[int, Field(ge=100, le=599)]


def _in_capitals(text: Any) -> Any:
    return text.upper() if isinstance(text, str) else text


class HttpRequestRegexMatcher(Component):
    """Requests of one kind.

    Everything that is given must fit: how and where a request is sent, and with what. A matcher without anything
    fits every request.
    """

    label = "Request matcher"

    method: Annotated[Method | None, BeforeValidator(_in_capitals)] = Field(
        None, title="Method", description="The verb of the request."
    )
    url_base: str | None = Field(
        None,
        title="URL Base",
        description="Scheme and host of the URL, such as https://api.example.com, without a path.",
    )
    url_path_pattern: str | None = Field(
        None,
        title="Path Pattern",
        description="A regular expression that is found in the path of the URL, such as ^/v1/reports.",
    )
    params: Annotated[dict[str, Any] | None, Shown(editor="pairs")] = Field(
        None, title="Parameters", description="Query parameters that the request has, with these very values."
    )
    headers: Annotated[dict[str, Any] | None, Shown(editor="pairs")] = Field(
        None, title="Headers", description="Headers that the request has, with these very values."
    )
    weight: Annotated[int | Template | None, Shown(unset="1")] = Field(
        None, title="Weight", description="How many calls such a request counts for; 1 when not said."
    )

    def matches(self, request: httpx.Request) -> bool:
        """Whether everything that is given fits the request. Airbyte: the same, a `/` at the path's end left out."""
        url = request.url
        path, _, query = url.raw_path.decode("ascii").partition("?")
        return (
            (self.method is None or request.method == self.method)
            and (not self.url_base or f"{url.scheme}://{url.netloc.decode('ascii')}" == self._base)
            and (self._pattern is None or _found(self._pattern, path.rstrip("/")))
            and _includes(dict(parse_qsl(query)), self.params)
            and _includes(request.headers, self.headers)
        )

    def lint(self) -> list[Problem]:
        """The pattern is a regular expression, the base is one, the weight is a number above 0."""
        problems = positive_problems(self.weight, ("weight",))
        try:
            compile_pattern(self.url_path_pattern or "")
        except PatternError as error:
            problems.append(Problem(f"`url_path_pattern` is no regular expression: {error}", ("url_path_pattern",)))
        if self.url_base and not _ORIGIN.fullmatch(self.url_base):
            message = f"no request matches `{self.url_base}`: it must be scheme and host, as they are"
            hint = "such as https://api.example.com; a path goes into `url_path_pattern`"
            problems.append(Problem(message, ("url_base",), Severity.WARNING, hint, fields=("url_path_pattern",)))
        return problems

    @cached_property
    def _base(self) -> str:
        """The base in the spelling that requests have: small letters, no port that goes without saying."""
        written = (self.url_base or "").rstrip("/")
        try:
            return str(httpx.URL(written)).rstrip("/")
        except httpx.InvalidURL:
            return written

    @cached_property
    def _pattern(self) -> Pattern | None:
        return compile_pattern(self.url_path_pattern) if self.url_path_pattern else None


def _found(pattern: Pattern, path: str) -> bool:
    try:
        return pattern.search(path) is not None
    except LimitError as error:
        raise ReadError(f"`url_path_pattern` can't be used: {error}.") from None


class Rate(Component):
    """Calls in a length of time."""

    limit: int | Template = Field(title="Limit", description="The calls that are allowed within the interval.")
    interval: Annotated[str, Shown(editor="duration")] = Field(
        title="Interval", description="The length of time, as an ISO 8601 duration such as PT1M."
    )

    def lint(self) -> list[Problem]:
        """The limit is a number above 0, the interval a length of time."""
        return [*positive_problems(self.limit, ("limit",)), *_duration_problems(self.interval, ("interval",))]


class CallRatePolicy(Component, role=True):
    """Says how often requests may be sent, or some of them."""

    @abstractmethod
    def policy(self, config: Mapping[str, Any]) -> Policy:
        """The policy at work, at the start of a run. Raises `TemplateError`."""


_MATCHERS: Any = Field(
    title="Matchers",
    description="The requests that this is about: those that one of the matchers fits. Without matchers all requests.",
)


class FixedWindowCallRatePolicy(CallRatePolicy):
    """Allows so many calls in each period; when a period is over, all of them are there again.

    A period begins with its first call. What the API says of its own (see the headers of the budget) goes before.
    """

    label = "Fixed window"

    call_limit: int = Field(title="Call Limit", description="The calls that are allowed within a period.")
    period: Annotated[str, Shown(editor="duration")] = Field(
        title="Period", description="How long a period is, as an ISO 8601 duration such as PT1H."
    )
    matchers: list[HttpRequestRegexMatcher] = _MATCHERS

    def policy(self, config: Mapping[str, Any]) -> Policy:
        """Counts calls in periods."""
        limit, period = self.call_limit, _seconds(self.period)
        return _policy(_terms(limit, period), self.matchers, config, FixedWindow(limit, period), limit)

    def lint(self) -> list[Problem]:
        """The limit is above 0, the period a length of time, and no request weighs more than is allowed."""
        return [
            *(positive_problems(self.call_limit, ("call_limit",)) or _weight_problems(self.matchers, self.call_limit)),
            *_duration_problems(self.period, ("period",)),
        ]


class MovingWindowCallRatePolicy(CallRatePolicy):
    """Allows so many calls in any stretch of time, however it is laid; several rates hold at once.

    Suits APIs that say "10 requests a second, 1000 an hour".
    """

    label = "Moving window"

    rates: list[Rate] = Field(title="Rates", description="How many calls are allowed in how long; all of them hold.")
    matchers: list[HttpRequestRegexMatcher] = _MATCHERS

    def policy(self, config: Mapping[str, Any]) -> Policy:
        """Counts the calls of the time that just passed."""
        rates = [(positive_number(rate.limit, config), _seconds(rate.interval)) for rate in self.rates]
        terms = " and ".join(_terms(limit, interval) for limit, interval in rates)
        return _policy(terms, self.matchers, config, MovingWindow(rates), min(limit for limit, _ in rates))

    def lint(self) -> list[Problem]:
        """There are rates, and no request weighs more than each of them allows."""
        if not self.rates:
            return [Problem("a moving window needs at least one rate", ("rates",))]
        limits = [limit for rate in self.rates if (limit := _constant(rate.limit)) is not None]
        return _weight_problems(self.matchers, min(limits)) if limits else []


class UnlimitedCallRatePolicy(CallRatePolicy):
    """Lets requests go that a policy further down would limit."""

    label = "Unlimited"

    matchers: list[HttpRequestRegexMatcher] = _MATCHERS

    def policy(self, config: Mapping[str, Any]) -> Policy:
        """Counts nothing."""
        return _policy("no limit", self.matchers, config)


class HTTPAPIBudget(Component):
    """How many requests may be sent to the API in a given time, by all streams together.

    The first policy that fits a request decides; what no policy fits is not limited. Requests for OAuth tokens
    don't count.
    """

    label = "API budget"

    policies: list[CallRatePolicy] = Field(
        title="Policies", description="The call rates, the most special first: the first that fits a request decides."
    )
    ratelimit_reset_header: str = Field(
        RESET_HEADER,
        title="Reset Header",
        description="The header of answers that says when the API's limit begins anew: a moment in seconds since "
        "1970, or the seconds until then.",
    )
    ratelimit_remaining_header: str = Field(
        REMAINING_HEADER,
        title="Remaining Header",
        description="The header of answers that says how many calls are left.",
    )
    status_codes_for_ratelimit_hit: list[HttpStatus] = Field(
        default_factory=lambda: list(HIT_STATUSES),
        title="Rate Limit Statuses",
        description="The statuses of answers that say that no calls are left; 429 when not said.",
    )

    def budget(self, config: Mapping[str, Any]) -> Budget:
        """The budget of a run. Raises `TemplateError`, and `ReadError` for policies that Longhaul doesn't run."""
        for policy in self.policies:
            if isinstance(policy, Unsupported):
                raise ReadError(
                    f"The API budget has a call rate policy that Longhaul doesn't run: {policy.written_type}."
                )
        return Budget(
            [policy.policy(config) for policy in self.policies],
            reset_header=self.ratelimit_reset_header or RESET_HEADER,
            remaining_header=self.ratelimit_remaining_header or REMAINING_HEADER,
            hit_statuses=self.status_codes_for_ratelimit_hit or HIT_STATUSES,
        )

    def lint(self) -> list[Problem]:
        """There are policies."""
        if self.policies:
            return []
        return [Problem("the API budget has no policies, so it limits nothing", ("policies",), Severity.WARNING)]


def _policy(
    terms: str,
    matchers: Sequence[HttpRequestRegexMatcher],
    config: Mapping[str, Any],
    window: Window | None = None,
    limit: int | None = None,
) -> Policy:
    """A policy whose requests weigh what the first matcher that fits them says. Raises `TemplateError`,
    `InputError`.
    """
    weights = [1 if matcher.weight is None else positive_number(matcher.weight, config) for matcher in matchers]
    if limit is not None and max(weights, default=1) > limit:
        raise InputError(
            "The inputs give a matcher of the API budget a weight above the limit of its policy: such requests "
            "could never be sent."
        )

    def weigh(request: httpx.Request) -> int | None:
        if not matchers:
            return 1
        pairs = zip(matchers, weights, strict=True)
        return next((weight for matcher, weight in pairs if matcher.matches(request)), None)

    return Policy(terms, weigh, window)


def _weight_problems(matchers: Sequence[HttpRequestRegexMatcher], limit: int) -> list[Problem]:
    """Requests that could never be sent, as far as it can be told without inputs."""
    return [
        Problem(
            f"a request of weight {weight} could never be sent: the limit is {limit}", ("matchers", index, "weight")
        )
        for index, matcher in enumerate(matchers)
        if matcher.weight is not None and (weight := _constant(matcher.weight)) is not None and weight > limit
    ]


def _constant(value: int | Template) -> int | None:
    """A number that does not hang on inputs and makes sense."""
    if isinstance(value, Template) and not value.constant:
        return None
    try:
        return positive_number(value, {})
    except TemplateError:
        return None


def _includes(found: Mapping[str, str], wanted: Mapping[str, Any] | None) -> bool:
    return all(found.get(name) == str(value) for name, value in (wanted or {}).items())


def _terms(calls: int, seconds: float) -> str:
    return f"{calls:,} {'call' if calls == 1 else 'calls'} in {time_span(seconds)}"


def _duration_problems(text: str, path: Path) -> list[Problem]:
    hint = "such as PT1S, PT1M or PT1H"
    try:
        seconds = _seconds(text)
    except DatetimeError as error:
        return [Problem(str(error), path, hint=hint)]
    return [] if seconds > 0 else [Problem(f"{text!r} is no length of time: it must be above 0", path, hint=hint)]


def _seconds(text: str) -> float:
    """The length of a duration; of months and years, those that begin now. Raises `DatetimeError`."""
    now = datetime.now(UTC)
    try:
        end: datetime = now + parse_duration(text)
    except DatetimeError:
        raise
    except (OverflowError, ValueError):
        raise DatetimeError("is too long", text) from None
    return (end - now).total_seconds()
