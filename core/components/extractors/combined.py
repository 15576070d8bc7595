"""Several extractors in one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import chain
from typing import Annotated, Any, Literal

from pydantic import Field

from core.runtime.component import NotInAirbyte
from core.runtime.context import Context
from core.runtime.field_path import is_empty
from core.runtime.roles import Extract, Extractor, Place
from core.runtime.slices import SliceMemory


class CombinedExtractor(Extractor):
    """Several extractors in one: the records of all of them, or of the first one that finds any.

    This is decided for each element of a response; a response that is no JSON array is one element. Where one of
    them is Python code for Airbyte, it is decided for the response as a whole.
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

    @property
    def carries_over(self) -> bool:
        return any(extractor.carries_over for extractor in self.extractors)

    @property
    def takes_response(self) -> bool:
        return any(extractor.takes_response for extractor in self.extractors)

    @property
    def takes_whole_body(self) -> bool:
        return all(extractor.takes_whole_body for extractor in self.extractors)

    @property
    def reads_status_code(self) -> bool:
        return any(extractor.reads_status_code for extractor in self.extractors)

    def bind(self, variables: Mapping[str, Any]) -> Extract:
        return self._combined([extractor.bind(variables) for extractor in self.extractors])

    def bind_for_slice(self, variables: Mapping[str, Any], memory: SliceMemory) -> Extract:
        return self.bind_in(None, variables, memory)

    def bind_in(self, context: Context | None, variables: Mapping[str, Any], memory: SliceMemory) -> Extract:
        bound = _of_whole if self.takes_response else _of_elements
        return self._combined([bound(extractor, context, variables, memory) for extractor in self.extractors])

    def _combined(self, extracts: list[Extract]) -> Extract:

        def each(element: Any) -> Iterable[Iterable[Any]]:
            found = (extract(element) for extract in extracts)
            return (filter(None, records) for records in found) if self.skip_empty_records else found

        if self.mode == "union":
            return lambda element: chain.from_iterable(each(element))
        return lambda element: _first_with_any(each(element))

    def bind_as_is(self, variables: Mapping[str, Any]) -> Extract:
        extracts = [extractor.bind_as_is(variables) for extractor in self.extractors]

        def extract(element: Any) -> Iterable[Any]:
            places = [list(extract(element)) for extract in extracts]
            filled = (found for found in places if not all(map(is_empty, found)))
            every = list(chain.from_iterable(places))
            return every if self.mode == "union" else next(filled, every)

        return extract

    def bind_place(self, variables: Mapping[str, Any]) -> Place | None:
        """What is at the first of the places that has anything."""
        places = [place for extractor in self.extractors if (place := extractor.bind_place(variables)) is not None]
        if len(places) < len(self.extractors):
            return None
        return lambda element: next((found for place in places if (found := place(element)) is not None), None)


def _of_elements(
    extractor: Extractor, context: Context | None, variables: Mapping[str, Any], memory: SliceMemory
) -> Extract:
    return extractor.bind_in(context, variables, memory)


def _of_whole(
    extractor: Extractor, context: Context | None, variables: Mapping[str, Any], memory: SliceMemory
) -> Extract:
    """The function that gives what an extractor finds in a `WholeResponse`."""
    extract = extractor.bind_in(context, variables, memory)
    return extract if extractor.takes_response else lambda whole: chain.from_iterable(map(extract, whole.elements()))


def _first_with_any(candidates: Iterable[Iterable[Any]]) -> Iterable[Any]:
    for candidate in candidates:
        records = iter(candidate)
        for first in records:
            return chain((first,), records)
    return ()
