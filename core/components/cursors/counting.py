"""The cursor over numbers that only grow, such as serial numbers."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Annotated, Any

from pydantic import Field

from core.components.request_parts import RequestOption
from core.errors import ReadError
from core.http.request import RequestDraft
from core.runtime.component import AsText, Shown
from core.runtime.context import Context, text_of, whole_number_of
from core.runtime.cursor import Cursor, IncrementalSync, Observer
from core.runtime.partitions import Partitions
from core.runtime.slices import StreamSlice
from core.templates import Template

START, END = "start", "end"


class IncrementingCountCursor(IncrementalSync):
    """Reads records by a number that only grows: only those with a higher number than the last run saw."""

    label = "Counter"

    cursor_field: Template = Field(
        title="Cursor Field", description="The field of records that holds the number, at the top level."
    )
    start_value: Annotated[Template | None, AsText(numbers=True)] = Field(
        None, title="Start Value", description="The lowest number to read; 0 by default."
    )
    start_value_option: RequestOption | None = Field(
        None, title="Inject Start Value", description="Where the number to start from is put into requests."
    )
    allow_catalog_defined_cursor_field: Annotated[bool, Shown(advanced=True)] = Field(
        False,
        title="Allow Catalog Defined Cursor Field",
        description="Lets the person who sets up a connection choose another cursor field.",
    )

    def cursor(self, partitions: Partitions, context: Context, state: Mapping[str, Any]) -> Cursor:
        """One slice, from the highest known number on. Raises `ReadError` for a stream with partitions."""
        if partitions.routers:
            raise ReadError(
                "An IncrementingCountCursor can't be combined with a partition router. Remove one of the "
                "two, or use a DatetimeBasedCursor."
            )
        return CountCursor(self, partitions, context, state)

    def field_name(self, context: Context) -> str:
        return text_of(self.cursor_field, context.scope(self))


class CountCursor(Cursor):
    """One slice, from the highest known number on. Raises `ReadError` for a state that it can't read."""

    def __init__(
        self,
        component: IncrementingCountCursor,
        partitions: Partitions,
        context: Context,
        state: Mapping[str, Any],
    ) -> None:
        super().__init__(partitions, context)
        scope = context.scope(component)
        self._component = component
        self._field = component.field_name(context)
        start = whole_number_of(component.start_value, scope, "start_value") or 0
        self._state = dict(state)
        self._value = max(start, _saved_number(state.get(self._field), start))

    async def slices(self) -> AsyncIterator[StreamSlice]:
        yield StreamSlice(cursor_slice={START: self._value, END: float("inf")})

    def observer(self, slice_: StreamSlice) -> Observer:
        return Observer(self._field, _number)

    def adopt(self, slice_: StreamSlice) -> StreamSlice:
        try:
            start = _number(slice_.get(START))
        except ValueError:
            raise ReadError(f"This is no slice of the stream: {START} is no number.") from None
        return StreamSlice(cursor_slice={START: start, END: float("inf")})

    def latest(self, observer: Observer | None) -> Any:
        return None if observer is None else observer.latest

    def seen(self, slice_: StreamSlice, latest: Any) -> Observer | None:
        observer = self.observer(slice_)
        observer.latest = None if latest is None else _saved_number(latest, 0)
        return observer

    def narrowed(self, slice_: StreamSlice, observer: Observer | None) -> StreamSlice:
        if observer is None or observer.latest is None:
            return slice_
        return StreamSlice(cursor_slice={START: observer.latest, END: slice_[END]})

    def close(self, slice_: StreamSlice, observer: Observer | None) -> None:
        self._warn_of_unusable(observer, self._field)
        if observer is not None and observer.latest is not None:
            self._value = max(self._value, observer.latest)

    def finish(self, parents: Mapping[str, Any] | None, seconds: float) -> None:
        """The state does not depend on it."""

    def state(self) -> dict[str, Any]:
        """`{cursor field: number}`."""
        return {**self._state, self._field: self._value}

    def fill(
        self,
        draft: RequestDraft,
        slice_: StreamSlice,
        variables: Mapping[str, Any],
        additions: Sequence[RequestDraft],
    ) -> None:
        if self._component.start_value_option is not None:
            self._component.start_value_option.inject(draft, slice_[START], variables)


def _number(value: Any) -> int | float:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise ValueError("not a number")  # noqa: TRY004 - a value that is none, not a mistake in the program
    return value


def _saved_number(value: Any, start: int) -> int | float:
    try:
        return start if value is None else _number(value)
    except ValueError:
        raise ReadError(
            f"The saved state can't be understood: {value!r} is not a number. Correct the state, or remove "
            "it to read the stream from its beginning."
        ) from None
