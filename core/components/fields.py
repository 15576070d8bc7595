"""What a component class says of its fields: which hold components, and which variables their templates see."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from types import UnionType
from typing import Any, Union, get_args, get_origin

from core.components.base import Component, Gives, Shown
from core.templates import MixedMap


@dataclass(frozen=True, slots=True)
class FieldPlan:
    """A field as loader and forms need it.

    `key` is the name in the manifest, `roles` the component classes that its value (or its list items, or its
    mapping values when `is_map`) may have. `among_templates`: it is a mapping of names to templates, of which some may
    be components.
    """

    name: str
    key: str
    roles: tuple[type[Component], ...]
    is_map: bool
    among_templates: bool
    required: bool
    gives: Gives | None
    shown: Shown


@cache
def field_plans(component: type[Component]) -> Mapping[str, FieldPlan]:
    """The fields of a component class by their manifest key, in the order in which they are declared."""
    plans = {}
    for name, info in component.model_fields.items():
        key = info.alias or name
        annotation = info.annotation
        plans[key] = FieldPlan(
            name=name,
            key=key,
            roles=tuple(dict.fromkeys(_component_classes(annotation))),
            is_map=_holds_map_of_components(annotation, dict, Mapping),
            among_templates=_holds_map_of_components(annotation, MixedMap),
            required=info.is_required(),
            gives=next((item for item in info.metadata if isinstance(item, Gives)), None),
            shown=next((item for item in info.metadata if isinstance(item, Shown)), Shown()),
        )
    return plans


def _component_classes(annotation: Any) -> Sequence[type[Component]]:
    if isinstance(annotation, type) and issubclass(annotation, Component):
        return [annotation]
    return [cls for argument in get_args(annotation) for cls in _component_classes(argument)]


def _holds_map_of_components(annotation: Any, *kinds: type) -> bool:
    origin = get_origin(annotation)
    if origin in (Union, UnionType):
        return any(_holds_map_of_components(argument, *kinds) for argument in get_args(annotation))
    return origin in kinds and bool(_component_classes(get_args(annotation)[-1]))
