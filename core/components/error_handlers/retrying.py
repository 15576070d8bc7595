"""What error handlers that repeat requests have in common."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import replace
from math import inf

from core.components.context import Context
from core.components.roles import BackoffStrategy, ErrorHandler
from core.http.policy import Action, Decision, FailureType, Outcome, WaitTooLongError


class RetryingErrorHandler(ErrorHandler, role=True):
    """Judges an outcome first, and then how long to wait."""

    @abstractmethod
    def judge(self, outcome: Outcome, context: Context) -> Decision:
        """The decision, without the wait. Raises `TemplateError`."""

    @property
    def actions(self) -> frozenset[Action]:
        """What its filters may say that is done about an answer, as far as that is known (not of a custom handler)."""
        return frozenset()

    @abstractmethod
    def strategies(self, outcome: Outcome, context: Context) -> Sequence[BackoffStrategy]:
        """The strategies that are asked for the wait, in this order; the first that has an opinion counts."""

    def decide(self, outcome: Outcome, attempt: int, context: Context) -> Decision:
        """The decision on attempt number `attempt` (from 1)."""
        decision = self.judge(outcome, context)
        if not decision.action.repeats:
            return decision
        try:
            waits = (strategy.wait(outcome, attempt, context) for strategy in self.strategies(outcome, context))
            return replace(decision, wait=next(filter(None, waits), None))
        except WaitTooLongError as error:
            return replace(decision, wait=inf, message=str(error), failure_type=FailureType.TRANSIENT_ERROR)
