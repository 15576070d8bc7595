"""The table: rows as lists of cells, with the names of their columns elsewhere, as SQL APIs answer."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

from pydantic import Field

from core.errors import ReadError
from core.http.messages import shorten
from core.manifest.problems import Problem, Severity
from core.runtime.component import Shown
from core.runtime.error_answers import error_in
from core.runtime.field_path import evaluated, find, is_plain, lookup_beginning, place_of, what_is_at
from core.runtime.roles import Extract, Extractor, Place
from core.runtime.slices import Record, SliceMemory
from core.runtime.tables import RowReader, column_names, rows_elsewhere
from core.templates import Template

JOB_ANSWERS = ("polling_response", "start_response", "creation_response")
"""The answers of a job that may name the columns, the latest first."""

_SOURCES = ("columns_path", "columns", "first_row_is_header", "cell_name_path")
_Path = list[Template] | None


class TableExtractor(Extractor):
    """Rows are lists of cells, and the columns are named elsewhere, as SQL APIs do.

    The names are beside the rows, in an answer of the job, in a header or in the manifest. Airbyte does not know it.
    """

    label = "Table (rows and columns)"
    portable: ClassVar[bool] = False

    rows_path: Annotated[list[Template], Shown(editor="field_path")] = Field(
        default_factory=list,
        title="Rows Path",
        description="The keys that lead to the list of rows, such as `result`, `data_array`; without one, the answer "
        "itself is the list.",
    )
    columns_path: Annotated[_Path, Shown(editor="field_path", unset="none")] = Field(
        None,
        title="Columns Path",
        description="The keys that lead to the names of the columns: a list of texts or of objects with a `name`, such "
        "as `resultSetMetaData`, `rowType`. They may be beside the rows of the first page, or in the job's answer to "
        "polling or creation, and hold for all pages and targets.",
    )
    columns: list[str] | None = Field(
        None,
        min_length=1,
        title="Columns",
        description="The names of the columns, in order, where no answer tells them, or where others are wanted.",
    )
    first_row_is_header: bool = Field(
        False,
        title="Header Row",
        description="The first row of the first page is no data: it holds the names of the columns.",
    )
    row_path: Annotated[_Path, Shown(editor="field_path", unset="rows are lists")] = Field(
        None,
        title="Row Path",
        description="Where the cells are in a row that is an object: `f` for BigQuery, `Data` for Athena.",
    )
    cell_path: Annotated[_Path, Shown(editor="field_path", unset="cells are values")] = Field(
        None,
        title="Cell Path",
        description="Where the value is in a cell that is an object: `v` for BigQuery, `VarCharValue` for Athena, `*` "
        "where the key is the type, as `stringValue`. A cell that is `{}` or `{isNull: true}` is null.",
    )
    cell_name_path: Annotated[_Path, Shown(advanced=True, editor="field_path", unset="none")] = Field(
        None,
        title="Cell Name Path",
        description="Where the name of the column is in each cell, where cells tell it themselves: `field` for "
        "CloudWatch Logs Insights, with `value` as the cell path.",
    )

    def lint(self) -> list[Problem]:
        """The names of the columns come from somewhere, and from one place; none is there twice."""
        problems = []
        said = [name for name in _SOURCES if getattr(self, name)]
        if not said:
            message = "nothing says what the columns are called"
            hint = "set `columns_path`, `columns` or `first_row_is_header`"
            problems.append(Problem(message, ("columns_path",), hint=hint, fields=_SOURCES[1:]))
        winner = "cell_name_path" if "cell_name_path" in said else "columns"
        for name in said:
            if winner in said and name not in (winner, "first_row_is_header"):
                message = f"`{winner}` says what the columns are called; `{name}` isn't used"
                problems.append(Problem(message, (name,), Severity.WARNING, fields=(winner,)))
        names = self.columns or []
        for index, name in enumerate(names):
            if name in names[:index]:
                problems.append(Problem(f"the column `{name}` is named twice", ("columns", index)))
        return problems

    @property
    def carries_over(self) -> bool:
        return self.first_row_is_header or (self.columns is None and bool(self.columns_path))

    def bind(self, variables: Mapping[str, Any]) -> Extract:
        return self.bind_for_slice(variables, SliceMemory())

    def bind_place(self, variables: Mapping[str, Any]) -> Place | None:
        return lookup_beginning(evaluated(self.rows_path, {**variables, "parameters": self.parameters}))

    def bind_for_slice(self, variables: Mapping[str, Any], memory: SliceMemory) -> Extract:
        scope = {**variables, "parameters": self.parameters}
        rows, columns, row, cell, name = (
            evaluated(path or (), scope)
            for path in (self.rows_path, self.columns_path, self.row_path, self.cell_path, self.cell_name_path)
        )
        table = _Table(
            rows, columns, self.columns, self.first_row_is_header, RowReader(row, cell, name), memory, self.identity
        )
        return table.records


@dataclass(slots=True)
class _Known:
    """What the pages of a slice said so far."""

    columns: list[str] | None = None
    header_read: bool = False
    rows: int = 0
    of_single_rows: list[str] | None = None
    """The names for elements that are rows themselves, once all that comes before them was read."""


@dataclass(frozen=True, slots=True)
class _Table:
    """Where everything is in the answers of one slice. What they said is kept in `memory` under `key`."""

    rows_path: list[str]
    columns_path: list[str]
    columns: list[str] | None
    has_header: bool
    reader: RowReader
    memory: SliceMemory
    key: bytes

    def records(self, element: Any) -> Iterable[Record]:
        """The records of a page; of one row where the answers are lists of rows. Raises `ReadError`."""
        known = self.memory.note(self.key, _Known)
        names = known.of_single_rows
        if names is not None and type(element) is list and len(element) == len(names) and self.reader.is_plain:
            known.rows += 1
            return (dict(zip(names, element, strict=False)),)
        return self._read(element, known)

    def _read(self, element: Any, known: _Known) -> Iterator[Record]:
        reader = self.reader
        own = self._beside_rows(element)
        if known.columns is None:
            known.columns = own
        names = own
        for row in self._rows(element, own):
            known.rows += 1
            cells = reader.cells(row, known.rows)
            names = names or self._names(known)
            if self.has_header and not known.header_read and not self.memory.first_read:
                known.header_read, names = True, self._header(cells, names, known.rows)
                known.columns = known.columns or names
            elif reader.name_path:
                yield reader.named_record(cells, known.rows)
            elif names is None:
                raise self._nameless(element)
            else:
                yield reader.record(names, cells, known.rows)
                known.of_single_rows = None if self.rows_path else names

    def _beside_rows(self, element: Any) -> list[str] | None:
        """The names in the answer that holds the rows; None where it has none."""
        if self.columns is not None or not self.rows_path:
            return self.columns
        return self._names_in(element, "the answer")

    def _names(self, known: _Known) -> list[str] | None:
        """The names that hold for a row of an answer that has none itself."""
        if known.columns is None:
            answers = self.memory.answers
            said = (self._names_in(answers[name], f"`{name}`") for name in JOB_ANSWERS if answers.get(name))
            known.columns = next(filter(None, said), None)
        return known.columns

    def _names_in(self, answer: Any, where: str) -> list[str] | None:
        found = [value for _, value in find(answer, self.columns_path)]
        if len(found) == 1 and (isinstance(found[0], list) or found[0] is None):
            found = found[0] or []
        elif found and is_plain(self.columns_path):
            raise ReadError(
                f"There is no list of columns in {where}: {what_is_at(answer, self.columns_path)}. "
                "Correct `columns_path`."
            )
        return column_names(found, f"{place_of(self.columns_path)} of {where}") or None

    def _header(self, cells: list[Any], names: list[str] | None, number: int) -> list[str]:
        """The names of the columns, after a look at the header. Raises `ReadError`."""
        header = self.reader.values(cells, number)
        if self.columns is not None:
            return self.columns
        if names is None:
            return column_names(header, "the header")
        if [str(cell).casefold() for cell in header] != [name.casefold() for name in names]:
            raise ReadError(
                "With `first_row_is_header`, the first row should name the columns "
                f"({shorten(', '.join(names), 120)}), but it is {shorten(str(header), 120)}. If it is data, leave out "
                "`first_row_is_header`."
            )
        return names

    def _rows(self, element: Any, columns: list[str] | None) -> Iterable[Any]:
        if not self.rows_path:
            self._check_row(element)
            return (element,)
        found = [value for _, value in find(element, self.rows_path)]
        for value in found:
            if value is not None and not isinstance(value, list):
                raise ReadError(
                    f"There is no list of rows: {what_is_at(element, self.rows_path)}. Correct `rows_path`."
                )
        if not found:
            self._look_elsewhere(element, columns)
        return (row for value in found for row in value or ())

    def _check_row(self, element: Any) -> None:
        if isinstance(element, Mapping) and not self.reader.row_path:
            elsewhere = rows_elsewhere(element, self.reader, self.columns)
            hint = f"`{'.'.join(elsewhere)}` looks like them" if elsewhere else "name the keys that lead there"
            raise ReadError(
                "Without a `rows_path`, the answer itself should be the list of rows, but "
                f"{what_is_at(element, ())}: {hint}."
            )

    def _look_elsewhere(self, element: Any, columns: list[str] | None) -> None:
        """See whether the rows are where they are not looked for: that they are missing may mean that there are none.

        Raises `ReadError`.
        """
        path = f"`{'.'.join(self.rows_path)}`"
        if element is not None and not isinstance(element, Mapping):
            raise ReadError(
                f"There are no rows at {path}: the answer is no object. Where it is the list of rows itself, leave out "
                "`rows_path`."
            )
        if error_in(element or {}) is not None:  # then there are none, or it is refused for that
            return
        elsewhere = rows_elsewhere(element, self.reader, columns)
        if elsewhere is not None:
            raise ReadError(
                f"There are no rows at {path}: {what_is_at(element, self.rows_path)}. But `{'.'.join(elsewhere)}` "
                "looks like rows: if it is, correct `rows_path`."
            )
        if columns is None and not any(find(element, self.rows_path[:-1])) and len(self.rows_path) > 1:
            self.memory.warn_once(
                f"There is nothing at {path}, and nothing that names columns: {what_is_at(element, self.rows_path)}. "
                "The answer counts as one without rows."
            )

    def _nameless(self, element: Any) -> ReadError:
        if not self.columns_path:
            return ReadError("The first page had no header, so that nothing says what the columns are called.")
        answers = {name: self.memory.answers[name] for name in JOB_ANSWERS if self.memory.answers.get(name)}
        places = {"the answer with the rows": element} if self.rows_path else {}
        places |= {f"`{name}`": answer.get("body", answer) for name, answer in answers.items()}
        first = next(iter(places), None)
        if first is None:
            return ReadError(
                "Nothing says what the columns are called: `columns_path` looks into the answers of a job, but there "
                "is no job. Write the names as `columns`."
            )
        instead = what_is_at(places[first], self.columns_path).replace("the response", first, 1)
        return ReadError(
            f"Nothing says what the columns are called: there is nothing at {place_of(self.columns_path)} in "
            f"{' or '.join(places)} ({instead}). Correct `columns_path`, or write the names as `columns`."
        )
