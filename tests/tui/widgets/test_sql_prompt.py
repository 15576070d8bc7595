"""The prompt for SQL: what is run is remembered, and can have several lines."""

from __future__ import annotations

from tests.tui.widgets.support import Stage, on_stage
from tui.widgets.sql_prompt import SqlPrompt


def submitted(stage: Stage) -> list[str]:
    return [message.sql for message in stage.app.heard(SqlPrompt.Submitted)]


async def test_enter_runs_and_earlier_queries_come_back() -> None:
    prompt = SqlPrompt("FROM a", history := ["FROM old"])
    async with on_stage(prompt) as stage:
        prompt.focus()
        await stage.press("enter")
        await stage.type(" LIMIT 1")
        await stage.press("enter", "enter")
        assert submitted(stage) == ["FROM a", "FROM a LIMIT 1", "FROM a LIMIT 1"]
        assert history == ["FROM old", "FROM a", "FROM a LIMIT 1"], "the same one only once"
        await stage.press("up")
        assert prompt.text == "FROM a", "the one that is shown already is left out"
        await stage.press("up", "up", "up")
        assert prompt.text == "FROM old"
        await stage.press("down", "down", "down")
        assert prompt.text == "FROM a LIMIT 1"


async def test_what_is_typed_first_replaces_the_query_that_is_there() -> None:
    prompt = SqlPrompt("FROM a LIMIT 100", [])
    async with on_stage(prompt) as stage:
        prompt.focus()
        await stage.type("FROM b")
        assert prompt.text == "FROM b"


async def test_what_was_typed_is_still_there_after_a_look_at_earlier_queries() -> None:
    prompt = SqlPrompt("", ["FROM old"])
    async with on_stage(prompt) as stage:
        prompt.focus()
        await stage.type("FROM n")
        await stage.press("up")
        assert prompt.text == "FROM old"
        await stage.press("down")
        assert prompt.text == "FROM n"


async def test_a_query_may_have_several_lines_through_which_the_cursor_moves() -> None:
    prompt = SqlPrompt("FROM a", ["FROM old"])
    async with on_stage(prompt) as stage:
        prompt.focus()
        height = prompt.size.height
        await stage.press("end", "ctrl+n")
        await stage.type("LIMIT 1")
        assert prompt.text == "FROM a\nLIMIT 1"
        assert prompt.size.height == height + 1
        await stage.press("up")
        assert prompt.text == "FROM a\nLIMIT 1"
        assert prompt.cursor_location[0] == 0
        prompt.error_line = 1
        await stage.type("x")
        assert prompt.error_line is None, "what is typed may have mended it"


async def test_nothing_is_run_where_nothing_is_typed() -> None:
    history: list[str] = []
    prompt = SqlPrompt("  ", history)
    async with on_stage(prompt) as stage:
        prompt.focus()
        await stage.press("enter", "up", "down")
        assert submitted(stage) == history == []
