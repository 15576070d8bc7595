"""Adds fields to records, or sets those that are there."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Annotated, Any, Literal

from pydantic import Field

from core.components.base import Component, Gives, Shown
from core.components.field_path import put
from core.components.roles import Record, Transformation
from core.templates import Condition, Template

_TYPES: Mapping[str, tuple[type, ...]] = {
    "string": (str,),
    "number": (int, float),
    "integer": (int,),
    "boolean": (bool,),
}


class AddedFieldDefinition(Component):
    """One field that is added."""

    label = "Field"

    path: Annotated[list[str], Shown(editor="field_path")] = Field(
        min_length=1,
        title="Path",
        description="Where the value goes; objects on the way are created. A number is an index of a list.",
    )
    value: Template = Field(title="Value", description="The value; a template can take it from the record.")
    value_type: Annotated[Literal["string", "number", "integer", "boolean"] | None, Shown(advanced=True)] = Field(
        None,
        title="Value type",
        description="A value of another type stays text; if unset, text that looks like a number is one.",
    )

    def evaluate(self, scope: Mapping[str, Any]) -> Any:
        """The value.

        Airbyte: a value that is not of `value_type` stays the text that the template gave. Whole numbers are
        numbers here (Airbyte: only fractions are, others stay text), and null stays null (Airbyte: the text "None").
        """
        value = self.value.evaluate(scope)
        if self.value_type is None or isinstance(value, _TYPES[self.value_type]):
            return value
        return self.value.text_or_null(scope)


class AddFields(Transformation):
    """Adds fields to every record, or sets the ones that are there already."""

    label = "Add fields"

    fields: Annotated[list[AddedFieldDefinition], Gives("record")] = Field(
        title="Fields", description="The fields, in order; each sees those that were added before it."
    )
    condition: Annotated[Condition | None, Gives("record", "value", "path"), Shown(advanced=True)] = Field(
        None, title="Condition", description="Fields are added where it is true; always when not said."
    )

    def bind(self, variables: Mapping[str, Any]) -> Callable[[Record], None]:
        """The function that adds the fields to one record."""
        scope = {**variables, "parameters": self.parameters}
        adders = [self._adder(field, scope) for field in self.fields]

        def transform(record: Record) -> None:
            scope["record"] = record
            for add in adders:
                add(record)

        return transform

    def _adder(self, field: AddedFieldDefinition, scope: dict[str, Any]) -> Callable[[Record], None]:
        path, key = field.path, field.path[0]
        evaluate = field.evaluate if field.value_type else field.value.evaluate
        holds = self.condition.evaluate if self.condition and self.condition.source else None

        def set_key(record: Record) -> None:
            record[key] = evaluate(scope)

        def set_at_path(record: Record) -> None:
            value = evaluate(scope)
            if holds is None or holds({**scope, "value": value, "path": path}):
                put(record, path, value)

        return set_key if holds is None and len(path) == 1 else set_at_path
