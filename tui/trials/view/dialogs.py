"""The dialogs of the trial pane: settings, whole cells, and files that results are written to."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from enum import StrEnum
from itertools import islice
from pathlib import Path
from typing import Any, ClassVar

from textual import on
from textual.app import App, ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal
from textual.widgets import Input, Label, TextArea

from core.errors import LonghaulError
from core.outputs.encoders import Csv, JsonLines
from core.outputs.har import HarTrace
from core.wording import count
from tui.trials.records import Rows, rows
from tui.trials.trial import Trial, TrialSettings, parse_state
from tui.trials.view.exchange_view import kind_of
from tui.widgets.base import hidden
from tui.widgets.choice_dialog import ChoiceDialog, ChoiceOption
from tui.widgets.dialog import CANCEL, Dialog, DialogButton, text_line
from tui.widgets.display_text import escape
from tui.widgets.doc_panel import DocPanel
from tui.widgets.doc_text import TextKind
from tui.widgets.doc_view import DocView
from tui.widgets.file_dialog import FileDialog

_BATCH = 500


class Saved(StrEnum):
    """What can be saved; the value is what a person reads."""

    JSON_LINES = "Records as JSON Lines"
    CSV = "Records as CSV"
    HAR = "All requests and answers as HAR"

    @property
    def suffix(self) -> str:
        """The usual end of such a file's name."""
        return {Saved.JSON_LINES: ".jsonl", Saved.CSV: ".csv", Saved.HAR: ".har"}[self]


def save(what: Saved, path: Path, run: Trial, source: Rows) -> str:
    """Write a file, in a thread please, and give a sentence about it. Raises `OSError` and `OutputError`."""
    if what is Saved.HAR:
        return _save_har(path, run)
    with path.open("wb") as file:
        encoder: Csv | JsonLines = JsonLines()
        if what is Saved.CSV:
            encoder = Csv(run.records.columns())
            file.write(encoder.header())
        records = rows(source)
        saved = 0
        while batch := list(islice(records, _BATCH)):
            file.write(encoder.encode(batch))
            saved += len(batch)
    return f"{count(saved, 'record')} saved to {path}"


def _save_har(path: Path, run: Trial) -> str:
    trace = HarTrace(path)
    try:
        for entry in list(run.exchanges.entries):
            trace.add(replace(entry.event, exchange=run.exchanges.exchange(entry)))
    finally:
        trace.close()
    return f"{count(len(run.exchanges), 'request')} saved to {path}"


_COPY = DialogButton("copy", "Copy", "primary")
_CLOSE = DialogButton("cancel", "Close")
_TITLE = 60


class CellDialog(Dialog[None]):
    """Shows a value pretty-printed; text that is JSON itself is laid out too."""

    BINDINGS: ClassVar[list[BindingType]] = [
        hidden("q", "cancel", "Close", "Close the viewer", "cell.close"),
    ]

    def __init__(self, column: str, value: object, *, missing: bool = False) -> None:
        super().__init__(escape(column[:_TITLE]), [_COPY, _CLOSE])
        text = "The record has no such field."
        self._document: tuple[str, TextKind] = (text, "text") if missing else cell_document(value)

    def compose_body(self) -> ComposeResult:
        """The value."""
        yield DocPanel(*self._document)

    def answered(self, answer: str) -> None:
        """Copy the value."""
        self.query_one(DocView).action_copy_all()


def cell_document(value: object) -> tuple[str, TextKind]:
    """A value as a text and its kind: nested values as JSON, text as it is."""
    if isinstance(value, str):
        return value, kind_of(value, "")
    return json.dumps(value, ensure_ascii=False), "json"


_FIELDS = (
    ("records", "Records"),
    ("pages", "Pages per partition"),
    ("slices", "Partitions"),
)
_ANSWERS = (DialogButton("save", "Save", "primary"), DialogButton("reset", "Reset"), CANCEL)


class SettingsDialog(Dialog[TrialSettings]):
    """Asks for the limits (an empty field is no limit) and for the input state as JSON."""

    def __init__(self, stream: str, settings: TrialSettings) -> None:
        super().__init__(f"Test settings of {stream}", _ANSWERS)
        self._stream = stream
        self._settings = settings

    def compose_body(self) -> ComposeResult:
        """The fields."""
        yield text_line("A test reads at most so much; an empty field is no limit.")
        for name, title in _FIELDS:
            with Horizontal(classes="settings-dialog--row"):
                yield Label(title, classes="settings-dialog--label")
                yield Input(_number(getattr(self._settings.limits, name)), "no limit", id=name, compact=True)
        yield text_line("Input state: JSON to begin from; empty: the start.", "settings-dialog--state")
        yield TextArea(_state(self._settings), soft_wrap=False, compact=True, id="state")
        yield text_line("", "dialog--problem")

    def answered(self, answer: str) -> None:
        """Close with what was entered, or fill in the defaults."""
        if answer == "reset":
            self._fill(TrialSettings())
        else:
            self._save()

    @on(Input.Submitted)
    def _enter(self, event: Input.Submitted) -> None:
        event.stop()
        self._save()

    def _fill(self, settings: TrialSettings) -> None:
        for name, _ in _FIELDS:
            self.query_one(f"#{name}", Input).value = _number(getattr(settings.limits, name))
        self.query_one("#state", TextArea).text = _state(settings)

    def _save(self) -> None:
        try:
            limits = replace(self._settings.limits, **{name: self._limit(name, title) for name, title in _FIELDS})
            state = parse_state(self.query_one("#state", TextArea).text, self._stream)
        except ValueError as error:
            self.query_one(".dialog--problem", Label).update(f"✗ {error}")
            return
        self.dismiss(TrialSettings(limits, state))

    def _limit(self, name: str, title: str) -> int | None:
        """The number in a field. Raises `ValueError`."""
        text = self.query_one(f"#{name}", Input).value.strip().replace(",", "")
        if not text:
            return None
        if not text.isdigit() or int(text) < 1:
            self.query_one(f"#{name}", Input).focus()
            raise ValueError(f"{title} must be a whole number from 1, or empty.")
        return int(text)


def _number(limit: int | None) -> str:
    return "" if limit is None else str(limit)


def _state(settings: TrialSettings) -> str:
    return "" if settings.state is None else json.dumps(settings.state, indent=2, ensure_ascii=False)


async def choose(app: App[Any], title: str, answers: Sequence[str]) -> str | None:
    """Which of several answers a person takes; None: none of them."""
    return await app.push_screen_wait(ChoiceDialog(title, [ChoiceOption(answer) for answer in answers]))


async def save_results(app: App[Any], folder: Path, run: Trial, source: Rows) -> None:
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
