"""The trial pane as text. Set LONGHAUL_WRITE_GOLDENS to write the files again, and read the difference."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from core.events import Event, JobPhase
from core.http.exchange import Role
from tests.support.goldens import looks_like
from tests.tui.trials.support import Gate, ScriptedReader, asked, created, job, started, success, unmapped, wait
from tests.tui.trials.view.scripts import refused_creation, refused_download, shops_refused, two_partitions
from tests.tui.trials.view.support import scene

FOLDER = Path(__file__).parent / "goldens"
SIZES = [(60, 40), (80, 24), (120, 40)]


def asking() -> list[Event | Gate]:
    before: list[Event | Gate] = [*started(), *created(), asked(Role.POLL, 200, '{"status": "queued"}')]
    return [*before, unmapped("queued"), job(JobPhase.RUNNING, 1, "queued"), wait(4.0, 1), Gate()]


SCREENS: dict[str, Callable[[], Sequence[Event | Gate]]] = {
    "success": success,
    "refused-creation": refused_creation,
    "refused-download": refused_download,
    "shops-refused": shops_refused,
    "partitions": two_partitions,
    "asking": asking,
}


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
@pytest.mark.parametrize("screen", SCREENS)
async def test_the_screen_looks_as_it_should(screen: str, size: tuple[int, int]) -> None:
    script = list(SCREENS[screen]())
    async with scene(ScriptedReader(script), size) as stage:
        stage.start()
        last = script[-1]
        await (stage.at(last) if isinstance(last, Gate) else stage.finish())
        if screen == "success":
            await stage.press("6")
            await stage.settle()
        await looks_like(FOLDER / f"{screen}-{size[0]}x{size[1]}.txt", stage.app.text, stage.pilot)
        if isinstance(last, Gate):
            last.opened.set()
