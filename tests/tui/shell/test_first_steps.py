"""The first minutes: a choice of samples, and a tour that points at real things and is in nobody's way."""

from __future__ import annotations

import pytest
from textual.widgets import OptionList

from sample_configs import names, samples
from sample_configs.summaries import summaries
from tests.tui.shell.support import Shell, opened
from tui.model.settings import Settings
from tui.shell.key_bar import KeyBar
from tui.shell.navigator import Navigator
from tui.shell.tour import STEPS, Step, TourCard
from tui.widgets.tab_strip import TabStrip

_MOST = 35
"""Cells for what is special about a sample, on 80 columns."""


def test_every_sample_can_be_chosen_by_what_is_special_about_it() -> None:
    assert sorted(one.name for one in summaries()) == sorted(names())
    assert {one.name: one.title for one in summaries()} == {one.name: one.title for one in samples()}
    assert all(0 < len(one.special) < _MOST and one.kind for one in summaries())


async def test_the_demo_offers_its_samples_over_the_simplest_one() -> None:
    async with opened(demo=True, choose=True, size=(80, 24)) as shell:
        await shell.until_dialog("SampleDialog")
        assert "Exports of marketing tools" in shell.text
        assert "Take the tour" in shell.text
        assert "Enter opens it" in shell.text
        await shell.type("graphql")
        await shell.until_shown("Shopify bulk operation")
        await shell.press("enter")
        await shell.until(lambda: "Demo: Shopify bulk operation" in shell.lines[0])
        assert "access_token" in shell.session.values.config()


async def test_f5_in_the_choice_tests_what_is_under_the_cursor() -> None:
    async with opened(demo=True, choose=True) as shell:
        await shell.until_dialog("SampleDialog")
        await shell.press("f5")
        await shell.until(lambda: shell.dialog is None and shell.run("contacts") is not None)
        await shell.tested("contacts")


async def test_who_leaves_the_choice_has_the_simplest_sample() -> None:
    async with opened(demo=True, choose=True) as shell:
        await shell.until_dialog("SampleDialog")
        await shell.press("escape")
        await shell.until(lambda: shell.dialog is None)
        assert "Demo: SendGrid contacts" in shell.lines[0]


async def test_a_sample_that_is_named_is_opened_at_once() -> None:
    async with opened(demo=True, sample="trino") as shell:
        await shell.settled()
        assert shell.dialog is None


def card(shell: Shell) -> TourCard:
    return shell.builder.query_one(TourCard)


def title(shell: Shell) -> str:
    return str(card(shell).border_title) if shell.builder.query(TourCard) else ""


async def at_step(shell: Shell, number: int) -> None:
    await shell.until(lambda: f"{number} of 7" in title(shell) and card(shell).has_focus, f"step {number}")


async def points_at(shell: Shell, step: Step) -> None:
    await shell.until(lambda: shell.builder.query(step.target).filter(".-toured"), step.title)


async def begin_tour(shell: Shell) -> None:
    await shell.perform("help.tour")
    await at_step(shell, 1)


async def test_a_newcomer_is_offered_the_tour_on_the_first_screen() -> None:
    async with opened() as shell:
        assert "New here?" in shell.text
        await shell.press("up", "enter")
        await at_step(shell, 1)
        assert "Demo: SendGrid contacts" in shell.lines[0]
        assert Settings().toured
    async with opened() as shell:
        assert "New here?" not in shell.text


@pytest.mark.parametrize("size", [(80, 24), (120, 40), (160, 44)])
async def test_enter_leads_through_seven_steps_and_runs_a_real_job(size: tuple[int, int]) -> None:
    async with opened(demo=True, size=size) as shell:
        await begin_tour(shell)
        seen = []
        for number, step in enumerate(STEPS, 1):
            await at_step(shell, number)
            await points_at(shell, step)
            seen.append(title(shell))
            assert shell.builder.region.contains_region(card(shell).region)
            if step.target in (KeyBar, Navigator):
                about = shell.builder.query_one(step.target).region
                assert not about.overlaps(card(shell).region), "what it is about is in view"
            await shell.press("enter")
        assert len(set(seen)) == len(STEPS) == 7
        await shell.until(lambda: not shell.builder.query(TourCard))
        assert not shell.builder.query(".-toured")
        run = await shell.tested("contacts")
        assert run.state.records
        assert not shell.session.dirty


async def test_the_real_key_of_a_step_does_its_work_and_leads_on() -> None:
    async with opened(demo=True) as shell:
        await begin_tour(shell)
        await shell.press("f2")
        await at_step(shell, 2)
        assert shell.builder.query_one(TabStrip).has_class("-toured")
        await shell.press("ctrl+t")
        await at_step(shell, 3)
        form = shell.builder.editor.stream_form
        assert form is not None
        assert form.active_tab == "Polling"
        await shell.press("f1")
        await shell.until_dialog("HelpDialog")
        await shell.press("escape")
        await at_step(shell, 4)
        await shell.press("f5")
        await at_step(shell, 5)
        assert shell.run("contacts") is not None
        for key, step in (("left", 4), ("enter", 5), ("enter", 6)):
            await shell.press(key)
            await at_step(shell, step)
        await shell.tested("contacts")
        await shell.press("6")
        await shell.until(lambda: "7 of 7" in title(shell))
        await shell.until_shown("Async Job")
        await shell.press("ctrl+s")
        await shell.until_dialog("ManifestDialog")


@pytest.mark.parametrize("steps", range(7))
async def test_esc_leaves_at_any_step_and_the_work_goes_on(steps: int) -> None:
    async with opened(demo=True, size=(80, 24)) as shell:
        await begin_tour(shell)
        for number in range(steps):
            await shell.press("enter")
            await at_step(shell, number + 2)
        await shell.press("escape")
        await shell.until(lambda: not shell.builder.query(TourCard))
        assert not shell.builder.query(".-toured")
        assert shell.app.focused is not None
        assert (shell.run("contacts") is not None) == (steps >= 4)


async def test_the_tour_is_in_nobodys_way() -> None:
    async with opened(demo=True) as shell:
        await begin_tour(shell)
        await shell.press("f2")
        await at_step(shell, 2)
        await shell.until(lambda: not shell.builder.tour.is_settling)
        shell.builder.navigator.focus()
        await shell.press("down", "down", "enter")
        await shell.until(lambda: shell.builder.navigation.selection == "inputs")
        assert shell.builder.query_one(Navigator).is_on_screen
        assert "2 of 7" in title(shell)
        shell.builder.navigator.focus()
        await shell.press("escape")
        await shell.until(lambda: not shell.builder.query(TourCard))


async def test_the_card_stays_in_view_when_the_terminal_gets_small() -> None:
    async with opened(demo=True, size=(200, 50)) as shell:
        await begin_tour(shell)
        for number in range(2, 8):
            await shell.press("enter")
            await at_step(shell, number)
        assert shell.builder.query_one(KeyBar).has_class("-toured")
        await shell.pilot.resize_terminal(60, 20)
        await shell.until(lambda: shell.builder.region.contains_region(card(shell).region))


async def test_the_choice_of_samples_is_in_the_palette_and_starts_the_tour() -> None:
    async with opened() as shell:
        await shell.perform("file.demo")
        await shell.until_dialog("SampleDialog")
        assert shell.app.screen.query_one(OptionList).highlighted is not None
        await shell.press("up", "enter")
        await at_step(shell, 1)


async def test_without_a_stream_no_tab_asks_for_a_test_that_cannot_be() -> None:
    async with opened(size=(200, 50)) as shell:
        await shell.until_shown("There is no stream to test yet.")
        assert "Press F5" not in shell.text
