"""Rows of CSV that stay bytes are the records that a row-by-row reader finds, with the same errors and warnings."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import orjson
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from core.components.decoders import CsvDecoder
from core.decoding import csv_rows
from core.decoding.chunks import BLOCK, InBlocks
from core.decoding.csv_format import TableFormat
from core.decoding.csv_rows import Rows
from core.decoding.errors import DecodeError
from core.outputs.encoders import Csv, JsonLines
from core.runtime.slices import SliceMemory
from tests.support.bodies import pieces

PIECES = ["a", "1", " ", ",", ",", '"', '""', ',"', '",', "\n", "\n", "\r\n", "\r", "é", "\U0001f600", "\\", "\t", "\0"]
PIECES += ["a,b\n", "1,2\n", '"x\ny",2\n', '1,"p, ""q"""\n', "2024-01-01,5\n", "\x01", "\x1f", "\x7f"]

Outcome = tuple[list[Any], str, list[str]]


def outcome(decoder: CsvDecoder, body: bytes, size: int) -> Outcome:
    """The records, the error, and the warnings."""
    records, error, warnings = list[Any](), "", list[str]()
    memory = SliceMemory(warn=warnings.append)
    try:
        for block in blocks(decoder.for_slice(memory), body, size):
            found = [*block]
            records += found
            if isinstance(block, Rows):
                check(block, found)
    except DecodeError as found_error:
        error = str(found_error)
    return records, error, warnings


def blocks(decoder: Any, body: bytes, size: int = 1 << 20) -> Iterator[Any]:
    elements = decoder.decode(pieces(body, size))
    assert isinstance(elements, InBlocks)
    return elements.blocks


def check(rows: Rows, records: list[Any]) -> None:
    """Whatever is asked of rows, the answer is that of their records."""
    assert len(rows) == len(records)
    assert len(rows) + rows.breaks == rows.text.count(b"\n")
    assert (rows[0], rows[-1], rows[1:]) == (records[0], records[-1], records[1:])
    assert [*rows.first(1)] == records[:1]
    assert [*rows.first(len(rows) - 1)] == records[:-1]
    lines = JsonLines().encode(rows)
    assert lines == JsonLines().encode(records)
    assert [*map(orjson.loads, lines.splitlines())] == records
    assert Csv(rows.columns).encode(rows) == rows.text


@pytest.mark.parametrize("decoder", [CsvDecoder(), CsvDecoder(uneven_rows="drop"), CsvDecoder(columns=["x", "y"])])
@given(st.lists(st.sampled_from(PIECES)).map("".join), st.integers(1, 9), st.sampled_from([1, 8, 65_536]))
@settings(max_examples=400, deadline=None)
@example('a,b\n1,"', 3, 8)
@example('a,b\n"1\n2","3\n4"\n5,6', 100, 65_536)
@example(",a,b\na\n\n", 1, 1)
@example('a,b\n1,""""\n"",""\n"""x""",2\n', 100, 65_536)
def test_rows_are_what_a_closer_look_at_each_finds(decoder: CsvDecoder, text: str, size: int, together: int) -> None:
    body = text.encode()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(csv_rows, "BLOCK", together)
        records, *told = outcome(decoder, body, size)
        patch.setattr(TableFormat, "is_plain", False)
        expected, *expected_told = outcome(decoder, body, size)
    assert told == expected_told
    assert records[: len(expected)] == expected
    assert told[0] or records == expected  # before an error there may be more


def test_only_what_is_certain_becomes_rows() -> None:
    """Commas, quotes and line breaks inside of cells are fine; rows that are too short, or not UTF-8, are not."""
    certain = b'id,note\n1,"a, ""b"""\r\n2,"x\ny"\n3,\n'
    (rows,) = blocks(CsvDecoder(), certain)
    assert isinstance(rows, Rows)
    assert rows.columns == ("id", "note")
    assert rows.text == b'1,"a, ""b"""\n2,"x\ny"\n3,\n'
    for doubtful in (b"1\n", b"1,2,\n", b'1,5" pipe\n', b"\n1,2\n", b"one,t\0wo\n"):
        assert not any(isinstance(block, Rows) for block in blocks(CsvDecoder(), b"id,note\n" + doubtful))
    with pytest.raises(DecodeError, match="in line 3"):
        list(blocks(CsvDecoder(), b"id,note\n1,2\n1,\xff\n"))


def test_a_file_that_is_damaged_further_on_is_refused_there() -> None:
    """Also in the first block that has NULs, and whatever was read before it."""
    rows = b"1,2\n" * BLOCK
    found = 0
    with pytest.raises(DecodeError, match=f"Line {BLOCK + 2:,} of the CSV file is full of NUL bytes"):
        for block in blocks(CsvDecoder(), b"id,note\n" + rows + b"\0\0,\0\0\n" + rows, BLOCK):
            found += len(block)
    assert found == BLOCK


@pytest.mark.parametrize(
    "decoder",
    [
        CsvDecoder(delimiter=";"),
        CsvDecoder(quote_character=""),
        CsvDecoder(encoding="cp1252"),
        CsvDecoder(ends_before="x"),
    ],
)
def test_other_tables_are_read_row_by_row(decoder: CsvDecoder) -> None:
    table = b"id,note\n1,2\n".replace(b",", decoder.delimiter.encode())
    assert next(blocks(decoder, table)) == [{"id": "1", "note": "2"}]
    assert not any(isinstance(block, Rows) for block in blocks(decoder, table))


def test_an_odd_row_costs_its_neighbours_only_a_closer_look() -> None:
    """Far from it, rows are rows again; line numbers count on."""
    table = b"id,note\n" + b"1,2\n" * 50_000 + b"3\n" + b"1,2\n" * 50_000
    kinds = {type(block) for block in blocks(CsvDecoder(), table)}
    assert kinds == {Rows, list}
    assert sum(map(len, blocks(CsvDecoder(), table))) == 100_001
    with pytest.raises(DecodeError, match="Line 100,003 "):
        list(blocks(CsvDecoder(), table + b"1,2,3\n"))


def test_a_file_in_one_piece_is_taken_in_small_parts() -> None:
    table = b"id,note\n" + b'1,"a ""b"", c"\n' * 200_000
    assert max(len(rows.text) for rows in blocks(CsvDecoder(), table)) <= BLOCK


def test_the_first_rows_say_which_columns_a_csv_file_has() -> None:
    rows = Rows(("a", "b"), b"1,2\n", 1, 0)
    csv = Csv()
    assert csv.encode(rows) == b"1,2\n"
    assert csv.header() == b"a,b\n"
    assert csv.encode(Rows(("b", "a"), b"1,2\n", 1, 0)) == b"2,1\n"
