"""Error handlers: what a response means, and whether the request is retried."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import replace
from math import inf
from typing import Annotated, Any

import httpx
from pydantic import Field

from core.errors import ReadError
from core.http.messages import api_message, json_body
from core.http.policy import Action, Decision, FailureType, Outcome, WaitTooLongError, default_decision
from core.manifest.problems import Problem, Severity
from core.runtime.component import Component, Gives, Shown
from core.runtime.context import Context
from core.runtime.roles import BackoffStrategy, ErrorHandler
from core.templates import Condition, Template, TemplateError

ANSWER_VARIABLES = ("response", "headers", "request_url")


def answer_scope(
    template: Template | Condition, component: Component, response: httpx.Response, context: Context
) -> dict[str, Any]:
    """The variables of a template: `response` is the JSON body, or {} if there is none.

    `request_url` is the URL that answered, without query and credentials. The body is read only for a template that
    uses it, since that of a streamed response has not been received.
    """
    scope = context.scope(component, headers=response.headers, request_url=_bare_url(response.request.url))
    if "response" in template.variables:
        body = json_body(response)
        scope["response"] = {} if body is None else body
    return scope


def _bare_url(url: httpx.URL) -> str:
    return str(url.copy_with(userinfo=b"", query=None, fragment=None))


class RetryingErrorHandler(ErrorHandler, role=True):
    """Judges an outcome first, and then decides how long to wait."""

    @abstractmethod
    def judge(self, outcome: Outcome, context: Context) -> Decision:
        """The decision, without the wait. Raises `TemplateError`."""

    @abstractmethod
    def strategies(self, outcome: Outcome, context: Context) -> Sequence[BackoffStrategy]:
        """The strategies that may set the wait; the first that gives one counts."""

    def decide(self, outcome: Outcome, attempt: int, context: Context) -> Decision:
        decision = self.judge(outcome, context)
        if not decision.action.repeats:
            return decision
        try:
            waits = (strategy.wait(outcome, attempt, context) for strategy in self.strategies(outcome, context))
            return replace(decision, wait=next(filter(None, waits), decision.wait))
        except WaitTooLongError as error:
            return replace(decision, wait=inf, message=str(error), failure_type=FailureType.TRANSIENT_ERROR)


class HttpResponseFilter(Component):
    """Matches responses by status, by a text in the error message, or by a condition, and says what they mean.

    One of the three is enough. Responses without an error are checked, too. A predicate whose values don't fit together
    matches, but accepts no failed response: that is an error then. (Airbyte accepts it.)
    """

    label = "Response filter"

    action: Action | None = Field(
        None,
        title="Action",
        description="What is done about the response; a filter without an action has no effect.",
    )
    http_codes: Annotated[list[int], Shown(editor="status")] = Field(
        default_factory=list, title="HTTP Codes", description="Matches responses with one of these statuses."
    )
    error_message_contains: str | None = Field(
        None,
        title="Error Message Substring",
        description="Matches responses whose error message contains this text.",
    )
    predicate: Annotated[Condition | None, Gives(*ANSWER_VARIABLES)] = Field(
        None,
        title="Predicate",
        description="Matches responses for which this is true, such as {{ 'error' in response }}.",
    )
    error_message: Annotated[Template | None, Gives(*ANSWER_VARIABLES)] = Field(
        None, title="Error Message", description="The message that people see."
    )
    failure_type: Annotated[FailureType | None, Shown(advanced=True)] = Field(
        None,
        title="Failure Type",
        description="Who has to act on a failure: config_error if the inputs are wrong, transient_error if it passes "
        "by itself, system_error otherwise.",
    )

    def decide(self, outcome: Outcome, context: Context) -> Decision | None:
        """The decision on a response that matches, else None. Raises `TemplateError`."""
        if self.action is None or not isinstance(outcome, httpx.Response) or not self._matches(outcome, context):
            return None
        failure_type = default_decision(outcome).failure_type
        if self.failure_type is not None and self.action is Action.FAIL:
            failure_type = self.failure_type
        return Decision(self.action, self._message(outcome, context), failure_type)

    def lint(self) -> list[Problem]:
        if self.action is None:
            return [Problem("a filter without an `action` has no effect", ("action",), severity=Severity.WARNING)]
        if not self.http_codes and self.error_message_contains is None and self.predicate is None:
            return [
                Problem(
                    "the filter matches nothing",
                    hint="write `http_codes`, `error_message_contains` or `predicate`",
                    fields=("http_codes", "error_message_contains", "predicate"),
                )
            ]
        return []

    def _matches(self, response: httpx.Response, context: Context) -> bool:
        if response.status_code in self.http_codes or self._holds(response, context):
            return True
        if not self.error_message_contains:
            return False
        return self.error_message_contains in (api_message(response) or "")

    def _holds(self, response: httpx.Response, context: Context) -> bool:
        if self.predicate is None or not self.predicate.source:
            return False

        def doubt(problem: TemplateError) -> None:
            if response.is_error and self.action in (Action.SUCCESS, Action.IGNORE):
                raise problem
            context.doubt(problem, f"the response means {self.action}")

        return self.predicate.evaluate(answer_scope(self.predicate, self, response, context), doubt)

    def _message(self, response: httpx.Response, context: Context) -> str | None:
        if self.error_message is None:
            return None
        try:
            return self.error_message.text_or(answer_scope(self.error_message, self, response, context), "") or None
        except TemplateError:
            return None  # the failure itself matters more than its message


class DefaultErrorHandler(RetryingErrorHandler):
    """Says what error responses mean, and when a request is retried.

    The first filter that matches a response decides. What no filter matches is treated like this: a status below 400
    is a success; 408, 423, 425, 429, server errors (500 and above, except for 501 and its like) and broken connections
    are retried; everything else fails at once. (Airbyte retries 402, 406, 409, 410, 422, 451 and 501 too, which helps
    nobody.) Without a backoff strategy the waits are 1, 2, 4, 8, 16 seconds; Retry-After on 429 and 503 sets the
    shortest wait.
    """

    label = "Rules for failures"

    response_filters: list[HttpResponseFilter] = Field(
        default_factory=list,
        title="Response Filters",
        description="What certain responses mean; the first filter that matches decides.",
    )
    backoff_strategies: list[BackoffStrategy] = Field(
        default_factory=list,
        title="Backoff Strategies",
        description="How long to wait before a retry; the first strategy that gives a time decides.",
    )
    max_retries: Annotated[int | Template, Shown(advanced=True)] = Field(
        5, title="Max Retry Count", description="How often a request is retried."
    )

    def judge(self, outcome: Outcome, context: Context) -> Decision:
        filtered = (candidate.decide(outcome, context) for candidate in self.response_filters)
        decision = next(filter(None, filtered), None) or default_decision(outcome)
        return replace(decision, max_attempts=1 + self._retries(context))

    @property
    def actions(self) -> frozenset[Action]:
        return frozenset(one.action for one in self.response_filters if one.action is not None)

    def strategies(self, _outcome: Outcome, _context: Context) -> Sequence[BackoffStrategy]:
        return self.backoff_strategies

    def _retries(self, context: Context) -> int:
        if isinstance(self.max_retries, int):
            return max(0, self.max_retries)
        value = self.max_retries.evaluate_or(context.scope(self), 5)
        try:
            return max(0, int(value))
        except (TypeError, ValueError):
            raise ReadError(f"`max_retries` must give a whole number, but gives “{value}”.") from None


DECISIVE = (
    Action.SUCCESS,
    Action.RETRY,
    Action.IGNORE,
    Action.RESET_PAGINATION,
    Action.REDUCE_PAGE_SIZE,
    Action.SPLIT_REQUEST_WINDOW,
)


class CompositeErrorHandler(RetryingErrorHandler):
    """Asks several error handlers in turn.

    The first one that accepts or ignores a response, or retries the request, decides; else the last one. A handler
    also decides on responses that its filters do not match, so put the most specific one first. The number of retries
    comes from the first handler. The waits come from the strategies of the one that decided, or from those of the
    others if it has none (in Airbyte the first strategy of all counts for every response).
    """

    label = "Several handlers"

    error_handlers: list[RetryingErrorHandler] = Field(
        title="Error Handlers", description="The handlers, in the order in which they are asked."
    )

    def judge(self, outcome: Outcome, context: Context) -> Decision:
        """The decision, without the wait, with the first message of those that decide the same.

        Raises `TemplateError`.
        """
        decisions = [decision for _, decision in self._judged(outcome, context)]
        chosen = decisions[-1]
        with_message = (decision for decision in decisions if decision.message and decision.action is chosen.action)
        return replace(
            next(with_message, chosen),
            max_attempts=decisions[0].max_attempts,
            default=all(decision.default for decision in decisions),
        )

    @property
    def actions(self) -> frozenset[Action]:
        return frozenset().union(*(handler.actions for handler in self.error_handlers))

    def strategies(self, outcome: Outcome, context: Context) -> Sequence[BackoffStrategy]:
        """Those of the handler that decided, then those of the others."""
        decider, _ = self._judged(outcome, context)[-1]
        ordered = [decider, *(handler for handler in self.error_handlers if handler is not decider)]
        return [strategy for handler in ordered for strategy in handler.strategies(outcome, context)]

    def lint(self) -> list[Problem]:
        return [] if self.error_handlers else [Problem("write at least one error handler", ("error_handlers",))]

    def _judged(self, outcome: Outcome, context: Context) -> list[tuple[RetryingErrorHandler, Decision]]:
        """The handlers that were asked, with their decisions; the last one counts."""
        judged = []
        for handler in self.error_handlers:
            judged.append((handler, handler.judge(outcome, context)))
            if judged[-1][1].action in DECISIVE:
                break
        return judged
