"""What a component class says of its fields: which hold components, and which variables their templates see."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from core.components.base import AsText, Component, Gives, NotInAirbyte, Shown
from core.templates import Condition, MixedMap, Template, TemplateMap


@dataclass(frozen=True, slots=True)
class FieldPlan:
    """A field as loader and forms need it.

    `key` is the name in the manifest, `roles` the component classes that its value (or its list items, or its
    mapping values when `is_map`) may have. `among_templates`: it is a mapping of names to templates, of which some may
    be components. `text`: what is written there is text, also where YAML reads it as something else; `text_map`: the
    same for the values of a mapping; `typed`: what the text evaluates to need not be text;
    `single`: it need not be in a list.
    """

    name: str
    key: str
    roles: tuple[type[Component], ...]
    is_map: bool
    among_templates: bool
    required: bool
    gives: Gives | None
    shown: Shown
    text: bool
    text_map: bool
    typed: bool
    single: bool
    not_in_airbyte: tuple[str, ...]


@cache
def field_plans(component: type[Component]) -> Mapping[str, FieldPlan]:
    """The fields of a component class by their manifest key, in the order in which they are declared."""
    plans = {}
    for name, info in component.model_fields.items():
        key = info.alias or name
        annotation = info.annotation
        as_text = next((item for item in info.metadata if isinstance(item, AsText)), None)
        plans[key] = FieldPlan(
            name=name,
            key=key,
            roles=tuple(dict.fromkeys(_component_classes(annotation))),
            is_map=_holds_map_of_components(annotation, dict, Mapping),
            among_templates=_holds_map_of_components(annotation, MixedMap),
            required=info.is_required(),
            gives=next((item for item in info.metadata if isinstance(item, Gives)), None),
            shown=next((item for item in info.metadata if isinstance(item, Shown)), Shown()),
            text=_holds_only_text(annotation) and as_text != AsText(numbers=True),
            text_map=as_text == AsText(),
            single=_takes_single_text(annotation),
            typed=not _component_classes(annotation) and bool({Template, Condition} & set(_kinds(annotation))),
            not_in_airbyte=next((item.types for item in info.metadata if isinstance(item, NotInAirbyte)), ()),
        )
    return plans


def _component_classes(annotation: Any) -> Sequence[type[Component]]:
    if isinstance(annotation, type) and issubclass(annotation, Component):
        return [annotation]
    return [cls for argument in get_args(annotation) for cls in _component_classes(argument)]


def _holds_only_text(annotation: Any) -> bool:
    """Whether the single values that a field takes, itself or in lists, are text, templates included."""
    kinds = set(_kinds(annotation)) - {type(None)}
    return bool(kinds & {str, Template, Condition}) and kinds <= {str, Template, Condition, TemplateMap}


def _takes_single_text(annotation: Any) -> bool:
    members = get_args(annotation) if get_origin(annotation) in (Union, UnionType) else (annotation,)
    return any(member in (str, Template, Condition) for member in members)


def _kinds(annotation: Any) -> Sequence[Any]:
    origin = get_origin(annotation)
    if origin in (Union, UnionType, list, Annotated):
        inner = get_args(annotation)[:1] if origin is Annotated else get_args(annotation)
        return [kind for argument in inner for kind in _kinds(argument)]
    if isinstance(annotation, type) and issubclass(annotation, Component):
        return ()
    return (annotation,)


def _holds_map_of_components(annotation: Any, *kinds: type) -> bool:
    origin = get_origin(annotation)
    if origin in (Union, UnionType):
        return any(_holds_map_of_components(argument, *kinds) for argument in get_args(annotation))
    return origin in kinds and bool(_component_classes(get_args(annotation)[-1]))
