"""Single templates: text that evaluates to a value, and conditions that evaluate to true or false."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any, Final

from jinja2 import UndefinedError
from pydantic_core import core_schema

from core.templates.compiled import compile_source
from core.templates.diagnosis import explain
from core.templates.fields import SourceField
from core.templates.literals import EMPTY, value_of
from core.templates.texts import Null, plain

_FALSE: Final[tuple[Any, ...]] = (
    "False",
    "false",
    "{}",
    "[]",
    "()",
    "",
    "0",
    "0.0",
    {},
    False,
    None,
    [],
    (),
    set(),
)


class _Compilable(SourceField):
    """What templates and conditions share: a text as source, and its compiled form."""

    __slots__ = ("_text", "_value", "constant", "variables")

    source: str
    constant: bool
    variables: frozenset[str]
    _text: Callable[[Mapping[str, Any]], str]
    _value: Callable[[Mapping[str, Any]], Any]

    _json_input = core_schema.str_schema()
    _accepted = (str, int, float)
    _expected = "This must be text, which may hold templates such as {{ config['key'] }}."

    def __init__(self, source: str) -> None:
        text = str(source)  # numbers and booleans of a manifest are texts as well
        compiled = compile_source(text)
        super().__init__(text)
        self._set(constant=compiled.constant, variables=compiled.variables)
        self._set(_text=compiled.text, _value=compiled.value)

    def __str__(self) -> str:
        return self.source


class Template(_Compilable):
    """A text with Jinja in it, or without (`constant`).

    `variables` are the top-level names that it needs; macros and other globals are not among them.

    Raises:
        TemplateError: on construction for a syntax error or an unknown filter; when evaluating for everything
            that goes wrong in it, an unknown variable included.

    """

    __slots__ = ()

    def evaluate(self, context: Mapping[str, Any]) -> Any:
        """Render, then turn text that looks like a Python literal into that value; "" for an empty text."""
        try:
            value = self._value(context)
        except Exception as error:
            problem = explain(error, self.source, context)
        else:
            return "" if value is EMPTY else value
        raise problem

    def evaluate_or(self, context: Mapping[str, Any], default: Any) -> Any:
        """Like `evaluate`, with a default for an empty result and for looking into what is not there."""
        try:
            value = self._value(context)
        except UndefinedError:
            return default
        except Exception as error:
            problem = explain(error, self.source, context)
        else:
            return default if value is EMPTY else value
        raise problem

    def text(self, context: Mapping[str, Any]) -> str:
        """The rendered text as it is."""
        try:
            return plain(self._text(context))
        except Exception as error:
            problem = explain(error, self.source, context)
        raise problem

    def text_or_null(self, context: Mapping[str, Any]) -> str | None:
        """The rendered text as it is, but None for a value that is null."""
        try:
            text = self._text(context)
        except Exception as error:
            problem = explain(error, self.source, context)
        else:
            return None if type(text) is Null else plain(text)
        raise problem

    def text_and_value(self, context: Mapping[str, Any]) -> tuple[str, Any]:
        """The rendered text, and what `evaluate` makes of it; "" and None for looking into what is not there."""
        try:
            text = self._text(context)
            return plain(text), value_of(text)
        except UndefinedError:
            return "", None
        except Exception as error:
            problem = explain(error, self.source, context)
        raise problem

    def text_or(self, context: Mapping[str, Any], default: str) -> str:
        """Like `text`, with a default for an empty text and for looking into something that is not there."""
        try:
            return plain(self._text(context)) or default
        except UndefinedError:
            return default
        except Exception as error:
            problem = explain(error, self.source, context)
        raise problem


class Condition(_Compilable):
    """A template that is true or false.

    Airbyte: false are the usual empty values, null, and the texts "False", "false", "{}", "[]", "()", "0" and
    "0.0"; a condition that looks into something that is not there is false; everything else is true.
    """

    __slots__ = ()

    def evaluate(self, context: Mapping[str, Any]) -> bool:
        """Whether the condition holds.

        Raises:
            TemplateError: for everything that goes wrong in it, an unknown variable included.

        """
        try:
            value = self._value(context)
        except UndefinedError:
            return False
        except Exception as error:
            problem = explain(error, self.source, context)
        else:
            if value is True or value is False:
                return value
            return value is not EMPTY and value not in _FALSE
        raise problem


def undeclared(source: str, allowed: Collection[str]) -> frozenset[str]:
    """The top-level names that a template uses and that are not among those allowed; raises TemplateError."""
    return compile_source(source).variables.difference(allowed)
