from __future__ import annotations

import json

import pytest
from textual.containers import VerticalScroll
from textual.widgets import Button, Input

from tests.tui.widgets.support import on_stage
from tui.widgets.choice import Toggle
from tui.widgets.doc_panel import DocPanel
from tui.widgets.doc_view import DocView
from tui.widgets.letters import LetterOverlay, letter_targets
from tui.widgets.search_bar import SearchBar
from tui.widgets.title_bar import TitleBar


async def test_slash_opens_the_search_which_counts_steps_and_closes() -> None:
    panel = DocPanel(json.dumps([{"name": number} for number in range(40)]), "json")
    async with on_stage(panel) as stage:
        panel.document.focus()
        await stage.press("/", "n", "a")
        assert stage.app.text().split("\n")[-1].split() == ["/", "na", "1/40"]
        await stage.press("down", "down", "up")
        assert stage.app.text().split("\n")[-1].endswith("2/40")
        await stage.press("enter", "n")
        assert stage.app.focused is panel.document
        assert panel.document.path == (2, "name")
        await stage.press("/", "x", "x")
        assert "nothing found" in stage.app.text()
        await stage.press("escape")
        assert "nothing found" not in stage.app.text()
        assert stage.app.focused is panel.document


async def test_a_search_goes_on_in_the_next_text() -> None:
    panel = DocPanel("needle")
    async with on_stage(panel) as stage:
        panel.document.focus()
        await stage.press("/")
        await stage.type("needle")
        panel.show("A line", "a needle and a needle", "text")
        await stage.settle()
        assert "1/2" in stage.app.text()
        assert stage.app.text().startswith(" A line")


async def test_a_node_is_picked_only_in_a_pickable_text() -> None:
    wanting, other = DocPanel('{"a": 1}', "json", pickable=True), DocPanel('{"a": 1}', "json")
    async with on_stage(wanting, other) as stage:
        for panel in (other, wanting):
            panel.document.focus()
            await stage.press("down", "enter")
            offered = any(one.binding.description == "Pick node" for one in stage.app.screen.active_bindings.values())
            assert offered == (panel is wanting)
        assert [chosen.path for chosen in stage.app.heard(DocView.NodeChosen)] == [("a",)]


async def test_text_that_has_no_nodes_offers_none() -> None:
    panel = DocPanel("a,b", "csv", pickable=True)
    async with on_stage(panel) as stage:
        panel.document.focus()
        await stage.settle()
        assert all(one.binding.description != "Pick node" for one in stage.app.screen.active_bindings.values())


async def test_a_search_bar_posts_what_is_typed() -> None:
    bar = SearchBar("Filter")
    async with on_stage(bar) as stage:
        bar.open()
        await stage.press("a", "b", "up", "escape")
        assert [change.query for change in stage.app.heard(SearchBar.Changed)] == ["a", "ab", ""]
        assert [step.direction for step in stage.app.heard(SearchBar.Stepped)] == [-1]
        assert len(stage.app.heard(SearchBar.Left)) == 1
        assert not bar.display


@pytest.mark.parametrize(
    ("width", "text"),
    [
        (60, "Longhaul  orders.yaml  ● Unsaved               ctrl+p help"),
        (40, "Longhaul  orders.yaml  ● Unsaved"),
        (30, "Longhaul  …s.yaml  ● Unsaved"),
    ],
)
async def test_a_narrow_title_drops_the_hint_then_shortens_the_path(width: int, text: str) -> None:
    bar = TitleBar("Longhaul", file="orders.yaml", unsaved=True, hint="ctrl+p help")
    async with on_stage(bar, size=(width, 5)) as stage:
        assert stage.app.text().split("\n")[0].strip() == text


async def test_a_long_path_leaves_room_for_the_hint() -> None:
    bar = TitleBar("Longhaul", file="/a/very/long/path/" * 5 + "orders.yaml", unsaved=True, hint="✗ 2 to fix")
    async with on_stage(bar, size=(80, 5)) as stage:
        line = stage.app.text().split("\n")[0].strip()
        assert line.startswith("Longhaul  …")
        assert "orders.yaml  ● Unsaved" in line
        assert line.endswith("✗ 2 to fix")


async def test_the_title_changes_only_what_is_given() -> None:
    bar = TitleBar("Longhaul", file="a.yaml", unsaved=True)
    async with on_stage(bar) as stage:
        bar.show(unsaved=False)
        await stage.settle()
        assert stage.app.text().split("\n")[0].strip() == "Longhaul  a.yaml"


async def test_a_key_goes_to_the_widget_under_its_letter() -> None:
    pane, tick, button = VerticalScroll(Toggle("One")), Toggle("Two"), Button("Go")
    pane.styles.height = 3
    async with on_stage(pane, tick, button) as stage:
        stage.app.push_screen(LetterOverlay(letter_targets(stage.app.screen)))
        await stage.settle()
        assert [line[1] for line in stage.app.text().split("\n")[:5] if line[1:2].isalpha()] == ["a", "s", "d"]
        await stage.press("s")
        assert stage.app.focused is tick


async def test_other_keys_and_escape_go_nowhere() -> None:
    field = Input()
    async with on_stage(field, Toggle("One")) as stage:
        field.focus()
        for key in ("escape", "9", "f5"):
            stage.app.push_screen(LetterOverlay(letter_targets(stage.app.screen)))
            await stage.settle()
            await stage.press(key)
            assert stage.app.focused is field


async def test_widgets_out_of_view_are_no_targets() -> None:
    pane = VerticalScroll(*[Toggle(f"Check {number}") for number in range(50)])
    async with on_stage(pane) as stage:
        assert len(letter_targets(stage.app.screen)) == 24
