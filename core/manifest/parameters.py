"""Default component types and `$parameters`, handed down a resolved tree as Airbyte does it."""

from __future__ import annotations

from typing import Any, NamedTuple

from core.manifest.problems import Path
from core.manifest.references import Report, Traced

ROOT_TYPE = "DeclarativeSource"

DEFAULT_TYPES: dict[str, dict[str, str]] = {
    "AddFields": {"fields": "AddedFieldDefinition"},
    "CompositeErrorHandler": {"error_handlers": "DefaultErrorHandler"},
    "ConfigComponentsResolver": {
        "components_mapping": "ComponentMappingDefinition",
        "stream_config": "StreamConfig",
    },
    "CursorPagination": {"decoder": "JsonDecoder"},
    "CustomPartitionRouter": {"parent_stream_configs": "ParentStreamConfig"},
    "DatetimeBasedCursor": {
        "end_datetime": "MinMaxDatetime",
        "end_time_option": "RequestOption",
        "start_datetime": "MinMaxDatetime",
        "start_time_option": "RequestOption",
    },
    ROOT_TYPE: {"check": "CheckStream", "spec": "Spec", "streams": "DeclarativeStream"},
    "DeclarativeStream": {"retriever": "SimpleRetriever", "schema_loader": "JsonFileSchemaLoader"},
    "DefaultErrorHandler": {"response_filters": "HttpResponseFilter"},
    "DefaultPaginator": {"decoder": "JsonDecoder", "page_size_option": "RequestOption"},
    "DpathExtractor": {"decoder": "JsonDecoder", "record_expander": "RecordExpander"},
    "DynamicDeclarativeStream": {
        "components_resolver": "ConfigComponentResolver",  # no such type exists; Airbyte has it so
        "stream_template": "DeclarativeStream",
    },
    "DynamicSchemaLoader": {"retriever": "SimpleRetriever"},
    "HttpComponentsResolver": {
        "components_mapping": "ComponentMappingDefinition",
        "retriever": "SimpleRetriever",
    },
    "HttpRequester": {"error_handler": "DefaultErrorHandler"},
    "ListPartitionRouter": {"request_option": "RequestOption"},
    "ParentStreamConfig": {"request_option": "RequestOption", "stream": "DeclarativeStream"},
    "RecordExpander": {"parent_fields": "ParentFieldPath"},
    "RecordSelector": {"extractor": "DpathExtractor", "record_filter": "RecordFilter"},
    "SchemaTypeIdentifier": {"types_map": "TypesMap"},
    "SimpleRetriever": {
        "paginator": "NoPagination",
        "record_selector": "RecordSelector",
        "requester": "HttpRequester",
    },
    "SubstreamPartitionRouter": {"parent_stream_configs": "ParentStreamConfig"},
}

CUSTOM_TYPES: dict[str, dict[str, str]] = {
    "CompositeErrorHandler": {"backoff_strategies": "CustomBackoffStrategy"},
    "DeclarativeStream": {"retriever": "CustomRetriever", "transformations": "CustomTransformation"},
    "DefaultErrorHandler": {"backoff_strategies": "CustomBackoffStrategy"},
    "DefaultPaginator": {"pagination_strategy": "CustomPaginationStrategy"},
    "HttpRequester": {"authenticator": "CustomAuthenticator", "error_handler": "CustomErrorHandler"},
    "RecordSelector": {"extractor": "CustomRecordExtractor"},
    "SimpleRetriever": {"partition_router": "CustomPartitionRouter"},
}
"""The same for a mapping that names a `class_name`."""


PARAMETERS = "$parameters"
MAX_VALUES = 1_000_000
"""Values that one stream of the resolved tree may hold, and what is around the streams."""
MAX_IN_STREAMS = 10_000_000
"""Values in all streams together. Most are shared: HubSpot's manifest of 230 KB has 2.4 million, as Airbyte hands
parameters down into the properties of schemas."""
TOO_LARGE_HINT = "look for definitions that refer to each other several times"

Fields = dict[Any, Traced]


class TooLargeError(Exception):
    """The tree grows beyond MAX_VALUES at `path`, a path in the raw document."""

    def __init__(self, path: Path) -> None:
        super().__init__(f"References or parameters blow the manifest up to more than {MAX_VALUES:,} values.")
        self.path = path


class _Slot(NamedTuple):
    """Where a component stands: the type of the component around it, and its field there."""

    parent: Any
    field: Any

    def default_type(self, fields: Fields) -> str | None:
        table = CUSTOM_TYPES if "class_name" in fields else DEFAULT_TYPES
        known = table.get(self.parent, {}) if isinstance(self.parent, str) else {}
        return known.get(self.field)


_ROOT = _Slot(None, None)
_STREAMS = _Slot(ROOT_TYPE, "streams")


class Propagation:
    """Hands types and parameters down one tree. `report` is called for `$parameters` that are not a mapping.

    A stream that would make the tree grow beyond MAX_VALUES is reported, too, and becomes a null with a fault.
    `outer_wins`: of parameters of the same name, the outer one counts, not the inner one.
    """

    def __init__(self, report: Report, *, outer_wins: bool = False) -> None:
        self._report = report
        self._outer_wins = outer_wins
        self._room = MAX_VALUES
        self._wasted = 0
        self._streamed = 0

    def propagate(self, root: Traced) -> Traced:
        """The tree with types and parameters in place. Raises TooLargeError."""
        return self._component(root, _Slot(None, None), {})

    def _component(self, node: Traced, slot: _Slot, inherited: Fields) -> Traced:
        if node.size > self._room and slot != _ROOT:
            raise TooLargeError(_largest(node).origin)
        fields = dict(node.value)
        if "type" not in fields and (found := slot.default_type(fields)):
            fields["type"] = Traced(found, node.origin)
        own = self._own_parameters(fields.pop(PARAMETERS, None))
        inner = own.value or {} if own else {}
        parameters = {**inner, **inherited} if self._outer_wins else {**inherited, **inner}
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
        if own is not None and own.is_fault:
            fields[PARAMETERS] = own
        return node if fields == node.value else self._collection(fields, node.origin, bounded=slot != _ROOT)

    def _own_parameters(self, own: Traced | None) -> Traced | None:
        if own is None or own.value is None or isinstance(own.value, dict):
            return own
        self._report(own.origin, "`$parameters` has to be a mapping of names to values.")
        return Traced(None, own.origin, is_fault=True)

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
                expand = self._stream if slot == _STREAMS else self._component
                items = [
                    expand(item, slot, parameters) if isinstance(item.value, dict) else item for item in field.value
                ]
                fields[key] = self._collection(items, field.origin, bounded=slot != _STREAMS)
                if excluded is field:
                    excluded = fields[key]  # Airbyte expands the items of a list in the parameter too
            if excluded:
                parameters[key] = excluded
        return fields

    def _stream(self, node: Traced, slot: _Slot, inherited: Fields) -> Traced:
        """A stream, or a fault in its place; what it took of the room is given back, but not without end."""
        room = self._room
        error = TooLargeError(node.origin)
        if self._wasted <= MAX_VALUES:
            try:
                stream = self._component(node, slot, dict(inherited))
            except TooLargeError as inner:
                error = inner
            else:
                self._streamed += stream.size
                if self._streamed <= MAX_IN_STREAMS:
                    return stream
        self._wasted += room - self._room
        self._room = room
        self._report(error.path, str(error), hint=TOO_LARGE_HINT)
        return Traced(None, error.path, is_fault=True)

    def _collection(self, value: Fields | list[Traced], origin: Path, *, bounded: bool = True) -> Traced:
        """A new collection; its own values count against the room, those of new collections in it did before."""
        items = value.values() if isinstance(value, dict) else value
        size = 1 + sum(item.size for item in items)
        self._room -= len(value)
        if bounded and (self._room < 0 or size > MAX_VALUES):
            raise TooLargeError(origin)
        return Traced(value, origin, size)


def _is_typed(field: Traced) -> bool:
    return isinstance(field.value, dict) and bool(field.value.get("type"))


def _largest(node: Traced) -> Traced:
    """The innermost value that is too large."""
    items = node.value.values() if isinstance(node.value, dict) else node.value
    too_large = next((item for item in items if item.size > MAX_VALUES), None)
    return _largest(too_large) if too_large else node
