"""The JSON Schema (draft 7) of manifests, for editors, made from the component classes as the builder's forms are.

It takes what `--validate` takes, save for types that nobody knows, and mistakes in what no read needs. Each class is a
definition of its fields, each slot (`any.Extractor`) one that chooses among the classes by `type`. What must not be
missing is said apart (`complete.any.Extractor`), because a reference or a parameter may bring it: nothing at or below
those is asked for.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined, to_jsonable_python

from core.components.source import DeclarativeSource
from core.connector.registry import choices, component_types
from core.connector.schema_values import Schema, ValueSchemas, or_reference, ref
from core.manifest.parameters import DEFAULT_TYPES
from core.runtime.component import Component, FieldPlan, Shown, component_classes, field_plans, union_members
from core.templates.template import SourceField
from core.version import VERSION

Roles = tuple[type[Component], ...]

DATETIME_FORMATS = (
    "%Y-%m-%d",
    "%Y-%m-%d %H:%M:%S",
    "%Y-%m-%dT%H:%M:%S",
    "%Y-%m-%dT%H:%M:%SZ",
    "%Y-%m-%dT%H:%M:%S%z",
    "%Y-%m-%dT%H:%M:%S.%fZ",
    "%Y-%m-%dT%H:%M:%S.%f%z",
    "%Y-%m-%d %H:%M:%S.%f+00:00",
    "%s",
    "%ms",
    "%s_as_float",
)
DURATIONS = ("PT0.000001S", "PT0.001S", "PT1S", "PT1M", "PT1H", "P1D", "P1W", "P1M", "P1Y")
SUGGESTIONS: Mapping[str | None, tuple[str, ...]] = {"datetime_format": DATETIME_FORMATS, "duration": DURATIONS}
"""Examples by the editor of a field."""

SCHEMA_MARK = f"Made by Longhaul {VERSION}: longhaul --schema"
"""A text near the beginning of a schema, by which the version that made it is known."""
DIALECT = "http://json-schema.org/draft-07/schema#"

_CUSTOM = "^Custom.*$"
"""Types of components that are Python code, whose fields only their classes know; see `TreeBuilder`."""
_BROUGHT = [{"required": ["$ref"]}, {"required": ["$parameters"]}]
"""What may bring fields that are not written."""
_SHARED: Mapping[str, Schema] = {
    "Reference": {
        "type": ["string", "object", "null"],
        "pattern": "^#/",
        "required": ["$ref"],
        "properties": {"$ref": {"$ref": "#/definitions/Address"}},
    },
    "Address": {
        "type": "string",
        "title": "Reference",
        "description": "Where in the manifest it is written, such as #/definitions/requester. Fields beside it win.",
    },
    "Parameters": {
        "type": ["object", "string", "null"],
        "title": "Parameters",
        "description": "Values that fill the fields of these names here and below, and that templates see as "
        "{{ parameters['name'] }}.",
    },
}


def first_sentence(component: type[Component]) -> str:
    """The first sentence of what a component type says of itself, on one line."""
    paragraph = " ".join((component.__doc__ or "").split("\n\n")[0].split())
    end = re.search(r"\.(?= [A-Z])", paragraph)
    return paragraph[: end.start() + 1] if end else paragraph


def schema_text() -> str:
    """The schema as it is printed and kept."""
    return json.dumps(manifest_schema(), indent=1) + "\n"


def manifest_schema() -> Schema:
    """The schema of all components that are installed, those of other packages too."""
    slots = _Slots()
    whole = slots.of((DeclarativeSource,), DeclarativeSource.__name__)
    classes = component_types()
    definitions = {**_SHARED, **{name: _class_schema(cls, slots) for name, cls in sorted(classes.items())}}
    definitions |= {f"complete.{name}": _complete(cls, slots) for name, cls in sorted(classes.items())}
    definitions["Part"] = _part(sorted(classes))
    return {
        "$schema": DIALECT,
        "$comment": SCHEMA_MARK,
        "title": "Connector manifest",
        "description": "A manifest of Longhaul, and of Airbyte's low-code connectors.",
        "type": "object",
        "allOf": [ref(f"any.{whole}"), ref(f"complete.any.{whole}")],
        "definitions": definitions | slots.definitions(),
    }


class _Slots:
    """The places for components that are met on the way, by the roles that fit and the type that counts when none is
    written.
    """

    def __init__(self) -> None:
        self._known: dict[str, tuple[Roles, str | None]] = {}

    def of(self, roles: Roles, default: str | None) -> str:
        """The name of a slot."""
        names = [cls.__name__ for cls in _possible(roles)]
        name = "-or-".join(role.__name__ for role in roles)
        if len(names) == 1:
            default = names[0]
        elif default is not None:
            name = f"{name}.{default}"
        self._known[name] = roles, default if default in names else None
        return name

    def definitions(self) -> dict[str, Schema]:
        """What may be written there, and what has to be."""
        found: dict[str, Schema] = {}
        for name, (roles, default) in sorted(self._known.items()):
            names = [cls.__name__ for cls in _possible(roles)]
            found[f"any.{name}"] = {
                "type": ["object", "string", "null"],
                "pattern": "^#/",
                "properties": {"type": _types(roles), "$ref": ref("Address"), "$parameters": ref("Parameters")},
                "allOf": [*_by_type(names), *_by_default(default, alone=len(names) == 1)],
            }
            found[f"complete.any.{name}"] = {
                "if": {"type": "object", "not": {"anyOf": [*_BROUGHT, {"required": ["class_name"]}]}},
                "then": {
                    **({} if default else {"required": ["type"]}),
                    "allOf": [*_by_type(names, "complete."), *_by_default(default, "complete.")],
                },
            }
        return found


def _possible(roles: Roles) -> tuple[type[Component], ...]:
    return tuple(dict.fromkeys(cls for role in roles for cls in choices(role)))


def _types(roles: Roles) -> Schema:
    possible = _possible(roles)
    known = {"enum": [cls.__name__ for cls in possible], "enumDescriptions": [_help(cls) for cls in possible]}
    if not roles[0].is_role:
        return known
    return {"anyOf": [known, {"type": "string", "pattern": _CUSTOM}]}


def _by_type(names: Sequence[str], prefix: str = "") -> Iterator[Schema]:
    for name in names:
        yield {"if": _of_type({"const": name}), "then": ref(prefix + name)}


def _by_default(name: str | None, prefix: str = "", *, alone: bool = False) -> Iterator[Schema]:
    if name is not None:
        marks = ["type", "class_name"] if alone else ["type", "class_name", "$ref"]
        unmarked = {"type": "object", "not": {"anyOf": [{"required": [mark]} for mark in marks]}}
        yield {"if": unmarked, "then": ref(prefix + name)}


def _of_type(names: Schema) -> Schema:
    return {"type": "object", "required": ["type"], "properties": {"type": names}}


def _part(names: list[str]) -> Schema:
    """What may stand in `definitions`: components, parts of components, and collections of both."""
    inner = ref("Part")
    return {
        "if": _of_type({"enum": names}),
        "then": {"allOf": list(_by_type(names))},
        "else": {"additionalProperties": inner, "items": inner},
    }


def _class_schema(cls: type[Component], slots: _Slots) -> Schema:
    return {
        "description": _help(cls),
        "properties": {
            "type": {"const": cls.__name__, "description": _help(cls)},
            **{key: _field(cls, plan, slots) for key, plan in _plans(cls)},
            "$parameters": ref("Parameters"),
        },
    }


def _complete(cls: type[Component], slots: _Slots) -> Schema:
    """The fields that are required, and the same for the components in it."""
    inner = {
        key: _collections(cls.model_fields[plan.name].annotation, f"complete.any.{_slot(cls, plan, slots)}", plan)
        for key, plan in _plans(cls)
        if _possible(plan.roles)
    }
    required = [key for key, plan in _plans(cls) if plan.required]
    return ({"required": required} if required else {}) | ({"properties": inner} if inner else {})


def _collections(annotation: Any, name: str, plan: FieldPlan) -> Schema:
    """A schema for components wherever a field has them: alone, in a list, by name or among templates."""
    if plan.is_map or plan.among_templates:
        return {"additionalProperties": {"if": {"type": "object", "required": ["type"]}, "then": ref(name)}}
    found: Schema = {}
    for member in union_members(annotation):
        if get_origin(member) is list and component_classes(member):
            found["items"] = ref(name)
        elif get_origin(member) is None and component_classes(member):
            found["allOf"] = [ref(name)]
    return found


def _plans(cls: type[BaseModel]) -> Iterator[tuple[str, FieldPlan]]:
    for key, plan in field_plans(cls).items():
        if key != "$parameters":
            yield key, plan


def _slot(cls: type[BaseModel], plan: FieldPlan, slots: _Slots) -> str:
    return slots.of(plan.roles, DEFAULT_TYPES.get(cls.__name__, {}).get(plan.key))


def _field(cls: type[BaseModel], plan: FieldPlan, slots: _Slots) -> Schema:
    info = cls.model_fields[plan.name]
    told: Schema = {"title": info.title} if info.title else {}
    told |= {"description": text} if (text := _description(cls, info, plan.shown)) else {}
    told |= {"default": default} if (default := _default(info)) not in (None, "", [], {}) else {}
    if examples := info.examples or list(SUGGESTIONS.get(plan.shown.editor, ())):
        told["examples"] = examples
    if cls is DeclarativeSource and plan.key == "definitions":
        return told | {"additionalProperties": ref("Part")}
    slot = f"any.{_slot(cls, plan, slots)}" if _possible(plan.roles) else None
    value = ValueSchemas(slot, lambda group: _group(group, slots)).of(info.annotation, info.metadata)
    return told | ({"allOf": [value]} if "$ref" in value else or_reference(value))


def _group(cls: type[BaseModel], slots: _Slots) -> Schema:
    """A mapping that is no component and has fields of its own."""
    fields = dict(_plans(cls))
    required = [key for key, plan in fields.items() if plan.required]
    properties = {key: _field(cls, plan, slots) for key, plan in fields.items()}
    return {"type": "object", "properties": properties} | ({"required": required} if required else {})


def _help(cls: type[Component]) -> str:
    text = first_sentence(cls)
    return text if cls.portable else f"{text} Longhaul only: Airbyte has no such component."


def _description(cls: type[BaseModel], info: FieldInfo, shown: Shown) -> str:
    unset = f"When left out: {shown.unset}." if shown.unset else ""
    is_known = not issubclass(cls, Component) or cls.portable
    ours = "Longhaul only: Airbyte ignores it." if shown.ours and is_known else ""
    return " ".join(filter(None, [info.description, unset, ours]))


def _default(info: FieldInfo) -> Any:
    default = info.get_default(call_default_factory=True, validated_data={})
    if default is PydanticUndefined or isinstance(default, BaseModel):
        return None
    return to_jsonable_python(default.source if isinstance(default, SourceField) else default)
