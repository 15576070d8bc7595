"""The transformations: changes that are made to every record, in place and in order."""

from core.components.transformations.add_fields import AddedFieldDefinition, AddFields
from core.components.transformations.flatten import DpathFlattenFields, FlattenFields, KeyTransformation
from core.components.transformations.keys import KeysReplace, KeysToLower, KeysToSnakeCase
from core.components.transformations.remove_fields import RemoveFields

__all__ = [
    "AddFields",
    "AddedFieldDefinition",
    "DpathFlattenFields",
    "FlattenFields",
    "KeyTransformation",
    "KeysReplace",
    "KeysToLower",
    "KeysToSnakeCase",
    "RemoveFields",
]
