"""The field path: where records, a status or targets are, said by the keys that lead there."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import chain
from typing import Annotated, Any

from pydantic import Field

from core.components.record_expander import RecordExpander
from core.errors import ReadError
from core.http.messages import shorten
from core.runtime.component import Shown
from core.runtime.context import Context
from core.runtime.field_path import evaluated, find, is_empty, is_plain, lookup, lookup_beginning, what_is_at
from core.runtime.record_pipeline import whole_element
from core.runtime.roles import Extract, Extractor, Place
from core.runtime.slices import SliceMemory
from core.templates import Template


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

    key_field: Annotated[str | None, Shown(advanced=True, ours=True)] = Field(
        None,
        min_length=1,
        title="Key Field",
        description="The values of the object at the path are the records, and this field of each gets its key: "
        'of `{"2024-01-01": {"hits": 7}}`, with `day` here, comes a record with `day` and `hits`.',
    )
    value_field: Annotated[str | None, Shown(advanced=True, ours=True)] = Field(
        None,
        min_length=1,
        title="Value Field",
        description="Texts, numbers and all else that is no object become records with this one field: "
        'of `["red", "blue"]`, with `color` here, come two records.',
    )

    def bind(self, variables: Mapping[str, Any]) -> Extract:
        return self._bind(None, variables, SliceMemory())

    def _bind(self, context: Context | None, variables: Mapping[str, Any], memory: SliceMemory) -> Extract:
        path = evaluated(self.field_path, {**variables, "parameters": self.parameters})
        extract = self._extract(path)
        if self.record_expander is not None:
            expand = self.record_expander.bind(variables, memory, context)
            found = extract

            def extract(element: Any) -> Iterable[Any]:
                return chain.from_iterable(map(expand, found(element)))

        name = self.value_field
        if name is None:
            return extract
        return lambda element: (item if isinstance(item, dict) else {name: item} for item in extract(element))

    def bind_for_slice(self, variables: Mapping[str, Any], memory: SliceMemory) -> Extract:
        return self.bind_in(None, variables, memory)

    def bind_in(self, context: Context | None, variables: Mapping[str, Any], memory: SliceMemory) -> Extract:
        path = evaluated(self.field_path, {**variables, "parameters": self.parameters})
        extract, is_first = self._bind(context, variables, memory), True
        if not path:
            return extract

        def look_and_extract(element: Any) -> Iterable[Any]:
            nonlocal is_first
            if is_first:
                is_first = False
                if not _at_as_is(element, path):
                    memory.no_place = what_is_at(element, path)
            return extract(element)

        return look_and_extract

    def _extract(self, path: list[str]) -> Extract:
        if self.key_field is not None:
            return _records_by_key(path, self.key_field, self.value_field)
        return _records_at(path) if self.value_field is None else _items_at(path)

    @property
    def path_keys(self) -> list[Template]:
        return self.field_path

    @property
    def reads_status_code(self) -> bool:
        return bool(self.field_path) and self.field_path[0].source in ("status_code", "headers")

    def bind_as_is(self, variables: Mapping[str, Any]) -> Extract:
        if self.record_expander is not None or self.key_field is not None or self.value_field is not None:
            return self.bind(variables)
        path = evaluated(self.field_path, {**variables, "parameters": self.parameters})
        return lambda element: _at_as_is(element, path)

    def bind_place(self, variables: Mapping[str, Any]) -> Place | None:
        return lookup_beginning(evaluated(self.field_path, {**variables, "parameters": self.parameters}))


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


def _items_at(path: list[str]) -> Extract:
    """Everything at a path, the items of lists one by one, nulls and other empty values too."""
    if "*" in path:
        return lambda element: [value for _, value in find(element, path)]

    def items(element: Any) -> Iterable[Any]:
        found = [value for _, value in find(element, path)] if path else [element]
        return chain.from_iterable(value if isinstance(value, list) else (value,) for value in found)

    return items


def _records_by_key(path: list[str], key_field: str, value_field: str | None) -> Extract:
    """The values of the objects at a path, which may end in `*`, each with its key; a list gives each item the key."""
    holders = path[:-1] if path[-1:] == ["*"] else path

    def records(element: Any) -> Iterator[Any]:
        for holder in (value for _, value in find(element, holders)) if holders else (element,):
            for key, value in _entries(holder, holders):
                for item in value if isinstance(value, list) else (value,):
                    yield _keyed(item, key, key_field, value_field)

    return records


def _entries(holder: Any, path: list[str]) -> Iterable[tuple[str, Any]]:
    if isinstance(holder, dict):
        return holder.items()
    if is_empty(holder):  # PHP writes an empty object as `[]`
        return ()
    place = f"`{'.'.join(path)}`" if path else "the top of the response"
    what = "a list, whose items have no keys" if isinstance(holder, list) else "no object"
    raise ReadError(
        f"With `key_field`, the field path must lead to an object whose values are the records, but at {place} is "
        f"{what}. Leave out `key_field`, or correct the path."
    )


def _keyed(item: Any, key: str, key_field: str, value_field: str | None) -> Any:
    if not isinstance(item, dict):
        return item if value_field is None else {key_field: key, value_field: item}
    if key_field in item and str(item[key_field]) != key:
        raise ReadError(
            f"The record under the key `{shorten(key, 80)}` has a field `{key_field}` of its own, with another value. "
            "Choose another name as `key_field`."
        )
    return {key_field: key, **item}
