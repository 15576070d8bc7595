"""The builder's screens as text. Set LONGHAUL_WRITE_GOLDENS to write them anew, and read the difference."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from sample_configs import sample
from tests.support.goldens import looks_like
from tests.tui.shell.support import Shell, opened

FOLDER = Path(__file__).parent / "goldens"
SIZES = [(80, 24), (120, 40), (200, 50)]
RETRIEVER = ("streams", 0, "retriever")


async def creation(shell: Shell) -> None:
    await shell.until(lambda: shell.field == (*RETRIEVER, "creation_requester", "url"))


async def polling(shell: Shell) -> None:
    await shell.go_to(*RETRIEVER, "status_extractor", "field_path")


async def download(shell: Shell) -> None:
    await shell.go_to(*RETRIEVER, "download_requester", "url")


async def problems(shell: Shell) -> None:
    shell.session.unset((*RETRIEVER, "status_extractor"))
    shell.session.set(("check", "stream_names"), ["strangers"])
    await shell.checked()
    await shell.press("f8")


async def inputs(shell: Shell) -> None:
    await shell.perform("go.inputs")
    await shell.until(lambda: shell.builder.navigation.selection == "inputs")


async def overall(shell: Shell) -> None:
    await shell.perform("go.global")
    await shell.until(lambda: shell.builder.navigation.selection == "global")


async def yaml(shell: Shell) -> None:
    await polling(shell)
    await shell.press("ctrl+l")
    await shell.until_shown("in step with the forms")


async def explained(shell: Shell) -> None:
    await polling(shell)
    await shell.press("f1")
    await shell.until_dialog("HelpDialog")


async def adding(shell: Shell) -> None:
    await shell.press("f2", "a")
    await shell.until_dialog("StreamDialog")


async def untested(shell: Shell) -> None:
    await shell.press("ctrl+b")
    await shell.until_shown("Not tested yet")


SCREENS: dict[str, Callable[[Shell], Awaitable[None]]] = {
    "creation": creation,
    "polling": polling,
    "download": download,
    "problems": problems,
    "inputs": inputs,
    "global": overall,
    "yaml": yaml,
    "help": explained,
    "adding": adding,
    "untested": untested,
}


async def compared(name: str, size: tuple[int, int], shell: Shell) -> None:
    """Hold the screen against the golden of this name."""

    def text() -> str:
        return shell.text.rstrip()

    await shell.settled()
    await looks_like(FOLDER / f"{name}-{size[0]}x{size[1]}.txt", text, shell.pilot)


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
@pytest.mark.parametrize("screen", SCREENS)
async def test_the_screen_looks_as_it_should(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, screen: str, size: tuple[int, int]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("sendgrid.yaml").write_text(sample("sendgrid_contacts").path.read_text())
    async with opened(Path("sendgrid.yaml"), size=size) as shell:
        await shell.checked()
        await SCREENS[screen](shell)
        await compared(screen, size, shell)


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
async def test_the_welcome_screen_looks_as_it_should(size: tuple[int, int]) -> None:
    async with opened(size=size) as shell:
        await compared("welcome", size, shell)
