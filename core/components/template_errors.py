"""Turns what goes wrong in a template into the error of a read."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from core.errors import ReadError
from core.templates import TemplateError


@contextmanager
def readable() -> Iterator[None]:
    """Raise `ReadError` for templates that can't be evaluated."""
    try:
        yield
    except TemplateError as error:
        raise ReadError(str(error)) from None
