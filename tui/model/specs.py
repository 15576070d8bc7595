"""Form specifications: what the builder needs to know to show and edit a field, derived from the component classes."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import Enum, StrEnum
from functools import cache
from typing import Annotated, Any, Literal, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from core.components.job_status_map import AsyncJobStatusMap
from core.connector.registry import choices, component_types
from core.connector.schema import SUGGESTIONS, first_sentence
from core.runtime.component import Component, FieldPlan, Gives, Shown, component_classes, field_plans, union_members
from core.runtime.roles import SchemaLoader
from core.templates import Condition, MixedMap, Template, TemplateMap

_WORDS = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+|\d+")
_TYPE = re.compile(r"\b[A-Z][a-z]+(?:[A-Z][A-Za-z]*)+\b")
"""What may be the name of a component type."""
_SPELLED = {
    "api": "API",
    "csv": "CSV",
    "http": "HTTP",
    "id": "ID",
    "json": "JSON",
    "jwt": "JWT",
    "oauth": "OAuth",
    "url": "URL",
    "xml": "XML",
}
_WHOLE = (("GraphQL", "Graphql"), ("OAuth", "Oauth"))
"""Names with capitals inside, which would fall apart into words."""

_PLAIN = (
    "BearerAuthenticator",
    "ApiKeyAuthenticator",
    "BasicHttpAuthenticator",
    "OAuthAuthenticator",
    "Bearer",
    "JsonDecoder",
    "JsonlDecoder",
    "CsvDecoder",
    "DpathExtractor",
    "RequestBodyJsonObject",
    "RequestBodyUrlEncodedForm",
    "DefaultPaginator",
    "PageIncrement",
    "OffsetIncrement",
    "CursorPagination",
    "DatetimeBasedCursor",
    "ListPartitionRouter",
    "SubstreamPartitionRouter",
    "DefaultErrorHandler",
    "ConstantBackoffStrategy",
    "ExponentialBackoffStrategy",
    "InlineSchemaLoader",
    "CheckStream",
)
"""The types that most APIs need, in the order in which they are offered; the others follow by their names."""


@cache
def type_label(component: type[Component]) -> str:
    """The name of a component type: `BearerAuthenticator` is "Bearer", `RequestBodyJsonObject` is "JSON object".

    What says only which role the component plays is left out.
    """
    if component.label:
        return component.label
    name = component.__name__
    for role in (base.__name__ for base in component.__mro__[1:] if getattr(base, "is_role", False)):
        shorter = name.removesuffix(role).removeprefix(role)
        if shorter and shorter != name and role != "Component":
            name = shorter
            break
    return as_phrase(name)


def as_phrase(name: str) -> str:
    """A class or field name as a phrase in sentence case."""
    for written, joined in _WHOLE:
        name = name.replace(written, joined)
    words = [word.lower() for part in name.split("_") for word in _WORDS.findall(part)]
    spelled = [_SPELLED.get(word, "GraphQL" if word == "graphql" else word) for word in words]
    phrase = " ".join(spelled)
    return phrase if not words or words[0] in _SPELLED else phrase[:1].upper() + phrase[1:]


class Kind(StrEnum):
    """The kinds of fields; each has one editor."""

    TEXT = "text"
    """Text that may be a template."""
    PLAIN = "plain"
    """Text that is taken as it is."""
    NUMBER = "number"
    BOOLEAN = "boolean"
    CHOICE = "choice"
    """One of `options`."""
    STRINGS = "strings"
    NUMBERS = "numbers"
    FIELD_PATH = "field path"
    FIELD_PATHS = "field paths"
    PAIRS = "pairs"
    """A mapping of names to values, both templates; where there are `types`, components may stand among the values."""
    JSON = "json"
    GRAPHQL = "graphql"
    DURATION = "duration"
    DATETIME_FORMAT = "datetime format"
    COMPONENT = "component"
    """One component of one of `types`, or one of `options`."""
    COMPONENTS = "components"
    """A list of components."""
    COMPONENT_MAP = "component map"
    """A mapping of names to components."""
    GROUP = "group"
    """A mapping with the fields of `group`."""
    STATUS_MAPPING = "status mapping"
    PRIMARY_KEY = "primary key"
    SCHEMA = "schema"
    """A JSON Schema."""


@dataclass(frozen=True, slots=True)
class TypeChoice:
    """A component type that can be chosen; `portable` says whether Airbyte knows it."""

    name: str
    label: str
    help: str
    portable: bool
    component: type[Component]


@dataclass(frozen=True, slots=True)
class FieldSpec:
    """A field of a component.

    `templates`: templates are evaluated in it. `or_text`: a template may stand in place of the value that its kind
    says. `or_list`: a list of components may stand in place of one. `or_texts`: a list of texts may. `whole`: a number
    without fractions. `gives`: the template variables that it adds for itself and below. `limits`: constraints such as
    `gt` or `min_length`. `default` is what counts when the key is absent, `unset` says it in words where that takes
    some. `empty` says what an empty text means, where it is a value of its own. `not_offered`: types that are of no use
    in it.
    """

    key: str
    title: str
    help: str
    kind: Kind
    required: bool = False
    default: Any = None
    templates: bool = False
    or_text: bool = False
    or_list: bool = False
    or_texts: bool = False
    whole: bool = False
    unit: str = ""
    options: tuple[str, ...] = ()
    suggestions: tuple[str, ...] = ()
    types: tuple[TypeChoice, ...] = ()
    group: type[BaseModel] | None = None
    gives: Gives | None = None
    limits: Mapping[str, Any] | None = None
    advanced: bool = False
    secret: bool = False
    ours: bool = False
    unset: str = ""
    empty: str = ""
    not_offered: tuple[str, ...] = ()

    @property
    def offered_types(self) -> tuple[TypeChoice, ...]:
        """The types that are of use in it."""
        return tuple(one for one in self.types if one.name not in self.not_offered)


@dataclass(frozen=True)
class FormSpec:
    """The fields of a component class (or of a group in one) in the order in which they are declared."""

    component: type[BaseModel]
    label: str
    help: str
    fields: tuple[FieldSpec, ...]

    def field(self, key: str) -> FieldSpec | None:
        """The field of this key."""
        return next((field for field in self.fields if field.key == key), None)


@cache
def form_spec(component: type[BaseModel]) -> FormSpec:
    """The form of a component class."""
    is_component = issubclass(component, Component)
    return FormSpec(
        component,
        type_label(component) if issubclass(component, Component) else as_phrase(component.__name__),
        first_sentence(component) if issubclass(component, Component) else "",
        tuple(
            _field_spec(component, plan)
            for plan in field_plans(component).values()
            if not (is_component and plan.name == "parameters")
        ),
    )


@cache
def type_choices(roles: tuple[type[Component], ...]) -> tuple[TypeChoice, ...]:
    """The component types that fill a slot of one of these roles, the plain ones first."""
    classes = sorted(dict.fromkeys(cls for role in roles for cls in choices(role)), key=_plainness)
    return tuple(TypeChoice(cls.__name__, type_label(cls), first_sentence(cls), cls.portable, cls) for cls in classes)


def _plainness(component: type[Component]) -> int:
    """Where a type stands among those to choose from; those of one rank keep their order."""
    name = component.__name__
    return _PLAIN.index(name) if name in _PLAIN else len(_PLAIN)


def _field_spec(owner: type[BaseModel], plan: FieldPlan) -> FieldSpec:
    info, shown = owner.model_fields[plan.name], plan.shown
    shape = _Shape(info.annotation)
    kind = _kind(owner, shape, shown)
    return FieldSpec(
        key=plan.key,
        title=info.title or as_phrase(plan.name),
        help=info.description or "",
        kind=kind,
        required=plan.required,
        default=_default(info),
        templates=shape.templates,
        or_text=kind not in (Kind.TEXT, Kind.DURATION) and (shape.is_text or TemplateMap in shape.members),
        or_list=kind is Kind.COMPONENT and any(map(component_classes, shape.lists)),
        or_texts=kind is Kind.COMPONENT and str in shape.lists,
        whole=int in shape.members and float not in shape.members,
        unit=shown.editor if kind is Kind.NUMBER and shown.editor else "",
        options=shape.options,
        suggestions=SUGGESTIONS.get(shown.editor, ()),
        types=type_choices(plan.roles),
        group=shape.group,
        gives=plan.gives,
        limits=_limits(info.metadata),
        advanced=shown.advanced,
        secret=shown.secret,
        ours=shown.ours,
        unset=shown.unset,
        empty=shown.empty,
        not_offered=shown.not_offered,
    )


class _Shape:
    """What values an annotation allows: its union members, those of lists in it, and the component roles."""

    def __init__(self, annotation: Any) -> None:
        self.members = [_bare(member) for member in union_members(annotation) if member is not type(None)]
        self.lists = [_bare(get_args(member)[0]) for member in self.members if get_origin(member) is list]
        self.maps = [get_args(member)[1] for member in self.members if get_origin(member) is dict]
        self.roles = tuple(dict.fromkeys(component_classes(annotation)))
        self.options = tuple(option for member in self.members for option in _options(member))
        self.group = next((member for member in self.members if _is_group(member)), None)

    def lists_of(self, origin: type) -> bool:
        """Whether there may be lists of lists, or of mappings."""
        return any(get_origin(item) is origin for item in self.lists)

    @property
    def is_text(self) -> bool:
        """Whether a template may stand here."""
        return Template in self.members or Condition in self.members

    @property
    def templates(self) -> bool:
        """Whether there are templates in it."""
        inner = [item for listed in self.lists for item in (listed, *map(_bare, get_args(listed)))]
        return self.is_text or TemplateMap in self.members or Template in inner


def _kind(owner: type[BaseModel], shape: _Shape, shown: Shown) -> Kind:
    if AsyncJobStatusMap in shape.roles:
        return Kind.STATUS_MAPPING
    if shape.roles and TemplateMap in shape.members:
        return Kind.PAIRS
    if shape.roles and type_choices(shape.roles):
        return _component_kind(shape)
    if shape.options:
        return Kind.CHOICE
    if shape.group:
        return Kind.GROUP
    if shown.editor == "json" and issubclass(owner, SchemaLoader):
        return Kind.SCHEMA
    if shown.editor in ("json", "graphql", "pairs"):
        return Kind(shown.editor)
    if TemplateMap in shape.members:
        return Kind.PAIRS
    if shape.maps or shape.roles or shape.lists_of(dict):
        return Kind.JSON
    if shape.lists:
        return _list_kind(shape, shown)
    return _scalar_kind(shape, shown)


def _component_kind(shape: _Shape) -> Kind:
    if any(map(component_classes, shape.maps)):
        return Kind.COMPONENT_MAP
    single = any(isinstance(member, type) and issubclass(member, Component) for member in shape.members)
    return Kind.COMPONENT if single else Kind.COMPONENTS


def _list_kind(shape: _Shape, shown: Shown) -> Kind:
    if shown.editor == "strings":
        return Kind.STRINGS
    if str in shape.members:  # a list is the less common case
        return Kind.PRIMARY_KEY if shape.lists_of(list) else Kind.PLAIN
    if shape.lists_of(list):
        return Kind.FIELD_PATHS
    if int in shape.lists:
        return Kind.NUMBERS
    return Kind.FIELD_PATH if shown.editor == "field_path" else Kind.STRINGS


def _scalar_kind(shape: _Shape, shown: Shown) -> Kind:
    if bool in shape.members:
        return Kind.BOOLEAN
    if str not in shape.members and (int in shape.members or float in shape.members):
        return Kind.NUMBER
    if shown.editor == "duration":
        return Kind.DURATION
    if shown.editor == "datetime_format":
        return Kind.DATETIME_FORMAT
    return Kind.TEXT if shape.is_text else Kind.PLAIN


def _bare(annotation: Any) -> Any:
    if get_origin(annotation) is MixedMap:
        return TemplateMap
    return _bare(get_args(annotation)[0]) if get_origin(annotation) is Annotated else annotation


def _options(member: Any) -> Iterator[str]:
    if get_origin(member) is Literal:
        yield from get_args(member)
    elif isinstance(member, type) and issubclass(member, Enum):
        yield from (str(item.value) for item in member)


def _is_group(member: Any) -> bool:
    return isinstance(member, type) and issubclass(member, BaseModel) and not issubclass(member, Component)


def _default(info: FieldInfo) -> Any:
    default = info.get_default(call_default_factory=True, validated_data={})
    if default is PydanticUndefined:
        return None
    return default.source if isinstance(default, Template | Condition | TemplateMap) else default


def _limits(metadata: list[Any]) -> Mapping[str, Any] | None:
    names = ("gt", "ge", "lt", "le", "min_length", "max_length", "pattern")
    found = {
        name: value
        for item in metadata
        for name in names
        if (value := getattr(item, name, None)) is not None and not isinstance(item, Shown | Gives)
    }
    return found or None


def in_labels(text: str, keys: Iterable[object], *owners: type[Component]) -> str:
    """A sentence with labels in the place of the keys of these fields: the labels that `owners` give them first, then
    that of any component as long as all call the field the same.
    """
    for key in dict.fromkeys(keys):
        if isinstance(key, str) and (label := label_of(key, *owners)):
            text = text.replace(f"`{key}`", f"“{label}”")
    return text


def types_in_labels(text: str) -> str:
    """A sentence with labels in the place of the names of component types, which are written in one word."""

    def label(match: re.Match[str]) -> str:
        component = component_types().get(match[0])
        return f"“{type_label(component)}”" if component is not None else match[0]

    return _TYPE.sub(label, text)


def label_of(key: str, *owners: type[Component]) -> str:
    """What forms call a field; empty when none has it, or each another name for it."""
    for owner in owners:
        field = owner.model_fields.get(key)
        if field is not None and field.title:
            return field.title
    is_sure = "_" in key  # a single word may as well be a status, a name or a value
    return _labels().get(key, "") if is_sure else ""


@cache
def _labels() -> dict[str, str]:
    labels: dict[str, set[str]] = {}
    for component in component_types().values():
        for key, field in component.model_fields.items():
            if field.title:
                labels.setdefault(key, set()).add(field.title)
    return {key: titles.pop() for key, titles in labels.items() if len(titles) == 1}
