"""Mappings with templates in their keys and values (query parameters, headers, bodies), and values as text in them."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Final, Generic, TypeVar

from pydantic_core import core_schema

from core.templates.errors import TemplateError
from core.templates.expressions import value_with_its_type
from core.templates.template import SourceField, Template

ParameterText = str | list[str]
"""A value of a query parameter or form field; a list repeats the name."""

_STRUCTURES: Final = (Mapping, list, tuple)

Evaluator = Callable[[Mapping[str, Any]], Any]
P = TypeVar("P")

_JSON = (str, int, float, list, Mapping, type(None))


class TemplateMap(SourceField):
    """A nested mapping with templates in keys and values, or one template that evaluates to a mapping.

    Raises:
        TemplateError: on construction for a syntax error anywhere in it.

    """

    __slots__ = ("_entries", "_typed", "_whole", "variables")

    source: Mapping[str, Any] | str
    variables: frozenset[str]
    _whole: Template | None
    _typed: Evaluator
    _entries: list[tuple[Template, Any]]

    _json_input = core_schema.union_schema([core_schema.dict_schema(), core_schema.str_schema()])
    _accepted = (str, Mapping)
    _expected = "This must be a mapping of names to values, or a template that gives one."

    def __init__(self, source: Mapping[str, Any] | str) -> None:
        templates: list[Template] = []
        whole = Template(source) if isinstance(source, str) else None
        mapping = {} if isinstance(source, str) else source
        typed = _typed_evaluator(mapping, templates)
        entries = [(Template(str(key)), _templated(value)) for key, value in mapping.items()]
        used = [whole] if whole else templates
        super().__init__(source)
        self._set(variables=frozenset().union(*(template.variables for template in used)))
        self._set(_whole=whole, _typed=typed, _entries=entries)

    def __hash__(self) -> int:
        return hash(self.source if isinstance(self.source, str) else frozenset(self.source))

    def evaluate(self, context: Mapping[str, Any]) -> dict[str, Any]:
        """The mapping with typed values, for JSON bodies and headers. Raises `TemplateError`.

        Entries without a value (null, empty, or looked up in vain) are dropped at every level, as are entries without a
        key; such items of lists become None. Keys that look like literals are written as in JSON.
        """
        if self._whole is None:
            mapping: dict[str, Any] = self._typed(context)
            return mapping
        return self._whole_mapping(context)

    def evaluate_with_types(self, context: Mapping[str, Any]) -> dict[str, Any]:
        """The same, with values and keys that are never read as literals: a text of digits stays a text.

        Raises `TemplateError`.
        """
        if self._whole is None:
            mapping: dict[str, Any] = _with_types(self.source, context)
            return mapping
        value = value_with_its_type(self._whole, context)
        return self._checked_mapping({} if value is None or value == "" else value)

    def evaluate_as_text(self, context: Mapping[str, Any]) -> dict[str, ParameterText]:
        """The mapping for query parameters and forms: texts, or lists of texts for repeated keys.

        Airbyte: only texts and lists are read as literals, so `{{ none }}` gives "None"; entries without a value are
        dropped. An object, or a list with structure in it, is JSON, and a JSON text stays as it is (Airbyte: written
        like Python, or as several parameters). Raises `TemplateError`.
        """
        if self._whole is not None:
            found = self._whole_mapping(context)
            return {key: text for key, value in found.items() if (text := _as_text(value)) is not None}
        pairs = [(_evaluate_text(key, context), _evaluate_text(value, context)) for key, value in self._entries]
        return {str(key): value for key, value in pairs if key and value is not None}

    def _whole_mapping(self, context: Mapping[str, Any]) -> dict[str, Any]:
        assert self._whole is not None
        value = self._whole.evaluate(context)
        return self._checked_mapping({} if value is None or value == "" else value)

    def _checked_mapping(self, value: Any) -> dict[str, Any]:
        assert self._whole is not None
        if not isinstance(value, Mapping):
            problem = "it must give a mapping, such as {'key': 'value'}, but gives something else."
            raise TemplateError(problem, self._whole.source)
        return {_key_text(key, str(key)): item for key, item in value.items() if item is not None}


class MixedMap(TemplateMap, Generic[P]):
    """A mapping in which objects of type `P`, such as components, may take the place of templates.

    They are in `parts`, by name, for the owner to handle, and not in what the mapping evaluates to.
    """

    __slots__ = ("parts",)

    parts: Mapping[str, P]

    def __init__(self, source: Mapping[str, Any] | str) -> None:
        mapping = {} if isinstance(source, str) else source
        parts = {str(name): value for name, value in mapping.items() if not isinstance(value, _JSON)}
        super().__init__(
            {name: value for name, value in mapping.items() if str(name) not in parts} if parts else source
        )
        self._set(source=source, parts=MappingProxyType(parts))


def _with_types(value: Any, context: Mapping[str, Any]) -> Any:
    if isinstance(value, str):
        return value_with_its_type(Template(value), context)
    if isinstance(value, Mapping):
        pairs = [(value_with_its_type(Template(str(key)), context), _with_types(value[key], context)) for key in value]
        return {str(key): item for key, item in pairs if key not in (None, "") and item not in (None, "")}
    return [_with_types(item, context) for item in value] if isinstance(value, list) else value


def _typed_evaluator(value: Any, templates: list[Template]) -> Evaluator:
    """The function that evaluates a part of a nested mapping; its templates are added to `templates`."""
    if isinstance(value, str):
        template = Template(value)
        templates.append(template)
        return lambda context: template.evaluate_or(context, None)
    if isinstance(value, Mapping):
        pairs = [
            (_key_evaluator(str(key), templates), _typed_evaluator(item, templates)) for key, item in value.items()
        ]

        def evaluate_mapping(context: Mapping[str, Any]) -> dict[str, Any]:
            entries = [(key(context), item(context)) for key, item in pairs]
            return {key: item for key, item in entries if key is not None and item is not None}

        return evaluate_mapping
    if isinstance(value, list):
        items = [_typed_evaluator(item, templates) for item in value]
        return lambda context: [item(context) for item in items]
    return lambda _: value


def _key_evaluator(source: str, templates: list[Template]) -> Callable[[Mapping[str, Any]], str | None]:
    template = Template(source)
    templates.append(template)

    def evaluate_key(context: Mapping[str, Any]) -> str | None:
        key = template.evaluate_or(context, None)
        return key if key is None or isinstance(key, str) else _key_text(key, template.text(context))

    return evaluate_key


def _key_text(key: Any, text: str) -> str:
    if isinstance(key, str):
        return key
    return json.dumps(key) if isinstance(key, (bool, int, float)) else text


def _templated(value: Any) -> Any:
    """What evaluates a value: a template, a list of such, a function for a structure, or the value itself."""
    if isinstance(value, str):
        return Template(value)
    if is_structured(value):
        return _typed_evaluator(value, [])
    return [_templated(item) for item in value] if isinstance(value, list) else value


def _evaluate_text(value: Any, context: Mapping[str, Any]) -> ParameterText | None:
    if isinstance(value, Template):
        text, literal = value.text_and_value(context)
        if isinstance(literal, (list, dict)) and is_structured(literal):
            return text if is_json(text) else as_json(literal)
        return _as_text(literal) if isinstance(literal, (str, list)) else text or None
    if isinstance(value, list):
        items = (_evaluate_text(item, context) for item in value)
        return [str(item) for item in items if item is not None]
    if callable(value):
        return as_json(value(context))
    return None if value is None else str(value)


def _as_text(value: Any) -> ParameterText | None:
    if isinstance(value, list) and not is_structured(value):
        value = [item for item in value if item is not None]
    return None if value is None else texts_of(value)


def texts_of(value: Any) -> ParameterText:
    """A value as parameters and forms carry it: a list of plain values repeats the name, other structures are JSON,
    and everything else is its text (Airbyte: the same, but structures are written like Python).
    """
    if is_structured(value):
        return as_json(value)
    return [str(item) for item in value] if isinstance(value, (list, tuple)) else str(value)


def is_structured(value: Any) -> bool:
    """Whether a value is an object, or a list with objects or lists in it."""
    if isinstance(value, (list, tuple)):
        return any(isinstance(item, _STRUCTURES) for item in value)
    return isinstance(value, Mapping)


def as_json(value: Any) -> str:
    """A value as JSON on one line. What JSON doesn't know becomes text."""
    return json.dumps(value, ensure_ascii=False, default=_known, separators=(",", ":"))


def is_json(text: str) -> bool:
    """Whether a text is valid JSON."""
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True


def _known(value: Any) -> Any:
    return dict(value) if isinstance(value, Mapping) else str(value)
