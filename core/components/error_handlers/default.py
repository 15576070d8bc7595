"""The usual error handler."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Annotated

from pydantic import Field

from core.components.base import Shown
from core.components.context import Context
from core.components.error_handlers.response_filter import HttpResponseFilter
from core.components.error_handlers.retrying import RetryingErrorHandler
from core.components.roles import BackoffStrategy
from core.errors import ReadError
from core.http.policy import Action, Decision, Outcome, default_decision
from core.templates import Template


class DefaultErrorHandler(RetryingErrorHandler):
    """Says what error answers mean, and when a request is repeated.

    The first filter that picks an answer out decides. What no filter picks out is treated like this: a status
    below 400 is a success; 408, 423, 425, 429, server errors (500 and above, save 501 and its like) and
    broken connections are repeated; everything else fails at once. (Airbyte repeats 402, 406, 409, 410, 422,
    451 and 501 too, which helps nobody.) Without a backoff strategy the waits are 1, 2, 4, 8, 16 seconds;
    what the server asks for with Retry-After on 429 and 503 is the least that is waited.
    """

    response_filters: list[HttpResponseFilter] = Field(
        default_factory=list,
        title="Response Filters",
        description="What certain answers mean; the first that fits.",
    )
    backoff_strategies: list[BackoffStrategy] = Field(
        default_factory=list,
        title="Backoff Strategies",
        description="How long to wait before a repetition; the first that knows.",
    )
    max_retries: Annotated[int | Template, Shown(advanced=True)] = Field(
        5, title="Max Retry Count", description="How often a request is repeated."
    )

    def judge(self, outcome: Outcome, context: Context) -> Decision:
        """The decision, without the wait. Raises `TemplateError`."""
        filtered = (candidate.decide(outcome, context) for candidate in self.response_filters)
        decision = next(filter(None, filtered), None) or default_decision(outcome)
        return replace(decision, max_attempts=1 + self._retries(context))

    @property
    def actions(self) -> frozenset[Action]:
        """The actions of its filters."""
        return frozenset(one.action for one in self.response_filters if one.action is not None)

    def strategies(self, _outcome: Outcome, _context: Context) -> Sequence[BackoffStrategy]:
        """Its own strategies."""
        return self.backoff_strategies

    def _retries(self, context: Context) -> int:
        if isinstance(self.max_retries, int):
            return max(0, self.max_retries)
        value = self.max_retries.evaluate_or(context.scope(self), 5)
        try:
            return max(0, int(value))
        except (TypeError, ValueError):
            raise ReadError(f"`max_retries` must give a whole number, but gives “{value}”.") from None
