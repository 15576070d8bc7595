"""What templates can call, described for completion and help."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from core.templates.sandbox import ENVIRONMENT


@dataclass(frozen=True, slots=True)
class Helper:
    """One global function ("macro") or filter: name, signature such as `max(*args)`, and a line of help.

    A filter's signature leaves out the value that it is applied to.
    """

    kind: Literal["macro", "filter"]
    name: str
    signature: str
    help: str


def describe() -> tuple[Helper, ...]:
    """All macros, then all filters, by name; Jinja's own ones included."""
    macros = [_helper("macro", name, function) for name, function in sorted(ENVIRONMENT.globals.items())]
    filters = [_helper("filter", name, function) for name, function in sorted(ENVIRONMENT.filters.items())]
    return (*macros, *filters)


def _helper(kind: Literal["macro", "filter"], name: str, function: Any) -> Helper:
    text = inspect.getdoc(function) or ""
    first_paragraph = text.split("\n\n")[0]
    return Helper(kind, name, name + _signature(kind, function), " ".join(first_paragraph.split()))


def _signature(kind: str, function: Callable[..., Any]) -> str:
    try:
        parameters = list(inspect.signature(function).parameters.values())
    except ValueError:  # some of Python's built-in functions do not tell
        return "()"
    hidden = (kind == "filter") + hasattr(function, "jinja_pass_arg")
    shown = [parameter.replace(annotation=inspect.Parameter.empty) for parameter in parameters[hidden:]]
    return str(inspect.Signature(shown))
