"""Picks out answers and says what they mean."""

from __future__ import annotations

from typing import Annotated

import httpx
from pydantic import Field

from core.components.base import Component, Gives, Shown
from core.components.context import Context
from core.components.error_handlers.answers import ANSWER_VARIABLES, answer_scope
from core.http.messages import api_message
from core.http.policy import Action, Decision, FailureType, Outcome, default_decision
from core.manifest.problems import Problem, Severity
from core.templates import Condition, Template, TemplateError


class HttpResponseFilter(Component):
    """Picks out answers by status, by a text in the error message, or by a condition, and says what they
    mean.

    One of the three is enough. Answers without an error are looked at, too.
    """

    label = "Response filter"

    action: Action | None = Field(
        None,
        title="Action",
        description="What is done about the answer; a filter without an action has no effect.",
    )
    http_codes: Annotated[list[int], Shown(editor="status")] = Field(
        default_factory=list, title="HTTP Codes", description="Picks out answers with one of these statuses."
    )
    error_message_contains: str | None = Field(
        None,
        title="Error Message Substring",
        description="Picks out answers whose error message has this text in it.",
    )
    predicate: Annotated[Condition | None, Gives(*ANSWER_VARIABLES)] = Field(
        None,
        title="Predicate",
        description="Picks out answers for which this is true, {{ 'error' in response }} say.",
    )
    error_message: Annotated[Template | None, Gives(*ANSWER_VARIABLES)] = Field(
        None, title="Error Message", description="What people are told."
    )
    failure_type: Annotated[FailureType | None, Shown(advanced=True)] = Field(
        None,
        title="Failure Type",
        description="Whose business a failure is: config_error when the inputs are wrong, transient_error "
        "when it passes by itself, system_error otherwise.",
    )

    def decide(self, outcome: Outcome, context: Context) -> Decision | None:
        """The decision on an answer that is picked out, else None. Raises `TemplateError`."""
        if self.action is None or not isinstance(outcome, httpx.Response) or not self._picks(outcome, context):
            return None
        failure_type = default_decision(outcome).failure_type
        if self.failure_type is not None and self.action is Action.FAIL:
            failure_type = self.failure_type
        return Decision(self.action, self._message(outcome, context), failure_type)

    def lint(self) -> list[Problem]:
        """A filter picks something out and says what is done about it."""
        if self.action is None:
            return [Problem("a filter without an `action` has no effect", severity=Severity.WARNING)]
        if not self.http_codes and self.error_message_contains is None and self.predicate is None:
            return [
                Problem(
                    "the filter picks out nothing",
                    hint="write `http_codes`, `error_message_contains` or `predicate`",
                )
            ]
        return []

    def _picks(self, response: httpx.Response, context: Context) -> bool:
        if response.status_code in self.http_codes or self._holds(response, context):
            return True
        if not self.error_message_contains:
            return False
        return self.error_message_contains in (api_message(response) or "")

    def _holds(self, response: httpx.Response, context: Context) -> bool:
        if self.predicate is None or not self.predicate.source:
            return False
        return self.predicate.evaluate(answer_scope(self.predicate, self, response, context))

    def _message(self, response: httpx.Response, context: Context) -> str | None:
        if self.error_message is None:
            return None
        try:
            return self.error_message.text_or(answer_scope(self.error_message, self, response, context), "") or None
        except TemplateError:
            return None  # the failure itself matters more than the words for it
