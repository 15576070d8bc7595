"""Marks in texts for what is not known when they are read, such as the value of a shell variable; they become inputs.

A mark is made of letters that mean nothing in URLs, JSON and shells, so that a text with marks is read like any other.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

_OPEN, _CLOSE = "\ue000", "\ue001"
MARK = re.compile(f"{_OPEN}([^{_OPEN}{_CLOSE}]*){_CLOSE}")


def marked(name: str) -> str:
    """The mark of something with this name."""
    return f"{_OPEN}{name}{_CLOSE}"


def filtered(name: str, through: str) -> str:
    """The mark of something that goes through a filter of templates."""
    return marked(f"{name}|{through}")


def without_marks(text: str) -> str:
    """A text from outside, free of letters that would be taken for marks."""
    return text.replace(_OPEN, "").replace(_CLOSE, "")


def replaced(value: Any, replacement: Callable[[str], str]) -> Any:
    """A value with the marks in all its texts replaced by what a function gives for their names."""
    if isinstance(value, str):
        return MARK.sub(lambda found: replacement(found[1]), value)
    if isinstance(value, dict):
        return {replaced(key, replacement): replaced(one, replacement) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [replaced(one, replacement) for one in value]
    return value
