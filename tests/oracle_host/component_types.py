"""Which component types the reference knows, with their fields."""

import importlib

from pydantic.v1 import BaseModel

MODELS = importlib.import_module("airbyte_cdk.sources.declarative.models.declarative_component_schema")


def types():
    """The fields of each component type, by what they are called in a manifest."""
    found = {}
    for name, model in vars(MODELS).items():
        if isinstance(model, type) and issubclass(model, BaseModel) and "type" in model.__fields__:
            found[name] = sorted({field.alias for field in model.__fields__.values()} - {"type", "$parameters"})
    return found
