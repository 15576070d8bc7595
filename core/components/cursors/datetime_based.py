"""The cursor over time: its fields in a manifest, and what they come to in a read."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Annotated, Any

from pydantic import Field

from core.components.cursors.clamping import Clamping
from core.components.request_parts import RequestOption
from core.errors import ReadError
from core.http.request import RequestDraft
from core.manifest.problems import Path, Problem, Severity
from core.runtime.component import Component, Shown
from core.runtime.context import Context, text_of
from core.runtime.cursor import Cursor, IncrementalSync
from core.runtime.cursor_progress import LATEST, STATE_TYPES
from core.runtime.partitioned_cursor import PartitionedTimeCursor
from core.runtime.partitions import Partitions
from core.runtime.slices import StreamSlice
from core.runtime.time_cursor import SingleTimeCursor
from core.runtime.timeline import Timeline, later
from core.templates import Template, TemplateError
from core.templates.datetimes import DatetimeError, format_datetime, parse_datetime, parse_duration

_SAMPLE = dt.datetime(2024, 11, 30, 21, 58, 57, 123456, dt.UTC)


class MinMaxDatetime(Component):
    """A date that is kept between an earliest and a latest one."""

    label = "A date with its own format and bounds"

    datetime: Template = Field(title="Datetime", description="The date, as text in the format.")
    datetime_format: Annotated[str, Shown(editor="datetime_format")] = Field(
        "", title="Datetime Format", description="The format of all three dates; by default the cursor's."
    )
    min_datetime: Template | None = Field(None, title="Min Datetime", description="The earliest date that is used.")
    max_datetime: Template | None = Field(None, title="Max Datetime", description="The latest date that is used.")

    def lint(self) -> list[Problem]:
        """The format can be used, and constant dates are written in it."""
        if not self.datetime_format:
            return []
        problems = format_problems(self.datetime_format, ("datetime_format",))
        return problems or self.problems(self.datetime_format)

    def problems(self, format_: str) -> list[Problem]:
        """The constant dates that are not written in a format."""
        dates = {
            "datetime": self.datetime,
            "min_datetime": self.min_datetime,
            "max_datetime": self.max_datetime,
        }
        return [
            problem
            for name, template in dates.items()
            if template is not None and template.source
            for problem in moment_problems(template, format_, (name,))
        ]

    def moment(self, scope: Mapping[str, Any], cursor_format: str) -> dt.datetime:
        """The date. Raises `ReadError`."""
        format_ = self.datetime_format or cursor_format
        moment = read_moment(self.datetime, scope, format_)
        if self.min_datetime is not None and text_of(self.min_datetime, scope):
            moment = max(moment, read_moment(self.min_datetime, scope, format_))
        if self.max_datetime is not None and text_of(self.max_datetime, scope):
            moment = min(moment, read_moment(self.max_datetime, scope, format_))
        return moment


def read_moment(template: Template, scope: Mapping[str, Any], format_: str) -> dt.datetime:
    """The moment that a template gives as text in a format. Raises `ReadError`."""
    try:
        return parse_datetime(text_of(template, scope), format_)
    except DatetimeError as error:
        raise ReadError(
            f"The date `{template}` can't be read: {error}. Write the date in that format, or say its own "
            "format with a MinMaxDatetime."
        ) from None


def moment_problems(template: Template, format_: str, path: Path) -> list[Problem]:
    """What is wrong with a constant date."""
    if not template.constant:
        return []
    try:
        parse_datetime(str(template.evaluate({})), format_)
    except (DatetimeError, TemplateError) as error:
        hint = f"for example {format_datetime(_SAMPLE, format_)}"
        return [Problem(f"this date can't be read: {error}", path, hint=hint)]
    return []


def format_problems(format_: str, path: Path) -> list[Problem]:
    """What is wrong with a date format."""
    if _is_usable(format_):
        return []
    hint = "write it with placeholders, such as %Y-%m-%dT%H:%M:%SZ"
    return [Problem(f"`{format_}` is not a date format that can be written and read again", path, hint=hint)]


@lru_cache(maxsize=256)
def _is_usable(format_: str) -> bool:
    """Whether what is written in a format can be read again."""
    try:
        parse_datetime(format_datetime(_SAMPLE, format_), format_)
    except ValueError:
        return False
    return "%" in format_


Scope = Mapping[str, Any]

_PROBE = datetime(2024, 1, 1, 0, 0, 0)


class DatetimeBasedCursor(IncrementalSync):
    """Reads records by time: those that are new or changed since the last run, in windows when a step is
    set.
    """

    label = "Date and time"

    cursor_field: Template = Field(
        title="Cursor Field",
        description="The field of records that says when they changed, at the top level of the record.",
    )
    cursor_datetime_formats: Annotated[list[str], Shown(editor="datetime_format")] = Field(
        default_factory=list,
        title="Cursor Datetime Formats",
        description="The formats that the cursor field may have, tried in order; then the outgoing format.",
    )
    start_datetime: MinMaxDatetime | Template = Field(
        title="Start Datetime", description="The earliest time to read, in the outgoing format."
    )
    end_datetime: MinMaxDatetime | Template | None = Field(
        None, title="End Datetime", description="The latest time to read; the current time by default."
    )
    datetime_format: Annotated[str, Shown(editor="datetime_format")] = Field(
        title="Outgoing Datetime Format",
        description="The format of the times that are sent to the API and saved in the state.",
    )
    start_time_option: RequestOption | None = Field(
        None, title="Inject Start Time", description="Where a window's start is put into requests."
    )
    end_time_option: RequestOption | None = Field(
        None, title="Inject End Time", description="Where a window's end is put into requests."
    )
    step: Annotated[Template | None, Shown(editor="duration")] = Field(
        None,
        title="Step",
        description="The length of a window, such as P1M; without it everything is read in one go.",
    )
    cursor_granularity: Annotated[str | None, Shown(editor="duration")] = Field(
        None,
        title="Cursor Granularity",
        description="The smallest difference that the outgoing format can express, such as PT1S or P1D; "
        "keeps windows from overlapping. Needed together with a step.",
    )
    lookback_window: Annotated[Template | None, Shown(editor="duration")] = Field(
        None,
        title="Lookback Window",
        description="How far before the last known time to read again, for records that arrive late.",
    )
    partition_field_start: Annotated[Template, Shown(advanced=True)] = Field(
        Template("start_time"),
        title="Partition Field Start",
        description="The name by which templates reach a window's start: stream_interval['name'].",
    )
    partition_field_end: Annotated[Template, Shown(advanced=True)] = Field(
        Template("end_time"),
        title="Partition Field End",
        description="The name by which templates reach a window's end.",
    )
    is_data_feed: Annotated[bool, Shown(advanced=True)] = Field(
        False,
        title="Data Feed API",
        description="The API can't filter and gives the newest records first: stop at the first known one.",
    )
    is_client_side_incremental: Annotated[bool, Shown(advanced=True)] = Field(
        False,
        title="Client-side Incremental Filtering",
        description="The API can't filter: read everything, keep what lies between start and end.",
    )
    is_compare_strictly: Annotated[bool, Shown(advanced=True)] = Field(
        False,
        title="Strict Start-End Time Comparison",
        description="The API refuses requests whose start equals their end: don't make them.",
    )
    global_substream_cursor: Annotated[bool, Shown(advanced=True)] = Field(
        False,
        title="Global Substream Cursor",
        description="Save one time for all partitions, not one for each; it advances at the end of a run.",
    )
    clamping: Annotated[Clamping | None, Shown(advanced=True)] = Field(
        None, title="Clamping", description="Make windows whole days, weeks or months."
    )
    allow_catalog_defined_cursor_field: Annotated[bool, Shown(advanced=True)] = Field(
        False,
        title="Allow Catalog Defined Cursor Field",
        description="Lets the person who sets up a connection choose another cursor field.",
    )

    def lint(self) -> list[Problem]:
        """Step and granularity come together; constant formats, dates and durations can be used."""
        formats = format_problems(self.datetime_format, ("datetime_format",))
        for index, format_ in enumerate(self.cursor_datetime_formats):
            formats += format_problems(format_, ("cursor_datetime_formats", index))
        if formats:
            return formats
        return [*self._date_problems(), *self._window_problems()]

    def cursor(self, partitions: Partitions, context: Context, state: Mapping[str, Any]) -> Cursor:
        make = PartitionedTimeCursor if partitions.routers else SingleTimeCursor
        return make(self.timeline(context), self.fill, partitions, context, state)

    def field_name(self, context: Context) -> str:
        return text_of(self.cursor_field, context.scope(self))

    def saved_until(self, state: Mapping[str, Any], context: Context, *, partitioned: bool) -> datetime | None:
        """Airbyte: the global value of a stream with partitions; the end of the first of several intervals."""
        saved: Any = state.get("state") if partitioned else state
        if not isinstance(saved, Mapping):
            return None
        value = saved.get(self.field_name(context))
        if saved.get("state_type") in STATE_TYPES:
            first = next(iter(saved.get("slices") or ()), None)
            value = (first.get(LATEST) or first.get("end")) if isinstance(first, Mapping) else None
        if not value:
            return None
        for format_ in (*self.cursor_datetime_formats, self.datetime_format):
            with suppress(DatetimeError):
                return parse_datetime(value, format_)
        return None

    def timeline(self, context: Context) -> Timeline:
        """The stream's time, with everything evaluated. Raises `ReadError`."""
        scope = context.scope(self)
        step_text = _text(self.step, scope)
        if (not step_text) != (not self.cursor_granularity):
            raise ReadError("`step` and `cursor_granularity` of the cursor must be given together.")
        step = _duration(step_text, "step")
        granularity = _duration(self.cursor_granularity, "cursor_granularity")
        start = _moment(self.start_datetime, scope, self.datetime_format)
        end = self._end(scope, context.run.now)
        clamp: Callable[[datetime], datetime] = _as_it_is
        if self.clamping is not None:
            period = self.clamping.period(context.scope(self.clamping))
            clamp, unclamped, unit = period.ceiling, end, granularity or period.unit
            end = lambda: period.floor(unclamped()) - unit  # noqa: E731 - the counterpart of `clamp`
        if context.resumption is not None:
            start, last = context.resumption.bounds(start, end())
            end = lambda: last  # noqa: E731 - also the slices of a later run end there
        _check_step(step, granularity, clamp(start), clamp)
        return Timeline(
            field=self.field_name(context),
            format=self.datetime_format,
            input_formats=(*self.cursor_datetime_formats, self.datetime_format),
            start=start,
            end=end,
            step=step,
            granularity=granularity,
            lookback=_duration(_text(self.lookback_window, scope), "lookback_window"),
            clamp=clamp,
            strict=self.is_compare_strictly,
            bounds=self.bounds(scope),
            filters=self.is_client_side_incremental,
            is_feed=self.is_data_feed,
            one_for_all=self.global_substream_cursor,
        )

    def bounds(self, scope: Scope) -> tuple[str, str]:
        """The names of a window's start and end in a slice. Raises `ReadError`."""
        scope = {**scope, "parameters": self.parameters}
        return text_of(self.partition_field_start, scope), text_of(self.partition_field_end, scope)

    def fill(self, draft: RequestDraft, slice_: StreamSlice, variables: Scope) -> None:
        """Add a window's start and end where the options say."""
        names = self.bounds(variables)
        for option, name in zip((self.start_time_option, self.end_time_option), names, strict=True):
            if option is not None and name in slice_:
                option.inject(draft, slice_[name], variables)

    def _end(self, scope: Scope, now: Callable[[], datetime]) -> Callable[[], datetime]:
        written = self.end_datetime
        return now if written is None else lambda: _moment(written, scope, self.datetime_format)

    def _date_problems(self) -> list[Problem]:
        problems = []
        for name in ("start_datetime", "end_datetime"):
            written = getattr(self, name)
            if isinstance(written, Template):
                problems += moment_problems(written, self.datetime_format, (name,))
            elif isinstance(written, MinMaxDatetime) and not written.datetime_format:
                problems += [problem.below(name) for problem in written.problems(self.datetime_format)]
        return problems

    def _window_problems(self) -> list[Problem]:
        constants = {"cursor_granularity": self.cursor_granularity or ""}
        for name in ("step", "lookback_window"):
            template = getattr(self, name)
            constants[name] = template.source if template is not None and template.constant else ""
        problems = [
            Problem(f"{text!r} is not a duration in ISO-8601 form", (name,), hint="such as P1D, P1M or PT1H")
            for name, text in constants.items()
            if text and not _is_duration(text)
        ]
        if (self.step is None) != (not self.cursor_granularity):
            missing, path = ("cursor_granularity", "step") if self.step is not None else ("step", "cursor_granularity")
            problems.append(Problem(f"`{path}` is only possible together with `{missing}`", (path,), fields=(missing,)))
        if problems or not self.cursor_granularity:
            return problems
        if constants["step"]:
            problems += self._step_problems(constants["step"], self.cursor_granularity)
        return problems + self._granularity_problems(self.cursor_granularity)

    def _step_problems(self, step: str, granularity: str) -> list[Problem]:
        try:
            _check_step(_duration(step, "step"), _duration(granularity, "cursor_granularity"), _PROBE, _as_it_is)
        except ReadError as error:
            return [Problem(str(error), ("step",))]
        return []

    def _granularity_problems(self, granularity: str) -> list[Problem]:
        """A granularity that the format can't express leaves gaps between windows that never close."""
        format_, length = self.datetime_format, _duration(granularity, "cursor_granularity")
        if length is None or format_datetime(_PROBE + length, format_) != format_datetime(_PROBE, format_):
            return []
        message = f"`{format_}` can't express a difference of {granularity}"
        hint = "give the smallest difference that the format can express, such as P1D for dates"
        return [Problem(message, ("cursor_granularity",), Severity.WARNING, hint)]


def _moment(written: MinMaxDatetime | Template, scope: Scope, format_: str) -> datetime:
    if isinstance(written, MinMaxDatetime):
        return written.moment({**scope, "parameters": written.parameters}, format_)
    return read_moment(written, scope, format_)


def _text(template: Template | None, scope: Scope) -> str | None:
    return None if template is None else text_of(template, scope)


def _duration(text: str | None, name: str) -> timedelta | None:
    """The duration; None for an empty text and for a duration of nothing."""
    if not text:
        return None
    try:
        duration: timedelta = parse_duration(text)
    except DatetimeError as error:
        raise ReadError(f"`{name}` of the cursor can't be used: {error}.") from None
    return duration if _PROBE + duration != _PROBE else None


def _is_duration(text: str) -> bool:
    try:
        parse_duration(text)
    except DatetimeError:
        return False
    return True


def _check_step(
    step: timedelta | None, granularity: timedelta | None, origin: datetime, clamp: Callable[[datetime], datetime]
) -> None:
    """Windows must have a length, or reading would never get on."""
    if step is None:
        return
    following = clamp(later(origin, step))
    if following <= origin or (granularity is not None and following < later(origin, granularity)):
        raise ReadError(
            "`step` of the cursor is too short: it must be at least as long as `cursor_granularity`, and at "
            "least a day with clamping to weeks or months."
        )


def _as_it_is(moment: datetime) -> datetime:
    return moment
