"""The values that templates of a manifest give in a read, as text and as numbers; the errors are those of a read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from core.errors import ReadError
from core.templates import Template, TemplateError


@contextmanager
def readable() -> Iterator[None]:
    """Raise `ReadError` for templates that can't be evaluated."""
    try:
        yield
    except TemplateError as error:
        raise ReadError(str(error)) from None


def value_of(template: Template, scope: Mapping[str, Any]) -> Any:
    """The value of a template. Raises `ReadError`."""
    with readable():
        return template.evaluate(scope)


def text_of(template: Template, scope: Mapping[str, Any]) -> str:
    """The value of a template as text; Airbyte reads the text as a literal first. Raises `ReadError`."""
    return str(value_of(template, scope))


def whole_number_of(template: Template | None, scope: Mapping[str, Any], name: str) -> int | None:
    """The whole number that the field `name` gives; None without one. Raises `ReadError`."""
    value = None if template is None else value_of(template, scope)
    if value is None or value == "":
        return None
    if isinstance(value, bool) or not isinstance(value, int):
        raise ReadError(f"`{name}` must give a whole number, but `{template}` gives something else.")
    return value
