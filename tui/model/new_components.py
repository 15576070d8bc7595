"""New components, and retrievers of one kind made from those of the other."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass
from typing import Any

from core.connector.registry import component_types
from core.manifest.parameters import DEFAULT_TYPES
from core.runtime.component import Component
from tui.model.specs import FieldSpec, Kind, form_spec

_PREFERRED = (
    "DpathExtractor",
    "JsonDecoder",
    "HttpRequester",
    "PageIncrement",
    "InlineSchemaLoader",
    "DefaultErrorHandler",
    "Bearer",
)
"""The type that a required slot gets when there are several and Airbyte has no default."""
_STARTS: dict[str, dict[str, Any]] = {
    "ApiKeyAuthenticator": {
        "inject_into": {"type": "RequestOption", "inject_into": "header", "field_name": "X-API-Key"}
    },
    "InlineSchemaLoader": {"schema": {"type": "object", "additionalProperties": True, "properties": {}}},
    "OAuthAuthenticator": {"grant_type": "refresh_token"},
    "RateLimitedMultipleTokenAuthenticator": {
        "quotas": [{"type": "TokenQuota", "name": "requests", "remaining_path": [], "reset_path": []}]
    },
    "RequestBodyGraphQL": {"value": {"query": ""}},
    "AsyncRetriever": {"download_requester": {"type": "HttpRequester"}},
}
"""What a type begins with beyond its required fields, because it would do nothing, or not load, without it."""


def new_component(component: type[Component]) -> dict[str, Any]:
    """A new component, with the required fields that have an obvious value."""
    value: dict[str, Any] = {"type": component.__name__}
    starts = _STARTS.get(component.__name__, {})
    for field in form_spec(component).fields:
        if field.key in starts:
            value[field.key] = deepcopy(starts[field.key])
        elif field.required and (start := _start(component, field)) is not None:
            value[field.key] = start
    return value


def default_type(owner: type[Component], field: FieldSpec) -> type[Component]:
    """The type that a component slot gets when nothing is chosen: Airbyte's default, or the most usual one."""
    by_name = {choice.name: choice.component for choice in field.types}
    usual = DEFAULT_TYPES.get(owner.__name__, {}).get(field.key)
    return next((by_name[name] for name in (usual, *_PREFERRED) if name in by_name), field.types[0].component)


def _start(owner: type[Component], field: FieldSpec) -> Any:
    match field.kind:
        case Kind.COMPONENT if field.or_texts:
            return []
        case Kind.COMPONENT if field.options:
            return field.options[0]
        case Kind.COMPONENT | Kind.STATUS_MAPPING if not field.or_text:
            return new_component(default_type(owner, field))
        case Kind.CHOICE:
            return field.options[0]
        case Kind.STRINGS | Kind.NUMBERS | Kind.FIELD_PATH | Kind.FIELD_PATHS | Kind.COMPONENTS:
            return []
        case Kind.PAIRS | Kind.JSON | Kind.GRAPHQL | Kind.SCHEMA | Kind.COMPONENT_MAP:
            return {}
        case Kind.BOOLEAN:
            return False
    return None


SYNC, ASYNC = "SimpleRetriever", "AsyncRetriever"
_COUNTERPARTS = (
    ("requester", "creation_requester"),
    ("decoder", "download_decoder"),
    ("record_selector", "record_selector"),
    ("paginator", "download_paginator"),
    ("partition_router", "partition_router"),
)
"""Fields of a synchronous retriever, and the fields of an asynchronous one that mean the same."""


@dataclass(frozen=True, slots=True)
class ConvertedRetriever:
    """A retriever of the other type; `carried` are the keys of what it has from the one before, `left_out` the titles
    of what was set and has no place in it.
    """

    retriever: dict[str, Any]
    carried: frozenset[str]
    left_out: tuple[str, ...]


def converted(retriever: dict[str, Any], to: str, remembered: dict[str, Any] | None) -> ConvertedRetriever:
    """The retriever as one of the type `to`. What has no counterpart comes from `remembered`, or starts fresh."""
    mapping = dict(_COUNTERPARTS if to == ASYNC else ((there, here) for here, there in _COUNTERPARTS))
    carried = {mapping[key]: deepcopy(value) for key, value in retriever.items() if key in mapping}
    kept = {key: deepcopy(value) for key, value in retriever.items() if key == "$parameters"}
    start = deepcopy(remembered) if remembered is not None else new_retriever(to)
    if remembered is None and to == ASYNC:
        _authenticate(start, carried.get("creation_requester"))
    obsolete = {there for key, there in mapping.items() if key not in retriever}
    base = {key: value for key, value in start.items() if key not in obsolete or remembered is None}
    return ConvertedRetriever(
        {**base, **kept, **carried}, frozenset(mapping) & set(retriever), _left_out(retriever, mapping)
    )


def new_resolver() -> dict[str, Any]:
    """What makes streams of what an API lists, each with the name that it has there."""
    resolver = new_component(component_types()["HttpComponentsResolver"])
    name = {"field_path": ["name"], "value": "{{ components_values['name'] }}"}
    return {**resolver, "components_mapping": [{"type": "ComponentMappingDefinition", **name}]}


def new_retriever(name: str) -> dict[str, Any]:
    """The retriever of a new stream: POST creates a job, GET does the rest, all extractors are still empty."""
    retriever = new_component(component_types()[name])
    for key in ("requester", "creation_requester", "polling_requester", "download_requester"):
        if key in retriever:
            retriever[key]["http_method"] = "POST" if key == "creation_requester" else "GET"
    if name == ASYNC:
        retriever["download_target_extractor"] = {"type": "DpathExtractor", "field_path": []}
        retriever["download_requester"]["url"] = "{{ download_target }}"
    return retriever


def _authenticate(retriever: dict[str, Any], creation: Any) -> None:
    """Polling asks the same API as creation does; downloads are often signed links, which need no credentials."""
    if isinstance(creation, dict) and "authenticator" in creation:
        retriever["polling_requester"]["authenticator"] = deepcopy(creation["authenticator"])


def _left_out(retriever: dict[str, Any], mapping: dict[str, str]) -> tuple[str, ...]:
    known = component_types().get(str(retriever.get("type")))
    if known is None:
        return ()
    fresh_one = new_retriever(known.__name__)
    return tuple(
        field.title
        for field in form_spec(known).fields
        if field.key in retriever and field.key not in mapping and retriever[field.key] != fresh_one.get(field.key)
    )
