"""Which component types the reference knows, with their fields."""

import importlib
from typing import get_args, get_type_hints

from pydantic.v1 import BaseModel

MODELS = importlib.import_module("airbyte_cdk.sources.declarative.models.declarative_component_schema")


def types():
    """The fields of each component type, by what they are called in a manifest."""
    found = {}
    for name, model in vars(MODELS).items():
        if isinstance(model, type) and issubclass(model, BaseModel) and "type" in model.__fields__:
            found[name] = sorted({field.alias for field in model.__fields__.values()} - {"type", "$parameters"})
    return found


def custom_places():
    """The places that take a custom component, each as the type of the component around it and the field there."""
    found = set()
    for name, model in vars(MODELS).items():
        if isinstance(model, type) and issubclass(model, BaseModel) and "type" in model.__fields__:
            hints = get_type_hints(model)
            places = [field for field in model.__fields__.values() if _takes_custom(hints[field.name])]
            found |= {f"{name}.{field.alias}" for field in places}
    return sorted(found)


def _takes_custom(hint):
    return getattr(hint, "__name__", "").startswith("Custom") or any(map(_takes_custom, get_args(hint)))
