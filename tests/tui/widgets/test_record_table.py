from __future__ import annotations

from collections.abc import Mapping, Sequence

import pytest
from textual.events import MouseScrollDown
from textual.widgets import Button

from tests.tui.widgets.support import on_stage
from tui.widgets import record_order, record_table
from tui.widgets.record_source import FilteredSource, ListSource
from tui.widgets.record_table import RecordTable
from tui.widgets.record_view import Sort


class CountingSource:
    """Many generated records that counts how often one is asked for."""

    def __init__(self, rows: int, columns: int = 3) -> None:
        self.rows = rows
        self.asked = 0
        self._columns = [f"c{index}" for index in range(columns)]

    def __len__(self) -> int:
        return self.rows

    def row(self, index: int) -> Mapping[str, object]:
        self.asked += 1
        return {name: f"{name} of {index}" for name in self._columns}

    def columns(self) -> Sequence[str]:
        return self._columns


def table_of(*records: Mapping[str, object]) -> RecordTable:
    return RecordTable(ListSource(records))


def line(table: RecordTable, y: int) -> str:
    return table.render_line(y).text.rstrip()


async def test_shows_the_union_of_the_columns_under_a_header_with_row_numbers() -> None:
    table = table_of({"id": 1}, {"id": 2, "city": "Köln"})
    async with on_stage(table):
        assert line(table, 0).split() == ["id", "city"]
        assert line(table, 1).split() == ["1", "1"]
        assert line(table, 2).split() == ["2", "2", "Köln"]


async def test_a_table_without_columns_has_no_header() -> None:
    table = table_of()
    table.placeholder = "Nothing yet"
    async with on_stage(table):
        below = {segment.style.bgcolor for segment in table.render_line(1) if segment.style}
        assert {segment.style.bgcolor for segment in table.render_line(0) if segment.style} == below
        assert line(table, 2) == "  Nothing yet"


async def test_null_the_empty_text_and_a_missing_field_look_different() -> None:
    table = table_of({"a": None}, {"a": ""}, {"b": 1})
    async with on_stage(table):
        assert line(table, 1).split() == ["1", "null"]
        assert line(table, 2).split() == ["2", '""']
        assert line(table, 3).split() == ["3", "1"]


async def test_nested_values_are_compact_json_and_control_characters_are_escaped() -> None:
    table = table_of({"tags": ["a", {"b": None}], "text": "one\ntwo\x1b[31m\u202e\ud800"})
    async with on_stage(table):
        assert '["a",{"b":null}]' in line(table, 1)
        assert "one\\ntwo\\x1b[31m\\u202e\\ud800" in line(table, 1)


async def test_wide_characters_keep_the_columns_aligned() -> None:
    table = table_of({"name": "日本", "next": "x"}, {"name": "four", "next": "x"})
    async with on_stage(table):
        first, second = table.render_line(1), table.render_line(2)
        assert first.cell_length == second.cell_length
        assert second.text.index("x") - first.text.index("x") == 2


async def test_text_in_square_brackets_is_not_markup() -> None:
    table = table_of({"a": "[bold]x[/bold]"})
    async with on_stage(table):
        assert "[bold]x[/bold]" in line(table, 1)


async def test_a_table_of_a_million_rows_reads_only_those_in_view() -> None:
    source = CountingSource(1_000_000)
    table = RecordTable()
    async with on_stage(table) as stage:
        table.load(source)
        await stage.settle()
        assert source.asked <= 200
        source.asked = 0
        table.focus()
        await stage.press("pagedown", "ctrl+end")
        assert "c0 of 999999" in stage.app.text()
        assert source.asked <= 120


async def test_growing_reads_no_rows_out_of_view() -> None:
    source = CountingSource(5000)
    table = RecordTable(source)
    async with on_stage(table) as stage:
        source.asked = 0
        for _ in range(10):
            source.rows += 5000
            table.sync()
            await stage.settle()
        assert source.asked < 60
        assert table.virtual_size.height == 55_001


async def test_new_rows_and_columns_appear_on_sync() -> None:
    source = ListSource()
    table = RecordTable(source, placeholder="No records yet")
    async with on_stage(table) as stage:
        assert "No records yet" in stage.app.text()
        source.extend([{"id": 7, "late": "a value"}])
        table.sync()
        await stage.settle()
        assert "late" in line(table, 0)
        assert "a value" in line(table, 1)


async def test_keys_move_the_cursor_which_posts_its_cell() -> None:
    table = RecordTable(CountingSource(100))
    async with on_stage(table) as stage:
        table.focus()
        await stage.press("down", "right")
        assert table.cursor == (1, 1)
        moved = stage.app.heard(RecordTable.CursorMoved)[-1]
        assert (moved.row, moved.column, moved.control) == (1, "c1", table)
        await stage.press("end", "ctrl+end")
        assert table.cursor == (99, 2)
        await stage.press("home", "ctrl+home", "up", "left")
        assert table.cursor == (0, 0)


async def test_the_cursor_stays_in_view_sideways_too() -> None:
    table = RecordTable(CountingSource(3, columns=60))
    async with on_stage(table) as stage:
        table.focus()
        await stage.press("end")
        assert line(table, 0).split()[-1] == "c59"
        assert line(table, 1).split()[0] == "1"


async def test_enter_and_a_double_click_choose_a_cell() -> None:
    table = table_of({"id": 1, "note": None}, {"id": 2, "note": {"deep": True}})
    async with on_stage(table) as stage:
        table.focus()
        await stage.press("down", "right", "enter")
        chosen = stage.app.heard(RecordTable.CellChosen)[-1]
        assert (chosen.row, chosen.column, chosen.value) == (1, "note", {"deep": True})
        await stage.click(table, x=6, y=1, times=2)
        chosen = stage.app.heard(RecordTable.CellChosen)[-1]
        assert (chosen.row, chosen.column, chosen.value) == (0, "id", 1)


async def test_columns_can_be_made_wider_and_narrower() -> None:
    table = table_of({"a": "x" * 60, "b": 1})
    async with on_stage(table) as stage:
        table.focus()
        before = line(table, 0).index("b")
        await stage.press(">", ">")
        assert line(table, 0).index("b") == before + 8
        await stage.press("<")
        assert line(table, 0).index("b") == before + 4


async def test_the_edge_of_a_header_cell_can_be_dragged() -> None:
    table = table_of({"a": "x" * 10, "b": 1})
    async with on_stage(table) as stage:
        edge = line(table, 0).index("b") - 2
        await stage.pilot.mouse_down(table, offset=(edge, 0))
        await stage.pilot.hover(table, offset=(edge + 6, 0))
        await stage.pilot.mouse_up(table, offset=(edge + 6, 0))
        assert line(table, 0).index("b") == edge + 2 + 6


async def test_copying_requests_the_whole_value() -> None:
    table = table_of({"a": "x" * 200, "b": [1]})
    async with on_stage(table) as stage:
        table.focus()
        await stage.press("y", "Y")
        cell, record = stage.app.heard(RecordTable.CopyRequested)
        assert (cell.text, cell.what) == ("x" * 200, "cell")
        assert (record.text, record.what) == ('{"a":"' + "x" * 200 + '","b":[1]}', "record")


async def test_a_filter_keeps_matching_rows_with_their_numbers_and_posts_its_progress() -> None:
    table = RecordTable(CountingSource(3000))
    async with on_stage(table) as stage:
        table.filter("OF 29")
        await stage.settle()
        assert line(table, 1).split()[0] == "30"
        progress = stage.app.heard(RecordTable.FilterProgress)[-1]
        assert (progress.matches, progress.examined, progress.total) == (111, 3000, 3000)
        table.filter("")
        await stage.settle()
        assert line(table, 1).split()[0] == "1"


async def test_new_rows_are_filtered_too() -> None:
    source = ListSource([{"a": "yes"}, {"a": "no"}])
    table = RecordTable(source)
    async with on_stage(table) as stage:
        table.filter("yes")
        await stage.settle()
        source.extend([{"a": "no"}, {"a": "Yes!"}])
        table.sync()
        await stage.settle()
        assert line(table, 2).split() == ["4", "Yes!"]


async def test_an_empty_table_takes_every_key() -> None:
    table = RecordTable()
    async with on_stage(table) as stage:
        table.focus()
        await stage.press(
            "enter", "y", "Y", "<", ">", "up", "down", "left", "right", "pageup", "pagedown", "home", "end"
        )
        await stage.press("ctrl+home", "ctrl+end")
        assert table.cursor == (0, 0)


async def test_the_wheel_scrolls_and_leaves_the_cursor_where_it_is() -> None:
    table = RecordTable(CountingSource(1000))
    async with on_stage(table) as stage:
        table.post_message(MouseScrollDown(table, 5, 5, 0, 1, 0, False, False, False))
        await stage.pilot.wait_for_animation()
        await stage.settle()
        assert table.scroll_offset.y > 0
        assert table.cursor == (0, 0)


async def test_a_change_of_focus_or_theme_redraws_cached_rows() -> None:
    table, other = table_of({"a": "x"}), Button("Elsewhere")
    async with on_stage(table, other) as stage:

        def colours() -> set[object]:
            return {segment.style and segment.style.bgcolor for segment in table.render_line(1)}

        table.focus()
        await stage.settle()
        focused = colours()
        other.focus()
        await stage.settle()
        blurred = colours()
        stage.app.theme = "textual-light"
        await stage.settle()
        light = colours()
        assert focused != blurred
        assert blurred != light
        table.focus()
        await stage.settle()
        assert colours() != light


@pytest.mark.parametrize("text", ["beta", "BETA", '{"k":1}'])
def test_a_filter_searches_every_cell_ignoring_case(text: str) -> None:
    view = FilteredSource(ListSource([{"a": 1}, {"a": "Beta {", "b": {"k": 1}}]), text)
    view.advance(1)
    assert [view.number(index) for index in range(len(view))] == [1]
    assert view.finished


def column(table: RecordTable, name: str) -> list[object]:
    return [table.source.row(index).get(name, "missing") for index in range(len(table.source))]


async def test_rows_are_sorted_by_the_column_of_the_cursor_up_then_down_then_not_at_all() -> None:
    table = table_of({"n": 10}, {"n": None}, {"n": 9}, {}, {"n": 10.5})
    async with on_stage(table) as stage:
        table.focus()
        await stage.press("down", "s")
        assert column(table, "n") == [9, 10, 10.5, None, "missing"]
        assert line(table, 0).split() == ["n", "▲"]
        assert line(table, 1).split() == ["3", "9"]
        assert table.cursor == (0, 0)
        await stage.press("s")
        assert column(table, "n") == [10.5, 10, 9, None, "missing"]
        assert line(table, 0).split() == ["n", "▼"]
        await stage.press("s")
        assert column(table, "n") == [10, None, 9, "missing", 10.5]
        assert line(table, 0).split() == ["n"]


async def test_texts_are_sorted_whatever_their_case_and_as_numbers_where_all_are_numbers() -> None:
    table = table_of(
        {"t": "b", "n": "10", "zip": "0200"}, {"t": "C", "n": "9", "zip": "10"}, {"t": "A", "n": "-1.5", "zip": "03"}
    )
    async with on_stage(table) as stage:
        table.focus()
        await stage.press("s")
        assert column(table, "t") == ["A", "b", "C"]
        await stage.press("right", "s")
        assert column(table, "n") == ["-1.5", "9", "10"]
        await stage.press("right", "s")
        assert column(table, "zip") == ["0200", "03", "10"]


async def test_values_of_different_types_are_sorted_by_their_type() -> None:
    table = table_of({"a": [2]}, {"a": "x"}, {"a": True}, {"a": 3}, {"a": float("nan")}, {"a": [1]}, {"a": "1"})
    async with on_stage(table):
        table.sort(Sort("a"))
        await table.workers.wait_for_complete()
        assert list(map(str, column(table, "a"))) == ["3", "1", "x", "True", "[1]", "[2]", "nan"]


async def test_sorted_rows_are_filtered_and_keep_the_numbers_that_they_came_with() -> None:
    table = table_of(*({"n": -number, "even": str(number % 2 == 0)} for number in range(50)))
    async with on_stage(table) as stage:
        table.focus()
        await stage.press("s")
        table.filter("true")
        await stage.settle()
        assert column(table, "n") == [-number for number in range(48, -2, -2)]
        assert line(table, 1).split() == ["49", "-48", "True"]
        table.filter("")
        await stage.settle()
        assert column(table, "n")[:2] == [-49, -48]


async def test_records_that_come_later_are_sorted_in_and_other_records_are_shown_as_they_came() -> None:
    source = ListSource({"n": number} for number in (3, 1))
    table = RecordTable(source)
    async with on_stage(table) as stage:
        table.focus()
        await stage.press("s")
        source.extend([{"n": 2}])
        table.sync()
        await stage.settle()
        assert column(table, "n") == [1, 2, 3]
        table.load(ListSource([{"n": 2}, {"n": 1}]))
        await stage.settle()
        assert column(table, "n") == [2, 1]


async def test_many_records_are_sorted_in_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(record_order, "_RUN", 7)
    table = table_of(*({"n": number * 37 % 100} for number in range(100)))
    async with on_stage(table) as stage:
        table.focus()
        await stage.press("s")
        assert column(table, "n") == list(range(100))


async def test_more_records_than_are_sorted_are_left_as_they_came(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(record_table, "SORTED_AT_MOST", 1)
    table = table_of({"n": 2}, {"n": 1})
    async with on_stage(table) as stage:
        table.focus()
        await stage.press("s")
        assert column(table, "n") == [2, 1]
        assert table.sorted_by is None


async def test_a_double_click_on_a_title_sorts() -> None:
    table = table_of({"n": 2}, {"n": 1})
    async with on_stage(table) as stage:
        await stage.click(table, 5, 0, times=2)
        await stage.settle()
        assert column(table, "n") == [1, 2]
