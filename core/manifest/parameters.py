"""Default component types and `$parameters`, handed down a resolved tree as Airbyte does it.

Airbyte: a component's effective parameters are its parent's, overlaid by its own. Each is written as a field
of the component unless that has a truthy value, and all are handed to the components in its fields, less the
one that is named like the field. They do not enter JSON Schemas, and go one level into mappings without a
type.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from core.manifest.default_types import CUSTOM_TYPES, DEFAULT_TYPES
from core.manifest.problems import Path
from core.manifest.references import Report, Traced

PARAMETERS = "$parameters"
MAX_VALUES = 1_000_000
"""Values that the expanded tree may hold."""

Fields = dict[Any, Traced]


class TooLargeError(Exception):
    """The tree grows beyond MAX_VALUES at `path`, a path in the raw document."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.path = path


class _Slot(NamedTuple):
    """Where a component stands: the type of the component around it, and its field there."""

    parent: Any
    field: Any

    def default_type(self, fields: Fields) -> str | None:
        table = CUSTOM_TYPES if "class_name" in fields else DEFAULT_TYPES
        known = table.get(self.parent, {}) if isinstance(self.parent, str) else {}
        return known.get(self.field)


class Propagation:
    """Hands types and parameters down one tree. `report` is called for `$parameters` that are not a mapping."""

    def __init__(self, report: Report) -> None:
        self._report = report
        self._room = MAX_VALUES

    def propagate(self, root: Traced) -> Traced:
        """The tree with types and parameters in place. Raises TooLargeError."""
        return self._component(root, _Slot(None, None), {})

    def _component(self, node: Traced, slot: _Slot, inherited: Fields) -> Traced:
        if node.size > self._room:
            raise TooLargeError(_largest(node).origin)
        fields = dict(node.value)
        if "type" not in fields and (found := slot.default_type(fields)):
            fields["type"] = Traced(found, node.origin)
        own = fields.pop(PARAMETERS, None)
        parameters = {**inherited, **self._own_parameters(own)}
        component_type = fields.get("type")
        if component_type is None:
            fields = {
                key: self._component(field, slot, parameters) if _is_typed(field) else field
                for key, field in fields.items()
            }
        elif component_type.value != "object" and not isinstance(component_type.value, dict | list):
            fields = self._with_parameters(fields, parameters)
            if parameters:
                fields[PARAMETERS] = self._collection(parameters, own.origin if own else node.origin)
        return node if fields == node.value else self._collection(fields, node.origin)

    def _own_parameters(self, own: Traced | None) -> Fields:
        if own is None:
            return {}
        if isinstance(own.value, dict):
            return own.value
        self._report(own.origin, "`$parameters` has to be a mapping of names to values.")
        return {}

    def _with_parameters(self, fields: Fields, parameters: Fields) -> Fields:
        """The fields with parameters filled in and handed down.

        Takes out of `parameters` what Airbyte loses on the way: those that are falsy and named like a field
        that holds a collection.
        """
        fields = {**fields, **{key: fields.get(key) or value for key, value in parameters.items()}}
        component_type = fields["type"].value
        for key, field in fields.items():
            if not isinstance(field.value, dict | list):
                continue
            slot = _Slot(component_type, key)
            excluded = parameters.pop(key, None)
            if isinstance(field.value, dict):
                fields[key] = self._component(field, slot, parameters)
            else:
                items = [
                    self._component(item, slot, parameters) if isinstance(item.value, dict) else item
                    for item in field.value
                ]
                fields[key] = self._collection(items, field.origin)
                if excluded is field:
                    excluded = fields[key]  # Airbyte expands the items of a list in the parameter too
            if excluded:
                parameters[key] = excluded
        return fields

    def _collection(self, value: Fields | list[Traced], origin: Path) -> Traced:
        """A new collection; its own values count against the room, those of new collections in it did before."""
        items = value.values() if isinstance(value, dict) else value
        size = 1 + sum(item.size for item in items)
        self._room -= len(value)
        if self._room < 0 or size > MAX_VALUES:
            raise TooLargeError(origin)
        return Traced(value, origin, size)


def _is_typed(field: Traced) -> bool:
    return isinstance(field.value, dict) and bool(field.value.get("type"))


def _largest(node: Traced) -> Traced:
    """The innermost value that is too large."""
    items = node.value.values() if isinstance(node.value, dict) else node.value
    too_large = next((item for item in items if item.size > MAX_VALUES), None)
    return _largest(too_large) if too_large else node
