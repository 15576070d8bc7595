"""Several error handlers, one after the other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from pydantic import Field

from core.components.context import Context
from core.components.error_handlers.retrying import RetryingErrorHandler
from core.components.roles import BackoffStrategy
from core.http.policy import Action, Decision, Outcome
from core.manifest.problems import Problem

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

    The first that takes an answer as a success, ignores it, or repeats the request decides; else the last
    one. A handler also decides on answers that its filters do not name, so put what is most special first.
    How often is repeated comes from the first handler. The waits come from the strategies of the one that
    decided, and only when it has none from those of the others (in Airbyte the first strategy of all counts
    for every answer).
    """

    label = "Several handlers"

    error_handlers: list[RetryingErrorHandler] = Field(
        title="Error Handlers", description="The handlers, in the order in which they are asked."
    )

    def judge(self, outcome: Outcome, context: Context) -> Decision:
        """The decision, without the wait; in the words of the first who decides the same and has words.

        Raises `TemplateError`.
        """
        decisions = [decision for _, decision in self._judged(outcome, context)]
        chosen = decisions[-1]
        worded = (decision for decision in decisions if decision.message and decision.action is chosen.action)
        return replace(next(worded, chosen), max_attempts=decisions[0].max_attempts)

    @property
    def actions(self) -> frozenset[Action]:
        """The actions of all handlers."""
        return frozenset().union(*(handler.actions for handler in self.error_handlers))

    def strategies(self, outcome: Outcome, context: Context) -> Sequence[BackoffStrategy]:
        """Those of the handler that decided, then those of the others."""
        decider, _ = self._judged(outcome, context)[-1]
        ordered = [decider, *(handler for handler in self.error_handlers if handler is not decider)]
        return [strategy for handler in ordered for strategy in handler.strategies(outcome, context)]

    def lint(self) -> list[Problem]:
        """There is somebody to ask."""
        return [] if self.error_handlers else [Problem("write at least one error handler", ("error_handlers",))]

    def _judged(self, outcome: Outcome, context: Context) -> list[tuple[RetryingErrorHandler, Decision]]:
        """Who was asked, and what they decided; the last one's decision counts."""
        judged = []
        for handler in self.error_handlers:
            judged.append((handler, handler.judge(outcome, context)))
            if judged[-1][1].action in DECISIVE:
                break
        return judged
