"""Airbyte-compatible Jinja templates: compiled once per text, evaluated often, in a bounded sandbox."""

from core.templates.errors import LimitError, TemplateError
from core.templates.maps import MixedMap, TemplateMap
from core.templates.patterns import Pattern, PatternError, compile_pattern
from core.templates.sandbox import FILTER_NAMES, GLOBAL_NAMES, Helper, describe
from core.templates.template import Condition, Template, in_doubt, undeclared

__all__ = [
    "FILTER_NAMES",
    "GLOBAL_NAMES",
    "Condition",
    "Helper",
    "LimitError",
    "MixedMap",
    "Pattern",
    "PatternError",
    "Template",
    "TemplateError",
    "TemplateMap",
    "compile_pattern",
    "describe",
    "in_doubt",
    "undeclared",
]
