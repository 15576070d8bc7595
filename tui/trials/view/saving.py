"""Saves what a trial has collected to files that a person chooses."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace
from enum import StrEnum
from itertools import islice
from pathlib import Path
from typing import Any

from textual.app import App

from core.errors import LonghaulError
from core.outputs.encoders import Csv, JsonLines
from core.outputs.har import HarTrace
from core.units import count
from tui.trials.records import Rows, rows
from tui.trials.trial import Trial
from tui.widgets.choice_dialog import choose
from tui.widgets.file_dialog import FileDialog

_BATCH = 500


class Export(StrEnum):
    """What can be saved; the value is its label."""

    JSON_LINES = "Records as JSON Lines"
    CSV = "Records as CSV"
    HAR = "All requests and answers as HAR"

    @property
    def suffix(self) -> str:
        """The usual suffix of such a file."""
        return {Export.JSON_LINES: ".jsonl", Export.CSV: ".csv", Export.HAR: ".har"}[self]


async def save_results(app: App[Any], folder: Path, trial: Trial, source: Rows) -> None:
    """Ask what to save and where, save it, and report the result. `source` has the records."""
    offered = [one for one in Export if one is Export.HAR or len(source)]
    chosen = await choose(app, "Save", offered)
    if chosen is None:
        return
    export = Export(chosen)
    path = folder / f"{trial.state.stream}{export.suffix}"
    await _save(app, FileDialog("save", path, title=chosen, suffixes=(export.suffix,)), _writer(export, trial, source))


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


def _writer(export: Export, trial: Trial, source: Rows) -> Callable[[Path], str]:
    def write(path: Path) -> str:
        if export is Export.HAR:
            return _write_har(path, trial)
        columns = trial.records.columns() if export is Export.CSV else None
        return _write_records(path, source, columns)

    return write


def _write_records(path: Path, source: Rows, columns: Sequence[str] | None) -> str:
    """Write records as CSV with these columns, or as JSON lines."""
    with path.open("wb") as file:
        encoder: Csv | JsonLines = JsonLines()
        if columns is not None:
            encoder = Csv(columns)
            file.write(encoder.header())
        records = rows(source)
        saved = 0
        while batch := list(islice(records, _BATCH)):
            file.write(encoder.encode(batch))
            saved += len(batch)
    return f"{count(saved, 'record')} saved to {path}"


def _write_har(path: Path, trial: Trial) -> str:
    trace = HarTrace(path)
    try:
        for entry in list(trial.exchanges.entries):
            trace.add(replace(entry.event, exchange=trial.exchanges.exchange(entry)))
    finally:
        trace.close()
    return f"{count(len(trial.exchanges), 'request')} saved to {path}"
