"""Tables as RFC 4180 has them are read; where a reader would guess, there is an error with the line and a way out."""

from __future__ import annotations

import csv
import gzip
import io
import tarfile
import zipfile
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from pydantic import ValidationError

from core.components.decoders import CsvDecoder, DecodeError, GzipDecoder, ZipfileDecoder
from core.decoding.csv_doubts import holds_whole_rows
from tests.support.bodies import archive, pieces


def read(body: str | bytes, **fields: Any) -> list[dict[str, Any]]:
    return CsvDecoder(**fields).decode_all(body.encode() if isinstance(body, str) else body)


def refused(body: str | bytes, **fields: Any) -> str:
    with pytest.raises(DecodeError) as caught:
        read(body, **fields)
    return str(caught.value)


PLAIN_QUOTES = 'set `quote_character: ""` of the CsvDecoder'

CELLS = st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="\r\0") | st.sampled_from('a",;\n\t '), max_size=8
)


@given(
    rows=st.lists(st.lists(CELLS, min_size=3, max_size=3), max_size=6),
    quoting=st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
    delimiter=st.sampled_from(",;\t"),
    size=st.integers(1, 50),
)
def test_what_a_writer_has_quoted_is_read_as_it_was(
    rows: list[list[str]], quoting: Any, delimiter: str, size: int
) -> None:
    assume(all(any(row) for row in rows))
    assume(not any(holds_whole_rows(row, 3, delimiter) for row in rows if "\n" in "".join(row)))
    written = io.StringIO()
    csv.writer(written, quoting=quoting, delimiter=delimiter).writerows([["x", "y", "z"], *rows])
    decoder = CsvDecoder(delimiter=delimiter)
    found = list(decoder.decode(pieces(written.getvalue().encode(), size)))
    assert found == [dict(zip("xyz", row, strict=True)) for row in rows]


@pytest.mark.parametrize(
    ("body", "where"),
    [
        ('a,b\n1,"x\n2,y\n', 'begins with " in line 2 and is never closed'),
        ('a,b\n1,"x', 'begins with " in line 2 and is never closed'),
        ('a,b\n"1\n1",2\n3,"x\n4,y\n', 'begins with " in line 4 and is never closed'),
        ('a,b\n1,"x"y\n', 'In line 2 of the CSV file, text follows a closing "'),
        ('a,b\n1,2\n3,"x\n4,"y"\n', 'In line 4, in a cell that begins with " in line 3 of the CSV file, text follows'),
        ('"a"x,b\n1,2\n', "In line 1 of the CSV file, text follows"),
        ('a,"b\n1,2\n', 'begins with " in line 1 and is never closed'),
        ('a,b\n1,"x\\"y"\n', "In line 2"),
    ],
)
def test_a_stray_quotation_mark_is_reported_with_its_line_and_the_option(body: str, where: str) -> None:
    message = refused(body)
    assert where in message
    assert PLAIN_QUOTES in message


ORDERS = 'order\ttitle\tqty\n1\t"Retro" lamp\t1\n2\t"12 inch pipe\t2\n3\tplain\t3\n4\tsign "open"\t4\n5\t"x\t5\n'


def test_quotation_marks_can_be_plain_characters() -> None:
    assert "line 2" in refused(ORDERS, delimiter="\\t")
    titles = [record["title"] for record in read(ORDERS, delimiter="\\t", quote_character="")]
    assert titles == ['"Retro" lamp', '"12 inch pipe', "plain", 'sign "open"', '"x']


def test_another_quote_character_can_be_named() -> None:
    assert read("a;b\n'1;''2''';\"3\n", delimiter=";", quote_character="'") == [{"a": "1;'2'", "b": '"3'}]
    assert "closing '" in refused("a,b\n'1'2,3\n", quote_character="'")


@pytest.mark.parametrize("fields", [{"quote_character": "''"}, {"quote_character": "\n"}, {"quote_character": ","}])
def test_a_quote_character_that_can_be_none_is_found_when_the_manifest_is_loaded(fields: dict[str, str]) -> None:
    with pytest.raises(ValidationError):
        CsvDecoder.model_validate(fields)


@pytest.mark.parametrize(
    ("body", "lines"),
    [
        ('id,name,qty\n1,"12 inch,2\n2,pipe 6",3\n', "Lines 2 to 3"),
        ('id,name,qty\n1,a,1\n2,"12 inch,2\n3,x,4\n4,pipe 6",3\n5,y,6\n', "Lines 3 to 5"),
        ('id,name,qty\n1,"12 inch,2\n2,pipe,6"\n', "Lines 2 to 3"),
        ('id,day,name,qty\n1,2024-01-02,"12 inch,2\n2,2024-02-03,pipe 6",3\n', "Lines 2 to 3"),
    ],
)
def test_a_cell_that_has_swallowed_rows_is_refused_though_the_rfc_allows_it(body: str, lines: str) -> None:
    message = refused(body)
    assert lines in message
    assert PLAIN_QUOTES in message
    assert len(read(body, quote_character="")) == body.count("\n") - 1
    assert len(read(body, quote_character='"')) < body.count("\n") - 1  # who writes the default has thought of it


@pytest.mark.parametrize(
    "row",
    [
        '1,"Main Street 5\nBerlin",x',
        '1,"Main Street 5, 2nd floor\nBerlin, Germany",x',
        '1,"a,b\nc,d",x',
        '1,"said ""yes"", then\nleft, 2 times",3',
        '"1","2,5\n3","4"',
        '1,"x\n","y\nz"',
        '1,"first, 1\nsecond, 2"',
    ],
)
def test_line_breaks_in_a_quoted_cell_stay(row: str) -> None:
    (expected,) = csv.reader(io.StringIO(row))
    found = read(f"id,text,more\n{row}\n")
    assert [list(record.values()) for record in found] == [[*expected, *[None] * (3 - len(expected))]]


def test_a_text_with_a_list_in_it_is_no_swallowed_row_where_there_are_two_columns() -> None:
    assert read('id,note\n7,"items:\n1,first\n2,second"\n') == [{"id": "7", "note": "items:\n1,first\n2,second"}]


def packed_tar() -> bytes:
    body = io.BytesIO()
    with tarfile.open(fileobj=body, mode="w") as archive_:
        archive_.addfile(tarfile.TarInfo("a.csv"), io.BytesIO(b""))
    return body.getvalue()


def workbook() -> bytes:
    body = io.BytesIO()
    with zipfile.ZipFile(body, "w") as packed:
        packed.writestr("[Content_Types].xml", "<Types/>")
    return body.getvalue()


@pytest.mark.parametrize(
    ("body", "name"),
    [
        (gzip.compress(b"a\n1\n"), "a gzip-compressed file"),
        (archive({"a.csv": b"a\n1\n"}), "a zip archive"),
        (workbook(), "an Excel or other Office document"),
        (packed_tar(), "a tar archive"),
        (b"PAR1\x15\x04", "a Parquet file"),
        (b"BZh91AY&SY\0", "a bzip2-compressed file"),
        (b"\xfd7zXZ\0\0", "an xz-compressed file"),
        (b"\x28\xb5\x2f\xfd\x24", "a zstd-compressed file"),
        (b"7z\xbc\xaf\x27\x1c\0", "a 7z archive"),
        (b"Rar!\x1a\x07\x01", "a rar archive"),
        (b"SQLite format 3\0", "an SQLite database"),
    ],
    ids=lambda value: value if isinstance(value, str) else "body",
)
def test_a_file_that_is_no_table_is_named(body: bytes, name: str) -> None:
    assert name in refused(body)


def test_what_nobody_can_unpack_is_named_inside_of_a_container_too() -> None:
    for decoder in (GzipDecoder(decoder=CsvDecoder()), ZipfileDecoder(decoder=CsvDecoder())):
        for body in (b"BZh91AY&SY\0", b"Rar!\x1a\x07\x01"):
            with pytest.raises(DecodeError, match="Longhaul can't unpack or read that"):
                decoder.decode_all(body)


def test_what_another_decoder_reads_is_named_with_it() -> None:
    assert "choose ExcelDecoder" in refused(workbook())
    assert "Wrap the decoder in a TarDecoder" in refused(packed_tar())


def test_nul_bytes_in_the_first_line_are_no_names() -> None:
    assert "line 1" in refused(b"\0\0\0\0\0\0\0\0").lower()
    assert "set `encoding` to utf-16-le" in refused("a,b\n1,2\n".encode("utf-16-le"))
    assert read("a,b\n1,2\n".encode("utf-16-le"), encoding="utf-16-le") == [{"a": "1", "b": "2"}]


def test_a_line_that_is_full_of_nul_bytes_is_no_row() -> None:
    assert "Line 3 of the CSV file is full of NUL bytes" in refused(b"a,b\n1,2\n" + b"\0" * 512)
    assert read(b"a,b\n1,x\0y\n") == [{"a": "1", "b": "x\0y"}]


def test_the_rows_before_an_error_are_given() -> None:
    rows = CsvDecoder().decode(iter((b'a,b\n1,2\n3,4\n5,"6" 7\n8,9\n',)))
    assert [next(rows), next(rows)] == [{"a": "1", "b": "2"}, {"a": "3", "b": "4"}]
    with pytest.raises(DecodeError, match="line 4"):
        next(rows)


def test_lines_before_the_names_of_the_columns_are_suspected() -> None:
    report = "Report,Daily\nGenerated,4/12/17\nAdvertiser,Equals:A\n\nAdvertiser,Date,Clicks\nA,2017-04-12,3\n"
    message = refused(report)
    assert "Line 5 of the CSV file has 3 cells, but there are 2 columns" in message
    assert "come before the one that names the columns" in message
    with pytest.raises(DecodeError):
        next(CsvDecoder().decode(iter((report.encode(),))))
    padded = refused("Report,,\nAdvertiser,Date,Clicks\nA,2017-04-12,3\n")
    assert "values in 2 columns without a name, such as “Date”" in padded


def test_an_index_without_a_name_and_columns_that_stay_empty_are_read() -> None:
    assert read(",a\n0,x\n") == [{"": "0", "a": "x"}]
    assert read("a,,\n1,,\n2,,x\n") == [{"a": "1", "": ""}, {"a": "2", "": "x"}]


@pytest.mark.parametrize("begin", [b'a\n"', b"a\n"])
def test_a_cell_without_end_is_given_up(begin: bytes) -> None:
    def endless() -> Any:
        yield begin
        for _ in range(200):
            yield b"x" * 1_000_000
        raise AssertionError("the decoder reads on")

    with pytest.raises(DecodeError, match=r"134,217,728"):
        list(CsvDecoder().decode(endless()))


def test_a_table_in_the_wrong_container_is_unpacked() -> None:
    table = b"a\n1\n"
    for decoder in (GzipDecoder(decoder=CsvDecoder()), ZipfileDecoder(decoder=CsvDecoder())):
        for body in (table, gzip.compress(table), archive({"x": table})):
            assert decoder.decode_all(body) == [{"a": "1"}]
    assert ZipfileDecoder(decoder=GzipDecoder(decoder=CsvDecoder())).decode_all(gzip.compress(table)) == [{"a": "1"}]
