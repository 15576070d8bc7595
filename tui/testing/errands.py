"""Dialogs of the test screen that end in a file or in one of several answers. They run in a worker."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from textual.app import App

from core.errors import LonghaulError
from tui.running import Run
from tui.running.records import Rows
from tui.testing.saving import Saved, save
from tui.widgets.choice_dialog import ChoiceDialog, ChoiceOption
from tui.widgets.file_dialog import FileDialog


async def choose(app: App[Any], title: str, answers: Sequence[str]) -> str | None:
    """Which of several answers a person takes; None: none of them."""
    return await app.push_screen_wait(ChoiceDialog(title, [ChoiceOption(answer) for answer in answers]))


async def save_results(app: App[Any], folder: Path, run: Run, source: Rows) -> None:
    """Ask what to save and where, save it, and say so."""
    offered = [what for what in Saved if what is Saved.HAR or len(source)]
    chosen = await choose(app, "Save", [str(what) for what in offered])
    if chosen is None:
        return
    what = Saved(chosen)
    path = await app.push_screen_wait(
        FileDialog("save", folder / f"{run.state.stream}{what.suffix}", title=chosen, suffixes=(what.suffix,))
    )
    if path is not None:
        await _written(app, path, lambda: save(what, path, run, source))


async def save_body(app: App[Any], folder: Path, text: str, suffix: str) -> None:
    """Ask where to save a body, save it, and say so."""
    dialog = FileDialog("save", folder / f"body{suffix}", title="Save body", suffixes=(suffix,))
    path = await app.push_screen_wait(dialog)
    if path is not None:
        await _written(app, path, lambda: _write(path, text))


def _write(path: Path, text: str) -> str:
    path.write_text(text, encoding="utf-8", errors="replace", newline="")
    return f"Saved to {path}"


async def _written(app: App[Any], path: Path, write: Callable[[], str]) -> None:
    """Write in a thread, and tell how it went."""
    try:
        told = await asyncio.to_thread(write)
    except (OSError, LonghaulError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else error
        app.notify(f"{path} can't be written: {reason}", severity="error", markup=False)
    else:
        app.notify(told, markup=False)
