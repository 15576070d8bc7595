"""The transformations: changes that are made to every record, in place and in order."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Annotated, Any

from pydantic import Field

from core.components.value_types import ValueType, typed_value
from core.manifest.problems import Problem, Severity
from core.runtime.component import Component, Gives, Shown
from core.runtime.field_path import evaluated, find, is_plain, put, remove, walk
from core.runtime.roles import Transformation
from core.runtime.slices import Record
from core.templates import Condition, Template, TemplateError


class AddedFieldDefinition(Component):
    """One field that is added."""

    label = "Field"

    path: Annotated[list[str], Shown(editor="field_path")] = Field(
        min_length=1,
        title="Path",
        description="Where the value goes; objects on the way are created. A number is an index of a list.",
    )
    value: Template = Field(title="Value", description="The value; a template can take it from the record.")
    value_type: Annotated[ValueType | None, Shown(advanced=True)] = Field(
        None,
        title="Value type",
        description="A value of another type stays text; if unset, text that looks like a number is one.",
    )

    def evaluate(self, scope: Mapping[str, Any]) -> Any:
        """The value, of its type. Raises `TemplateError`."""
        return typed_value(self.value, self.value_type, scope)


class AddFields(Transformation):
    """Adds fields to every record, or sets the ones that are there already."""

    label = "Add fields"

    fields: Annotated[list[AddedFieldDefinition], Gives("record")] = Field(
        title="Fields", description="The fields, in order; each sees those that were added before it."
    )
    condition: Annotated[Condition | None, Gives("record", "value", "path"), Shown(advanced=True)] = Field(
        None, title="Condition", description="Fields are added only where it is true; always by default."
    )

    def bind(self, variables: Mapping[str, Any]) -> Callable[[Record], None]:
        scope = {**variables, "parameters": self.parameters}
        adders = [self._adder(field, scope) for field in self.fields]

        def transform(record: Record) -> None:
            scope["record"] = record
            for add in adders:
                add(record)

        return transform

    def _adder(self, field: AddedFieldDefinition, scope: dict[str, Any]) -> Callable[[Record], None]:
        path, key = field.path, field.path[0]
        evaluate = field.evaluate if field.value_type else field.value.evaluate
        holds = self.condition.evaluate if self.condition and self.condition.source else None

        def set_key(record: Record) -> None:
            record[key] = evaluate(scope)

        def set_at_path(record: Record) -> None:
            value = evaluate(scope)
            if holds is None or holds({**scope, "value": value, "path": path}):
                put(record, path, value)

        return set_key if holds is None and len(path) == 1 else set_at_path


Remove = Callable[[Record], None]


class RemoveFields(Transformation):
    """Removes fields from every record. Fields that are not there are no problem.

    An item in the middle of a list becomes null, so that the other items keep their places.
    """

    label = "Remove fields"

    field_pointers: list[Annotated[list[str], Shown(editor="field_path")]] = Field(
        title="Field Paths",
        description="The keys that lead to each field; `*` stands for one step, `**` for any number of them.",
    )
    condition: Annotated[Condition | None, Gives("property", only=True), Shown(advanced=True)] = Field(
        None,
        title="Condition",
        description="Removes all values for which it is true, wherever they are in the record.",
    )

    def lint(self) -> list[Problem]:
        """With a condition, paths don't count (Airbyte: the same)."""
        if not self._conditional or all(path == ["**"] for path in self.field_pointers):
            return []
        message = "with a condition, values are removed wherever it is true, not only at the field paths"
        hint = 'write `["**"]` as the only path to say so'
        return [Problem(message, ("field_pointers",), Severity.WARNING, hint)]

    @property
    def _conditional(self) -> bool:
        return self.condition is not None and bool(self.condition.source)

    def bind(self, variables: Mapping[str, object]) -> Remove:
        if self.condition is not None and self._conditional and self.field_pointers:
            return _matching(self.condition, {**variables, "parameters": self.parameters})
        keys = [path[0] for path in self.field_pointers if len(path) == 1 and is_plain(path)]
        paths = [path for path in self.field_pointers if len(path) > 1 or not is_plain(path)]

        def transform(record: Record) -> None:
            for key in keys:
                record.pop(key, None)
            for path in paths:
                remove(record, [location for location, _ in find(record, path)])

        return transform


def _matching(condition: Condition, scope: dict[str, object]) -> Remove:
    """Removes the values that a condition holds for; objects and lists themselves are never looked at.

    A value that the condition can't be applied to is an error. (Airbyte removes it.)
    """

    def holds(value: object) -> bool:
        scope["property"] = value
        return condition.evaluate(scope, _refuse)

    def transform(record: Record) -> None:
        values = [(location, value) for location, value in walk(record) if not isinstance(value, (dict, list))]
        remove(record, [location for location, value in values if holds(value)])

    return transform


def _refuse(problem: TemplateError) -> None:
    raise problem


_TOKEN = re.compile(r"[A-Z]+[a-z]*|[a-z]+|\d+|[^a-zA-Z\d]+")


class KeysToLower(Transformation):
    """Turns the names of the fields into lower case; only those at the top of the record.

    Of several fields that get the same name, the last one stays.
    """

    label = "Field names to lower case"

    def bind(self, variables: Mapping[str, Any]) -> Callable[[Record], None]:

        def transform(record: Record) -> None:
            renamed = {key.lower(): value for key, value in record.items()}
            record.clear()
            record.update(renamed)

        return transform


class KeysToSnakeCase(Transformation):
    """Turns the names of all fields into snake_case with plain letters; `createdAt` becomes `created_at`.

    Fields inside objects are renamed too, those inside lists are not.
    """

    label = "Field names to snake_case"

    def bind(self, variables: Mapping[str, Any]) -> Callable[[Record], None]:
        return _renamer(snake_case)


class KeysReplace(Transformation):
    """Replaces a part of the names of all fields, such as a space by an underscore.

    Fields inside objects are renamed too, those inside lists are not.
    """

    label = "Replace in field names"

    old: Annotated[Template, Gives("record")] = Field(title="Old value", description="The text that is replaced.")
    new: Annotated[Template, Gives("record")] = Field(title="New value", description="The text in its place.")

    def bind(self, variables: Mapping[str, Any]) -> Callable[[Record], None]:
        scope = {**variables, "parameters": self.parameters}
        if "record" not in self.old.variables | self.new.variables:
            return self._replacer(scope)

        def transform(record: Record) -> None:
            scope["record"] = record
            self._replacer(scope)(record)

        return transform

    def _replacer(self, scope: Mapping[str, Any]) -> Callable[[Record], None]:
        old, new = str(self.old.evaluate(scope)), str(self.new.evaluate(scope))
        return _renamer(lambda key: key.replace(old, new))


@lru_cache(maxsize=10_000)
def snake_case(name: str) -> str:
    """The name in snake_case, in ASCII.

    Airbyte: words are runs of capitals with the small letters behind them, runs of small letters, and
    numbers; what is between them becomes one underscore, at both ends too, and a name that begins with a
    number gets one in front.
    """
    from anyascii import anyascii

    words = [word if word.isalnum() else "" for word in _TOKEN.findall(anyascii(name))]
    words = [*words[:1], *filter(None, words[1:-1]), *words[1:][-1:]]
    if words and words[0].isdigit():
        words.insert(0, "")
    return "_".join(words).lower()


def _renamer(rename: Callable[[str], str]) -> Callable[[Record], None]:
    def renamed(value: Record) -> Record:
        return {rename(key): renamed(item) if isinstance(item, dict) else item for key, item in value.items()}

    def transform(record: Record) -> None:
        result = renamed(record)
        record.clear()
        record.update(result)

    return transform


class FlattenFields(Transformation):
    """Brings all fields inside objects and lists to the top of the record.

    A field keeps its own name where it is free; otherwise, and behind a list, the name of what it was in
    comes first: `address.city`, `tags.0`. Empty objects and lists disappear.
    """

    label = "Flatten fields"

    flatten_lists: bool = Field(
        True,
        title="Flatten lists",
        description="Make fields of the items of lists too; else lists stay as they are.",
    )

    def bind(self, variables: Mapping[str, Any]) -> Callable[[Record], None]:

        def transform(record: Record) -> None:
            result = _flattened(record, self.flatten_lists)
            record.clear()
            record.update(result)

        return transform


def _flattened(record: Record, lists: bool) -> Record:
    """The record without nesting, fields in reverse order.

    Airbyte: values are visited last first, the name of a field is settled when its object is visited, and
    once a list was visited, every name that is settled after it has its parent's in front.
    """
    flat: Record = {}
    behind_list = False
    waiting: list[tuple[str, Any]] = list(record.items())
    while waiting:
        name, value = waiting.pop()
        if isinstance(value, dict):
            waiting += [(f"{name}.{key}" if behind_list or key in flat else key, item) for key, item in value.items()]
        elif isinstance(value, list) and lists:
            behind_list = behind_list or bool(value)
            waiting += [(f"{name}.{index}", item) for index, item in enumerate(value)]
        else:
            flat[name] = value
    return flat


class KeyTransformation(Component):
    """Changes the names of fields by putting text before or behind them."""

    prefix: Template | None = Field(None, title="Key Prefix", description="The text before each name.")
    suffix: Template | None = Field(None, title="Key Suffix", description="The text after each name.")

    def bind(self, variables: Mapping[str, Any]) -> Callable[[str], str]:
        """The function that gives the new name for a name."""
        scope = {**variables, "parameters": self.parameters}
        prefix, suffix = (str(part.evaluate(scope)) if part is not None else "" for part in (self.prefix, self.suffix))
        return lambda name: f"{prefix}{name}{suffix}"


class DpathFlattenFields(Transformation):
    """Brings the fields of one object inside a record to its top.

    Nothing is done where one of them has the name of a field that is at the top already, unless the record is
    replaced.
    """

    label = "Flatten one field"

    field_path: Annotated[list[Template], Shown(editor="field_path")] = Field(
        title="Field Path",
        description="The keys that lead to the object; with a step `*`, the first that matches is taken.",
    )
    delete_origin_value: bool = Field(
        False, title="Delete origin value", description="Remove the object from where it was."
    )
    replace_record: Annotated[bool, Shown(advanced=True)] = Field(
        False, title="Replace record", description="Keep the fields of the object and nothing else."
    )
    key_transformation: Annotated[KeyTransformation | None, Shown(advanced=True)] = Field(
        None, title="Key transformation", description="Changes the names of the fields that are brought up."
    )

    def bind(self, variables: Mapping[str, Any]) -> Callable[[Record], None]:
        path = evaluated(self.field_path, {**variables, "parameters": self.parameters})
        rename = self.key_transformation.bind(variables) if self.key_transformation else str

        def transform(record: Record) -> None:
            found = list(find(record, path)) if path else [((), record)]
            fields = found[0][1] if found else None
            if not isinstance(fields, dict):
                return
            raised = {rename(key): value for key, value in fields.items()}
            if self.replace_record and raised:
                record.clear()
                record.update(raised)
            elif raised.keys().isdisjoint(record):
                if self.delete_origin_value and path:
                    remove(record, [location for location, _ in found])
                record.update(raised)

        return transform
