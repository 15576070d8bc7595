"""Airbyte-compatible Jinja templates: compiled once per text, evaluated often, in a bounded sandbox."""

from core.templates.catalog import Helper, describe
from core.templates.errors import TemplateError
from core.templates.maps import MixedMap, TemplateMap
from core.templates.sandbox import FILTER_NAMES, GLOBAL_NAMES
from core.templates.template import Condition, Template, undeclared

__all__ = [
    "FILTER_NAMES",
    "GLOBAL_NAMES",
    "Condition",
    "Helper",
    "MixedMap",
    "Template",
    "TemplateError",
    "TemplateMap",
    "describe",
    "undeclared",
]
