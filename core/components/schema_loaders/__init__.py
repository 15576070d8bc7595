"""The schema loaders: where the JSON Schema of a stream's records comes from."""

from core.components.schema_loaders.dynamic import DynamicSchemaLoader
from core.components.schema_loaders.inline import InlineSchemaLoader
from core.components.schema_loaders.json_file import JsonFileSchemaLoader
from core.components.schema_loaders.type_identifier import ComplexFieldType, SchemaTypeIdentifier, TypesMap

__all__ = [
    "ComplexFieldType",
    "DynamicSchemaLoader",
    "InlineSchemaLoader",
    "JsonFileSchemaLoader",
    "SchemaTypeIdentifier",
    "TypesMap",
]
