"""The four kinds of request body."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import Field

from core.components.base import AsText, Shown
from core.components.roles import RequestBody
from core.http.request import Draft
from core.manifest.problems import Problem
from core.templates import Template, TemplateMap


class RequestBodyJsonObject(RequestBody):
    """A JSON body. Text that looks like a number is sent as one; keys whose value turns out empty are left
    out.
    """

    value: Annotated[TemplateMap, Shown(editor="json")] = Field(
        title="Value", description="The JSON object; keys and values may be templates."
    )

    def fill(self, draft: Draft, variables: Mapping[str, Any]) -> None:
        """Evaluate the body into `draft`."""
        draft.merge_json(self.value.evaluate(variables))


class RequestBodyUrlEncodedForm(RequestBody):
    """A body as HTML forms send it: `name=value&other=value`. Lists repeat the name; empty values are left
    out.
    """

    value: Annotated[TemplateMap, AsText()] = Field(title="Value", description="The fields of the form.")

    def fill(self, draft: Draft, variables: Mapping[str, Any]) -> None:
        """Evaluate the body into `draft`."""
        fill_form(self.value, draft, variables)


class RequestBodyPlainText(RequestBody):
    """A body of plain text, sent as it is written.

    Its Content-Type is the one among the request headers, or else text/plain. (Airbyte reads text that looks
    like a Python mapping as a form, and sends nothing for text that looks like a number.)
    """

    value: Template = Field(title="Value", description="The text.")

    def fill(self, draft: Draft, variables: Mapping[str, Any]) -> None:
        """Evaluate the body into `draft`."""
        draft.set_text(self.value.text(variables))


class RequestBodyGraphQL(RequestBody):
    """A GraphQL request: a JSON body with the query, and if needed its variables and operation name."""

    value: Annotated[TemplateMap, Shown(editor="graphql")] = Field(
        title="Value", description="`query`, and if needed `variables` and `operationName`."
    )

    def fill(self, draft: Draft, variables: Mapping[str, Any]) -> None:
        """Evaluate the body into `draft`."""
        draft.merge_json(self.value.evaluate(variables))

    def lint(self) -> list[Problem]:
        """A GraphQL request has a query."""
        written = self.value.source
        has_query = isinstance(written, str) or "query" in written
        return [] if has_query else [Problem("a GraphQL body needs a `query`", ("value",))]


def fill_form(fields: TemplateMap, draft: Draft, variables: Mapping[str, Any]) -> None:
    """Evaluate the fields of a form into `draft`."""
    for name, value in fields.evaluate_as_text(variables).items():
        draft.add_form(name, value)
