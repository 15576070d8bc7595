"""Columns that meet a table which has them already, with other types."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any, cast

from core.outputs.durable import OutputError


class ColumnFit:
    """Makes Arrow tables fit the columns that the destination has.

    A column is converted where that loses nothing. Otherwise its values go to a column of their own beside it, named as
    dlt names it: `amount__v_text` for texts that come into a column `amount` of numbers.
    """

    def __init__(self, keys: Collection[str], warn: Callable[[str], None]) -> None:
        self._keys = frozenset(keys)
        self._warn = warn
        self._warned: set[str] = set()

    def fit(self, table: Any, known: Mapping[str, Mapping[str, Any]], naming: Any, caps: Any) -> Any:
        """The table as it goes into the `known` columns. Raises `OutputError` for a key whose type has changed."""
        import pyarrow
        from dlt.common.libs.pyarrow import get_column_type_from_py_arrow, get_py_arrow_datatype

        names, columns = list(table.column_names), list(table.columns)
        changed = False
        for index, field in enumerate(table.schema):
            name = _column_name(field.name, naming)
            there = known.get(name, {}).get("data_type")
            if there is None or pyarrow.types.is_null(field.type):
                continue
            new = str(get_column_type_from_py_arrow(field.type)["data_type"])
            if new == there:
                continue
            changed = True
            try:
                there_type = get_py_arrow_datatype(cast(Any, dict(known[name])), caps, "UTC")
                columns[index] = _converted(columns[index], there_type)
            except (pyarrow.ArrowInvalid, pyarrow.ArrowNotImplementedError, NotImplementedError):
                names[index] = self._variant(field.name, name, there, new)
        if not changed:
            return table
        fields = [
            pyarrow.field(name, column.type, nullable=field.nullable and field.name not in self._keys)
            for name, column, field in zip(names, columns, table.schema, strict=True)
        ]
        return pyarrow.table(columns, schema=pyarrow.schema(fields))

    def _variant(self, field: str, name: str, there: str, new: str) -> str:
        if field in self._keys:
            raise OutputError(
                f"The key `{field}` is {there} in the table and {new} in the records; declare its type in the schema "
                "of the stream, or load into another dataset."
            )
        variant = f"{name}__v_{new}"
        if variant not in self._warned:
            self._warned.add(variant)
            self._warn(
                f"The column `{name}` holds {there} in the destination; values that are {new} and don't fit go to "
                f"`{variant}`."
            )
        return variant


def _column_name(field: str, naming: Any) -> str:
    """What a field is called in the destination. Raises `OutputError`."""
    if not field.strip():
        raise OutputError(
            "The records have a field without a name, and no column can be called so; rename or remove it."
        )
    return str(naming.normalize_identifier(field))


def with_zones(table: Any, known: Mapping[str, Any], naming: Any) -> Any:
    """The table for dlt, which takes moments without a time zone for moments in UTC where nobody says otherwise."""
    import dlt
    from pyarrow import types

    naive = [one.name for one in table.schema if types.is_timestamp(one.type) and one.type.tz is None]
    new = [name for name in naive if naming.normalize_identifier(name) not in known]
    if not new:
        return table
    hints: Any = {name: {"name": name, "data_type": "timestamp", "timezone": False} for name in new}
    return dlt.mark.with_hints(table, dlt.mark.make_hints(columns=hints))


def _converted(column: Any, to: Any) -> Any:
    """A column with another type. Raises `ArrowInvalid` where that would lose something, as with `007` as a number,
    and `ArrowNotImplementedError`.
    """
    import pyarrow
    from pyarrow import types

    made, back = column.cast(to), column.type
    is_text = types.is_string(back) or types.is_large_string(back)
    exact = types.is_string(to) or types.is_large_string(to) or (is_text and types.is_temporal(to))
    if not exact and not made.cast(back).equals(column):
        raise pyarrow.ArrowInvalid("The values can't be converted without a loss.")
    return made
