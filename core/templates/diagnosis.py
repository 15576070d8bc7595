"""Explains to people what went wrong while a template was evaluated, without showing any value of the context."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from jinja2 import TemplateRuntimeError, Undefined, UndefinedError
from jinja2.exceptions import SecurityError

from core.templates.compiled import parse
from core.templates.datetimes import DatetimeError
from core.templates.errors import ChangeError, HurryError, LimitError, TemplateError, UnknownVariableError
from core.templates.lookups import Lookup, lookups_in

_KINDS = {
    "dict": "an object without that key",
    "list": "a list",
    "str": "a text",
    "NoneType": "null",
    "int": "a number",
    "float": "a number",
    "bool": "true or false",
}


def explain(error: Exception, source: str, context: Mapping[str, Any]) -> TemplateError:
    """The error for an exception that evaluating `source` with `context` raised."""
    return TemplateError(_problem(error, source, context), source)


def _problem(error: Exception, source: str, context: Mapping[str, Any]) -> str:
    match error:
        case UnknownVariableError(name=name):
            return f"the variable “{name}” is not available here. {_advice(name, context)}"
        case UndefinedError():
            return _missing(error, source, context)
        case SecurityError():
            return "it uses something that templates may not touch."
        case ChangeError():
            return "it would change a value that it is given; build a new one, such as dict(record, name='value')."
        case HurryError():
            return f"{error}, too long for a look at its value."
        case LimitError():
            return f"{error}, which templates may not do."
        case RecursionError():
            return "it calls itself too many times, or works on a value that is nested too deeply."
        case DatetimeError(problem=problem):
            return f"a value {problem}."
        case TypeError():
            return _gap(source, context) or f"its values do not fit together: {error}."
        case ZeroDivisionError():
            return "it divides by zero."
        case TemplateRuntimeError(message=str(message)) if all(name in source for name in _quoted(message)):
            return message
        case _:
            return f"a function or filter cannot work with the value that it was given ({type(error).__name__})."


def _advice(name: str, context: Mapping[str, Any]) -> str:
    if name == "stream_state":  # Airbyte: removed from templates
        return "Templates can no longer see the state; use “stream_interval” instead."
    return f"Available: {', '.join(sorted(context)) or 'none'}."


def _missing(error: UndefinedError, source: str, context: Mapping[str, Any]) -> str:
    return _gap(source, context) or _named_in_message(error, source)


def _gap(source: str, context: Mapping[str, Any]) -> str:
    """The lookup that finds nothing, as a sentence; "" if everything is there."""
    final_gap = ""
    for lookup in lookups_in(parse(source)):
        for count, parent, found in _walk(lookup, context):
            if not isinstance(found, Undefined):
                continue
            gap = f"“{lookup.path(count)}” is not there: “{lookup.path(count - 1)}” is {_kind(parent)}"
            if count < len(lookup.steps):
                return f"{gap}, so “{lookup.steps[count][0]}” cannot be looked up in it."
            final_gap = final_gap or f"{gap}."
            break
    return final_gap


def _walk(lookup: Lookup, context: Mapping[str, Any]) -> Iterator[tuple[int, Any, Any]]:
    if lookup.root not in context:  # a loop's own variable, whose value is no longer known
        return
    value = context[lookup.root]
    for count, (key, jinja_lookup) in enumerate(lookup.steps, 1):
        parent, value = value, jinja_lookup(value, key)
        yield count, parent, value


def _kind(value: Any) -> str:
    if isinstance(value, Mapping):
        return _KINDS["dict"]
    return _KINDS.get(type(value).__name__, f"a {type(value).__name__}")


def _named_in_message(error: UndefinedError, source: str) -> str:
    quoted = _quoted(error.message or "")
    if quoted and quoted[-1] in source:  # a name from the template, not a value
        return f"“{quoted[-1]}” is not there."
    return "a value that it needs is not there."


def _quoted(message: str) -> list[str]:
    return re.findall(r"'([^']+)'", message)
