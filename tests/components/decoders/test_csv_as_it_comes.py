"""Reports as ad servers and marketplaces write them: lines before the header, totals and notes at the end, files
without a header, rows that are damaged.
"""

from __future__ import annotations

import csv
import gzip
import io
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from pydantic import ValidationError

from core.components.decoders import CsvDecoder, DecodeError, GzipDecoder, ZipfileDecoder
from core.runtime.slices import SliceMemory
from tests.support.bodies import archive, pieces


class Files:
    """A decoder at the files of one slice, and what it warned of."""

    def __init__(self, **fields: Any) -> None:
        self.warnings: list[str] = []
        self.memory = SliceMemory(warn=self.warnings.append)
        self.decoder = CsvDecoder(**fields)

    def read(self, body: str | bytes) -> list[dict[str, Any]]:
        records = self.decoder.for_slice(self.memory).decode_all(body.encode() if isinstance(body, str) else body)
        self.memory.first_read = True
        return records

    def refused(self, body: str | bytes) -> str:
        with pytest.raises(DecodeError) as caught:
            self.read(body)
        return str(caught.value)


def read(body: str | bytes, **fields: Any) -> list[dict[str, Any]]:
    return Files(**fields).read(body)


def refused(body: str | bytes, **fields: Any) -> str:
    return Files(**fields).refused(body)


CAMPAIGN_MANAGER = """\
Report,Daily
Date/Time Generated,4/12/17 11:13 AM
Advertiser,Equals:A
"Note: he said "hi

Advertiser,Date,Clicks
A,2017-04-12,3
A,2017-04-13,4
Grand Total:,,7
"""
CLICKS = [
    {"Advertiser": "A", "Date": "2017-04-12", "Clicks": "3"},
    {"Advertiser": "A", "Date": "2017-04-13", "Clicks": "4"},
]
MICROSOFT = (
    '\ufeff"Report Name: Daily"\r\n"Report Time: 1/1/2024,1/2/2024"\r\n"Report Filter: "\r\n\r\n'
    '"TimePeriod","CampaignName"\r\n"2024-01-01","Shoes, red"\r\n"2024-01-02","two lines\r\n©2024 by us"\r\n\r\n'
    '"©2024 Microsoft Corporation. All rights reserved. "\r\n'
)
SHOES = [
    {"TimePeriod": "2024-01-01", "CampaignName": "Shoes, red"},
    {"TimePeriod": "2024-01-02", "CampaignName": "two lines\n©2024 by us"},
]
DISPLAY_VIDEO = """\
Date,Advertiser,Impressions
2024/01/01,A,10
2024/01/02,A,20
,,30

Report Time:,2024/01/03 10:00 GMT
Date Range:,2024/01/01 to 2024/01/02
Group By:,Date
"""
IMPRESSIONS = [
    {"Date": "2024/01/01", "Advertiser": "A", "Impressions": "10"},
    {"Date": "2024/01/02", "Advertiser": "A", "Impressions": "20"},
]
SEARCH_ADS = (
    '"Campaigns, Europe"\n"January 1 - 2, 2024"\nCampaign,Cost\n"Shoes","1,234"\nTotal Wine,5\n"Total: Account"," --"\n'
)
ADOBE = '#====\n# Site, daily\n# "quoted\n#====\n\n,Page Views\nhome,12\ncart,3\n'


@pytest.mark.parametrize(
    ("body", "fields", "records"),
    [
        (CAMPAIGN_MANAGER, {"header_begins_with": "Advertiser,Date", "ends_before": "Grand Total"}, CLICKS),
        (CAMPAIGN_MANAGER, {"header_begins_with": '"Advertiser","Date', "ends_before": '"Grand Total:"'}, CLICKS),
        (CAMPAIGN_MANAGER, {"skip_lines": 5, "ends_before": "Grand Total:,,"}, CLICKS),
        (MICROSOFT, {"header_begins_with": "TimePeriod", "ends_before": "©"}, SHOES),
        (MICROSOFT, {"skip_lines": 4, "ends_before": "©"}, SHOES),
        (MICROSOFT, {"header_begins_with": '"TimePeriod"', "ends_before": "\\n"}, SHOES),
        (DISPLAY_VIDEO, {"ends_before": [",", "\n", "Report Time"]}, IMPRESSIONS),
        (DISPLAY_VIDEO, {"ends_before": ","}, IMPRESSIONS),
        (
            SEARCH_ADS,
            {"header_begins_with": "Campaign,", "ends_before": "Total:"},
            [{"Campaign": "Shoes", "Cost": "1,234"}, {"Campaign": "Total Wine", "Cost": "5"}],
        ),
        (
            ADOBE,
            {"header_begins_with": ",Page Views"},
            [{"": "home", "Page Views": "12"}, {"": "cart", "Page Views": "3"}],
        ),
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_a_report_is_read_without_what_stands_around_its_table(
    body: str, fields: dict[str, Any], records: list[dict[str, Any]], encoding: str
) -> None:
    files = Files(encoding=encoding, **fields)
    for size in (1, 7, 10**6):
        found = list(files.decoder.decode(pieces(body.encode(encoding), size)))
        assert found == records
    assert files.warnings == []


def test_tabs_can_be_written_as_for_the_delimiter() -> None:
    body = "Report\tDaily\n\nday\tn\nMo\t1\nTotals\t7\nTotal\t8\n"
    fields = {"delimiter": "\\t", "header_begins_with": "day\\tn", "ends_before": "Total\\t"}
    assert read(body, **fields) == [{"day": "Mo", "n": "1"}, {"day": "Totals", "n": "7"}]
    assert "No line" in refused("a\n1\n", header_begins_with="a\\nb")


def test_rows_behind_the_end_that_look_like_the_others_are_a_warning() -> None:
    files = Files(ends_before="Total")
    files.read("shop,n\nA,1\nTotal Wine,2\nZ,3\nTotal,6\n")
    assert "more rows with as many cells, such as the one that begins with “Z”" in files.warnings[0]
    files = Files(ends_before="Total,")
    assert len(files.read("shop,n\nA,1\nTotal Wine,2\nZ,3\nTotal,6\nTotal,of all\n\nnote\n")) == 3
    assert files.warnings == []


@pytest.mark.parametrize("before", range(97, 102))
def test_rows_far_behind_the_end_are_a_warning_wherever_it_is(before: int) -> None:
    files = Files(ends_before="Total")
    row = "A,1\n"
    assert len(files.read(f"shop,n\n{before * row}Total Wine,2\n{300 * row}")) == before
    assert len(files.warnings) == 1


def test_what_comes_behind_the_end_need_be_no_csv() -> None:
    files = Files(ends_before="Total")
    assert files.read("shop,n\n" + 99 * "A,1\n" + 'Total,6\n"x" y\n"never closed') == 99 * [{"shop": "A", "n": "1"}]
    assert files.warnings == []


def test_a_report_without_its_footer_is_read_all_the_same() -> None:
    assert read("a,b\n1,2\n", ends_before="Total") == [{"a": "1", "b": "2"}]


def test_the_header_itself_may_begin_like_the_total() -> None:
    assert read("Total cost,Day\n5,Mo\nTotal,\n", ends_before="Total") == [{"Total cost": "5", "Day": "Mo"}]


@pytest.mark.parametrize(
    "footer", ['"Total" clicks,3\n', '"Total, open\nand more\n', 'Total,1,2,3,4,"\n', "Total\n\0\0\0\n"]
)
def test_what_comes_after_the_table_need_not_be_csv(footer: str) -> None:
    assert read(f"a,b\n1,2\n{footer}more,than,two\n", ends_before="Total") == [{"a": "1", "b": "2"}]


def test_a_file_that_breaks_off_behind_its_table_is_noticed() -> None:
    packed = gzip.compress(b"a\n1\nTotal\n" + b"and more\n" * 50_000)
    records = GzipDecoder(decoder=CsvDecoder(ends_before="Total")).decode(pieces(packed[:-40], 100))
    assert next(records) == {"a": "1"}
    with pytest.raises(DecodeError, match="cut short"):
        next(records)


@given(
    rows=st.lists(st.lists(st.text(st.sampled_from('aT\n",;1')), min_size=2, max_size=2), max_size=250),
    before=st.lists(st.text(st.sampled_from('ab,"; ')), max_size=4),
    after=st.text(st.sampled_from('ab\n",; ')),
    size=st.integers(1, 60),
)
def test_other_lines_never_change_the_rows(rows: list[list[str]], before: list[str], after: str, size: int) -> None:
    assume(not any("".join(row) == "" for row in rows))
    table = io.StringIO()
    csv.writer(table, lineterminator="\n").writerows([["x", "y"], *rows])
    body = "".join(f"{line}\n" for line in before) + table.getvalue() + "END," + after
    expected = [dict(zip("xy", row, strict=True)) for row in rows]
    for fields in ({"skip_lines": len(before)}, {"header_begins_with": "x,y"}):
        decoder = CsvDecoder(ends_before="END,", quote_character='"', **fields)
        assert list(decoder.decode(pieces(body.encode(), size))) == expected


def test_a_header_that_is_not_there_is_an_error_that_shows_the_first_lines() -> None:
    message = refused(CAMPAIGN_MANAGER, header_begins_with="Campaign,")
    assert "No line of the CSV file begins with “Campaign,”, as `header_begins_with` of the CsvDecoder says" in message
    assert "“Report,Daily”, “Date/Time Generated,4/12/17 11:13 AM”, “Advertiser,Equals:A”" in message
    assert "`skip_lines` of the CsvDecoder skips 20 lines, but the CSV file has only 9" in refused(
        CAMPAIGN_MANAGER, skip_lines=20
    )
    assert "no line that names the columns behind the 9 that `skip_lines`" in refused(CAMPAIGN_MANAGER, skip_lines=9)


@pytest.mark.parametrize("fields", [{"skip_lines": 3}, {"header_begins_with": "Date"}, {"columns": ["Date"]}])
def test_a_report_without_data_has_no_rows(fields: dict[str, Any]) -> None:
    for body in ("", "\n", "\r\n\r\n\r\n\r\n\r\n"):
        assert read(body, **fields) == []
    nothing = "No data returned by the reporting service.\n\nReport Time:,2024/01/03\n"
    assert read(nothing, ends_before=["No data", "Report Time"], **fields) == []


def test_the_message_about_other_lines_names_the_options() -> None:
    message = refused("Report,Daily\n\nAdvertiser,Date,Clicks\nA,2017-04-12,3\nGrand Total:,,7\n")
    assert all(f"`{option}`" in message for option in ("skip_lines", "header_begins_with", "ends_before"))


@pytest.mark.parametrize(
    "last", ["Grand Total:,,7", "TOTAL,,7", '"Total: Account", --,7', "©2024 Example Corporation", "Time Zone: UTC"]
)
def test_a_last_row_that_looks_like_a_total_is_a_warning_once(last: str) -> None:
    files = Files()
    body = f"a,b,c\n1,2,3\n{last}\n"
    assert len(files.read(body)) == len(files.read(body)) == 2
    (warning,) = files.warnings
    assert "The last row of the CSV file begins with “" in warning
    assert "`ends_before`" in warning


@pytest.mark.parametrize(
    "body", ["a,b,c\n1,2,3\nTotal Wine,2,3\n", "a\nx\n", "a,b\nx\n", "a,b,c\nTotal,1,2\n1,2,3\n", ""]
)
def test_an_ordinary_last_row_is_no_warning(body: str) -> None:
    files = Files()
    files.read(body)
    assert files.warnings == []


def test_a_name_that_comes_twice_is_a_warning() -> None:
    files = Files()
    assert files.read("id,cost,cost\n1,2,3\n") == [{"id": "1", "cost": "3"}]
    assert "Several columns of the CSV file have the name “cost”" in files.warnings[0]
    assert read("id,cost,cost\n1,2,3\n", skip_lines=1, columns=["id", "net", "gross"]) == [
        {"id": "1", "net": "2", "gross": "3"}
    ]


def test_columns_can_be_named_where_there_is_no_header() -> None:
    assert read("\ufeff1;2\n\n3;4\n", delimiter=";", columns=["x", "y"]) == [{"x": "1", "y": "2"}, {"x": "3", "y": "4"}]
    assert read("\n1\nTotal\n", columns=["x"], ends_before=["\\n", "Total"]) == [{"x": "1"}]
    assert read("1\n\n2\n", columns=["x"], ends_before="") == [{"x": "1"}, {"x": "2"}]
    message = refused("x,y\n1,2\n", columns=["x", "y"])
    assert "The first line of the CSV file holds the names that `columns` of the CsvDecoder gives" in message
    with pytest.raises(ValidationError):
        CsvDecoder(columns=[])


def test_the_header_of_the_first_file_holds_for_the_others_which_may_repeat_it() -> None:
    files = Files(first_header_holds=True, skip_lines=1)
    assert files.decoder.carries_over
    assert files.read('title\na,"b"\n1,2\n') == [{"a": "1", "b": "2"}]
    assert files.read("3,4\r\n") == [{"a": "3", "b": "4"}]
    assert files.read("\ufeff5,6\n") == [{"a": "5", "b": "6"}]
    assert files.read('"a",b\n7,8\n') == [{"a": "7", "b": "8"}]
    assert files.read("") == []
    files.memory.begin()
    assert files.read("title\nc,d\n1,2\n") == [{"c": "1", "d": "2"}]


def test_each_slice_has_a_header_of_its_own() -> None:
    decoder = CsvDecoder(first_header_holds=True)
    for _ in range(2):
        assert decoder.for_slice(SliceMemory()).decode_all(b"a\n1\n") == [{"a": "1"}]
        assert decoder.decode_all(b"a\n1\n") == [{"a": "1"}]


def test_files_in_an_archive_have_a_header_each_or_only_the_first_has() -> None:
    files = archive({"1.csv": b"a,b\n1,2\n", "2.csv": b"a,b\n3,4\n", "3.csv": b"5,6\n"})
    with pytest.raises(DecodeError):
        ZipfileDecoder(decoder=CsvDecoder(uneven_rows="strict")).decode_all(
            archive({"1": b"a,b\n1,2\n", "2": b"3,4\n5\n"})
        )
    held = ZipfileDecoder(decoder=CsvDecoder(first_header_holds=True)).for_slice(SliceMemory())
    assert [record["b"] for record in held.decode_all(files)] == ["2", "4", "6"]
    each = ZipfileDecoder(decoder=CsvDecoder())
    assert each.decode_all(archive({"1": b"a\n1\n", "2": b"b\n2\n"})) == [{"a": "1"}, {"b": "2"}]


def test_a_header_that_comes_again_below_other_lines_is_no_row() -> None:
    files = Files(first_header_holds=True, skip_lines=1)
    assert files.read("title\na,b\n1,2\n") == [{"a": "1", "b": "2"}]
    assert "comes again in this one, but below other lines" in files.refused("title\na,b\n3,4\n")


def test_a_header_that_should_hold_and_is_not_there_is_an_error() -> None:
    files = Files(first_header_holds=True)
    assert files.read("") == []
    assert "The first file of the slice was empty" in files.refused("1,2\n")


UNEVEN = "a,b,c\n1,2,3\n4,5\n\n6,7,8,9\n1,2,3,,\n7,8,9\n"


def test_uneven_rows_are_filled_refused_or_left_out() -> None:
    assert "Line 5 of the CSV file has 4 cells, but there are 3 columns" in refused(UNEVEN)
    assert "`uneven_rows: drop` leaves damaged rows out" in refused(UNEVEN)
    assert read(UNEVEN.replace(",9\n1", "\n1"))[1] == {"a": "4", "b": "5", "c": None}
    assert "Line 3 of the CSV file has 2 cells, but there are 3 columns. `uneven_rows: strict`" in refused(
        UNEVEN, uneven_rows="strict"
    )
    assert "Line 2 of the CSV file has 3 cells, but there is" not in refused("a,b\n1,2,\n", uneven_rows="strict")
    assert read("a,b\n1,2\n\n", uneven_rows="strict") == [{"a": "1", "b": "2"}]


@pytest.mark.parametrize("chunk", [1, 10**6])
def test_rows_that_are_left_out_are_counted_in_one_warning_for_each_file(chunk: int) -> None:
    files = Files(uneven_rows="drop")
    decoder = files.decoder.for_slice(files.memory)
    for _ in range(2):
        rows = list(decoder.decode(pieces(UNEVEN.encode(), chunk)))
        assert [row["a"] for row in rows] == ["1", "1", "7"]
    assert len(files.warnings) == 2
    assert files.warnings[0].startswith("2 rows of the CSV file were left out (`uneven_rows: drop`)")
    assert files.warnings[0].endswith("the first one is in line 3.")
    assert read("a,b\n1\n2,3\n", uneven_rows="drop") == [{"a": "2", "b": "3"}]


def test_where_all_rows_are_too_long_the_header_is_none() -> None:
    message = refused("Report,Daily\nDate,Clicks,Cost\n1,2,3\n", uneven_rows="drop")
    assert "Line 2 of the CSV file has 3 cells, but there are 2 columns" in message
    assert "No other row has as many cells as there are columns, either" in message
    assert read("Date,Clicks\nNo data\n", uneven_rows="drop") == []


def test_a_header_with_names_in_other_case_is_no_record() -> None:
    assert "Leave `columns` out" in refused("ID,Name\n1,a\n", columns=["id", "name"])
    files = Files(first_header_holds=True)
    assert files.read("id,name\n1,a\n") == [{"id": "1", "name": "a"}]
    assert files.read("Id, Name\n2,b\n") == [{"id": "2", "name": "b"}]


def test_a_row_that_has_swallowed_others_is_never_left_out() -> None:
    assert "Lines 2 to 3" in refused('id,name,qty\n1,"12 inch,2\n2,pipe,6"\n', uneven_rows="drop")


def test_lines_before_the_header_are_read_in_constant_memory_and_lines_without_end_are_given_up() -> None:
    def endless() -> Iterator[bytes]:
        for _ in range(200):
            yield b"x" * 1_000_000
        raise AssertionError("the decoder reads on")

    for fields in ({"skip_lines": 1}, {"header_begins_with": "y"}, {"ends_before": "Total", "columns": ["a"]}):
        with pytest.raises(DecodeError, match=r"134,217,728"):
            list(CsvDecoder(**fields).decode(endless()))


@pytest.mark.parametrize(
    ("fields", "place"),
    [
        ({"skip_lines": 1, "header_begins_with": "a"}, ("header_begins_with",)),
        ({"columns": ["a"], "header_begins_with": "a"}, ("header_begins_with",)),
        ({"columns": ["a"], "first_header_holds": True}, ("first_header_holds",)),
        ({"columns": ["a", "b", "a"]}, ("columns", 2)),
        ({"ends_before": ["Total", ""]}, ("ends_before", 1)),
    ],
)
def test_fields_that_contradict_each_other_are_a_problem(fields: dict[str, Any], place: tuple[str | int, ...]) -> None:
    assert [problem.path for problem in CsvDecoder(**fields).lint()] == [place]
    assert CsvDecoder(skip_lines=1, columns=["a"]).lint() == []


@pytest.mark.parametrize("fields", [{"delimiter": ";"}, {"delimiter": ";", "columns": ["id", "name"], "skip_lines": 2}])
def test_a_line_that_tells_excel_the_delimiter_is_no_header(fields: dict[str, Any]) -> None:
    assert read("sep=;\r\nid;name\r\n1;a\r\n", **fields) == [{"id": "1", "name": "a"}]


def test_a_line_that_tells_excel_the_delimiter_is_no_row_where_the_columns_are_named() -> None:
    assert read("sep=,\n1,a\n", columns=["id", "name"]) == [{"id": "1", "name": "a"}]


def test_a_line_that_tells_excel_another_delimiter_is_an_error() -> None:
    assert 'Set `delimiter: ";"` of the CsvDecoder.' in refused("sep=;\nid;name\n1;a\n")


@pytest.mark.parametrize(("between", "written"), [(";", ";"), ("\t", "\\t"), ("|", "|")])
def test_another_delimiter_is_noticed_where_there_is_one_column(between: str, written: str) -> None:
    body = between.join(["id", "name", "x"]) + "\n" + between.join(["1", "a", "2"]) + "\n"
    assert f'Set `delimiter: "{written}"` of the CsvDecoder' in refused(body)
    assert f'Set `delimiter: "{written}"` of the CsvDecoder' in refused(body, quote_character="")


@pytest.mark.parametrize(
    "rows",
    [
        '1;"a;b"\n2;b\n',
        "1;a\n2;b\nTotal 2\n",
        "1;a\n2;b\n3;hello; world\n",
        "1;a\n2;b; c\n\n3;d\n",
        '1;"two\nlines"\n2;b\n',
        '1;"1,5"\n2;b\n',
        '1;5" pipe\n2;b\n',
        pytest.param("1;a\n" * 90 + "sum\n" * 9, id="one in ten"),
        pytest.param("1;a\n" * 100 + "sum\n" * 50, id="many at the end"),
    ],
)
def test_another_delimiter_is_noticed_though_not_all_rows_are_alike(rows: str) -> None:
    assert 'Set `delimiter: ";"` of the CsvDecoder' in refused(f"id;name\n{rows}")


def test_another_delimiter_is_noticed_though_damaged_rows_are_left_out() -> None:
    assert 'Set `delimiter: ";"` of the CsvDecoder' in refused("id;price\n1;1,5\n2;2\n", uneven_rows="drop")


def test_another_delimiter_is_noticed_before_the_end_of_the_table() -> None:
    body = "id;name\n1;a\n2;b\nTotal 2\n" + "a note\n" * 20
    assert 'Set `delimiter: ";"` of the CsvDecoder' in refused(body, ends_before="Total")


@pytest.mark.parametrize(
    "body",
    [
        "note\na;b\nc;d\n",
        "a;b\nc\nd;e\n",
        "a;b\nc\nd;e\nf;g\nh\n",
        "tag;lang\nx; y\nz; w\n",
        "City; Country\nParis; France\n",
        "id;name\n",
        "id\n1\n2\n",
    ],
)
def test_one_column_is_one_column(body: str) -> None:
    header, *rows = body.splitlines()
    assert read(body) == [{header: row} for row in rows]


@pytest.mark.parametrize("fields", [{}, {"delimiter": ";"}, {"quote_character": "'"}])
@pytest.mark.parametrize("between", [",", ";", "|"])
def test_a_cell_in_quotation_marks_is_one_cell(between: str, fields: dict[str, Any]) -> None:
    mark = fields.get("quote_character", '"')
    body = "".join(f"{mark}{text}{mark}\r\n" for text in (f"lat{between}lng", f"1.0{between}2.0", f"3.0{between}4.0"))
    name = f"lat{between}lng"
    assert read(body, **fields) == [{name: f"1.0{between}2.0"}, {name: f"3.0{between}4.0"}]


def test_a_column_is_one_as_long_as_most_of_its_cells_are_in_quotation_marks() -> None:
    rows = '"x|en"\n"y|de"\n"z|fr"\nw|it\nv|es\n'
    assert [*read(f"tag|lang\n{rows}")[0].values()] == ["x|en"]


def test_a_header_in_quotation_marks_is_one_cell_though_its_rows_are_not_quoted() -> None:
    assert read('"tag|lang"\nx|en\n') == [{"tag|lang": "x|en"}]


def test_one_column_that_looks_like_several_can_be_read() -> None:
    assert read("a;b\n1;2\n", columns=["a;b"], skip_lines=1) == [{"a;b": "1;2"}]


@pytest.mark.parametrize(
    "body",
    [
        "Maximum number of your install reports exceeded",
        "ERROR: report not found, try again\n",
        "No such report: r 1.\n",
        "No data available for this period\r\n\r\n",
        pytest.param("No data available for this period\n" + "\n" * 250, id="blank lines"),
        pytest.param("Sorry, the report has expired already\n" + "\n" * 250, id="blank lines, two cells"),
    ],
)
def test_a_message_is_no_table_without_rows(body: str) -> None:
    for fields in ({}, {"quote_character": "'"}, {"ends_before": ["Total"]}):
        assert "a single line that reads like a message" in refused(body, **fields)


@pytest.mark.parametrize("body", ["No data available for this period", '"No data available for this period"\r\n\r\n'])
def test_a_message_that_the_manifest_names_is_an_empty_table(body: str) -> None:
    assert read(body, ends_before=["No data"]) == []
    assert read(body, ends_before="No data") == []


def test_a_header_that_the_manifest_names_is_no_message() -> None:
    assert read("Number of install reports\n", header_begins_with="Number of") == []


def test_a_header_that_reads_like_a_message_may_have_rows_far_below() -> None:
    body = "Number of install reports\n" + "\n" * 250 + "7\n"
    assert read(body) == [{"Number of install reports": "7"}]


@pytest.mark.parametrize(
    "body",
    [
        "id,name\n",
        "Order ID\n",
        "Date of the last order,Amount\n",
        "date, number of active users today, revenue\n",
        "Number of install reports\n7\n",
        "\n\n",
    ],
)
def test_a_header_is_a_table_without_rows(body: str) -> None:
    assert [*read(body)] in ([], [{"Number of install reports": "7"}])
