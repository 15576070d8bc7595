"""Brings fields from inside a record to its top."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Annotated, Any

from pydantic import Field

from core.components.base import Component, Shown
from core.components.field_path import evaluated, find, remove
from core.components.roles import Record, Transformation
from core.templates import Template


class FlattenFields(Transformation):
    """Brings all fields inside objects and lists to the top of the record.

    A field keeps its own name where it is free; otherwise, and behind a list, the name of what it was in
    comes first: `address.city`, `tags.0`. Empty objects and lists disappear.
    """

    label = "Flatten fields"

    flatten_lists: bool = Field(
        True,
        title="Flatten lists",
        description="Make fields of the items of lists too; else lists stay as they are.",
    )

    def bind(self, variables: Mapping[str, Any]) -> Callable[[Record], None]:
        """The function that flattens one record."""

        def transform(record: Record) -> None:
            result = _flattened(record, self.flatten_lists)
            record.clear()
            record.update(result)

        return transform


def _flattened(record: Record, lists: bool) -> Record:
    """The record without nesting, fields in reverse order.

    Airbyte: values are visited last first, the name of a field is settled when its object is visited, and
    once a list was visited, every name that is settled after it has its parent's in front.
    """
    flat: Record = {}
    behind_list = False
    waiting: list[tuple[str, Any]] = list(record.items())
    while waiting:
        name, value = waiting.pop()
        if isinstance(value, dict):
            waiting += [(f"{name}.{key}" if behind_list or key in flat else key, item) for key, item in value.items()]
        elif isinstance(value, list) and lists:
            behind_list = behind_list or bool(value)
            waiting += [(f"{name}.{index}", item) for index, item in enumerate(value)]
        else:
            flat[name] = value
    return flat


class KeyTransformation(Component):
    """Changes the names of fields by putting text before or behind them."""

    prefix: Template | None = Field(None, title="Key Prefix", description="The text before each name.")
    suffix: Template | None = Field(None, title="Key Suffix", description="The text behind each name.")

    def bind(self, variables: Mapping[str, Any]) -> Callable[[str], str]:
        """The function that gives the new name for a name."""
        scope = {**variables, "parameters": self.parameters}
        prefix, suffix = (str(part.evaluate(scope)) if part is not None else "" for part in (self.prefix, self.suffix))
        return lambda name: f"{prefix}{name}{suffix}"


class DpathFlattenFields(Transformation):
    """Brings the fields of one object inside a record to its top.

    Nothing is done where one of them has the name of a field that is at the top already, unless the record is
    replaced.
    """

    label = "Flatten one field"

    field_path: Annotated[list[Template], Shown(editor="field_path")] = Field(
        title="Field Path",
        description="The keys that lead to the object; with a step `*`, the first that matches is taken.",
    )
    delete_origin_value: bool = Field(
        False, title="Delete origin value", description="Remove the object from where it was."
    )
    replace_record: Annotated[bool, Shown(advanced=True)] = Field(
        False, title="Replace record", description="Keep the fields of the object and nothing else."
    )
    key_transformation: Annotated[KeyTransformation | None, Shown(advanced=True)] = Field(
        None, title="Key transformation", description="Changes the names of the fields that are brought up."
    )

    def bind(self, variables: Mapping[str, Any]) -> Callable[[Record], None]:
        """The function that flattens the object in one record."""
        path = evaluated(self.field_path, {**variables, "parameters": self.parameters})
        rename = self.key_transformation.bind(variables) if self.key_transformation else str

        def transform(record: Record) -> None:
            found = list(find(record, path)) if path else [((), record)]
            fields = found[0][1] if found else None
            if not isinstance(fields, dict):
                return
            raised = {rename(key): value for key, value in fields.items()}
            if self.replace_record and raised:
                record.clear()
                record.update(raised)
            elif raised.keys().isdisjoint(record):
                if self.delete_origin_value and path:
                    remove(record, [location for location, _ in found])
                record.update(raised)

        return transform
