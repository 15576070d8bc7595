"""Dates in a manifest: a text with a format, or a text that is kept between two others."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import Field

from core.components.base import Component, Shown
from core.components.partition_routers.evaluation import text_of
from core.errors import ReadError
from core.manifest.problems import Path, Problem
from core.templates import Template, TemplateError
from core.templates.datetimes import DatetimeError, format_datetime, parse_datetime

_SAMPLE = dt.datetime(2024, 11, 30, 21, 58, 57, 123456, dt.UTC)


class MinMaxDatetime(Component):
    """A date that is kept between an earliest and a latest one."""

    label = "With a format and bounds"

    datetime: Template = Field(title="Datetime", description="The date, as text in the format.")
    datetime_format: Annotated[str, Shown(editor="datetime_format")] = Field(
        "", title="Datetime Format", description="The format of all three dates; the cursor's when not said."
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
    try:
        parse_datetime(format_datetime(_SAMPLE, format_), format_)
    except ValueError:
        usable = False
    else:
        usable = "%" in format_
    if usable:
        return []
    hint = "write it with placeholders, such as %Y-%m-%dT%H:%M:%SZ"
    return [Problem(f"`{format_}` is not a date format that can be written and read again", path, hint=hint)]
