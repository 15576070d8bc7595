"""Tables of one schema made to be of a wider one, for rows that were written before their columns widened."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import orjson

from core.extras import load
from core.outputs.tables.schema import FLOAT, INTEGER, NULL, TEXT, pa, widened

pc: Any = load("pyarrow.compute", "Tables", "parquet")


class Inexact(Exception):
    """A column holds integers that floats do not hold; it has to be text."""

    def __init__(self, column: str) -> None:
        super().__init__(column)
        self.column = column


def common_schema(schemas: Iterable[Any], as_text: frozenset[str] = frozenset()) -> Any:
    """The `pyarrow.Schema` that holds the rows of all: every column, in the order in which they come up.

    `as_text` names columns that are text whatever they were. Nothing is left of type null.
    """
    types: dict[str, Any] = {}
    for schema in schemas:
        for field in schema:
            type_ = _canonical(field.type)
            types[field.name] = widened(types[field.name], type_) if field.name in types else type_
    return pa.schema([(name, TEXT if name in as_text or type_ == NULL else type_) for name, type_ in types.items()])


def _canonical(type_: Any) -> Any:
    """The type that columns of this one are written with: other programs may have written the file before."""
    types = pa.types
    if types.is_dictionary(type_):
        type_ = type_.value_type
    if types.is_integer(type_) and not types.is_uint64(type_):
        return INTEGER
    if types.is_floating(type_):
        return FLOAT
    if types.is_string(type_) or types.is_large_string(type_):
        return TEXT
    return type_


def conform(table: Any, schema: Any) -> Any:
    """The `pyarrow.Table` with the columns of a schema, which is at least as wide. Raises `Inexact`."""
    if table.schema.equals(schema):
        return table
    known = set(table.column_names)
    return pa.Table.from_arrays(
        [
            _recast(table[field.name], field) if field.name in known else pa.nulls(table.num_rows, field.type)
            for field in schema
        ],
        schema=schema,
    )


def _recast(array: Any, field: Any) -> Any:
    if array.type == field.type:
        return array
    if field.type == TEXT:
        return text_of(array)
    try:
        return array.cast(field.type)
    except pa.ArrowInvalid:
        raise Inexact(field.name) from None


def text_of(array: Any) -> Any:
    """A column as text: times in ISO 8601, structures as JSON."""
    if pa.types.is_nested(array.type):
        texts = [None if value is None else orjson.dumps(value, str).decode() for value in array.to_pylist()]
        return pa.chunked_array([pa.array(texts, TEXT)])
    texts = array.cast(TEXT)
    if pa.types.is_timestamp(array.type):
        return pc.replace_substring(texts, " ", "T", max_replacements=1)
    return texts


def put_together(tables: Sequence[Any], schema: Any) -> Any:
    """The rows of all tables in one `pyarrow.Table` of a schema that is at least as wide."""
    if not len(schema):
        return pa.table({"": pa.nulls(sum(table.num_rows for table in tables))}).select([])
    return pa.concat_tables([conform(table, schema) for table in tables])
