"""The JSON Schemas of single values: what the annotation of a field takes as it may be written in YAML."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from enum import Enum
from typing import Annotated, Any, Literal, get_args, get_origin

from pydantic import BaseModel, BeforeValidator
from pydantic.fields import FieldInfo

from core.runtime.component import Component, union_members
from core.templates import Condition, MixedMap, Template, TemplateMap

Schema = dict[str, Any]

TEXT = ["string", "number", "boolean"]
"""The types of what is text: YAML may read it as something else."""
_SCALARS: Mapping[Any, tuple[str, str, str]] = {
    bool: ("boolean", "true or false", "([Tt]rue|[Ff]alse|[Yy]es|[Nn]o|[Oo]n|[Oo]ff)"),
    int: ("integer", "a whole number", "[-+]?[0-9]+"),
    float: ("number", "a number", "[-+]?[0-9]*[.]?[0-9]+([eE][-+]?[0-9]+)?"),
}
"""Type, name and how it is spelled as text: many editors don't take `yes` for true, as manifests do."""
_LIMITS = {"gt": "exclusiveMinimum", "ge": "minimum", "lt": "exclusiveMaximum", "le": "maximum", "pattern": "pattern"}
_LENGTHS = {"min_length": ("minLength", "minItems"), "max_length": ("maxLength", "maxItems")}


def ref(name: str) -> Schema:
    """The schema that is defined under a name."""
    return {"$ref": f"#/definitions/{name}"}


def or_reference(schema: Schema) -> Schema:
    """The same, or a reference to it, or nothing; whatever takes a reference stays what it is."""
    return schema if schema == {} or "$ref" in schema else {"anyOf": [schema, ref("Reference")]}


class ValueSchemas:
    """The schemas of the values of one field.

    `component` is the definition of the components in it, None where no class fits; `group` gives the schema of a
    mapping with fields of its own.
    """

    def __init__(self, component: str | None, group: Callable[[type[BaseModel]], Schema]) -> None:
        self._component = component
        self._group = group

    def of(self, annotation: Any, metadata: Sequence[Any] = ()) -> Schema:
        """The schema of a value, without references in its place."""
        members = [member for member in union_members(annotation) if member is not type(None)]
        found = _joined([self._single(member) for member in members])
        for item in metadata:
            _limit(found, item.metadata if isinstance(item, FieldInfo) else [item])
        if any(isinstance(item, BeforeValidator) for item in metadata):  # it takes more than the annotation says
            return {"anyOf": [found, {"type": [*TEXT, "null"]}]}
        return found

    def _single(self, annotation: Any) -> Schema:
        origin, arguments = get_origin(annotation), get_args(annotation)
        if origin is Annotated:
            return self.of(arguments[0], arguments[1:])
        if origin is Literal:
            return {"enum": list(arguments)}
        if origin is list:
            return {"type": "array", "items": or_reference(self.of(arguments[0]))}
        if origin is dict:
            inner = or_reference(self.of(arguments[1]))
            return {"type": ["object"]} | ({"additionalProperties": inner} if inner else {})
        if origin is MixedMap:
            part = {"if": {"type": "object", "required": ["type"]}, "then": ref(self._component or "Reference")}
            return {"type": ["object", "string"], "additionalProperties": part}
        return self._of_class(annotation) if isinstance(annotation, type) else {}

    def _of_class(self, cls: type) -> Schema:
        if cls in _SCALARS:
            kind, name, spelled = _SCALARS[cls]
            told = {"patternErrorMessage": f"This must be {name}."}
            return {"type": [kind, "string"], "pattern": f"^{spelled}$", **told}
        if cls in (str, Template, Condition):
            return {"type": list(TEXT)}
        if cls is TemplateMap:
            return {"type": ["object", "string"]}
        if issubclass(cls, Component):
            return ref(self._component) if self._component else {}
        if issubclass(cls, Enum):
            return {"enum": [item.value for item in cls]}
        return self._group(cls) if issubclass(cls, BaseModel) else {}


def _joined(schemas: Sequence[Schema]) -> Schema:
    """One of several. Those about nothing but types become one, for one clear message, scalars beside text included."""
    if {} in schemas:
        return {}
    is_text = {"type": TEXT} in schemas
    types: dict[str, None] = {}
    others: list[Schema] = []
    for schema in schemas:
        if schema.keys() == {"type"} or (is_text and "patternErrorMessage" in schema):
            types |= dict.fromkeys(schema["type"])
        else:
            others.append(schema)
    found = [*([{"type": list(types)}] if types else []), *others]
    return found[0] if len(found) == 1 else {"anyOf": found}


def _limit(schema: Schema, metadata: Sequence[Any]) -> None:
    """Add the limits of a value, as `annotated_types` and pydantic write them."""
    for item in metadata:
        for name, keyword in _LIMITS.items():
            if (value := getattr(item, name, None)) is not None:
                schema[keyword] = value
        for name, keywords in _LENGTHS.items():
            if (value := getattr(item, name, None)) is not None:
                schema[keywords[schema.get("type") == "array"]] = value
