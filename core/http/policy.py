"""What a response means and what is done about it: actions, decisions, and the failure that a read raises."""

from __future__ import annotations

import re
import ssl
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from enum import StrEnum
from http import HTTPStatus

import httpx

from core.errors import ReadError
from core.http.exchange import Exchange

DEFAULT_ATTEMPTS = 6
"""How often a request is sent in all unless the manifest says otherwise (Airbyte: 5 retries)."""

EXPIRED = frozenset({403, 404, 410})
"""Statuses that servers answer when a link has expired."""

Outcome = httpx.Response | httpx.HTTPError
"""What sending a request led to."""


class Action(StrEnum):
    """What is done about a response, or the lack of one."""

    SUCCESS = "SUCCESS"
    FAIL = "FAIL"
    RETRY = "RETRY"
    IGNORE = "IGNORE"
    RATE_LIMITED = "RATE_LIMITED"
    RESET_PAGINATION = "RESET_PAGINATION"
    REFRESH_TOKEN_THEN_RETRY = "REFRESH_TOKEN_THEN_RETRY"
    REDUCE_PAGE_SIZE = "REDUCE_PAGE_SIZE"
    SPLIT_REQUEST_WINDOW = "SPLIT_REQUEST_WINDOW"

    @property
    def repeats(self) -> bool:
        """Whether the request is sent again as it is."""
        return self in (Action.RETRY, Action.RATE_LIMITED, Action.REFRESH_TOKEN_THEN_RETRY)


class FailureType(StrEnum):
    """Who has to act on a failure: the author of the connector, its user, or nobody because it passes."""

    SYSTEM_ERROR = "system_error"
    CONFIG_ERROR = "config_error"
    TRANSIENT_ERROR = "transient_error"


@dataclass(frozen=True, slots=True)
class Decision:
    """What to do about an outcome.

    `message` is what the manifest says about it, `wait` the seconds until the next attempt (None: not specified;
    infinite: longer than the manifest allows), `max_attempts` how often the request is sent in all. `unplaced`: an
    error whose meaning neither the manifest nor its status tells. `default`: the manifest says nothing about it.
    """

    action: Action
    message: str | None = None
    failure_type: FailureType = FailureType.SYSTEM_ERROR
    wait: float | None = None
    max_attempts: int = DEFAULT_ATTEMPTS
    unplaced: bool = False
    default: bool = False


_ACCEPTED = "longhaul.accepted"


def accept(response: httpx.Response, decision: Decision) -> None:
    """Note at a response that is accepted whether the manifest says so, rather than nothing."""
    response.extensions[_ACCEPTED] = not decision.default


def is_accepted_by_manifest(response: httpx.Response) -> bool:
    """Whether the error handler of the manifest accepted a response, whatever it holds."""
    return bool(response.extensions.get(_ACCEPTED))


class RequestFailed(ReadError):
    """A request failed for good; the text says which one, what the API answered and what to do.

    `exchange` is its last exchange, `action` what was decided (FAIL, a retry whose attempts are used up, or one of
    those that a paginator acts on), `body` the API's error body, masked and shortened. `what` is the clause of the
    text that says what happened, `unplaced` that of the decision.
    """

    def __init__(
        self,
        message: str,
        *,
        exchange: Exchange,
        action: Action,
        failure_type: FailureType,
        body: str | None,
        what: str = "",
        unplaced: bool = False,
    ) -> None:
        transient = failure_type is FailureType.TRANSIENT_ERROR
        super().__init__(message, retryable=transient, status=exchange.status)
        self.exchange = exchange
        self.action = action
        self.failure_type = failure_type
        self.body = body
        self.what = what or message
        self.unplaced = unplaced

    @property
    def asked_wait(self) -> float | None:
        """Seconds that the API asks to wait before the next request; None when it does not say."""
        return retry_after(httpx.Response(200, headers=list(self.exchange.response_headers)))


class RedirectRefused(httpx.RequestError):
    """A redirect that is not followed: one too many, or one that would give secrets away."""


class BodyRefused(httpx.RequestError):
    """A body that is not read any further: it is too long, grows too much when it is decompressed, or comes too
    slowly.
    """


class WaitTooLongError(Exception):
    """The API asks for a longer wait than the manifest allows."""

    def __init__(self, seconds: float, limit: float) -> None:
        super().__init__(
            f"The API asks to wait {seconds:g} s before the next request, and the manifest allows less than {limit:g} s"
        )


_SECONDS = re.compile(r"\d+(\.\d+)?")
_PASSING = frozenset({408, 423, 425})
_LASTING = frozenset({501, 505, 506, 510, 511})


def default_decision(outcome: Outcome) -> Decision:
    """What an outcome means when the manifest says nothing about it.

    Airbyte: the same for 400, 401, 403, 404, 405, 408, 429, 500, 502, 503 and 504 and for broken connections. It
    retries all other statuses; here only those that may pass are retried: further 5xx, 423 and 425. What fails however
    often it is sent (402, 406, 409, 410, 422, 451, 501, a bad certificate, ...) fails at once.
    """
    decision = _decision_on(outcome) if isinstance(outcome, httpx.Response) else _decision_on_error(outcome)
    return replace(decision, default=True)


def _decision_on(response: httpx.Response) -> Decision:
    status = response.status_code
    if status < 400:
        return Decision(Action.SUCCESS)
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        return Decision(Action.RATE_LIMITED, failure_type=FailureType.TRANSIENT_ERROR)
    if status in _PASSING or (status >= 500 and status not in _LASTING):
        return Decision(Action.RETRY, failure_type=FailureType.TRANSIENT_ERROR)
    if status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN):
        return Decision(Action.FAIL, failure_type=FailureType.CONFIG_ERROR)
    return Decision(Action.FAIL, unplaced=True)


def _decision_on_error(error: httpx.HTTPError) -> Decision:
    if isinstance(error, httpx.UnsupportedProtocol) or bad_certificate(error):
        return Decision(Action.FAIL, failure_type=FailureType.CONFIG_ERROR)
    if isinstance(error, (RedirectRefused, BodyRefused, httpx.LocalProtocolError)):
        return Decision(Action.FAIL)
    return Decision(Action.RETRY, failure_type=FailureType.TRANSIENT_ERROR)


def bad_certificate(error: BaseException) -> bool:
    """Whether the connection failed because the server's certificate is not trusted."""
    return any(isinstance(cause, ssl.SSLCertVerificationError) for cause in causes(error))


def causes(error: BaseException) -> Iterator[BaseException]:
    """An exception and what caused it, nearest first."""
    cause: BaseException | None = error
    while cause is not None:
        yield cause
        if isinstance(cause, BaseExceptionGroup):
            for part in cause.exceptions:
                yield from causes(part)
        cause = cause.__cause__ or cause.__context__


def retry_after(response: httpx.Response, now: datetime | None = None) -> float | None:
    """Seconds until the server accepts the request again (RFC 9110: Retry-After, as seconds or as a date).

    None when it does not say. A date counts from the server's own clock if the response has a `Date`, else from `now`
    (an aware datetime; our clock if not given).
    """
    value = response.headers.get("retry-after", "").strip()
    if _SECONDS.fullmatch(value):
        return float(value)
    moment = _moment(value)
    if moment is None:
        return None
    return max(0.0, (moment - server_time(response, now or datetime.now(UTC))).total_seconds())


def server_time(response: httpx.Response, now: datetime) -> datetime:
    """The time of a response by the server's own clock, as an aware datetime; `now` if it does not say."""
    return _moment(response.headers.get("date", "")) or now


def _moment(text: str) -> datetime | None:
    """An HTTP date as an aware datetime; None if it is not valid."""
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return None
    return moment.replace(tzinfo=moment.tzinfo or UTC)
