"""Whole numbers of the manifest's top level, which inputs may give."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from core.manifest.problems import Path, Problem
from core.templates import Template, TemplateError


def whole_number(value: int | Template, config: Mapping[str, Any]) -> int:
    """The number that is written or that a template gives. Raises `TemplateError`."""
    if not isinstance(value, Template):
        return value
    result = value.evaluate({"config": config})
    try:
        return int(result)
    except (TypeError, ValueError):
        raise TemplateError(f"`{value.source}` must give a whole number", value.source) from None


def positive_number(value: int | Template, config: Mapping[str, Any]) -> int:
    """The same for a number that must be at least 1. Raises `TemplateError`."""
    number = whole_number(value, config)
    if number < 1:
        raise TemplateError("it must give a number of at least 1", str(value))
    return number


def positive_problems(value: int | Template | None, path: Path) -> list[Problem]:
    """What is wrong with such a number as far as it can be told without inputs."""
    if value is None or (isinstance(value, Template) and not value.constant):
        return []
    try:
        number = whole_number(value, {})
    except TemplateError:
        return [Problem(f"`{path[-1]}` must be a whole number", path)]
    return [] if number >= 1 else [Problem(f"`{path[-1]}` must be at least 1, but it is {number}", path)]
