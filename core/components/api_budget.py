"""The API budget: how many requests of a kind may be sent in a given time."""

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
    RatePolicy,
    RateWindow,
)
from core.manifest.problems import Path, Problem, Severity
from core.runtime.component import Component, Shown, Unsupported
from core.templates import LimitError, Pattern, PatternError, Template, TemplateError, compile_pattern
from core.templates.datetimes import DatetimeError, parse_duration
from core.units import count, time_span


def whole_number(value: int | Template, config: Mapping[str, Any]) -> int:
    """The number, or what the template gives. Raises `TemplateError`."""
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
    """What is wrong with such a number, as far as that is known without inputs."""
    if value is None or (isinstance(value, Template) and not value.constant):
        return []
    try:
        number = whole_number(value, {})
    except TemplateError:
        return [Problem(f"`{path[-1]}` must be a whole number", path)]
    return [] if number >= 1 else [Problem(f"`{path[-1]}` must be at least 1, but it is {number}", path)]


_ORIGIN = re.compile(r"https?://[^/?#{}]+/?")
HttpStatus = Annotated[int, Field(ge=100, le=599)]


def _upper(text: Any) -> Any:
    return text.upper() if isinstance(text, str) else text


class HttpRequestRegexMatcher(Component):
    """Matches requests of one kind.

    All fields that are set must match: the method, the URL, the parameters and the headers. A matcher without any
    matches every request.
    """

    label = "Request matcher"

    method: Annotated[Method | None, BeforeValidator(_upper)] = Field(
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
        description="A regular expression that matches in the path of the URL, such as ^/v1/reports.",
    )
    params: Annotated[dict[str, Any] | None, Shown(editor="pairs")] = Field(
        None, title="Parameters", description="Query parameters that the request has, with exactly these values."
    )
    headers: Annotated[dict[str, Any] | None, Shown(editor="pairs")] = Field(
        None, title="Headers", description="Headers that the request has, with exactly these values."
    )
    weight: Annotated[int | Template | None, Shown(unset="1")] = Field(
        None, title="Weight", description="How many calls such a request counts for; 1 if not set."
    )

    def matches(self, request: httpx.Request) -> bool:
        """Whether all fields that are set match. Airbyte: the same; a `/` at the end of the path is ignored."""
        url = request.url
        path, _, query = url.raw_path.decode("ascii").partition("?")
        return (
            (self.method is None or request.method == self.method)
            and (not self.url_base or f"{url.scheme}://{url.netloc.decode('ascii')}" == self._base)
            and (self._pattern is None or _is_found(self._pattern, path.rstrip("/")))
            and _includes(dict(parse_qsl(query)), self.params)
            and _includes(request.headers, self.headers)
        )

    def lint(self) -> list[Problem]:
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
        """The base as requests spell it: in lower case, without the default port."""
        written = (self.url_base or "").rstrip("/")
        try:
            return str(httpx.URL(written)).rstrip("/")
        except httpx.InvalidURL:
            return written

    @cached_property
    def _pattern(self) -> Pattern | None:
        return compile_pattern(self.url_path_pattern) if self.url_path_pattern else None


def _is_found(pattern: Pattern, path: str) -> bool:
    try:
        return pattern.search(path) is not None
    except LimitError as error:
        raise ReadError(f"`url_path_pattern` can't be used: {error}.") from None


class Rate(Component):
    """A number of calls in an interval."""

    limit: int | Template = Field(title="Limit", description="The calls that are allowed within the interval.")
    interval: Annotated[str, Shown(editor="duration")] = Field(
        title="Interval", description="The length of time, as an ISO 8601 duration such as PT1M."
    )

    def lint(self) -> list[Problem]:
        return [*positive_problems(self.limit, ("limit",)), *_duration_problems(self.interval, ("interval",))]


class CallRatePolicy(Component, role=True):
    """Limits how often all or some requests may be sent."""

    @abstractmethod
    def policy(self, config: Mapping[str, Any], parts: int = 1) -> RatePolicy:
        """The policy of a run, made at its start; `parts` processes share what it allows. Raises `TemplateError`,
        `InputError`.
        """


_MATCHERS: Any = Field(
    title="Matchers",
    description="The requests that this policy applies to: those that match one of these; without any, all requests.",
)


class FixedWindowCallRatePolicy(CallRatePolicy):
    """Allows a number of calls in each period; when a period ends, all of them are available again.

    A period begins with its first call. What the API reports (see the headers of the budget) takes precedence.
    """

    label = "Fixed window"

    call_limit: int = Field(title="Call Limit", description="The number of calls that are allowed within a period.")
    period: Annotated[str, Shown(editor="duration")] = Field(
        title="Period", description="How long a period is, as an ISO 8601 duration such as PT1H."
    )
    matchers: list[HttpRequestRegexMatcher] = _MATCHERS

    def policy(self, config: Mapping[str, Any], parts: int = 1) -> RatePolicy:
        limit, period = self.call_limit // parts, _seconds(self.period)
        return _policy(_terms(limit, period), self.matchers, config, FixedWindow(limit, period), limit, parts=parts)

    def lint(self) -> list[Problem]:
        return [
            *(positive_problems(self.call_limit, ("call_limit",)) or _weight_problems(self.matchers, self.call_limit)),
            *_duration_problems(self.period, ("period",)),
        ]


class MovingWindowCallRatePolicy(CallRatePolicy):
    """Allows a number of calls in any interval of a given length; several rates hold at once.

    Suits APIs that say "10 requests a second, 1000 an hour".
    """

    label = "Moving window"

    rates: list[Rate] = Field(title="Rates", description="How many calls are allowed in which interval.")
    matchers: list[HttpRequestRegexMatcher] = _MATCHERS

    def policy(self, config: Mapping[str, Any], parts: int = 1) -> RatePolicy:
        rates = [(positive_number(rate.limit, config) // parts, _seconds(rate.interval)) for rate in self.rates]
        terms = " and ".join(_terms(limit, interval) for limit, interval in rates)
        return _policy(terms, self.matchers, config, MovingWindow(rates), min(limit for limit, _ in rates), parts=parts)

    def lint(self) -> list[Problem]:
        if not self.rates:
            return [Problem("a moving window needs at least one rate", ("rates",))]
        limits = [limit for rate in self.rates if (limit := _constant(rate.limit)) is not None]
        return _weight_problems(self.matchers, min(limits)) if limits else []


class UnlimitedCallRatePolicy(CallRatePolicy):
    """Exempts requests from the policies after it."""

    label = "Unlimited"

    matchers: list[HttpRequestRegexMatcher] = _MATCHERS

    def policy(self, config: Mapping[str, Any], parts: int = 1) -> RatePolicy:
        return _policy("no limit", self.matchers, config)


class HTTPAPIBudget(Component):
    """How many requests may be sent to the API in a given time, by all streams together.

    The first policy that matches a request decides; a request that no policy matches is not limited. Requests for
    OAuth tokens don't count.
    """

    label = "API budget"

    policies: list[CallRatePolicy] = Field(
        title="Policies",
        description="The call rates, the most specific first: the first that matches a request decides.",
    )
    ratelimit_reset_header: str = Field(
        RESET_HEADER,
        title="Reset Header",
        description="The response header that says when the API's limit is reset: a time in seconds since 1970, or "
        "the seconds until then.",
    )
    ratelimit_remaining_header: str = Field(
        REMAINING_HEADER,
        title="Remaining Header",
        description="The response header that says how many calls are left.",
    )
    status_codes_for_ratelimit_hit: list[HttpStatus] = Field(
        default_factory=lambda: list(HIT_STATUSES),
        title="Rate Limit Statuses",
        description="The response statuses that say that no calls are left; 429 if not set.",
    )

    def budget(self, config: Mapping[str, Any], parts: int = 1) -> Budget:
        """The budget of a run, or of one of the `parts` that it is divided into.

        Raises `TemplateError`, `InputError`, and `ReadError` for policies that Longhaul doesn't run.
        """
        for policy in self.policies:
            if isinstance(policy, Unsupported):
                raise ReadError(
                    f"The API budget has a call rate policy that Longhaul doesn't run: {policy.written_type}."
                )
        return Budget(
            [policy.policy(config, parts) for policy in self.policies],
            reset_header=self.ratelimit_reset_header or RESET_HEADER,
            remaining_header=self.ratelimit_remaining_header or REMAINING_HEADER,
            hit_statuses=self.status_codes_for_ratelimit_hit or HIT_STATUSES,
        )

    def lint(self) -> list[Problem]:
        if self.policies:
            return []
        return [Problem("the API budget has no policies, so it limits nothing", ("policies",), Severity.WARNING)]


def _policy(
    terms: str,
    matchers: Sequence[HttpRequestRegexMatcher],
    config: Mapping[str, Any],
    window: RateWindow | None = None,
    limit: int | None = None,
    *,
    parts: int = 1,
) -> RatePolicy:
    """A policy in which the first matcher that matches a request sets its weight; `limit` is what one part may do.

    Raises `TemplateError`, `InputError`.
    """
    weights = [1 if matcher.weight is None else positive_number(matcher.weight, config) for matcher in matchers]
    if limit is not None and max(weights, default=1) > limit:
        if parts > 1:
            raise InputError(f"The API budget allows too few calls to be divided among {parts} processes.")
        raise InputError(
            "The inputs give a matcher of the API budget a weight above the limit of its policy: such requests "
            "could never be sent."
        )

    def weigh(request: httpx.Request) -> int | None:
        if not matchers:
            return 1
        pairs = zip(matchers, weights, strict=True)
        return next((weight for matcher, weight in pairs if matcher.matches(request)), None)

    return RatePolicy(terms, weigh, window)


def _weight_problems(matchers: Sequence[HttpRequestRegexMatcher], limit: int) -> list[Problem]:
    """Problems of requests that could never be sent, as far as that is known without inputs."""
    return [
        Problem(
            f"a request of weight {weight} could never be sent: the limit is {limit}", ("matchers", index, "weight")
        )
        for index, matcher in enumerate(matchers)
        if matcher.weight is not None and (weight := _constant(matcher.weight)) is not None and weight > limit
    ]


def _constant(value: int | Template) -> int | None:
    """The number, if it is valid and does not depend on inputs."""
    if isinstance(value, Template) and not value.constant:
        return None
    try:
        return positive_number(value, {})
    except TemplateError:
        return None


def _includes(found: Mapping[str, str], wanted: Mapping[str, Any] | None) -> bool:
    return all(found.get(name) == str(value) for name, value in (wanted or {}).items())


def _terms(calls: int, seconds: float) -> str:
    return f"{count(calls, 'call')} in {time_span(seconds)}"


def _duration_problems(text: str, path: Path) -> list[Problem]:
    hint = "such as PT1S, PT1M or PT1H"
    try:
        seconds = _seconds(text)
    except DatetimeError as error:
        return [Problem(str(error), path, hint=hint)]
    return [] if seconds > 0 else [Problem(f"{text!r} is no length of time: it must be above 0", path, hint=hint)]


def _seconds(text: str) -> float:
    """The length of a duration; months and years are those that begin now. Raises `DatetimeError`."""
    now = datetime.now(UTC)
    try:
        end: datetime = now + parse_duration(text)
    except DatetimeError:
        raise
    except (OverflowError, ValueError):
        raise DatetimeError("is too long", text) from None
    return (end - now).total_seconds()
