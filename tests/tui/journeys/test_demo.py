"""A newcomer starts the demo, presses one key, and sees a real job: created, polled, downloaded."""

from __future__ import annotations

import pytest

from tests.tui.shell.support import opened
from tui.trials.view.details import OtherRequests


@pytest.mark.parametrize("size", [(80, 24), (120, 40), (200, 50)])
async def test_one_key_runs_a_real_job_whose_second_poll_can_be_inspected(size: tuple[int, int]) -> None:
    async with opened(demo=True, size=size) as shell:
        await shell.press("f5")
        await shell.until_shown("next poll")
        await shell.until(lambda: (run := shell.run("contacts")) and run.state.partitions[0].polls >= 2)
        await shell.until_shown("pending")
        run = await shell.tested("contacts")
        await shell.until_shown("1,000 records in")
        assert run.state.records == 1000
        assert "@example.com" in shell.text
        await shell.until(lambda: shell.entry("contacts").tested)
        await shell.press("6")
        await shell.until(lambda: shell.builder.query(OtherRequests))
        await shell.press("enter")
        await shell.until_dialog("ChoiceDialog")
        await shell.choose("polling 2")
        await shell.until(lambda: shell.dialog is None)
        await shell.until_shown('"status": "pending"')
        assert "Async Job -- Polling 2" in shell.text
        assert not shell.session.dirty
