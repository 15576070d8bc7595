"""Dynamic streams: streams that are made from a template, with values that come from an API, the inputs or a list."""

from core.components.dynamic.mapping import ComponentMappingDefinition
from core.components.dynamic.resolvers import ComponentsResolver, HttpComponentsResolver
from core.components.dynamic.stream import BrokenDynamicStream, DynamicDeclarativeStream, DynamicStream, template_name

__all__ = [
    "BrokenDynamicStream",
    "ComponentMappingDefinition",
    "ComponentsResolver",
    "DynamicDeclarativeStream",
    "DynamicStream",
    "HttpComponentsResolver",
    "template_name",
]
