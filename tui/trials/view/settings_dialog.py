"""The dialog for how a stream is tried: the limits, and the state to start from."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.widgets import Input, Label, TextArea

from tui.trials.trial import TrialSettings, parse_state
from tui.widgets.choice import Choice
from tui.widgets.choice_dialog import ChoiceOption
from tui.widgets.dialog import CANCEL, Dialog, DialogButton, text_line

_FIELDS = (
    ("records", "Records"),
    ("pages", "Pages per partition"),
    ("slices", "Partitions"),
)
_FIRST = "\0"
"""Stands for the first of the made streams: no name is like it."""
_ANSWERS = (DialogButton("save", "Save", "primary"), DialogButton("reset", "Reset"), CANCEL)


class SettingsDialog(Dialog[TrialSettings]):
    """Asks for the limits (an empty field is no limit) and for the input state as JSON.

    `made` are the streams that a template makes, as far as they are known, of which one is tried; None: it is none.
    """

    def __init__(self, stream: str, settings: TrialSettings, made: Sequence[str] | None = None) -> None:
        super().__init__(f"Test settings of {stream}", _ANSWERS)
        self._stream = stream
        self._settings = settings
        self._made = made

    def compose_body(self) -> ComposeResult:
        yield text_line("The most that a test reads; empty means no limit.")
        for name, title in _FIELDS:
            with Horizontal(classes="settings-dialog--row"):
                yield Label(title, classes="settings-dialog--label")
                yield Input(_number(getattr(self._settings.limits, name)), "no limit", id=name, compact=True)
        if self._made is not None:
            with Horizontal(classes="settings-dialog--row"):
                yield Label("Made stream", classes="settings-dialog--label")
                yield self._choice_of_made(self._made)
        yield text_line("Input state: JSON to start from; empty: from scratch.", "settings-dialog--state")
        yield TextArea(_state(self._settings), soft_wrap=False, compact=True, id="state")
        yield text_line("", "dialog--problem")

    def _choice_of_made(self, made: Sequence[str]) -> Choice:
        chosen = self._settings.made
        options = [
            ChoiceOption(_FIRST, "The first one"),
            *map(ChoiceOption, dict.fromkeys([*made, *[chosen] * bool(chosen)])),
        ]
        return Choice(options, chosen or _FIRST, title="Made stream", id="made")

    def answered(self, answer: str) -> None:
        if answer == "reset":
            self._fill(TrialSettings())
        else:
            self._save()

    @on(Input.Submitted)
    def _submit(self, event: Input.Submitted) -> None:
        event.stop()
        self._save()

    def _fill(self, settings: TrialSettings) -> None:
        for name, _ in _FIELDS:
            self.query_one(f"#{name}", Input).value = _number(getattr(settings.limits, name))
        self.query_one("#state", TextArea).text = _state(settings)
        for choice in self.query("#made").results(Choice):
            choice.value = settings.made or _FIRST

    def _save(self) -> None:
        try:
            numbers = {name: self._limit(name, title) for name, title in _FIELDS}
            limits = replace(
                self._settings.limits, records=numbers["records"], pages=numbers["pages"], slices=numbers["slices"]
            )
            state = parse_state(self.query_one("#state", TextArea).text, self._stream)
        except ValueError as error:
            self.query_one(".dialog--problem", Label).update(f"✗ {error}")
            return
        made = next((choice.value for choice in self.query("#made").results(Choice)), None)
        self.dismiss(TrialSettings(limits, state, "" if made in (None, _FIRST) else str(made)))

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
