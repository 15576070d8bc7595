"""Single templates: texts that evaluate to a value, conditions that are true or false, and what both look up."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from functools import lru_cache
from typing import Any, ClassVar, Final, NoReturn, Self

from jinja2 import UndefinedError, nodes
from pydantic import GetCoreSchemaHandler
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from core.templates.compiled import compile_source, parse
from core.templates.diagnosis import explain
from core.templates.errors import TemplateError
from core.templates.literals import EMPTY, value_of
from core.templates.lookups import Lookup, as_lookup, used_in
from core.templates.texts import Null, plain


class SourceField:
    """An immutable value that pydantic models validate from its `source` and serialize as it; equal by `source`."""

    __slots__ = ("source",)

    source: Any
    _json_input: ClassVar[CoreSchema]
    _accepted: ClassVar[tuple[type, ...]]
    _expected: ClassVar[str]

    def __init__(self, source: Any) -> None:
        self._set(source=source)

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise AttributeError(f"a {type(self).__name__} cannot be changed")

    def _set(self, **attributes: object) -> None:
        for name, value in attributes.items():
            object.__setattr__(self, name, value)

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self) and other.source == self.source

    def __hash__(self) -> int:
        return hash((type(self), self.source))

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.source!r})"

    def __reduce__(self) -> tuple[type[Self], tuple[Any]]:
        return type(self), (self.source,)

    @classmethod
    def _validate(cls, value: Any) -> Self:
        if isinstance(value, cls):
            return value
        if not isinstance(value, cls._accepted):
            raise PydanticCustomError("template_type", "{expected}", {"expected": cls._expected})
        try:
            return cls(value)
        except TemplateError as error:
            problem = str(error)
        except (RecursionError, MemoryError):
            problem = "it is too long, or nested too deeply, to be a template"
        raise PydanticCustomError("template", "{problem}", {"problem": problem})

    @classmethod
    def __get_pydantic_core_schema__(cls, _source: Any, _handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(
            cls._validate,
            json_schema_input_schema=cls._json_input,
            serialization=core_schema.plain_serializer_function_ser_schema(
                lambda template: template.source, return_schema=cls._json_input
            ),
        )


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
    """A text and its compiled form."""

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
        text = str(source)  # numbers and booleans of a manifest count as texts
        compiled = compile_source(text)
        self._set(
            source=text,
            constant=compiled.constant,
            variables=compiled.variables,
            _text=compiled.text,
            _value=compiled.value,
        )

    def __str__(self) -> str:
        return self.source


class Template(_Compilable):
    """A text with Jinja in it, or without (`constant`).

    `variables` are the top-level names that it needs, without macros and other globals. Construction raises
    `TemplateError` for a syntax error or an unknown filter; evaluation for everything that goes wrong, including an
    unknown variable.
    """

    __slots__ = ()

    def evaluate(self, context: Mapping[str, Any]) -> Any:
        """Render, and read text that looks like a Python literal as that value; "" for an empty text."""
        try:
            value = self._value(context)
        except Exception as error:
            problem = explain(error, self.source, context)
        else:
            return "" if value is EMPTY else value
        raise problem

    def evaluate_or(self, context: Mapping[str, Any], default: Any) -> Any:
        """Like `evaluate`, with a default for an empty result and for a lookup in something missing."""
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
        """The rendered text."""
        try:
            return plain(self._text(context))
        except Exception as error:
            problem = explain(error, self.source, context)
        raise problem

    def text_or_null(self, context: Mapping[str, Any]) -> str | None:
        """The rendered text, but None for null."""
        try:
            text = self._text(context)
        except Exception as error:
            problem = explain(error, self.source, context)
        else:
            return None if type(text) is Null else plain(text)
        raise problem

    def text_and_value(self, context: Mapping[str, Any]) -> tuple[str, Any]:
        """The rendered text, and what `evaluate` makes of it; "" and None for a lookup in something missing."""
        try:
            text = self._text(context)
            return plain(text), value_of(text)
        except UndefinedError:
            return "", None
        except Exception as error:
            problem = explain(error, self.source, context)
        raise problem

    def text_or(self, context: Mapping[str, Any], default: str) -> str:
        """Like `text`, with a default for an empty text and for a lookup in something missing."""
        try:
            return plain(self._text(context)) or default
        except UndefinedError:
            return default
        except Exception as error:
            problem = explain(error, self.source, context)
        raise problem


class Condition(_Compilable):
    """A template that is true or false.

    As in Airbyte, the usual empty values, null, the texts "False", "false", "{}", "[]", "()", "0" and "0.0", and a
    lookup in something missing are false; everything else is true. So is a condition whose values don't fit together,
    such as the length of null.
    """

    __slots__ = ()

    def evaluate(self, context: Mapping[str, Any], doubt: Callable[[TemplateError], None] = lambda _: None) -> bool:
        """Whether the condition holds; `doubt` hears of values that don't fit together, and may raise.

        Raises `TemplateError`.
        """
        try:
            value = self._value(context)
        except UndefinedError:
            return False
        except Exception as error:
            problem, misfits = explain(error, self.source, context), isinstance(error, TypeError)
        else:
            if value is True or value is False:
                return value
            return value is not EMPTY and value not in _FALSE
        if not misfits:
            raise problem
        doubt(problem)
        return True


def in_doubt(problem: TemplateError, so: str) -> str:
    """What is said of a condition that counts as true because its values don't fit together; `so` is what follows."""
    return f"{problem} As in Airbyte, the condition counts as true: {so}."


def undeclared(source: str, allowed: Collection[str]) -> frozenset[str]:
    """The top-level names that a template uses and that are not allowed. Raises `TemplateError`."""
    return compile_source(source).variables.difference(allowed)


_WITH_A_DEFAULT = frozenset({"default", "d"})


@lru_cache(maxsize=2048)
def mentioned(source: str) -> tuple[Lookup, ...]:
    """All that a template text uses of its variables, in order. Raises `TemplateError`."""
    return tuple(used_in(parse(source))) if "{" in source else ()


@lru_cache(maxsize=2048)
def needed(source: str) -> tuple[Lookup, ...]:
    """The lookups whose values are certainly part of the text: not within a condition, default or alternative.

    Raises `TemplateError`.
    """
    if "{" not in source:
        return ()
    outputs = (node for node in parse(source).body if isinstance(node, nodes.Output))
    return tuple(lookup for output in outputs for node in output.nodes for lookup in _certain(node))


def _certain(node: nodes.Node) -> Iterator[Lookup]:
    lookup = as_lookup(node)
    if lookup is not None:
        if lookup.steps:
            yield lookup
        return
    match node:
        case nodes.Filter(name=name, node=nodes.Node() as inner) if name not in _WITH_A_DEFAULT:
            yield from _certain(inner)
        case nodes.Call(node=nodes.Getattr(node=inner)) | nodes.Getitem(node=inner):
            yield from _certain(inner)
        case nodes.Concat(nodes=parts):
            for part in parts:
                yield from _certain(part)
        case nodes.Add(left=left, right=right):
            yield from _certain(left)
            yield from _certain(right)
        case _:
            pass
