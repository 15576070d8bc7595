"""Spreadsheets: which sheet, where the names of the columns are, what cells become, and what is refused."""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

import pytest
from pydantic import ValidationError

from core.components.decoders import DecodeError, ExcelDecoder
from core.decoding import spreadsheets
from tests.support.archives import Cell, ods, xlsx
from tests.support.bodies import archive, pieces


def read(*rows: Sequence[Cell], **fields: Any) -> list[Any]:
    return ExcelDecoder(**fields).decode_all(xlsx({"S": rows}))


def refused(body: bytes, **fields: Any) -> DecodeError:
    with pytest.raises(DecodeError) as caught:
        ExcelDecoder(**fields).decode_all(body)
    return caught.value


def test_each_row_below_the_names_is_a_record() -> None:
    records = read(["id", "name"], [1, "Ann"], [2, "007"])
    assert records == [{"id": 1, "name": "Ann"}, {"id": 2, "name": "007"}]


def test_cells_keep_their_types() -> None:
    row: list[Cell] = [1, 1.5, True, "text", datetime(2024, 1, 31, 9, 30), date(2024, 1, 31), None, "#N/A", 0, False]
    (record,) = read(list("abcdefghij"), row)
    assert list(record) == list("abcdefghij")
    assert list(record.values()) == [1, 1.5, True, "text", "2024-01-31T09:30:00", "2024-01-31", None, None, 0, False]
    assert type(record["a"]) is int
    assert type(record["c"]) is bool


def test_rows_without_any_value_are_skipped_and_short_ones_are_filled_with_nulls() -> None:
    assert read([], ["a", "b"], [1], [], [None, ""], [None, 2]) == [{"a": 1, "b": None}, {"a": None, "b": 2}]


def test_an_empty_body_sheet_or_header_is_no_data() -> None:
    assert ExcelDecoder().decode_all(b"") == []
    assert read() == []
    assert read(["a", "b"]) == []
    assert read(["a"], [1], skip_lines=5) == []


def test_titles_above_the_names_are_skipped() -> None:
    assert read(["Report of May"], [], ["a", "b"], [1, 2], skip_lines=1) == [{"a": 1, "b": 2}]


def test_names_that_no_row_has_are_given() -> None:
    assert read([1, 2], [3, 4], columns=["a", "b"]) == [{"a": 1, "b": 2}, {"a": 3, "b": 4}]
    assert read(["Report"], [1], skip_lines=1, columns=["a", "b"]) == [{"a": 1, "b": None}]


def test_names_may_be_numbers_and_dates() -> None:
    assert read([2024, date(2024, 5, 1), True], [1, 2, 3]) == [{"2024": 1, "2024-05-01": 2, "true": 3}]


def test_a_sheet_by_name_or_number() -> None:
    body = xlsx({"First": [["a"], [1]], "2024": [["a"], [2]], "Ä & B": [["a"], [3]]})
    for sheet, number in (
        (None, 1),
        ("First", 1),
        (1, 1),
        ("1", 1),
        (2, 2),
        ("2024", 2),
        (2024, 2),
        ("Ä & B", 3),
        (3, 3),
    ):
        assert ExcelDecoder(sheet=sheet).decode_all(body) == [{"a": number}]
    message = "The spreadsheet has no sheet “first”. There are “First”, “2024”, “Ä & B”."
    assert message in str(refused(body, sheet="first"))
    assert "no sheet number 4" in str(refused(body, sheet=4))


def test_columns_without_a_name_may_only_be_empty() -> None:
    assert read(["a", None, "c"], [1, None, 3]) == [{"a": 1, "c": 3}]
    message = str(refused(xlsx({"S": [["a", None, "c"], [1, None, 3], [1, 2, 3]]})))
    assert message.startswith("Cell B3 of the sheet has a value, but its column has no name.")
    assert "Cell C1 " in str(refused(xlsx({"S": [[1, 2, 3]]}), columns=["a", "b"]))


def test_names_that_are_repeated_are_refused() -> None:
    message = str(refused(xlsx({"S": [["a", "b", "a"]]})))
    assert message.startswith("Row 1 of the sheet names two columns “a”.")
    assert "`skip_lines`" in message


@pytest.mark.parametrize(
    "fields", [{"sheet": 0}, {"sheet": ""}, {"columns": []}, {"columns": ["a", "a"]}, {"columns": [""]}]
)
def test_a_bad_setting_is_found_when_the_manifest_is_loaded(fields: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        ExcelDecoder(**fields)


def test_an_open_document_is_read_too() -> None:
    assert ExcelDecoder().decode_all(ods([["a", "b"], [1, "x"]])) == [{"a": 1, "b": "x"}]


def test_a_body_that_arrives_in_pieces() -> None:
    assert list(ExcelDecoder().decode(pieces(xlsx({"S": [["a"], [1]]}), 100))) == [{"a": 1}]


def test_a_reader_that_has_enough_ends_the_process() -> None:
    rows = ExcelDecoder().decode(iter([xlsx({"S": [["a"], *([n] for n in range(20_000))]})]))
    assert next(rows) == {"a": 0}
    rows.close()  # type: ignore[attr-defined]  # it is a generator


def test_what_is_no_spreadsheet_is_named() -> None:
    assert "but the response is an HTML page" in str(refused(b"<html><table></table></html>"))
    assert "but the response is text" in str(refused(b"a,b\n1,2\n")).lower()
    error = str(refused(archive({"a.csv": b"a"})))
    assert "is a zip archive with “a.csv” in it. Wrap the decoder in a ZipfileDecoder" in error


def test_a_spreadsheet_that_is_cut_short_is_worth_another_try() -> None:
    assert refused(xlsx({"S": [["a"], [1]]})[:-100]).retryable


def test_a_password_is_named_as_what_hinders() -> None:
    body = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(1_000) + "EncryptedPackage".encode("utf-16-le") + bytes(1_000)
    assert "encrypted with a password" in str(refused(body))


def test_damage_inside_a_spreadsheet_is_reported() -> None:
    body = xlsx({"S": [["a"], [1]]}, cells='<c r="A9"')
    assert "The spreadsheet is damaged" in str(refused(body))


def test_a_small_file_that_asks_for_all_memory_is_refused() -> None:
    started = time.monotonic()
    body = xlsx({"S": [["a"], [1]]}, cells='<c r="XFD1048576"><v>1</v></c>')
    assert "it needs more than 4 GB of memory" in str(refused(body))
    assert time.monotonic() - started < 30


def test_a_spreadsheet_that_unpacks_to_too_much_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spreadsheets, "LARGEST_UNPACKED", 500)
    assert "looks like a bomb" in str(refused(xlsx({"S": [["a"], [1]]})))
    monkeypatch.setattr(spreadsheets, "LARGEST", 500)
    assert "More than 500 bytes belong to the spreadsheet" in str(refused(xlsx({"S": [["a"], [1]]})))


def test_without_the_extra_the_message_names_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spreadsheets, "is_installed", lambda module: False)
    message = str(refused(xlsx({"S": [["a"], [1]]})))
    assert message == "Spreadsheets need the extra `excel`: pip install 'longhaul-connectors[excel]'."
