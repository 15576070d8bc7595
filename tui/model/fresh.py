"""Fresh components: what is written when a component is chosen, so that it is valid where that is possible."""

from __future__ import annotations

from typing import Any

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
}
"""What a type begins with beyond its required fields, because it would do nothing, or not load, without it."""


def fresh(component: type[Component]) -> dict[str, Any]:
    """A new component with its required fields as far as they have an obvious value."""
    value: dict[str, Any] = {"type": component.__name__}
    for field in form_spec(component).fields:
        if field.required and (start := _start(component, field)) is not None:
            value[field.key] = start
    return value | _STARTS.get(component.__name__, {})


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
            return fresh(default_type(owner, field))
        case Kind.CHOICE:
            return field.options[0]
        case Kind.STRINGS | Kind.NUMBERS | Kind.FIELD_PATH | Kind.FIELD_PATHS | Kind.COMPONENTS:
            return []
        case Kind.PAIRS | Kind.JSON | Kind.GRAPHQL | Kind.SCHEMA | Kind.COMPONENT_MAP:
            return {}
        case Kind.BOOLEAN:
            return False
    return None
