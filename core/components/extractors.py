"""The extractors: where records, statuses and download targets are in the decoded elements of a response."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from itertools import chain
from typing import Annotated, Any, ClassVar, Literal

from pydantic import AfterValidator, Field

from core.components.decoders import CsvDecoder, GzipDecoder
from core.components.record_expander import RecordExpander
from core.errors import ReadError
from core.runtime.component import NotInAirbyte, Shown
from core.runtime.field_path import evaluated, find, is_empty, is_plain, lookup, what_is_at
from core.runtime.record_pipeline import whole_element
from core.runtime.roles import Decoder, Extractor
from core.templates import Template

__all__ = [
    "CombinedExtractor",
    "DpathExtractor",
    "JsonPathExtractor",
    "ResponseToFileExtractor",
    "what_is_at",
]

Extract = Callable[[Any], Iterable[Any]]

NA_VALUES = (
    *("", "#N/A", "#N/A N/A", "#NA", "-1.#IND", "-1.#QNAN", "-NaN", "-nan", "1.#IND", "1.#QNAN", "<NA>"),
    *("N/A", "NA", "NULL", "NaN", "None", "n/a", "nan", "null"),
)
"""Cells that mean null to pandas, which Airbyte reads files with."""


class DpathExtractor(Extractor):
    """Finds what a field path leads to: the keys from the top of the answer to records, a status or links.

    A list at the path gives its items, an object itself. No path at all means the response itself. A
    step `*` stands for every key of an object or every item of a list.
    """

    label = "Field path"

    field_path: Annotated[list[Template], Shown(editor="field_path")] = Field(
        title="Field Path", description="The keys that lead there from the top; `*` stands for all of a level."
    )
    record_expander: Annotated[RecordExpander | None, Shown(advanced=True)] = Field(
        None,
        title="Record Expander",
        description="Makes records of the items of a list inside each record that is found.",
    )

    def bind(self, variables: Mapping[str, Any]) -> Extract:
        path = evaluated(self.field_path, {**variables, "parameters": self.parameters})
        extract = _records_at(path)
        if self.record_expander is None:
            return extract
        expand = self.record_expander.bind(variables)
        return lambda element: chain.from_iterable(map(expand, extract(element)))

    @property
    def path_keys(self) -> list[Template]:
        return self.field_path

    @property
    def reads_status_code(self) -> bool:
        return bool(self.field_path) and self.field_path[0].source in ("status_code", "headers")

    def bind_as_is(self, variables: Mapping[str, Any]) -> Extract:
        if self.record_expander is not None:
            return self.bind(variables)
        path = evaluated(self.field_path, {**variables, "parameters": self.parameters})
        return lambda element: _at_as_is(element, path)


def _at_as_is(element: Any, path: list[str]) -> list[Any]:
    """Everything at a path; where a `*` has nothing to stand for, the empty thing that it would go through."""
    found = [value for _, value in find(element, path)] if path else [element]
    wildcards = [] if found else [index for index, step in enumerate(path) if step == "*"]
    for index in wildcards:
        holders = [value for _, value in find(element, path[:index])] if index else [element]
        found += [holder for holder in holders if is_empty(holder)]
    return found


def _records_at(path: list[str]) -> Extract:
    if not path:
        return whole_element
    if "*" in path:
        return lambda element: [value for _, value in find(element, path)]
    look = lookup(path) if is_plain(path) else _only_match(path)
    return lambda element: whole_element(look(element))


def _only_match(path: list[str]) -> Callable[[Any], Any]:
    def look(element: Any) -> Any:
        found = [value for _, value in find(element, path)]
        if len(found) > 1:
            raise ReadError(
                f"The field path `{'.'.join(path)}` matches {len(found)} fields, but it may match only one. "
                "A step that is `*` alone gives all of them."
            )
        return found[0] if found else None

    return look


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


def _matches_as_is(expression: Any, element: Any) -> list[Any]:
    """Everything that an expression matches; where a step over many has nothing to go through, that empty thing."""
    found = [match.value for match in expression.find(element)]
    while not found and hasattr(expression, "left"):
        step, expression = expression.right, expression.left
        if type(step).__name__ in ("Slice", "Wildcard", "Filter"):
            found = [match.value for match in expression.find(element) if is_empty(match.value)]
    return found


class CombinedExtractor(Extractor):
    """Several extractors in one: the records of all of them, or of the first one that finds any.

    This is decided for each element of a response; a response that is no JSON array is one element.
    """

    label = "Several extractors"

    extractors: Annotated[list[Extractor], NotInAirbyte("ResponseToFileExtractor")] = Field(
        min_length=1, title="Extractors", description="The extractors, in order."
    )
    mode: Literal["union", "first_match"] = Field(
        "union",
        title="Mode",
        description="`union`: the records of all extractors; `first_match`: of the first that finds any.",
    )
    skip_empty_records: bool = Field(
        False, title="Skip empty records", description="Leave out records that are null or empty."
    )

    def bind(self, variables: Mapping[str, Any]) -> Extract:
        extracts = [extractor.bind(variables) for extractor in self.extractors]

        def each(element: Any) -> Iterable[Iterable[Any]]:
            found = (extract(element) for extract in extracts)
            return (filter(None, records) for records in found) if self.skip_empty_records else found

        if self.mode == "union":
            return lambda element: chain.from_iterable(each(element))
        return lambda element: _first_with_any(each(element))

    @property
    def reads_status_code(self) -> bool:
        return any(extractor.reads_status_code for extractor in self.extractors)

    def bind_as_is(self, variables: Mapping[str, Any]) -> Extract:
        extracts = [extractor.bind_as_is(variables) for extractor in self.extractors]

        def extract(element: Any) -> Iterable[Any]:
            places = [list(extract(element)) for extract in extracts]
            filled = (found for found in places if not all(map(is_empty, found)))
            every = list(chain.from_iterable(places))
            return every if self.mode == "union" else next(filled, every)

        return extract


def _first_with_any(candidates: Iterable[Iterable[Any]]) -> Iterable[Any]:
    for candidate in candidates:
        records = iter(candidate)
        for first in records:
            return chain((first,), records)
    return ()


class ResponseToFileExtractor(Extractor):
    """Reads a large result as a CSV file, compressed by gzip or not. Its rows are the records."""

    label = "Large CSV file"

    preserve_na_values: Annotated[bool, Shown(advanced=True)] = Field(
        False,
        title="Preserve NA values",
        description="Keep texts such as `NA` and `null`; otherwise they become null, as empty cells do.",
    )

    def own_decoder(self) -> Decoder:
        nulls = [""] if self.preserve_na_values else list(NA_VALUES)
        return GzipDecoder(decoder=CsvDecoder(set_values_to_none=nulls))

    def bind(self, variables: Mapping[str, Any]) -> Extract:
        return whole_element
