"""Where a value goes into a request: a parameter, a header, a field of the body, or the path."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import Field

from core.components.base import Component
from core.components.template_errors import readable
from core.http.request import Draft
from core.manifest.problems import Problem
from core.templates import Template

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

    def inject(self, draft: Draft, value: Any, variables: Mapping[str, Any]) -> None:
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
        """What carries the value, in words. Raises `ReadError`."""
        return f"the {_CARRIERS[self.inject_into]} `{'.'.join(self.path(variables))}`"

    def path(self, variables: Mapping[str, Any]) -> list[str]:
        """The keys that lead to the field; one, its name, outside of JSON bodies. Raises `ReadError`."""
        templates = self.field_path or ([self.field_name] if self.field_name else [])
        with readable():
            return [part.text({**variables, "parameters": self.parameters}) for part in templates]

    def lint(self) -> list[Problem]:
        """Either a name or a path, and paths in JSON bodies only (Airbyte refuses everything else)."""
        if bool(self.field_name) == bool(self.field_path):
            return [Problem("write one of `field_name` and `field_path`")]
        if self.field_path and self.inject_into != "body_json":
            return [
                Problem(
                    "a `field_path` is for JSON bodies (`body_json`) only; write `field_name`",
                    ("field_path",),
                )
            ]
        return []


class RequestPath(Component):
    """Takes a value as the path, or the whole URL, of the request."""

    def inject(self, draft: Draft, value: Any, _variables: Mapping[str, Any]) -> None:
        """Send the request to `value`. Raises `ReadError` when it has such a path already."""
        draft.set_path(str(value))

    def describe(self, _variables: Mapping[str, Any]) -> str:
        """What carries the value, in words."""
        return "the path of the request"
