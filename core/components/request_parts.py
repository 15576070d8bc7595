"""The parts of a request: its body, and where single values go (parameter, header, field of the body, or path)."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from typing import Annotated, Any, Literal

from pydantic import Field

from core.http.request import RequestDraft
from core.manifest.problems import Problem
from core.runtime.component import AsText, Component, Shown
from core.runtime.context import readable
from core.runtime.roles import RequestBody
from core.templates import Template, TemplateError, TemplateMap

_CARRIERS = {
    "request_parameter": "query parameter",
    "header": "header",
    "body_data": "form field",
    "body_json": "field",
}


class RequestOption(Component):
    """Puts a value into a request: as a query parameter, a header, or a field of a form or of a JSON body."""

    inject_into: Literal["request_parameter", "header", "body_data", "body_json"] = Field(
        title="Inject Into", description="The part of the request that gets the value."
    )
    field_name: Template | None = Field(
        None, title="Field Name", description="The name of the parameter, header or field."
    )
    field_path: list[Template] | None = Field(
        None, title="Field Path", description="The keys that lead to a nested field of a JSON body."
    )

    def inject(self, draft: RequestDraft, value: Any, variables: Mapping[str, Any]) -> None:
        """Add `value` to a request. Raises `ReadError` when the request has such a thing already."""
        path = self.path(variables)
        match self.inject_into:
            case "request_parameter":
                draft.add_param(path[-1], value)
            case "header":
                draft.add_header(path[-1], value)
            case "body_data":
                draft.add_form(path[-1], value)
            case "body_json":
                draft.add_json(path, value)

    def describe(self, variables: Mapping[str, Any]) -> str:
        """What carries the value, for messages. Raises `ReadError`."""
        return f"the {_CARRIERS[self.inject_into]} `{'.'.join(self.path(variables))}`"

    def is_where(self, other: RequestOption) -> bool:
        """Whether both put their values in the same place, whatever the inputs are."""
        here, there = ([*map(option._known, option._keys)] for option in (self, other))
        return self.inject_into == other.inject_into and here == there

    def _known(self, key: Template) -> object:
        """A key as a text, where that takes no inputs, else all that it is made from without these."""
        if key.variables <= {"parameters"}:
            with suppress(TemplateError):
                return key.text({"parameters": self.parameters})
        return key, self.parameters

    @property
    def _keys(self) -> list[Template]:
        return self.field_path or ([self.field_name] if self.field_name else [])

    def path(self, variables: Mapping[str, Any]) -> list[str]:
        """The keys that lead to the field; outside of JSON bodies one, its name. Raises `ReadError`."""
        with readable():
            return [key.text({**variables, "parameters": self.parameters}) for key in self._keys]

    def lint(self) -> list[Problem]:
        """Airbyte refuses anything but a name or, in JSON bodies, a path."""
        has_name = self.field_name is not None and self.field_name.source != ""
        if has_name == bool(self.field_path):
            return [Problem("write one of `field_name` and `field_path`", ("field_name",), fields=("field_path",))]
        if self.field_path and self.inject_into != "body_json":
            return [
                Problem(
                    "a `field_path` is for JSON bodies (`body_json`) only; write `field_name`",
                    ("field_path",),
                    fields=("field_name",),
                )
            ]
        return []


class RequestPath(Component):
    """Uses a value as the path, or the whole URL, of the request."""

    def inject(self, draft: RequestDraft, value: Any, _variables: Mapping[str, Any]) -> None:
        """Send the request to `value`. Raises `ReadError` if it has a path already."""
        draft.set_path(str(value))

    def describe(self, _variables: Mapping[str, Any]) -> str:
        return "the path of the request"


class RequestBodyJsonObject(RequestBody):
    """A JSON body. Text that looks like a number is sent as one, unless types are kept; keys with empty values are left
    out.
    """

    value: Annotated[TemplateMap, Shown(editor="json")] = Field(
        title="Value", description="The JSON object; keys and values may be templates."
    )
    keep_types: Annotated[bool, Shown(advanced=True, ours=True)] = Field(
        False,
        title="Keep types",
        description="Send a text as a text, even if it looks like a number, and what a template gives as it is. "
        "Numbers, true and false are then written without quotes.",
    )

    def fill(self, draft: RequestDraft, variables: Mapping[str, Any]) -> None:
        draft.merge_json(
            self.value.evaluate_with_types(variables) if self.keep_types else self.value.evaluate(variables)
        )


class RequestBodyUrlEncodedForm(RequestBody):
    """A body as HTML forms send it: `name=value&other=value`. Lists repeat the name; empty values are left out."""

    value: Annotated[TemplateMap, AsText()] = Field(title="Value", description="The fields of the form.")

    def fill(self, draft: RequestDraft, variables: Mapping[str, Any]) -> None:
        fill_form(self.value, draft, variables)


class RequestBodyPlainText(RequestBody):
    """A body of plain text, sent as it is written.

    Its Content-Type is that of the request headers, or else text/plain. (Airbyte reads text that looks like a Python
    mapping as a form, and sends nothing for text that looks like a number.)
    """

    value: Template = Field(title="Value", description="The text.")

    def fill(self, draft: RequestDraft, variables: Mapping[str, Any]) -> None:
        draft.set_text(self.value.text(variables))


class RequestBodyGraphQL(RequestBody):
    """A GraphQL request: a JSON body with the query and, if needed, its variables and operation name."""

    value: Annotated[TemplateMap, Shown(editor="graphql")] = Field(
        title="Value", description="`query`, and if needed `variables` and `operationName`."
    )

    def fill(self, draft: RequestDraft, variables: Mapping[str, Any]) -> None:
        draft.merge_json(self.value.evaluate(variables))

    def lint(self) -> list[Problem]:
        written = self.value.source
        has_query = isinstance(written, str) or "query" in written
        return [] if has_query else [Problem("a GraphQL body needs a `query`", ("value",))]


def fill_form(fields: TemplateMap, draft: RequestDraft, variables: Mapping[str, Any]) -> None:
    """Evaluate the fields of a form into `draft`."""
    for name, value in fields.evaluate_as_text(variables).items():
        draft.add_form(name, value)
