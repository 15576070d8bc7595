"""Tables in answers: the names of their columns, the cells of their rows, and rows that are where nobody looks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

from core.errors import ReadError
from core.http.messages import shorten
from core.runtime.field_path import find, is_plain, place_of, what_is_at
from core.runtime.slices import Record

Cells = list[Any]

NAMES = ("name", "Name", "NAME", "columnName", "ColumnName", "column_name", "COLUMN_NAME")
"""The keys under which the description of a column has its name."""
IS_NULL = "isNull"
"""The key that says of a cell that it is null (AWS: Redshift and RDS Data APIs)."""
SEARCH_DEPTH = 4
SEARCH_WIDTH = 100
"""How deep, and among how many keys or items of each level, rows are looked for."""


def column_names(found: Sequence[Any], where: str) -> list[str]:
    """The names of columns that are texts, or objects with a `name`. Raises `ReadError`."""
    names: list[str] = []
    for number, item in enumerate(found, 1):
        name = next((item[key] for key in NAMES if key in item), None) if isinstance(item, Mapping) else item
        if not isinstance(name, str) or not name:
            raise ReadError(
                f"Column {number} has no name: at {where} is {shorten(str(item), 80)}, where a text or an object with "
                "a `name` should be. Let `columns_path` lead to the names themselves, or write them as `columns`."
            )
        if name in names:
            raise ReadError(
                f"Two columns have the same name `{shorten(name, 80)}` ({where}): a record can hold only one of them. "
                "Give one of them another name in the query (`AS`), or write all names as `columns`."
            )
        names.append(name)
    return names


@dataclass(frozen=True, slots=True)
class RowReader:
    """Takes rows apart. `row_path` leads to the cells of a row, `cell_path` to the value of a cell, `name_path` to the
    name of the column in it; each may be empty.
    """

    row_path: list[str]
    cell_path: list[str]
    name_path: list[str]

    @property
    def is_plain(self) -> bool:
        """Whether rows are lists of values, with nothing around them."""
        return not (self.row_path or self.cell_path or self.name_path)

    def cells(self, row: Any, number: int) -> Cells:
        """The cells of a row, as they are written. Raises `ReadError`."""
        if not self.row_path:
            if not isinstance(row, list):
                hint = "`row_path` says where they are" if isinstance(row, Mapping) else "Correct `rows_path`"
                raise ReadError(f"Row {number:,} is no list of cells: {_described(row)}. {hint}.")
            return row
        found = [value for _, value in find(row, self.row_path)]
        if not is_plain(self.row_path) and found:
            return found
        if len(found) == 1 and isinstance(found[0], list):
            return found[0]
        raise ReadError(
            f"There are no cells at `{'.'.join(self.row_path)}` in row {number:,}: "
            f"{_said_of('the row', row, self.row_path)}. Correct `row_path`."
        )

    def values(self, cells: Cells, number: int, names: Sequence[str] = ()) -> Cells:
        """The values of cells. Raises `ReadError`."""
        if not self.cell_path:
            return cells
        return [self._value(cell, number, index, names) for index, cell in enumerate(cells)]

    def record(self, names: Sequence[str], cells: Cells, number: int) -> Record:
        """The record of a row with these columns. Raises `ReadError`."""
        if len(cells) != len(names):
            raise ReadError(
                f"Row {number:,} has {len(cells)} cells, but there are {len(names)} columns "
                f"({shorten(', '.join(names), 120)}). Check that the columns are those of these rows."
            )
        return dict(zip(names, self.values(cells, number, names), strict=True))

    def named_record(self, cells: Cells, number: int) -> Record:
        """The record of a row whose cells tell their columns themselves. Raises `ReadError`."""
        names = [next((value for _, value in find(cell, self.name_path)), None) for cell in cells]
        return self.record(column_names(names, f"{place_of(self.name_path)} of row {number:,}"), cells, number)

    def _value(self, cell: Any, number: int, index: int, names: Sequence[str]) -> Any:
        if cell is None or cell == {}:
            return None
        if isinstance(cell, Mapping) and IS_NULL in cell:
            if cell[IS_NULL] is True:
                return None
            cell = {key: value for key, value in cell.items() if key != IS_NULL}
        found = list(islice(find(cell, self.cell_path), 2))
        if len(found) == 1:
            return found[0][1]
        path, column = ".".join(self.cell_path), f" (`{names[index]}`)" if names else ""
        what = "several values" if found else "no value"
        raise ReadError(
            f"There is {what} at `{path}` in cell {index + 1}{column} of row {number:,}: "
            f"{_said_of('the cell', cell, self.cell_path)}. Correct `cell_path`."
        )


def rows_elsewhere(answer: Any, reader: RowReader, columns: Sequence[str] | None) -> list[str] | None:
    """The path to what looks like the rows of a table with these columns in an answer; None: nothing does."""

    def is_row(item: Any) -> bool:
        if not reader.row_path:
            cells = item if isinstance(item, list) else None
        else:
            found = [value for _, value in find(item, reader.row_path)]
            cells = found if not is_plain(reader.row_path) else next(iter(found), None)
        return bool(cells) and isinstance(cells, list) and (columns is None or len(cells) == len(columns))

    level: list[tuple[list[str], Any]] = [([], answer)]
    for _ in range(SEARCH_DEPTH):
        below: list[tuple[list[str], Any]] = []
        for path, value in level:
            if isinstance(value, list) and value and path and is_row(value[0]):
                return path
            below += [([*path, str(key)], item) for key, item in islice(_inside(value), SEARCH_WIDTH)]
        level = below[: SEARCH_WIDTH * SEARCH_DEPTH]
    return None


def _inside(value: Any) -> Iterator[tuple[Any, Any]]:
    if isinstance(value, Mapping):
        return iter(value.items())
    return iter(enumerate(value)) if isinstance(value, list) else iter(())


def _described(value: Any) -> str:
    return _said_of("it", value, [])


def _said_of(name: str, value: Any, path: list[str]) -> str:
    return what_is_at(value, path).replace("the response", name, 1)
