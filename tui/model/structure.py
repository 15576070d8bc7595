"""Which component stands where in a view: the classes on the way to a path, and the template variables there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from core.components.source import DeclarativeSource
from core.connector.registry import component_types
from core.manifest.problems import Path
from core.runtime.component import Component
from tui.model.specs import FieldSpec, Kind, form_spec
from tui.model.view import View

MAPPINGS = (Kind.PAIRS, Kind.COMPONENT_MAP)
"""The kinds of fields whose components have names."""
ALWAYS_VISIBLE = frozenset({"config", "parameters"})


@dataclass(frozen=True, slots=True)
class Place:
    """A component on the way to a path, and the field of it through which the way leads on.

    `path` is that of the component, `field` None at the end of the way or when the component has no such field.
    """

    path: Path
    component: type[Component]
    value: Mapping[str, Any]
    field: FieldSpec | None
    key: str | int | None


def way(view: View, path: Path) -> Iterator[Place]:
    """The components from the manifest down to `path`, as far as they are known.

    The last one is the one whose field the path names, or the component at the path itself.
    """
    component: type[Component] | None = DeclarativeSource
    at = 0
    while component is not None:
        found = view.value(path[:at]) if at else {}
        value = found if isinstance(found, Mapping) else {}
        key = path[at] if at < len(path) else None
        field = form_spec(component).field(key) if isinstance(key, str) else None
        yield Place(path[:at], component, value, field, key)
        if field is None or not field.types:
            return
        at += 1
        if field.kind in MAPPINGS or (at < len(path) and isinstance(path[at], int)):
            at += 1
        if at > len(path):
            return
        component = class_at(view.value(path[:at]), field)


def class_at(value: Any, field: FieldSpec) -> type[Component] | None:
    """The class of a component that is written in a field, None when it is none or not known."""
    if not isinstance(value, Mapping):
        return None
    written = value.get("type")
    if isinstance(written, str):
        return component_types().get(written)
    return field.types[0].component if len(field.types) == 1 else None


def slots(value: Any, field: FieldSpec) -> Iterator[tuple[Path, Any]]:
    """Where in the value of a field a component may stand, with what stands there; paths are relative to the field."""
    if isinstance(value, list):
        yield from (((index,), item) for index, item in enumerate(value))
    elif field.kind in MAPPINGS:
        yield from (((key,), item) for key, item in value.items()) if isinstance(value, Mapping) else ()
    else:
        yield (), value


def field_at(view: View, path: Path) -> FieldSpec | None:
    """The field that a path names, or that holds the list item or map entry at its end."""
    places = list(way(view, path))
    if places[-1].key is not None:
        return places[-1].field
    return places[-2].field if len(places) > 1 else None


def component_at(view: View, path: Path) -> type[Component] | None:
    """The class of the component at a path, None when there is none or its class is not known."""
    last = list(way(view, path))[-1]
    return last.component if last.path == path else None


def variables_at(view: View, path: Path) -> frozenset[str]:
    """The template variables that may be used in the field at a path."""
    visible: frozenset[str] = frozenset()
    for place in way(view, path):
        visible |= place.component.template_variables(place.value)
        gives = place.field.gives if place.field else None
        if gives is not None:
            visible = gives.names if gives.only else visible | gives.names
    return visible | ALWAYS_VISIBLE
