"""How the screen is divided: panes with borders, title lines where there is no room for them, themes of one's own."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from textual.content import Content
from textual.theme import BUILTIN_THEMES
from textual.widgets import OptionList

from core.environment import config_folder
from sample_configs import sample
from tests.tui.shell.support import opened
from tui.trials.view.details import Details
from tui.widgets.tab_strip import TabStrip


@pytest.fixture
def manifest(tmp_path: Path) -> Path:
    path = tmp_path / "sendgrid.yaml"
    path.write_text(sample("sendgrid_contacts").path.read_text())
    return path


async def test_panes_have_titles_and_facts_in_their_edges(manifest: Path) -> None:
    async with opened(manifest, size=(160, 40)) as shell:
        await shell.until_shown("╭─ Test ")
        assert "╭─ Streams " in shell.lines[1]
        assert "╭─ contacts " in shell.lines[1]
        assert "─ 1 stream ─╯" in shell.text
        shell.session.streams.rename(0, "[red]")
        await shell.until_shown("╭─ [red] ")


@pytest.mark.parametrize("size", [(99, 40), (120, 29), (80, 24), (60, 20)])
async def test_a_small_screen_has_title_lines_instead_of_borders(manifest: Path, size: tuple[int, int]) -> None:
    async with opened(manifest, size=size) as shell:
        assert shell.builder.has_class("-plain")
        assert not set("╭╮╰╯") & set(shell.text)
        await shell.until_shown("Streams")


@pytest.mark.parametrize("size", [(80, 24), (120, 40), (200, 50)])
async def test_names_that_begin_alike_can_be_told_apart(manifest: Path, size: tuple[int, int]) -> None:
    async with opened(manifest, size=size) as shell:
        navigator, before = shell.builder.navigator, shell.builder.navigator.size.width
        shell.session.streams.rename(0, "sponsored_display_campaigns_with_a_very_long_name_eu")
        shell.session.streams.duplicate(0)
        shell.session.streams.rename(1, "sponsored_display_campaigns_with_a_very_long_name_us")
        await shell.until_shown("name_us")
        assert "name_eu" in shell.text
        assert before < navigator.size.width <= 0.3 * size[0]


@pytest.mark.parametrize(("size", "note"), [((80, 24), "incr"), ((120, 40), "incremental")])
async def test_notes_leave_room_for_names(manifest: Path, size: tuple[int, int], note: str) -> None:
    async with opened(manifest, size=size) as shell:
        await shell.perform("stream.two-ways")
        await shell.until(lambda: len(shell.builder.navigator.entries) == 6)
        line = next(line for line in shell.lines if " incr" in line)
        assert re.search(rf"contacts +{note} ", line)


async def test_at_60_by_20_a_stream_is_edited_tested_and_saved(manifest: Path) -> None:
    async with opened(manifest, size=(60, 20)) as shell:
        assert "contacts" in shell.lines[1], "the name is seen whole"
        for word in ("contacts", "Creation", "API Endpoint URL", "F5 Test", "^s Save", "F1 Help"):
            assert word in shell.text
        await shell.press("ctrl+b")
        await shell.until(lambda: shell.builder.trial_actions.is_shown)
        await shell.until_shown("Records")
        await shell.press("ctrl+b", "f2")
        assert shell.builder.navigator.has_focus


async def test_headings_are_dim_in_forms_and_in_dialogs(manifest: Path) -> None:
    async with opened(manifest, size=(120, 40)) as shell:
        wanted = shell.builder.query_one(".form-pane").get_component_styles("field--heading")
        await shell.press("f1")
        await shell.until_dialog("HelpDialog")
        heading = shell.app.screen.query(".help-dialog--heading").first()
        assert heading.styles.color == wanted.color
        assert heading.styles.text_style == wanted.text_style
        await shell.press("escape")
        await shell.until(lambda: shell.dialog is None)
        await shell.perform("file.demo")
        await shell.until_dialog("SampleDialog")
        options = shell.app.screen.query_one(OptionList).options
        styles = {str(one.prompt.spans[0].style) for one in options if one.disabled and isinstance(one.prompt, Content)}
        assert styles == {"$heading"}


async def test_the_line_under_the_cursor_is_written_in_one_colour(manifest: Path) -> None:
    async with opened(manifest, size=(120, 40)) as shell:
        navigator = shell.builder.navigator
        navigator.focus()
        await shell.pilot.pause()
        styles = {segment.style for segment in navigator.render_line(0) if segment.text.strip()}
        assert len(styles) == 1, "colours of kinds and marks can't be read on the accent"


async def test_the_focus_stays_in_view_when_the_screen_gets_low(manifest: Path) -> None:
    async with opened(manifest, size=(120, 40)) as shell:
        await shell.press("ctrl+b")
        await shell.until(lambda: shell.builder.trial_actions.is_shown)
        await shell.press("7", "1")
        await shell.pilot.resize_terminal(80, 24)
        await shell.pilot.pause()
        focused = shell.app.focused
        assert focused is not None
        assert focused in shell.builder.query_one(Details).walk_children(with_self=True)


async def test_the_accent_follows_the_focus(manifest: Path) -> None:
    async with opened(manifest) as shell:
        navigator, editor = shell.builder.navigator, shell.builder.editor
        navigator.focus()
        await shell.pilot.pause()
        lit, dim = navigator.styles.border_top[1], editor.styles.border_top[1]
        assert lit != dim
        await shell.press("f2")
        await shell.until(lambda: editor.styles.border_top[1] == lit)
        assert navigator.styles.border_top[1] == dim


async def test_tabs_show_what_they_hold_from_the_first_moment(manifest: Path) -> None:
    async with opened(manifest) as shell:
        names = shell.builder.query_one(".stream-form > TabStrip", TabStrip)
        before = shell.lines[names.region.y]
        assert "Creation•" in before
        await shell.press("ctrl+t")
        await shell.pilot.pause()
        assert shell.lines[names.region.y] == before, "no label moves when another tab is opened"
        assert "━━━" in shell.lines[names.region.y + 1]


async def test_a_theme_of_ones_own_is_offered_and_a_wrong_one_is_a_toast(manifest: Path) -> None:
    themes = config_folder() / "themes"
    themes.mkdir(parents=True)
    (themes / "sea.yaml").write_text("primary: teal\nvariables: {well: navy}\n")
    (themes / "bad.yaml").write_text("primary: tel\n")
    async with opened(manifest) as shell:
        await shell.until(lambda: any("themes/bad.yaml: `primary`" in one.message for one in shell.app._notifications))
        shell.app.theme = "sea"
        await shell.pilot.pause()
        assert shell.app.theme_variables["well"] == "navy"


async def test_every_theme_draws_the_builder(manifest: Path) -> None:
    async with opened(manifest) as shell:
        for name in BUILTIN_THEMES:
            shell.app.theme = name
            await shell.pilot.pause()
            assert "contacts" in shell.text
