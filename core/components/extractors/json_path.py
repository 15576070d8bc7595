"""JSONPath: where records, a status or targets are, said by an expression."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import cache
from itertools import chain
from typing import Annotated, Any, ClassVar

from pydantic import AfterValidator, Field

from core.runtime.field_path import is_empty
from core.runtime.record_pipeline import whole_element
from core.runtime.roles import Extract, Extractor, Place

_BESIDE_BODY = re.compile(r"""\$(?:\.|\[['"])(?:status_code|headers)\b""")
"""JSONPath expressions that lead to what is beside the body of an answer."""


@cache
def _compiled(text: str) -> Any:
    from jsonpath_ng.exceptions import JSONPathError
    from jsonpath_ng.ext.parser import parse

    try:
        return parse(text)
    except JSONPathError as error:
        raise ValueError(f"`{text}` is not a JSONPath expression: {error}") from None


def _checked(text: str) -> str:
    _compiled(text)
    return text


class JsonPathExtractor(Extractor):
    """Finds what a JSONPath expression such as `$.data[?(@.active==true)]` says. Airbyte does not know it.

    Lists that the expression finds give their items.
    """

    label = "JSONPath"
    portable: ClassVar[bool] = False

    json_path: Annotated[str, AfterValidator(_checked)] = Field(
        title="JSONPath", description="The expression, beginning with `$`."
    )

    def bind(self, variables: Mapping[str, Any]) -> Extract:
        expression = _compiled(self.json_path)

        def extract(element: Any) -> Iterable[Any]:
            return chain.from_iterable(whole_element(match.value) for match in expression.find(element))

        return extract

    @property
    def reads_status_code(self) -> bool:
        return _BESIDE_BODY.match(self.json_path) is not None

    def bind_as_is(self, variables: Mapping[str, Any]) -> Extract:
        expression = _compiled(self.json_path)
        return lambda element: _matches_as_is(expression, element)

    def bind_place(self, variables: Mapping[str, Any]) -> Place | None:
        place = _compiled(self.json_path)
        while not _is_plain(place) and type(place).__name__ == "Child":
            place = place.left
        if not _is_plain(place) or type(place).__name__ == "Root":
            return None
        return lambda element: next((match.value for match in place.find(element)), None)


def _is_plain(expression: Any) -> bool:
    """Whether an expression leads from field to field."""
    match type(expression).__name__:
        case "Child":
            return _is_plain(expression.left) and _is_plain(expression.right)
        case "Fields":
            return len(expression.fields) == 1 and expression.fields != ("*",)
        case name:
            return name == "Root"


def _matches_as_is(expression: Any, element: Any) -> list[Any]:
    """Everything that an expression matches; where a step over many has nothing to go through, that empty thing."""
    found = [match.value for match in expression.find(element)]
    while not found and hasattr(expression, "left"):
        step, expression = expression.right, expression.left
        if type(step).__name__ in ("Slice", "Wildcard", "Filter"):
            found = [match.value for match in expression.find(element) if is_empty(match.value)]
    return found
