"""Mappings with templates in their keys and values: query parameters, headers, bodies."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Generic, TypeVar

from pydantic_core import core_schema

from core.templates.errors import TemplateError
from core.templates.template import SourceField, Template
from core.templates.wire import Text, as_json, is_json, is_structured, texts_of

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
        """The mapping with typed values, as JSON bodies and headers want it.

        Entries without a value (null, empty, or looked up in nothing) are dropped at every level, as are
        entries without a key; such items of lists become None. Keys that read as literals are written the
        way JSON writes them. Raises TemplateError.
        """
        if self._whole is None:
            mapping: dict[str, Any] = self._typed(context)
            return mapping
        return self._whole_mapping(context)

    def evaluate_as_text(self, context: Mapping[str, Any]) -> dict[str, Text]:
        """The mapping as query parameters and forms want it: texts, or lists of texts for repeated keys.

        Airbyte: only texts and lists are read as literals, so `{{ none }}` gives "None"; entries without a
        value are dropped. An object, or a list with structure in it, is JSON, and a JSON text stays as it is
        (Airbyte: written like Python, or as several parameters). Raises TemplateError.
        """
        if self._whole is not None:
            found = self._whole_mapping(context)
            return {key: text for key, value in found.items() if (text := _as_text(value)) is not None}
        pairs = [(_evaluate_text(key, context), _evaluate_text(value, context)) for key, value in self._entries]
        return {str(key): value for key, value in pairs if key and value is not None}

    def _whole_mapping(self, context: Mapping[str, Any]) -> dict[str, Any]:
        assert self._whole is not None
        value = self._whole.evaluate(context)
        if value is None or value == "":
            return {}
        if not isinstance(value, Mapping):
            problem = "it must give a mapping, such as {'key': 'value'}, but gives something else."
            raise TemplateError(problem, self._whole.source)
        return {_key_text(key, str(key)): item for key, item in value.items() if item is not None}


class MixedMap(TemplateMap, Generic[P]):
    """A mapping in which objects of type `P` may stand in place of templates, for example components.

    They are in `parts`, by their names, for the owner to deal with, and not in what the mapping evaluates to.
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
    """What a value is evaluated by: a template, a list of such, a function for a structure, or the value itself."""
    if isinstance(value, str):
        return Template(value)
    if is_structured(value):
        return _typed_evaluator(value, [])
    return [_templated(item) for item in value] if isinstance(value, list) else value


def _evaluate_text(value: Any, context: Mapping[str, Any]) -> Text | None:
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


def _as_text(value: Any) -> Text | None:
    if isinstance(value, list) and not is_structured(value):
        value = [item for item in value if item is not None]
    return None if value is None else texts_of(value)
