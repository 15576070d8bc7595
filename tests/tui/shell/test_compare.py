"""Two tests of a stream, compared in the builder."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from sample_configs.demo_api import DemoApi
from tests.tui.shell.support import Shell, opened, quickly_polled
from tui.shell import compare_screen
from tui.shell.compare_screen import CompareScreen
from tui.trials.comparison.report import ComparisonStopped, Report, Stopped, Tell
from tui.trials.history import KEPT
from tui.trials.trial import Trial
from tui.widgets.choice import Choice
from tui.widgets.tab_strip import TabStrip

LIMIT = ("streams", 0, "retriever", "creation_requester", "request_parameters")


async def run_test(shell: Shell) -> None:
    await shell.press("f5")
    await shell.tested("contacts")


async def comparing(shell: Shell) -> str:
    """The differences, once all of them are known."""
    await shell.until_dialog("CompareScreen")
    await shell.until(lambda: "By the primary key" in shell.text or "as a whole" in shell.text, "the comparison")
    return shell.text


async def test_the_last_two_tests_are_compared(tmp_path: Path, api: DemoApi) -> None:
    async with opened(quickly_polled(tmp_path), size=(80, 24), values=api.inputs("sendgrid_contacts")) as shell:
        await run_test(shell)
        await shell.press("C")
        await shell.until_said("There are no two tests to compare yet: test the stream again first.")
        shell.session.set(LIMIT, {"segment": "vip"})
        await shell.checked()
        await run_test(shell)
        await shell.press("C")
        text = await comparing(shell)
        assert "0 added, 0 removed, 0 changed, 30 the same." in text
        assert "Test 1 at" in text
        assert "Test 2 at" in text
        assert shell.app.screen.query_one(TabStrip).has_focus
        await shell.press("2")
        await shell.until_shown("+   ?segment=vip")
        assert "Async Job -- Create" in shell.text
        await shell.until_shown("are passed over")  # each test has its own job and links
        assert "1 of " in shell.text
        await shell.press("3")
        await shell.until_shown("The records have the same")
        await shell.press("f1")
        await shell.until_shown("Any two of the last ten tests")
        await shell.press("escape")
        await shell.until_dialog("CompareScreen")
        await shell.press("escape")
        assert shell.dialog is None


async def test_a_long_comparison_says_how_far_it_is_and_escape_stops_it(
    tmp_path: Path, api: DemoApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    ended = threading.Event()

    def endless(_before: Trial, _after: Trial, stopped: Stopped, tell: Tell) -> Report:
        tell(250_000, 1_000_000)
        while not stopped():
            pass
        ended.set()
        raise ComparisonStopped

    monkeypatch.setattr(compare_screen, "compare_records", endless)
    async with opened(quickly_polled(tmp_path), values=api.inputs("sendgrid_contacts")) as shell:
        await run_test(shell)
        await run_test(shell)
        await shell.press("C")
        await shell.until_shown("Comparing… 250,000 of 1,000,000 records so far. Esc stops it.")
        await shell.press("escape")
        await shell.until(ended.is_set, "the end of the comparison")
        assert shell.dialog is None


async def test_any_two_of_the_last_ten_tests_can_be_compared(tmp_path: Path, api: DemoApi) -> None:
    async with opened(quickly_polled(tmp_path), values=api.inputs("sendgrid_contacts")) as shell:
        history = shell.builder.trials.controller.history
        await run_test(shell)
        first = history.of("contacts")[0]
        for _ in range(KEPT):
            await run_test(shell)
        kept = history.of("contacts")
        assert [trial.number for trial in kept] == list(range(2, KEPT + 2))
        assert first._spool._closed
        await shell.perform("test.compare")
        await comparing(shell)
        screen = shell.app.screen
        assert isinstance(screen, CompareScreen)
        chosen = [screen.query_one(f"#{side}", Choice).value or "" for side in ("before", "after")]
        assert [label.partition(" at ")[0] for label in chosen] == ["Test 10", "Test 11"]
        await shell.press("b", *"Test 2 at", "enter")
        await shell.until(lambda: "Test 2 at" in shell.text and "30 the same" in shell.text)
