"""The component: one class for a manifest component's fields and for what it does."""

# No `from __future__ import annotations` here: pydantic would evaluate the annotations of `Component` for each of its
# subclasses again, which takes a tenth of every start.

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from types import UnionType
from typing import Annotated, Any, ClassVar, Union, get_args, get_origin

import orjson
from pydantic import BaseModel, ConfigDict, Field, PrivateAttr

from core.manifest.problems import Path, Problem
from core.templates import Condition, MixedMap, Template, TemplateMap
from core.templates.template import SourceField


@dataclass(frozen=True, slots=True)
class Shown:
    """How the builder shows a field (put it into the field's `Annotated` metadata).

    `editor` names a kind of editor where the field's Python type does not imply it: "duration", "datetime_format",
    "json", "graphql", "pairs", "field_path", "status", "strings". `ours` marks a field that Airbyte does not know.
    `unset` says in a word or two what counts while there is no value, `empty` what an empty text means where it is a
    value of its own. `not_offered` are component types that could be written there, but would be of no use.
    """

    advanced: bool = False
    secret: bool = False
    editor: str | None = None
    ours: bool = False
    unset: str = ""
    empty: str = ""
    not_offered: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Gives:
    """The template variables that a field makes visible in itself and in every component below it.

    They are added to those that are visible around the component, unless `only` is set: then they, with `config` and
    `parameters`, are all there is.
    """

    names: frozenset[str]
    only: bool = False

    def __init__(self, *names: str, only: bool = False) -> None:
        object.__setattr__(self, "names", frozenset(names))
        object.__setattr__(self, "only", only)


@dataclass(frozen=True, slots=True)
class NotInAirbyte:
    """The component types that a field takes here, but not in Airbyte (for the field's `Annotated` metadata)."""

    types: tuple[str, ...]

    def __init__(self, *types: str) -> None:
        object.__setattr__(self, "types", types)


@dataclass(frozen=True, slots=True)
class AsText:
    """What is written in a field is text, also where YAML reads it as something else.

    It goes into the field's `Annotated` metadata where that doesn't show: of a mapping, it is about the values;
    `numbers` says that numbers are as good there.
    """

    numbers: bool = False


@dataclass(frozen=True, slots=True)
class MayBeIncomplete:
    """What is written in a field need not be complete (for the field's `Annotated` metadata).

    Its role gives a substitute for what can't be built yet.
    """


SLICE_VARIABLES = ("stream_slice", "stream_partition", "stream_interval")


class Component(BaseModel):
    """A manifest component."""

    model_config = ConfigDict(
        frozen=True,
        extra="ignore",
        defer_build=True,
        arbitrary_types_allowed=True,
        validate_default=False,
        protected_namespaces=(),
    )

    label: ClassVar[str] = ""
    """The name for people; empty: made from the class name."""
    portable: ClassVar[bool] = True
    """Whether Airbyte knows this type."""
    is_role: ClassVar[bool] = True
    blocking: ClassVar[bool] = False
    """Whether its methods may wait for another process."""
    registered: ClassVar = dict[str, type["Component"]]()
    """Every concrete component class by its type name."""

    parameters: dict[str, Any] = Field(default={}, alias="$parameters", repr=False)

    _origin: Path = PrivateAttr(default=())
    _written_at: str = PrivateAttr(default="")

    def __init_subclass__(cls, role: bool = False, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        cls.is_role = role

    @classmethod
    def __pydantic_init_subclass__(cls, **kwargs: Any) -> None:
        super().__pydantic_init_subclass__(**kwargs)
        if not cls.is_role and "." not in cls.__qualname__:
            Component.registered[cls.__name__] = cls

    @classmethod
    def template_variables(cls, raw: Mapping[str, Any]) -> frozenset[str]:
        """Template variables that depend on what is written: visible in this component and below it.

        `raw` is the component as written, references resolved.
        """
        return frozenset()

    @classmethod
    def substitute(cls, raw: Any, path: Path) -> "Component | None":
        """What takes the place in a list of a component of this role that can't be built; None: nothing does.

        It does, too, in a field that may be incomplete.
        """
        return None

    def lint(self) -> list[Problem]:
        """Problems that fields alone don't show; paths are relative to this component."""
        return []

    def unportable(self) -> list[Problem]:
        """Warnings of what Airbyte would make something else of; paths are relative to this component."""
        return []

    def tree(self) -> "Iterator[Component]":
        """The component itself and all components below it."""
        yield self
        for name in type(self).model_fields:
            yield from _components_in(getattr(self, name))

    @property
    def origin(self) -> Path:
        """The path in the document where this component is written."""
        return self._origin

    @property
    def written_at(self) -> str:
        """Where a component of another package is written, `file:line:column`; empty for those of Longhaul itself."""
        return self._written_at

    @cached_property
    def waits(self) -> bool:
        """Whether it, or a component below it, may wait for another process: its methods are called in threads then."""
        return any(part.blocking for part in self.tree())

    @cached_property
    def identity(self) -> bytes:
        """Equal for components that say the same; two of them may share their state in a run."""
        return orjson.dumps(self, default=_dumped, option=orjson.OPT_SORT_KEYS | orjson.OPT_NON_STR_KEYS)


def _components_in(value: Any) -> Iterator[Component]:
    if isinstance(value, Component):
        yield from value.tree()
    elif isinstance(value, MixedMap):
        yield from _components_in(value.parts)
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from _components_in(item)
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from _components_in(item)


def _dumped(value: Any) -> Any:
    """What a component, or a group in one, says; pydantic itself would leave out what a role does not declare."""
    if isinstance(value, BaseModel):
        return {"type": type(value).__name__, **{name: getattr(value, name) for name in type(value).model_fields}}
    return value.source if isinstance(value, SourceField) else str(value)


class Unsupported(Component, role=True):
    """A component of a type that Longhaul does not run (yet): it loads and is kept, a read that meets it says so."""

    written_type: str = ""


@dataclass(frozen=True, slots=True)
class FieldPlan:
    """A field as loader and forms need it.

    `key` is the name in the manifest, `roles` the component classes that its value (or its list items, or its
    mapping values when `is_map`) may have. `among_templates`: it is a mapping of names to templates, of which some may
    be components. `text`: what is written there is text, also where YAML reads it as something else; `text_map`: the
    same for the values of a mapping; `typed`: what the text evaluates to need not be text;
    `single`: it need not be in a list. `holds_templates`: there may be templates in it, besides those of components;
    `coercible`: a value of another type may be taken for what it spells. `may_be_incomplete`: a component that can't be
    built has a substitute.
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
    holds_templates: bool
    coercible: bool
    not_in_airbyte: tuple[str, ...]
    may_be_incomplete: bool


@cache
def field_plans(component: type[BaseModel]) -> Mapping[str, FieldPlan]:
    """The fields of a component class, or of a group in one, by their key, in the order in which they are declared."""
    plans = {}
    for name, info in component.model_fields.items():
        key = info.alias or name
        annotation = info.annotation
        as_text = next((item for item in info.metadata if isinstance(item, AsText)), None)
        plans[key] = FieldPlan(
            name=name,
            key=key,
            roles=tuple(dict.fromkeys(component_classes(annotation))),
            is_map=_holds_map_of_components(annotation, dict, Mapping),
            among_templates=_holds_map_of_components(annotation, MixedMap),
            required=info.is_required(),
            gives=next((item for item in info.metadata if isinstance(item, Gives)), None),
            shown=next((item for item in info.metadata if isinstance(item, Shown)), Shown()),
            text=_holds_only_text(annotation) and as_text != AsText(numbers=True),
            text_map=as_text == AsText(),
            single=_takes_single_text(annotation),
            holds_templates=_mentions(annotation, SourceField, BaseModel),
            coercible=_mentions(annotation, int, float, bool, BaseModel),
            typed=not component_classes(annotation) and bool({Template, Condition} & set(_kinds(annotation))),
            not_in_airbyte=next((item.types for item in info.metadata if isinstance(item, NotInAirbyte)), ()),
            may_be_incomplete=any(isinstance(item, MayBeIncomplete) for item in info.metadata),
        )
    return plans


def union_members(annotation: Any) -> tuple[Any, ...]:
    """The members of a union; of everything else, the annotation itself."""
    return get_args(annotation) if get_origin(annotation) in (Union, UnionType) else (annotation,)


def component_classes(annotation: Any) -> Sequence[type[Component]]:
    """The component classes in an annotation, wherever they are in it."""
    if isinstance(annotation, type) and issubclass(annotation, Component):
        return [annotation]
    return [cls for argument in get_args(annotation) for cls in component_classes(argument)]


def _holds_only_text(annotation: Any) -> bool:
    """Whether the single values that a field takes, itself or in lists, are text, templates included."""
    kinds = set(_kinds(annotation)) - {type(None)}
    return bool(kinds & {str, Template, Condition}) and kinds <= {str, Template, Condition, TemplateMap}


def _takes_single_text(annotation: Any) -> bool:
    return any(member in (str, Template, Condition) for member in union_members(annotation))


def _kinds(annotation: Any) -> Sequence[Any]:
    origin = get_origin(annotation)
    if origin in (Union, UnionType, list, Annotated):
        inner = get_args(annotation)[:1] if origin is Annotated else get_args(annotation)
        return [kind for argument in inner for kind in _kinds(argument)]
    if isinstance(annotation, type) and issubclass(annotation, Component):
        return ()
    return (annotation,)


def _mentions(annotation: Any, *kinds: type) -> bool:
    """Whether a subclass of one of these, which is no component, is anywhere in an annotation."""
    for kind in (annotation, get_origin(annotation)):
        if isinstance(kind, type) and issubclass(kind, kinds) and not issubclass(kind, Component):
            return True
    return any(_mentions(argument, *kinds) for argument in get_args(annotation))


def _holds_map_of_components(annotation: Any, *kinds: type) -> bool:
    origin = get_origin(annotation)
    if origin in (Union, UnionType):
        return any(_holds_map_of_components(argument, *kinds) for argument in get_args(annotation))
    return origin in kinds and bool(component_classes(get_args(annotation)[-1]))
