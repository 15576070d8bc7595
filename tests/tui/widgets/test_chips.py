from __future__ import annotations

from textual import events
from textual.widgets import Button, Input

from tests.tui.widgets.support import Stage, on_stage
from tui.widgets.chips import Chips


def last(stage: Stage) -> list[str]:
    return stage.app.heard(Chips.Changed)[-1].items


async def test_items_wrap_into_lines() -> None:
    chips = Chips([f"value {number}" for number in range(12)] + ["[b]x\n"])
    async with on_stage(chips, size=(60, 20)) as stage:
        assert stage.app.text().split("\n")[0].startswith(" value 0 ×   value 1 ×")
        assert "[b]x\\n ×" in stage.app.text()
        assert chips.size.height == 3
        assert len(chips.children) == 0


async def test_adding_continues_until_escape() -> None:
    chips = Chips(["a"])
    async with on_stage(chips) as stage:
        chips.focus()
        await stage.press("a", "b", "b", "enter", "c", "enter", "escape")
        assert last(stage) == chips.items == ["a", "bb", "c"]
        assert stage.app.focused is chips
        assert len(chips.children) == 0


async def test_enter_edits_the_current_item_and_escape_cancels() -> None:
    chips = Chips(["one", "two"])
    async with on_stage(chips) as stage:
        chips.focus()
        await stage.press("right", "enter", "end", "s", "enter")
        assert last(stage) == ["one", "twos"]
        await stage.press("enter", "x", "escape")
        assert chips.items == ["one", "twos"]
        assert len(stage.app.heard(Chips.Changed)) == 1


async def test_items_are_deleted_and_moved() -> None:
    chips = Chips(["a", "b", "c"])
    async with on_stage(chips) as stage:
        chips.focus()
        await stage.press("ctrl+right")
        assert last(stage) == ["b", "a", "c"]
        await stage.press("[")
        assert last(stage) == ["a", "b", "c"]
        await stage.press("delete")
        assert last(stage) == ["b", "c"]
        await stage.press("end", "delete")
        assert chips.items == ["b", "c"]


async def test_the_mouse_selects_edits_deletes_and_adds() -> None:
    chips = Chips(["aa", "bb"])
    async with on_stage(chips) as stage:
        await stage.click(chips, x=10, times=2)
        await stage.press("end", "!", "enter")
        assert last(stage) == ["aa", "bb!"]
        await stage.click(chips, x=4)
        assert last(stage) == ["bb!"]
        await stage.click(chips, x=11)
        await stage.press("z", "enter", "escape")
        assert last(stage) == ["bb!", "z"]


async def test_leaving_the_field_commits_the_item() -> None:
    chips = Chips([])
    async with on_stage(chips, Button("Elsewhere")) as stage:
        chips.focus()
        await stage.press("enter", "x", "tab")
        assert last(stage) == ["x"]
        assert not chips.query(Input)


async def test_setting_the_items_posts_nothing() -> None:
    chips = Chips()
    async with on_stage(chips) as stage:
        chips.items = ["a", "b"]
        await stage.settle()
        assert "a ×" in stage.app.text()
        assert stage.app.heard(Chips.Changed) == []


async def test_typing_at_the_end_adds_an_item_and_loses_no_key() -> None:
    chips = Chips()
    async with on_stage(chips) as stage:
        chips.focus()
        for letter in "acd":
            stage.app.post_message(events.Key(letter, letter))
        await stage.settle()
        await stage.press("enter", "escape")
        assert last(stage) == ["acd"]
        await stage.press("end", "x", "y", "enter", "escape")
        assert last(stage) == ["acd", "xy"]


async def paste(stage: Stage, text: str) -> None:
    stage.app.post_message(events.Paste(text))
    await stage.settle()


async def test_pasted_lines_become_items_in_one_change() -> None:
    chips = Chips(["a"])
    async with on_stage(chips) as stage:
        chips.focus()
        await paste(stage, "b\n  c\n\nd, e\n")
        assert [change.items for change in stage.app.heard(Chips.Changed)] == [["a", "b", "c", "d, e"]]
        assert stage.app.focused is chips


async def test_a_pasted_line_is_split_at_commas_unless_it_is_a_template() -> None:
    chips = Chips()
    async with on_stage(chips) as stage:
        chips.focus()
        await paste(stage, "ready, done")
        assert last(stage) == ["ready", "done"]
        await paste(stage, "{{ f(1, 2) }}")
        await stage.press("enter", "escape")
        assert last(stage) == ["ready", "done", "{{ f(1, 2) }}"]


async def test_pasted_items_follow_the_one_that_is_typed() -> None:
    chips = Chips(["a", "b"])
    async with on_stage(chips) as stage:
        chips.focus()
        await stage.press("enter", "end", "1")
        await paste(stage, "x\ny")
        assert last(stage) == ["a1", "b", "x", "y"]
        await stage.press("enter", "z")
        await paste(stage, "q")
        await stage.press("enter")
        assert last(stage)[-1] == "zq"
