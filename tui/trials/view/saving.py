"""Saves what a trial has collected to files that a person chooses."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from enum import StrEnum
from pathlib import Path
from typing import Any

from textual.app import App

from core.errors import LonghaulError
from core.outputs.destination import file_names
from core.outputs.har import HarTrace
from core.units import count
from tui.trials.export import Selection, ending_of
from tui.trials.phases import limit_sentence
from tui.trials.trial import Trial
from tui.trials.view.export_dialog import ExportDialog
from tui.trials.view.results import Results, Selectors
from tui.widgets.choice_dialog import choose
from tui.widgets.file_dialog import FileDialog
from tui.widgets.record_source import ListSource


class Kind(StrEnum):
    """What can be saved; the value is its label."""

    JSON_LINES = "Records as JSON Lines"
    CSV = "Records as CSV"
    HAR = "All requests and answers as HAR"

    @property
    def suffix(self) -> str:
        """The usual suffix of such a file."""
        return {Kind.JSON_LINES: ".jsonl", Kind.CSV: ".csv", Kind.HAR: ".har"}[self]


class Exports:
    """Exports records, and remembers for a session where to."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._last: tuple[str, Path] | None = None
        """The name of what was exported last, and its file."""

    async def export(self, app: App[Any], selection: Selection, ending: str = "") -> None:
        """Ask where to export a selection, and do it; `ending` offers a format other than that of the last time."""
        path = await app.push_screen_wait(ExportDialog(selection, self._offered(selection.name, ending)))
        if path is not None:
            self._last = selection.name, path

    def _offered(self, name: str, ending: str) -> Path:
        """The file of the last time; for other records a file beside it, unless it takes those, too."""
        file = file_names([name])[name]
        if self._last is None:
            return self._folder / f"{file}{ending or '.jsonl'}"
        last, path = self._last
        known = ending_of(path.name) or ""
        if ending in ("", known) and (name == last or known == ".duckdb"):
            return path
        return path.with_name(f"{file}{ending or known}")


async def save_results(
    app: App[Any], folder: Path, trial: Trial, exports: Exports, selection: Selection | None
) -> None:
    """Ask what to save and where, save it, and report the result; without a `selection` there are no records."""
    chosen = await choose(app, "Save", [kind for kind in Kind if kind is Kind.HAR or selection is not None])
    if chosen is None:
        return
    kind = Kind(chosen)
    if kind is not Kind.HAR and selection is not None:
        await exports.export(app, selection, kind.suffix)
        return
    stream = trial.state.stream
    path = folder / f"{file_names([stream])[stream]}{kind.suffix}"
    dialog = FileDialog("save", path, title=chosen, suffixes=(kind.suffix,))
    await _save(app, dialog, lambda path: _write_har(path, trial))


async def save_body(app: App[Any], folder: Path, text: str, suffix: str) -> None:
    """Ask where to save a body, save it, and report the result."""

    def write(path: Path) -> str:
        path.write_text(text, encoding="utf-8", errors="replace", newline="")
        return f"Saved to {path}"

    await _save(app, FileDialog("save", folder / f"body{suffix}", title="Save body", suffixes=(suffix,)), write)


async def _save(app: App[Any], dialog: FileDialog, write: Callable[[Path], str]) -> None:
    """Write the chosen file in a thread; `write` returns what to report."""
    path = await app.push_screen_wait(dialog)
    if path is None:
        return
    try:
        saved = await asyncio.to_thread(write, path)
    except (OSError, LonghaulError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else error
        app.notify(f"{path} can't be written: {reason}", severity="error", markup=False)
    else:
        app.notify(saved, markup=False)


def _write_har(path: Path, trial: Trial) -> str:
    trace = HarTrace(path)
    try:
        for entry in list(trial.exchanges.entries):
            trace.add(replace(entry.event, exchange=trial.exchanges.exchange(entry)))
    finally:
        trace.close()
    return f"{count(len(trial.exchanges), 'request')} saved to {path}"


def selection_of(trial: Trial, results: Results, selectors: Selectors) -> Selection | None:
    """The records of a trial that are shown; None without any."""
    records = results.source
    if isinstance(records, ListSource) or not len(records):
        return None
    so_far = "The test is still running: these are its records so far." if trial.state.running else ""
    cut = so_far or limit_sentence(trial.state)
    return Selection(trial.state.stream, records, trial.schema, selectors.chosen, cut)
