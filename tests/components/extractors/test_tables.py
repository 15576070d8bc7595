"""Tables of SQL APIs become records: columns named once, rows as lists, wrapped or not, in pages and targets."""

from __future__ import annotations

from typing import Any

import pytest

from core.errors import ReadError
from core.runtime.slices import SliceMemory
from tests.support.components import component


class Table:
    """A table that is read page by page."""

    def __init__(self, answers: dict[str, Any] | None = None, **fields: Any) -> None:
        self._extractor = component({"type": "TableExtractor", **fields})
        self.memory = SliceMemory(answers=answers or {})
        self._extract = self._extractor.bind_for_slice({"config": {}}, self.memory)

    def page(self, *elements: Any) -> list[Any]:
        records = [record for element in elements for record in self._extract(element)]
        self.memory.first_read = True
        return records


SNOWFLAKE = {
    "resultSetMetaData": {"rowType": [{"name": "ID", "type": "fixed"}, {"name": "CODE", "type": "text"}]},
    "data": [["1", "007"], ["2", None]],
}


@pytest.mark.parametrize("columns", [["resultSetMetaData", "rowType"], ["resultSetMetaData", "rowType", "*", "name"]])
def test_columns_of_the_first_page_hold_for_later_ones(columns: list[str]) -> None:
    table = Table(rows_path=["data"], columns_path=columns)
    assert table.page(SNOWFLAKE) == [{"ID": "1", "CODE": "007"}, {"ID": "2", "CODE": None}]
    assert table.page({"data": [["3", ""]]}) == [{"ID": "3", "CODE": ""}]


def test_pages_that_name_their_columns_are_read_by_them() -> None:
    table = Table(rows_path=["data"], columns_path=["cols"])
    assert table.page({"cols": ["a", "b"], "data": [[1, 2]]}) == [{"a": 1, "b": 2}]
    assert table.page({"cols": ["b", "a"], "data": [[3, 4]]}) == [{"b": 3, "a": 4}]
    assert table.page({"data": [[5, 6]]}) == [{"a": 5, "b": 6}]


def test_a_walk_that_begins_again_forgets_the_columns() -> None:
    table = Table(rows_path=["data"], columns_path=["cols"])
    table.page({"cols": ["a"], "data": [[1]]})
    table.memory.begin()
    assert table.page({"cols": ["b"], "data": [[2]]}) == [{"b": 2}]


def test_columns_may_be_in_the_answers_of_the_job_the_latest_first() -> None:
    answers: dict[str, Any] = {
        "creation_response": {"manifest": {"columns": [{"name": "old"}]}},
        "polling_response": {"manifest": {"columns": [{"name": "id"}, {"name": "who"}]}},
    }
    table = Table(answers, columns_path=["manifest", "columns"])
    assert table.page([1, "Ann"], [2, None]) == [{"id": 1, "who": "Ann"}, {"id": 2, "who": None}]
    answers["polling_response"] = {"state": "done"}
    assert Table(answers, columns_path=["manifest", "columns"]).page([1]) == [{"old": 1}]


def test_bigquery_wraps_rows_and_cells() -> None:
    table = Table(rows_path=["rows"], columns_path=["schema", "fields"], row_path=["f"], cell_path=["v"])
    body = {
        "schema": {"fields": [{"name": "id", "type": "INTEGER"}, {"name": "who", "type": "STRING"}]},
        "rows": [{"f": [{"v": "1"}, {"v": "Ann"}]}, {"f": [{"v": "2"}, {"v": None}]}],
    }
    assert table.page(body) == [{"id": "1", "who": "Ann"}, {"id": "2", "who": None}]
    assert table.page({"schema": body["schema"], "totalRows": "0"}) == []


def test_athena_leaves_nulls_out_and_names_the_columns_in_the_first_row_of_the_first_page() -> None:
    path = ["ResultSet", "Rows"]
    table = Table(rows_path=path, row_path=["Data"], cell_path=["VarCharValue"], first_row_is_header=True)

    def page(*rows: list[Any]) -> Any:
        return {"ResultSet": {"Rows": [{"Data": row} for row in rows]}}

    def cells(*texts: str) -> list[Any]:
        return [{"VarCharValue": text} for text in texts]

    assert table.page(page(cells("id", "who"), cells("1", "Ann"), [{"VarCharValue": "id"}, {}])) == [
        {"id": "1", "who": "Ann"},
        {"id": "id", "who": None},
    ]
    assert table.page(page(cells("id", "who"))) == [{"id": "id", "who": "who"}]


def test_redshift_names_the_type_of_each_cell() -> None:
    table = Table(rows_path=["Records"], columns_path=["ColumnMetadata", "*", "name"], cell_path=["*"])
    body = {
        "ColumnMetadata": [{"name": name, "typeName": "x"} for name in ("id", "who", "flag", "ratio", "raw")],
        "Records": [
            [{"longValue": 1}, {"stringValue": "007"}, {"booleanValue": False}, {"doubleValue": 0.5}, {"isNull": True}],
            [{"longValue": 2}, {"stringValue": ""}, {"isNull": True}, {"isNull": False, "doubleValue": 1.0}, None],
        ],
    }
    assert table.page(body) == [
        {"id": 1, "who": "007", "flag": False, "ratio": 0.5, "raw": None},
        {"id": 2, "who": "", "flag": None, "ratio": 1.0, "raw": None},
    ]


def test_logs_insights_names_the_column_in_each_cell() -> None:
    table = Table(rows_path=["results"], cell_path=["value"], cell_name_path=["field"])
    rows = [[{"field": "@timestamp", "value": "t1"}, {"field": "n", "value": "1"}], [{"field": "n", "value": "2"}]]
    assert table.page({"results": rows}) == [{"@timestamp": "t1", "n": "1"}, {"n": "2"}]


def test_google_analytics_keeps_cells_in_two_lists() -> None:
    body = {
        "dimensionHeaders": [{"name": "city"}],
        "metricHeaders": [{"name": "users", "type": "TYPE_INTEGER"}],
        "rows": [{"dimensionValues": [{"value": "Rome"}], "metricValues": [{"value": "3"}]}],
    }
    table = Table(
        rows_path=["rows"],
        columns_path=["*Headers", "*", "name"],
        row_path=["*Values", "*"],
        cell_path=["value"],
    )
    assert table.page(body) == [{"city": "Rome", "users": "3"}]


def test_log_analytics_has_a_list_of_tables() -> None:
    table = Table(rows_path=["tables", "0", "rows"], columns_path=["tables", "0", "columns"])
    body = {"tables": [{"name": "PrimaryResult", "columns": [{"name": "a", "type": "long"}], "rows": [[1], [None]]}]}
    assert table.page(body) == [{"a": 1}, {"a": None}]
    assert Table(rows_path=["tables", "0", "rows"], columns_path=["tables", "0", "columns"]).page({"tables": []}) == []


def test_columns_may_be_written_and_replace_a_header() -> None:
    assert Table(columns=["a", "b"]).page([1, 2], [3, [4]]) == [{"a": 1, "b": 2}, {"a": 3, "b": [4]}]
    assert Table(columns=["a", "b"], first_row_is_header=True).page(["A!", "B!"], [3, 4]) == [{"a": 3, "b": 4}]


@pytest.mark.parametrize(
    "body",
    [
        {"stats": {"state": "QUEUED"}, "nextUri": "http://x/1"},
        {"columns": [{"name": "a"}, {"name": "b"}]},
        {"columns": [{"name": "a"}], "data": None},
        {"columns": [{"name": "a"}], "data": []},
    ],
    ids=["Trino queued", "Trino without rows yet", "null", "empty"],
)
def test_no_rows_are_no_error(body: Any) -> None:
    table = Table(rows_path=["data"], columns_path=["columns"])
    assert table.page(body) == []
    assert table.page({"columns": [{"name": "z"}], "data": [[1]]}) == [{"z": 1}]


def test_an_answer_that_looks_like_another_one_is_told() -> None:
    told: list[str] = []
    table = Table(rows_path=["result", "rows"], columns_path=["result", "columns"])
    table.memory.warn = told.append
    assert [table.page({"message": "hello"}), table.page({"message": "again"})] == [[], []]
    assert [line for line in told if "nothing at `result.rows`" in line and "holds the keys message" in line] == told
    assert len(told) == 1


@pytest.mark.parametrize(
    ("fields", "body", "said"),
    [
        (
            {"rows_path": ["dat"], "columns_path": ["cols"]},
            {"cols": ["a"], "result": {"data": [[1]]}},
            "There are no rows at `dat`: .*But `result.data` looks like rows",
        ),
        (
            {"rows_path": ["data"], "columns": ["a"]},
            {"data": {"rows": [[1]]}},
            "no list of rows: `data` holds the keys",
        ),
        ({"rows_path": ["data"], "columns": ["a"]}, [1], "the answer is no object.*leave out `rows_path`"),
        ({"columns": ["a"]}, {"data": [[1]]}, "Without a `rows_path`.*`data` looks like them"),
        (
            {"rows_path": ["data"], "columns": ["a"]},
            {"data": [{"a": 1}]},
            "Row 1 is no list of cells: it holds the keys a",
        ),
        ({"rows_path": ["data"], "columns": ["a"]}, {"data": [[1], None]}, "Row 2 is no list of cells: it is null"),
        (
            {"rows_path": ["data"], "columns": ["a", "b"]},
            {"data": [[1, 2], [3]]},
            r"Row 2 has 1 cells, .* 2 columns \(a, b\)",
        ),
        (
            {"rows_path": ["data"], "columns_path": ["cols"]},
            {"data": [[1]]},
            "nothing at `cols` in the answer with the rows",
        ),
        ({"rows_path": ["data"], "columns_path": ["cols"]}, {"cols": ["a", "a"], "data": []}, "same name `a`.*`AS`"),
        ({"rows_path": ["data"], "columns_path": ["cols"]}, {"cols": [{"x": 1}], "data": []}, "Column 1 has no name"),
        (
            {"rows_path": ["data"], "columns_path": ["cols"]},
            {"cols": "a", "data": []},
            "no list of columns in the answer",
        ),
        (
            {"rows_path": ["data"], "columns": ["a"], "cell_path": ["v"]},
            {"data": [[{"w": 1}]]},
            r"no value at `v` in cell 1 \(`a`\) of row 1: the cell holds the keys w; there is no `v` in it",
        ),
        ({"rows_path": ["data"], "columns": ["a"], "cell_path": ["v"]}, {"data": [["x"]]}, "the cell is the text “x”"),
        (
            {"rows_path": ["data"], "columns": ["a"], "row_path": ["f"]},
            {"data": [{"g": []}]},
            "no cells at `f` in row 1: the row holds the keys g",
        ),
        (
            {"rows_path": ["data"], "columns_path": ["cols"], "first_row_is_header": True},
            {"cols": ["a"], "data": [["x"]]},
            "the first row should name the columns.*leave out `first_row_is_header`",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_does_not_fit_is_an_error_that_names_the_place(fields: Any, body: Any, said: str) -> None:
    with pytest.raises(ReadError, match=said):
        Table(**fields).page(body)


def test_a_header_is_looked_for_on_the_first_page_only() -> None:
    table = Table(rows_path=["data"], first_row_is_header=True)
    assert table.page({"data": []}) == []
    with pytest.raises(ReadError, match="The first page had no header"):
        table.page({"data": [["a"]]})


def test_of_several_extractors_each_keeps_its_columns() -> None:
    one, other = ({"type": "TableExtractor", "rows_path": [name], "columns_path": [f"{name}_cols"]} for name in "ab")
    combined = component({"type": "CombinedExtractor", "extractors": [one, other]})
    memory = SliceMemory()
    extract = combined.bind_for_slice({"config": {}}, memory)
    assert combined.carries_over
    assert list(extract({"a": [[1]], "a_cols": ["x"], "b": [[2]], "b_cols": ["y"]})) == [{"x": 1}, {"y": 2}]
    assert list(extract({"a": [[3]], "b": [[4]]})) == [{"x": 3}, {"y": 4}]


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({}, "nothing says what the columns are called"),
        (
            {"columns": ["a"], "columns_path": ["c"]},
            "`columns` says what the columns are called; `columns_path` isn't used",
        ),
        ({"columns": ["a", "b", "a"]}, "the column `a` is named twice"),
    ],
)
def test_the_columns_come_from_one_place(fields: Any, said: str) -> None:
    assert [problem.message for problem in component({"type": "TableExtractor", **fields}).lint()] == [said]
