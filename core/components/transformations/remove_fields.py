"""Removes fields from records."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Annotated

from pydantic import Field

from core.components.base import Gives, Shown
from core.components.field_path import find, is_plain, remove, walk
from core.components.roles import Record, Transformation
from core.manifest.problems import Problem, Severity
from core.templates import Condition

Remove = Callable[[Record], None]


class RemoveFields(Transformation):
    """Removes fields from every record. Fields that are not there are no problem.

    An item in the middle of a list becomes null, so that the other items keep their places.
    """

    label = "Remove fields"

    field_pointers: list[Annotated[list[str], Shown(editor="field_path")]] = Field(
        title="Field Paths",
        description="The keys that lead to each field; `*` stands for one step, `**` for any number of them.",
    )
    condition: Annotated[Condition | None, Gives("property", only=True), Shown(advanced=True)] = Field(
        None,
        title="Condition",
        description="Removes all values for which it is true, wherever they are in the record.",
    )

    def lint(self) -> list[Problem]:
        """With a condition, paths don't count (Airbyte: the same)."""
        if not self._conditional or all(path == ["**"] for path in self.field_pointers):
            return []
        message = "with a condition, values are removed wherever it is true, not only at the field paths"
        hint = 'write `["**"]` as the only path to say so'
        return [Problem(message, ("field_pointers",), Severity.WARNING, hint)]

    @property
    def _conditional(self) -> bool:
        return self.condition is not None and bool(self.condition.source)

    def bind(self, variables: Mapping[str, object]) -> Remove:
        """The function that removes the fields of one record."""
        if self.condition is not None and self._conditional and self.field_pointers:
            return _matching(self.condition, {**variables, "parameters": self.parameters})
        keys = [path[0] for path in self.field_pointers if len(path) == 1 and is_plain(path)]
        paths = [path for path in self.field_pointers if len(path) > 1 or not is_plain(path)]

        def transform(record: Record) -> None:
            for key in keys:
                record.pop(key, None)
            for path in paths:
                remove(record, [location for location, _ in find(record, path)])

        return transform


def _matching(condition: Condition, scope: dict[str, object]) -> Remove:
    """Removes the values that a condition holds for; objects and lists themselves are never looked at."""

    def holds(value: object) -> bool:
        scope["property"] = value
        return condition.evaluate(scope)

    def transform(record: Record) -> None:
        values = [(location, value) for location, value in walk(record) if not isinstance(value, (dict, list))]
        remove(record, [location for location, value in values if holds(value)])

    return transform
