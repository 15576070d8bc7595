"""Which row shows which kind of field."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from core.components.stream import Stream
from tui.forms.code_rows import GraphqlRow, JsonRow, SchemaRow
from tui.forms.field_row import FieldPlace, FieldRow
from tui.forms.input_rows import input_row_type
from tui.forms.list_section import GroupSection, ListSection, MapSection
from tui.forms.pairs_row import PairsRow
from tui.forms.reference_rows import REQUEST_OPTION, REQUEST_PATH, FieldPathRow, RequestOptionRow, StreamRow
from tui.forms.section import Section
from tui.forms.status_row import StatusRow
from tui.forms.text_row import TextRow
from tui.forms.value_rows import (
    ChoiceRow,
    FieldPathsRow,
    NumberRow,
    NumbersRow,
    PrimaryKeyRow,
    RecordsWhilePollingRow,
    StringsRow,
    ToggleRow,
)
from tui.model.inputs import PROPERTIES
from tui.model.session import BuilderSession
from tui.model.specs import FieldSpec, Kind

ROWS: Mapping[Kind, type[FieldRow]] = MappingProxyType(
    {
        Kind.TEXT: TextRow,
        Kind.PLAIN: TextRow,
        Kind.DURATION: TextRow,
        Kind.DATETIME_FORMAT: TextRow,
        Kind.NUMBER: NumberRow,
        Kind.BOOLEAN: ToggleRow,
        Kind.CHOICE: ChoiceRow,
        Kind.STRINGS: StringsRow,
        Kind.NUMBERS: NumbersRow,
        Kind.FIELD_PATH: FieldPathRow,
        Kind.FIELD_PATHS: FieldPathsRow,
        Kind.PRIMARY_KEY: PrimaryKeyRow,
        Kind.PAIRS: PairsRow,
        Kind.JSON: JsonRow,
        Kind.GRAPHQL: GraphqlRow,
        Kind.SCHEMA: SchemaRow,
        Kind.STATUS_MAPPING: StatusRow,
        Kind.COMPONENT: Section,
        Kind.COMPONENTS: ListSection,
        Kind.COMPONENT_MAP: MapSection,
        Kind.GROUP: GroupSection,
    }
)
_LINES = (Kind.TEXT, Kind.PLAIN, Kind.DURATION, Kind.DATETIME_FORMAT, Kind.NUMBER, Kind.CHOICE)
_OTHER_THAN_TEXT = (Kind.PAIRS, Kind.JSON, Kind.GRAPHQL, Kind.STRINGS, Kind.BOOLEAN, Kind.COMPONENTS)
_IN_REQUESTS = {REQUEST_OPTION, REQUEST_PATH}


def row_type(session: BuilderSession, place: FieldPlace) -> type[FieldRow]:
    """The kind of row for a place, as its value is now."""
    if place.path[:-1] == PROPERTIES:
        return input_row_type(place)
    spec, value = place.spec, session.value(place.path)
    if _is_other(spec, value):
        return JsonRow
    if isinstance(value, str) and spec.or_text and spec.kind in _OTHER_THAN_TEXT:
        return TextRow
    if spec.kind is Kind.COMPONENT:
        return _component_row(place, value)
    if spec.key == "records_while_polling" and spec.kind is Kind.BOOLEAN:
        return RecordsWhilePollingRow
    return ROWS[spec.kind]


def _component_row(place: FieldPlace, value: Any) -> type[FieldRow]:
    types = place.spec.types
    if place.spec.or_list and isinstance(value, list):
        return ListSection
    if all(issubclass(one.component, Stream) for one in types):
        return StreamRow
    if {one.name for one in types} <= _IN_REQUESTS:
        return RequestOptionRow
    return Section


def _is_other(spec: FieldSpec, value: Any) -> bool:
    """Whether the kind of field can't show a value, as in manifests written by hand."""
    if spec.kind in _LINES:
        return isinstance(value, dict | list)
    if spec.kind in (Kind.PAIRS, Kind.GRAPHQL, Kind.STATUS_MAPPING, Kind.COMPONENT_MAP, Kind.GROUP):
        return isinstance(value, list)
    if spec.kind is Kind.COMPONENT:
        return isinstance(value, list) and not (spec.or_list or spec.or_texts)
    return spec.kind in (Kind.COMPONENTS, Kind.STRINGS, Kind.FIELD_PATH) and isinstance(value, dict)
