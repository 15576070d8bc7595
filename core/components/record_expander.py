"""The record expander: makes records of the items of a list inside a record."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import chain
from typing import Annotated, Any, Literal

from pydantic import Field

from core.components.cut_lists import fetching
from core.components.retriever import SynchronousRetriever
from core.errors import ReadError
from core.manifest.problems import Problem
from core.runtime.component import SLICE_VARIABLES, Component, Gives, Shown
from core.runtime.context import Context
from core.runtime.field_path import evaluated, find, is_plain, lookup, put
from core.runtime.slices import Record, SliceMemory
from core.templates import Template

FieldPath = Annotated[list[Template], Shown(editor="field_path")]


class ParentFieldPath(Component):
    """A field that is copied from a record to each of the records that are made of it."""

    parent_path: FieldPath = Field(min_length=1, title="Parent Path", description="Where the value is in the record.")
    record_path: FieldPath = Field(
        min_length=1, title="Record Path", description="Where the value goes in the new records."
    )

    def bind(self, variables: Mapping[str, Any]) -> Callable[[Any, Record], None]:
        """The function that copies the value from a parent (its first argument) to a new record."""
        scope = {**variables, "parameters": self.parameters}
        look = lookup(_plain(evaluated(self.parent_path, scope)))
        target = _plain(evaluated(self.record_path, scope))
        return lambda parent, record: put(record, target, _copied(look(parent)))


class RecordExpander(Component):
    """Makes a record of each item of a list that is inside the records found.

    An order with a list of its lines becomes one record for each line.
    """

    expand_records_from_field: FieldPath = Field(
        title="Expand records from field",
        description="The keys that lead to the list; `*` stands for several lists.",
    )
    remain_original_record: bool = Field(
        False,
        title="Keep the original record",
        description="Put the record that contained the list into the field `original_record`.",
    )
    parent_fields: Annotated[list[ParentFieldPath] | None, Shown(advanced=True)] = Field(
        None, title="Parent Fields", description="Fields of the record that its items get a copy of."
    )
    merge_parent: Annotated[bool, Shown(advanced=True)] = Field(
        False,
        title="Merge parent",
        description="Give each item all fields of the record but the list; the item's own fields win.",
    )
    on_no_records: Literal["skip", "emit_parent"] = Field(
        "skip",
        title="Without items",
        description="What to do with a record without items: leave it out, or keep it as it is.",
    )
    truncation_indicator_path: Annotated[FieldPath | None, Shown(advanced=True)] = Field(
        None,
        title="Truncation indicator",
        description="The field that is true when the API left items out of the list.",
    )
    truncated_list_retriever: Annotated[SynchronousRetriever | None, Gives(*SLICE_VARIABLES), Shown(advanced=True)] = (
        Field(
            None,
            title="Truncated list retriever",
            description="Fetches the whole list where it was cut; its templates see the record as "
            "`stream_slice['parent_record']`.",
        )
    )

    def lint(self) -> list[Problem]:
        """Fetching a list takes a field that says when, and is one read without partitions (Airbyte: the same)."""
        retriever, place = self.truncated_list_retriever, "truncated_list_retriever"
        if retriever is None:
            return []
        problems = []
        if not self.truncation_indicator_path:
            message = "a `truncated_list_retriever` needs a `truncation_indicator_path`"
            problems.append(Problem(message, (place,), hint="name the field that is true when the list was cut"))
        if retriever.router:
            problems.append(Problem("a list is fetched without partitions", (place, "partition_router")))
        if getattr(retriever, "pagination_reset", None) is not None:
            problems.append(Problem("the pages of a list can't start over", (place, "pagination_reset")))
        return problems

    def bind(
        self, variables: Mapping[str, Any], memory: SliceMemory | None = None, context: Context | None = None
    ) -> Callable[[Any], Iterable[Any]]:
        """The function that gives the records made of one record; what is no object is given as it is.

        `memory` takes the warning of what is missing of the records, `context` is where cut lists are fetched.
        """
        scope = {**variables, "parameters": self.parameters}
        path = evaluated(self.expand_records_from_field, scope)
        cut_list = self._cut_list(scope, memory or SliceMemory(), context)
        completer = self._completer(path, variables)

        def expand(parent: Any) -> Iterator[Any]:
            if not path or not isinstance(parent, dict):
                yield parent
                return
            complete = completer(parent) if completer is not None else None
            fetched = False
            for item in cut_list(parent):
                fetched = True
                yield item if complete is None else complete(item)
            if fetched:
                return
            lists = [value for _, value in find(parent, path) if isinstance(value, list)]
            items = chain.from_iterable(lists)
            yield from items if complete is None else map(complete, items)
            if not any(lists) and self.on_no_records == "emit_parent":
                yield parent

        return expand

    def _completer(
        self, path: list[str], variables: Mapping[str, Any]
    ) -> Callable[[Record], Callable[[Any], Record]] | None:
        """For a parent, the function that gives its items what they get of it; None when they get nothing."""
        if not (self.remain_original_record or self.parent_fields or self.merge_parent):
            return None
        copies = [field.bind(variables) for field in self.parent_fields or ()]

        def completer(parent: Record) -> Callable[[Any], Record]:
            base = _without_lists(parent, path) if self.merge_parent else {}

            def complete(item: Any) -> Record:
                record = {**_copied(base), **(item if isinstance(item, dict) else {"value": item})}
                for copy in copies:
                    copy(parent, record)
                if self.remain_original_record:
                    record["original_record"] = _copied(parent)
                return record

            return complete

        return completer

    def _cut_list(
        self, scope: Mapping[str, Any], memory: SliceMemory, context: Context | None
    ) -> Callable[[Record], Iterable[Any]]:
        """The function that fetches the whole list of a record whose own list the API has cut."""
        if self.truncation_indicator_path is None:
            return lambda parent: ()
        path = _plain(evaluated(self.truncation_indicator_path, scope))
        indicator, count = lookup(path), lookup([*path[:-1], "total_count"])
        found = f"The API left items out of a list (`{'.'.join(path)}` says so)"
        retriever = self.truncated_list_retriever
        fetch = fetching(retriever, context) if retriever is not None and context is not None else None
        if retriever is not None:
            _plain(evaluated(self.expand_records_from_field, scope))

        def whole(parent: Record) -> Iterator[Any]:
            if not indicator(parent):
                return
            if retriever is None:
                memory.warn_once(f"{found}: they are missing among the records.")
                return
            if fetch is None:
                raise ReadError(f"{found}, and they can't be fetched here.")
            number = 0
            for record in fetch(parent):
                number += 1
                yield record
            total = count(parent)
            if isinstance(total, int) and not isinstance(total, bool) and number < total:
                text = f"{found}, and the `truncated_list_retriever` gave {number:,} of {total:,} (`total_count`): "
                text += "the others are missing. Check its paginator and its request."
                memory.note(("short list", self.identity), lambda: memory.warn(text))

        return whole


def _plain(path: list[str]) -> list[str]:
    if not is_plain(path):
        raise ReadError(f"The path `{'.'.join(path)}` must lead to one field, so it can't hold `*`, `?` or `[`.")
    return path


def _copied(value: Any) -> Any:
    """A copy that shares no object and no list with the value."""
    if isinstance(value, dict):
        return {key: _copied(item) for key, item in value.items()}
    return [_copied(item) for item in value] if isinstance(value, list) else value


def _without_lists(parent: Record, path: list[str]) -> Record:
    """A copy of the record without the lists at the path."""
    copy: Record = _copied(parent)
    lists = [location for location, value in find(copy, path) if isinstance(value, list)]
    for *way, last in reversed(lists):
        holder: Any = copy
        for step in way:
            holder = holder[step]
        del holder[last]
    return copy
