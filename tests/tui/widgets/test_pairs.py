from __future__ import annotations

from typing import ClassVar

import pytest
from textual import events
from textual.binding import Binding, BindingType
from textual.containers import VerticalGroup
from textual.widget import Widget
from textual.widgets import Button, Input

from tests.tui.widgets.support import Stage, on_stage
from tui.widgets.pairs import Pairs


def last(stage: Stage) -> list[tuple[str, str]]:
    return stage.app.heard(Pairs.Changed)[-1].items


async def test_rows_stand_in_columns_and_nothing_in_them_is_markup() -> None:
    pairs = Pairs([("Accept", "[b]text[/b]"), ("X", "line\n2")], key_label="Header")
    async with on_stage(pairs) as stage:
        lines = stage.app.text().split("\n")
        assert lines[0].split() == ["Header", "Value"]
        assert lines[1].split() == ["Accept", "[b]text[/b]", "×"]
        assert lines[2].split() == ["X", "line\\n2", "×"]
        assert lines[3].strip() == "+ Add header and value"
        assert len(pairs.children) == 0


async def test_typing_a_row_goes_from_key_to_value_to_the_next_row() -> None:
    pairs = Pairs()
    async with on_stage(pairs) as stage:
        pairs.focus()
        await stage.press("enter", "k", "enter", "v", "enter", "l", "enter", "enter", "escape")
        assert last(stage) == pairs.items == [("k", "v"), ("l", "")]
        assert stage.app.focused is pairs


async def test_a_row_is_edited_in_place_and_escape_cancels() -> None:
    pairs = Pairs([("a", "1"), ("b", "2")])
    async with on_stage(pairs) as stage:
        pairs.focus()
        await stage.press("enter", "tab", "end", "0")
        assert [line.split() for line in stage.app.text().split("\n")[1:3]] == [["a", "10"], ["b", "2", "×"]]
        await stage.press("escape", "down", "enter", "enter", "end", "0", "enter")
        assert last(stage) == [("a", "1"), ("b", "20")]
        await stage.press("e", "x", "escape")
        assert pairs.items == [("a", "1"), ("b", "20")]


class Around(VerticalGroup):
    """What is around the rows, and hears the keys that they leave to it."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("up", "leave('up')"), Binding("down", "leave('down')")]

    def __init__(self, *widgets: Widget) -> None:
        super().__init__(*widgets)
        self.left: list[str] = []

    def action_leave(self, key: str) -> None:
        self.left.append(key)


async def test_the_arrow_keys_leave_the_list_at_both_ends() -> None:
    pairs = Pairs([("a", "1")])
    around = Around(pairs)
    async with on_stage(around) as stage:
        pairs.focus()
        await stage.press("down", "up")
        assert around.left == []
        await stage.press("up", "down", "down")
        assert around.left == ["up", "down"]


async def test_rows_are_deleted_and_moved() -> None:
    pairs = Pairs([("a", "1"), ("b", "2"), ("c", "3")])
    async with on_stage(pairs) as stage:
        pairs.focus()
        await stage.press("ctrl+down", "]")
        assert [key for key, _ in last(stage)] == ["b", "c", "a"]
        await stage.press("[", "delete")
        assert [key for key, _ in last(stage)] == ["b", "c"]


async def test_duplicate_keys_are_flagged() -> None:
    pairs = Pairs([("a", "1"), ("b", "2"), ("a", "3")])
    async with on_stage(pairs) as stage:
        lines = stage.app.text().split("\n")
        assert ["duplicate" in line for line in lines[1:4]] == [True, False, True]
        assert pairs.duplicates == {"a"}


async def test_the_mouse_edits_deletes_and_adds() -> None:
    pairs = Pairs([("a", "1"), ("b", "2")])
    async with on_stage(pairs) as stage:
        await stage.click(pairs, x=2, y=2, times=2)
        await stage.press("end", "b", "enter", "enter")
        assert last(stage) == [("a", "1"), ("bb", "2")]
        await stage.click(pairs, x=78, y=1)
        assert last(stage) == [("bb", "2")]
        await stage.click(pairs, x=4, y=2)
        await stage.press("n", "enter", "enter", "escape")
        assert last(stage) == [("bb", "2"), ("n", "")]


async def test_leaving_the_row_commits_it() -> None:
    pairs = Pairs()
    async with on_stage(pairs, Button("Elsewhere")) as stage:
        pairs.focus()
        await stage.press("enter", "k", "tab", "v")
        assert stage.app.heard(Pairs.Changed) == []
        await stage.press("tab")
        assert last(stage) == [("k", "v")]
        assert not pairs.query(Input)


async def test_typing_at_the_end_adds_one_row_after_the_other() -> None:
    pairs = Pairs()
    async with on_stage(pairs) as stage:
        pairs.focus()
        await stage.press("k", "enter", "v", "enter", "l", "enter", "w", "enter", "escape")
        assert last(stage) == [("k", "v"), ("l", "w")]


@pytest.mark.parametrize(("typing", "line_end"), [(False, "\n"), (True, "\r\n"), (False, "\r")])
async def test_pasted_lines_are_rows(typing: bool, line_end: str) -> None:
    pairs = Pairs([("a", "1")])
    async with on_stage(pairs) as stage:
        pairs.focus()
        if typing:
            await stage.press("a")
        lines = ["Accept: text/csv; q=0.9", "limit=100", "X-Empty:", "name\tAda Lovelace", "bare", ""]
        stage.app.post_message(events.Paste(line_end.join(lines)))
        await stage.settle()
        rows = [
            ("Accept", "text/csv; q=0.9"),
            ("limit", "100"),
            ("X-Empty", ""),
            ("name", "Ada Lovelace"),
            ("bare", ""),
        ]
        assert [change.items for change in stage.app.heard(Pairs.Changed)] == [[("a", "1"), *rows]]


async def test_a_pasted_row_is_added_and_a_pasted_word_is_a_key() -> None:
    pairs = Pairs()
    async with on_stage(pairs) as stage:
        pairs.focus()
        stage.app.post_message(events.Paste("Accept: */*"))
        await stage.settle()
        assert last(stage) == [("Accept", "*/*")]
        stage.app.post_message(events.Paste("filter"))
        await stage.settle()
        await stage.press("enter", "x", "enter")
        assert last(stage) == [("Accept", "*/*"), ("filter", "x")]


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ("a=b&c=d%20e&empty=", [("a", "b"), ("c", "d e"), ("empty", "")]),
        ("https://api.example.com/x?since=2024-01-01&size[a]=10#top", [("since", "2024-01-01"), ("size[a]", "10")]),
        ('{"Accept": "*/*", "X-Size": 5,\n "none": null, "odd: key": ["a"]}',
         [("Accept", "*/*"), ("X-Size", "5"), ("none", ""), ("odd: key", '["a"]')]),
        ("Accept\ttext/csv\nX-Id\t5", [("Accept", "text/csv"), ("X-Id", "5")]),
    ],
)  # fmt: skip
async def test_pasted_tables_are_rows(text: str, rows: list[tuple[str, str]]) -> None:
    pairs = Pairs()
    async with on_stage(pairs) as stage:
        pairs.focus()
        stage.app.post_message(events.Paste(text))
        await stage.settle()
        assert [change.items for change in stage.app.heard(Pairs.Changed)] == [rows]


async def test_a_query_that_is_pasted_as_a_value_stays_one() -> None:
    pairs = Pairs()
    async with on_stage(pairs) as stage:
        pairs.focus()
        await stage.press("k", "enter")
        stage.app.post_message(events.Paste("a=b&c=d"))
        await stage.settle()
        await stage.press("enter")
        assert last(stage) == [("k", "a=b&c=d")]
