"""How an API describes the fields of its records, and which JSON Schema that makes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from copy import deepcopy
from functools import partial
from typing import Annotated, Any, Literal

from pydantic import Field

from core.errors import ReadError
from core.manifest.problems import Problem, clipped
from core.runtime.component import Component, Gives, Shown
from core.runtime.context import readable
from core.runtime.field_path import evaluated, find, what_is_at
from core.templates import Condition, Template

Doubt = Callable[..., None]
"""Takes what is wrong with a condition that counts as true, and `so`, what follows: that of a context."""

FieldType = Literal[
    "string",
    "boolean",
    "date",
    "timestamp_without_timezone",
    "timestamp_with_timezone",
    "time_without_timezone",
    "time_with_timezone",
    "integer",
    "number",
    "array",
    "object",
]
FIELD_TYPES: Mapping[str, Mapping[str, Any]] = {
    "string": {"type": ["null", "string"]},
    "boolean": {"type": ["null", "boolean"]},
    "date": {"type": ["null", "string"], "format": "date"},
    "timestamp_without_timezone": {
        "type": ["null", "string"],
        "format": "date-time",
        "airbyte_type": "timestamp_without_timezone",
    },
    "timestamp_with_timezone": {"type": ["null", "string"], "format": "date-time"},
    "time_without_timezone": {
        "type": ["null", "string"],
        "format": "time",
        "airbyte_type": "time_without_timezone",
    },
    "time_with_timezone": {"type": ["null", "string"], "format": "time", "airbyte_type": "time_with_timezone"},
    "integer": {"type": ["null", "integer"]},
    "number": {"type": ["null", "number"]},
    "array": {"type": ["null", "array"]},
    "object": {"type": ["null", "object"]},
}
"""Airbyte's types, and what each is in a JSON Schema (Airbyte: "Supported data types")."""


class ComplexFieldType(Component):
    """A type with something in it: a list with the type of its items."""

    label = "List or nested type"

    field_type: FieldType = Field(title="Type", description="The type, such as array.")
    items: FieldType | ComplexFieldType | None = Field(
        None, title="Items", description="The type of the items of an array."
    )

    def lint(self) -> list[Problem]:
        """Only lists have items (Airbyte refuses that too)."""
        if self.items is None or self.field_type == "array":
            return []
        return [Problem(f"a field of type {self.field_type} has no `items`; an array has", ("items",))]

    def schema_part(self) -> dict[str, Any]:
        """The JSON Schema of such a field."""
        part = _simple(self.field_type)
        if self.items is not None:
            part["items"] = (
                self.items.schema_part() if isinstance(self.items, ComplexFieldType) else _simple(self.items)
            )
        return part


class TypesMap(Component):
    """What one of the API's types stands for."""

    label = "Type"

    current_type: str | list[str] = Field(
        title="API Type", description="The type as the API writes it, such as singleLineText."
    )
    target_type: FieldType | list[FieldType] | ComplexFieldType = Field(
        title="Stands for",
        description="The type of the field; a list of two types (write it as YAML) means either.",
    )
    condition: Annotated[Condition | None, Gives("raw_schema")] = Field(
        None,
        title="Condition",
        description="The type stands for this only where it is true; `raw_schema` is the API's description of a field.",
    )

    def fits(self, written: Any, description: Any, variables: Mapping[str, Any], doubt: Doubt) -> bool:
        """Whether it says what the type `written` of a described field is; `doubt` is that of a context."""
        if written != self.current_type:
            return False
        if self.condition is None:
            return True
        so = f"a field of the type `{clipped(str(written))}` is taken for it"
        return self.condition.evaluate({**variables, "raw_schema": description}, partial(doubt, so=so))


class SchemaTypeIdentifier(Component):
    """Where the API's descriptions of fields are, and where each has the field's name and type."""

    label = "Field descriptions"

    schema_pointer: Annotated[list[Template], Shown(editor="field_path")] = Field(
        default_factory=list,
        title="Schema Path",
        description="The keys that lead to the descriptions of the fields, within the record that was read.",
    )
    key_pointer: Annotated[list[Template], Shown(editor="field_path")] = Field(
        title="Key Path", description="The keys that lead to the name of a field, within its description."
    )
    type_pointer: Annotated[list[Template] | None, Shown(editor="field_path", unset="all are string")] = Field(
        None, title="Type Path", description="The keys that lead to the type of a field, within its description."
    )
    types_mapping: list[TypesMap] = Field(
        default_factory=list,
        title="Types",
        description="What the API's types stand for, where they are not named as in Airbyte; the first that fits.",
    )

    def properties(self, record: Any, variables: Mapping[str, Any], doubt: Doubt) -> dict[str, Any]:
        """The `properties` of the JSON Schema that a record describes; `doubt` is that of a context. Raises
        `ReadError`.
        """
        variables = {**variables, "parameters": self.parameters}
        path = evaluated(self.schema_pointer, variables)
        descriptions = _at(record, path, None)
        if not isinstance(descriptions, Mapping | list):
            raise ReadError(
                "The schema can't be loaded: where `schema_pointer` leads there is no list of fields; "
                f"{what_is_at(record, path)}."
            )
        keys = evaluated(self.key_pointer, variables)
        types = evaluated(self.type_pointer, variables) if self.type_pointer else None
        return {
            _name(description, keys): self._schema_part(description, types, variables, doubt)
            for description in descriptions
        }

    def _schema_part(
        self, description: Any, path: Sequence[str] | None, variables: Mapping[str, Any], doubt: Doubt
    ) -> dict[str, Any]:
        written = _at(description, path, "string") if path is not None else "string"
        with readable():
            fitting = (one for one in self.types_mapping if one.fits(written, description, variables, doubt))
            found = next(fitting, None)
        return _part_of(found.target_type if found is not None else written)


def _part_of(field_type: Any) -> dict[str, Any]:
    match field_type:
        case ComplexFieldType():
            return field_type.schema_part()
        case [str(first), str(second)]:
            return {"oneOf": [_simple(first), _simple(second)]}
        case str():
            return _simple(field_type)
    raise _unknown(field_type)


def _simple(name: str) -> dict[str, Any]:
    if name not in FIELD_TYPES:
        raise _unknown(name)
    return deepcopy(dict(FIELD_TYPES[name]))


def _unknown(field_type: Any) -> ReadError:
    return ReadError(
        f"The schema can't be loaded: the API says that a field is of type `{field_type}`. "
        f"Say in `types_mapping` which of these that is: {', '.join(FIELD_TYPES)}."
    )


def _name(description: Any, path: Sequence[str]) -> str:
    name = _at(description, path, None)
    if not isinstance(name, str):
        raise ReadError(
            "The schema can't be loaded: where `key_pointer` leads there is no name of a field; in its description "
            f"{what_is_at(description, path)}."
        )
    return name


def _at(value: Any, path: Sequence[str], default: Any) -> Any:
    """What is at a path in a value; `default` where there is nothing."""
    if not path:
        return value
    found = [item for _, item in find(value, path)]
    if len(found) > 1:
        place = ".".join(path)
        raise ReadError(f"The schema can't be loaded: the path `{place}` leads to {len(found)} fields, not to one.")
    return found[0] if found else default
