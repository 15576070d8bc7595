"""How many calls a token has left: the request that reports it, and where responses hold the number."""

from __future__ import annotations

from datetime import datetime
from http import HTTPStatus
from typing import Annotated, Any, Literal

import httpx
from pydantic import Field

from core.components.api_budget import HttpRequestRegexMatcher
from core.components.authenticators.token_response import parse_moment
from core.errors import ReadError
from core.http.call import Call
from core.http.exchange import Role
from core.http.messages import json_body, shorten
from core.http.policy import Action, Decision, Outcome, default_decision
from core.http.request import RequestDraft
from core.manifest.problems import Problem, Severity
from core.runtime.component import AsText, Component, Shown
from core.runtime.context import Context
from core.runtime.tokens import Quota, QuotaReport
from core.templates import Template, TemplateMap

REFUSALS = (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN)


class QuotaStatusSource(Component):
    """The request that reports what is left of a token's quotas; sent once for each token, and after waits."""

    url: Template = Field(title="URL", description="The full URL, such as https://api.example.com/rate_limit.")
    http_method: Literal["GET", "POST"] = Field("GET", title="HTTP Method", description="The verb of the request.")
    request_headers: Annotated[TemplateMap | None, AsText(), Shown(advanced=True)] = Field(
        None, title="Request Headers", description="Headers in addition to the one with the token."
    )
    unavailable_status_codes: Annotated[list[int], Shown(advanced=True)] = Field(
        default_factory=list,
        title="Unavailable Status Codes",
        description="Statuses that mean that the API doesn't count calls. The token is then used without a quota "
        "for the rest of the run.",
    )

    async def ask(self, header: tuple[str, str], context: Context) -> Any:
        """The JSON value of the response, None if the API does not count calls. Raises `RequestFailed`."""
        variables = context.scope(self)
        draft = RequestDraft(
            method=self.http_method, url=self.url.text(variables).strip(), source="the quota status source"
        )
        for name, value in self.headers(context):
            draft.add_header(name, value)
        draft.add_header(*header)
        call = Call(
            role=Role.AUTH,
            draft=draft,
            decide=self._decide,
            listener=context,
            budgeted=False,
        )
        response = await context.run.session.send(call)
        assert response is not None
        return None if response.status_code in self.unavailable_status_codes else (json_body(response) or {})

    def headers(self, context: Context) -> tuple[tuple[str, str], ...]:
        """The headers in addition to the one with the token."""
        written = {} if self.request_headers is None else self.request_headers.evaluate_as_text(context.scope(self))
        return tuple((name, str(value)) for name, value in written.items())

    def key(self, context: Context) -> tuple[Any, ...]:
        """A key that is equal for sources that send the same request."""
        codes = frozenset(self.unavailable_status_codes)
        return self.url.text(context.scope(self)), self.http_method, self.headers(context), codes

    def lint(self) -> list[Problem]:
        return [
            Problem(
                f"{code} is what a refused token gets, too; it would be used without a quota",
                ("unavailable_status_codes", index),
                Severity.WARNING,
            )
            for index, code in enumerate(self.unavailable_status_codes)
            if code in REFUSALS
        ]

    def _decide(self, outcome: Outcome, _attempt: int) -> Decision:
        expected = isinstance(outcome, httpx.Response) and outcome.status_code in self.unavailable_status_codes
        return Decision(Action.SUCCESS) if expected else default_decision(outcome)


class TokenQuota(Component):
    """The calls that each token has for certain requests: where the API says how many are left, and until when."""

    name: str = Field(title="Name", description="What the quota is called in messages, such as rest.")
    remaining_path: Annotated[list[str], Shown(editor="field_path")] = Field(
        min_length=1,
        title="Remaining Path",
        description="The keys that lead to the number of calls left in the quota status.",
    )
    reset_path: Annotated[list[str], Shown(editor="field_path")] = Field(
        min_length=1,
        title="Reset Path",
        description="The keys that lead to the time when all calls are available again: a date, or seconds since 1970.",
    )
    limit_path: Annotated[list[str] | None, Shown(editor="field_path", unset="The calls left at the start")] = Field(
        None,
        title="Limit Path",
        description="The keys that lead to the number of calls of a full quota; by default those left at the start.",
    )
    matchers: list[HttpRequestRegexMatcher] = Field(
        default_factory=list,
        title="Matchers",
        description="The requests that are counted here: those that match one of these; without any, those that no "
        "other quota matches.",
    )
    remaining_header: str | None = Field(
        None,
        title="Remaining Header",
        description="The response header with the number of calls left, such as X-RateLimit-Remaining.",
    )
    reset_header: str | None = Field(
        None,
        title="Reset Header",
        description="The response header with the time of the reset, such as X-RateLimit-Reset.",
    )
    limit_header: Annotated[str | None, Shown(advanced=True)] = Field(
        None, title="Limit Header", description="The response header with the number of calls of a full quota."
    )
    exhaustion_status_codes: Annotated[list[int], Shown(advanced=True)] = Field(
        default_factory=list,
        title="Exhaustion Status Codes",
        description="Response statuses that mean only that the token's quota is used up, such as 429.",
    )

    def takes(self, request: httpx.Request) -> bool:
        """Whether a matcher matches."""
        return any(matcher.matches(request) for matcher in self.matchers)

    def read(self, status: Any) -> Quota:
        """The quota in the quota status. Raises `ReadError` if it is not at the paths, or invalid."""
        remaining = self._whole("remaining_path", self._found(status, "remaining_path"))
        reset = self._found(status, "reset_path")
        try:
            reset_at = parse_moment(str(reset))
        except (ValueError, OverflowError):
            raise self._unreadable("reset_path", "a date, or seconds since 1970", reset) from None
        limit = self._whole("limit_path", self._found(status, "limit_path")) if self.limit_path else remaining
        return Quota(remaining, reset_at, limit)

    def report(self, response: httpx.Response) -> QuotaReport:
        """What the response to a data request says about the quota."""
        limited = response.status_code in self.exhaustion_status_codes
        remaining = _number(response, self.remaining_header)
        return QuotaReport(
            remaining=0 if remaining is None and limited else remaining,
            reset_at=_moment(response, self.reset_header),
            limit=_number(response, self.limit_header),
            limited=limited,
        )

    @property
    def key(self) -> bytes:
        """A key that is equal for quotas that count the same, whatever their `$parameters`."""
        bare: dict[str, Any] = {"parameters": {}}
        matchers = [matcher.model_copy(update=bare) for matcher in self.matchers]
        return self.model_copy(update={**bare, "matchers": matchers}).identity

    def _found(self, status: Any, name: str) -> Any:
        value = status
        for key in getattr(self, name):
            if not isinstance(value, dict) or key not in value:
                path = ".".join(getattr(self, name))
                raise ReadError(
                    f"The quota status has nothing at `{path}`, where `{name}` of the quota `{self.name}` looks. "
                    "Check the path and the URL of the quota status source."
                )
            value = value[key]
        return value

    def _whole(self, name: str, value: Any) -> int:
        try:
            return int(value)
        except (TypeError, ValueError, OverflowError):
            raise self._unreadable(name, "a whole number", value) from None

    def _unreadable(self, name: str, wanted: str, value: Any) -> ReadError:
        return ReadError(
            f"`{name}` of the quota `{self.name}` must lead to {wanted}, but there is “{shorten(str(value))}”."
        )


def _header(response: httpx.Response, name: str | None) -> str:
    return str(response.headers.get(name, "")).strip() if name else ""


def _number(response: httpx.Response, name: str | None) -> int | None:
    try:
        return int(_header(response, name))
    except ValueError:
        return None


def _moment(response: httpx.Response, name: str | None) -> datetime | None:
    text = _header(response, name)
    try:
        return parse_moment(text) if text else None
    except (ValueError, OverflowError):
        return None
