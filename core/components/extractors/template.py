"""The value that a template makes of an answer, for what no single field says."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Annotated, Any, ClassVar

from jinja2 import Undefined
from pydantic import Field

from core.http.messages import shorten
from core.manifest.problems import Problem, Severity
from core.runtime.component import Gives
from core.runtime.context import readable
from core.runtime.field_path import is_empty
from core.runtime.roles import Extract, Extractor
from core.templates import Template
from core.templates.expressions import number_range, value_as_is

_LONGEST_SHOWN = 80


class TemplateExtractor(Extractor):
    """Computed from the answer: a status that several fields tell together, or links that have to be put together.

    Airbyte does not know it.
    """

    label = "Template"
    portable: ClassVar[bool] = False

    value: Annotated[Template, Gives("response", "range")] = Field(
        title="Value",
        description="Such as `{{ 'failed' if response.error else response.done }}`: computed from `response`, in the "
        "answers of a job also from `headers` and `status_code`. The value stays what it is: a list gives its items, "
        "and true is the status `true`. Where it is empty, or what it looks up is missing, nothing is found.",
    )

    def lint(self) -> list[Problem]:
        """A text without a template says the same of every answer."""
        if not self.value.constant:
            return []
        message = "this is no template, so that it gives the same for every answer"
        hint = f"write `{{{{ response.{self.value.source.strip() or 'status'} }}}}` for a field of the answer"
        return [Problem(message, ("value",), Severity.WARNING, hint if self.value.source.isidentifier() else None)]

    def bind(self, variables: Mapping[str, Any]) -> Extract:
        find = self._finder(variables)
        return lambda element: _items(find(element))

    def bind_as_is(self, variables: Mapping[str, Any]) -> Extract:
        return self._finder(variables)

    def _finder(self, variables: Mapping[str, Any]) -> Callable[[Any], list[Any]]:
        """The function that gives the value as it is, in a list; an empty list where there is none."""
        scope = {"range": number_range, **variables, "parameters": self.parameters}

        def find(element: Any) -> list[Any]:
            with readable():
                value = value_as_is(self.value, {**scope, "response": element})
            return [] if isinstance(value, Undefined) else [value]

        return find

    @property
    def place(self) -> str:
        return f"`{shorten(self.value.source, _LONGEST_SHOWN)}`"

    @property
    def takes_whole_body(self) -> bool:
        return True

    @property
    def reads_status_code(self) -> bool:
        return not self.value.variables.isdisjoint(("status_code", "headers"))


def _items(found: list[Any]) -> list[Any]:
    if not found or is_empty(found[0]):
        return []
    return found[0] if isinstance(found[0], list) else found
