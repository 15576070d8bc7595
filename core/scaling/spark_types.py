"""The columns of a Spark data frame: their types in Arrow and JSON Schema, and tables made to fit them exactly.

Spark fixes the columns before anything is read. A value that a column does not hold is an error; nothing is changed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from core.errors import ReadError
from core.extras import load

_WHAT = "Data frames of Spark"
pa: Any = load("pyarrow", _WHAT, "spark")
pc: Any = load("pyarrow.compute", _WHAT, "spark")

_TEXT = {"type": "string"}
_SIMPLE: Mapping[str, tuple[Any, Mapping[str, Any]]] = {
    "string": (pa.string(), _TEXT),
    "byte": (pa.int8(), {"type": "integer"}),
    "short": (pa.int16(), {"type": "integer"}),
    "integer": (pa.int32(), {"type": "integer"}),
    "long": (pa.int64(), {"type": "integer"}),
    "float": (pa.float32(), {"type": "number"}),
    "double": (pa.float64(), {"type": "number"}),
    "boolean": (pa.bool_(), {"type": "boolean"}),
    "date": (pa.date32(), {**_TEXT, "format": "date"}),
    "timestamp": (pa.timestamp("us", "UTC"), {**_TEXT, "format": "date-time"}),
    "timestamp_ntz": (
        pa.timestamp("us"),
        {**_TEXT, "format": "date-time", "airbyte_type": "timestamp_without_timezone"},
    ),
}


def column_types(schema: Any) -> tuple[Any, dict[str, Any]]:
    """A Spark `StructType` as the `pyarrow.Schema` of its batches, and as the JSON Schema by which records are read.

    Raises `ReadError` for a type that no value of a record has.
    """
    found = {field.name: _type(field.dataType, field.name) for field in schema.fields}
    arrow = pa.schema([pa.field(field.name, found[field.name][0], field.nullable) for field in schema.fields])
    return arrow, {"type": "object", "properties": {name: declared for name, (_, declared) in found.items()}}


def _type(type_: Any, column: str) -> tuple[Any, Mapping[str, Any]]:
    name = type_.typeName()
    if name in _SIMPLE:
        return _SIMPLE[name]
    if name == "decimal":
        return pa.decimal128(type_.precision, type_.scale), _TEXT  # by way of text, since floats are not exact
    if name == "struct":
        arrow, fields = column_types(type_)
        return pa.struct(list(arrow)), fields
    if name == "array":
        item, declared = _type(type_.elementType, column)
        return pa.list_(pa.field("element", item, type_.containsNull)), {"type": "array", "items": declared}
    raise ReadError(
        f"Column `{column}`: records hold nothing of the type {type_.simpleString()}; declare it as string."
    )


class Fit:
    """Makes the tables of a stream fit the columns of a data frame.

    `misfits` are what was said about columns that became text. `warn` is told once of each further column.
    """

    def __init__(self, columns: Any, misfits: Sequence[str], warn: Callable[[str], None]) -> None:
        self._columns = columns
        self._misfits = misfits
        self._warn = warn
        self._left_out: set[str] = set()

    def fit(self, table: Any) -> Any:
        """The `pyarrow.Table` with exactly these columns. Raises `ReadError` for a value that does not fit."""
        for name in table.column_names:
            if name not in self._columns.names and name not in self._left_out:
                self._left_out.add(name)
                self._warn(
                    f"Column `{name}` is left out: the data frame was made without it; declare it in the schema."
                )
        arrays = [self._column(table, field) for field in self._columns]
        return pa.Table.from_arrays(arrays, schema=self._columns)

    def _column(self, table: Any, field: Any) -> Any:
        name = field.name
        array = table[name] if name in table.column_names else pa.nulls(table.num_rows, field.type)
        if array.type != field.type:
            if array.type == pa.string():
                if not pa.types.is_decimal(field.type):
                    raise self._misfit(field)
                array = pc.if_else(pc.equal(array, ""), pa.scalar(None, pa.string()), array)
            try:
                array = array.cast(field.type)
            except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
                raise self._misfit(field) from None
        if array.null_count and not field.nullable:
            raise ReadError(f"Column `{name}` of the data frame must have a value, and a record has none.")
        return array

    def _misfit(self, field: Any) -> ReadError:
        said = next((text for text in self._misfits if f"`{field.name}`" in text), "")
        return ReadError(
            f"Column `{field.name}` of the data frame is {field.type}, and not all values are. "
            f"{said}{'. ' * bool(said)}Declare it as string, in the schema of the stream or with `.schema(...)`."
        )
