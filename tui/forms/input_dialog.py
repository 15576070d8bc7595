"""A dialog for an input: what it is called, of which type it is, and what may be given."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

from textual import on
from textual.app import ComposeResult
from textual.containers import HorizontalGroup
from textual.widget import Widget
from textual.widgets import Input as TextField
from textual.widgets import Label

from tui.forms.value_rows import number_of
from tui.model.inputs import Input, Inputs, InputType
from tui.widgets.chips import Chips
from tui.widgets.choice import Choice, Toggle
from tui.widgets.choice_dialog import ChoiceOption
from tui.widgets.dialog import CANCEL, Dialog, DialogButton, text_line

_TYPES = {
    InputType.STRING: "Text",
    InputType.NUMBER: "Number",
    InputType.INTEGER: "Whole number",
    InputType.ARRAY: "List of texts",
    InputType.BOOLEAN: "Yes or no",
    InputType.ENUM: "One of several values",
    InputType.DATE: "Date",
    InputType.DATE_TIME: "Date and time",
    InputType.OTHER: "Something else (edit as YAML)",
}
_DATED = (InputType.DATE, InputType.DATE_TIME)
_FLAGS = {
    "required": "Required",
    "secret": "Secret: masked wherever it shows",
    "multiline": "Several lines",
    "hidden": "Hidden from the person who runs it",
}


@dataclass(frozen=True, slots=True)
class Described:
    """The result of `InputDialog`; `test_value` is that of a new input, None without one."""

    input: Input
    test_value: Any = field(default=None, repr=False)


class InputDialog(Dialog[Described]):
    """Describes an input, and asks for the test value of a new one. Its key follows the title until a person edits the
    key.
    """

    def __init__(self, inputs: Inputs, start: Input) -> None:
        self._is_new = not start.key
        heading = "New input" if self._is_new else f"Input {start.key}"
        super().__init__(heading, [DialogButton("keep", "Add" if self._is_new else "Keep", "primary"), CANCEL])
        self._inputs = inputs
        self._start = start
        self._key_edited = not self._is_new

    def compose_body(self) -> ComposeResult:
        start = self._start
        yield self._row("Title", TextField(start.title, "What a person reads", compact=True, id="title"))
        if self._is_new:
            yield self._row("Test value", TextField("", "Kept out of the manifest", compact=True, id="value"))
        yield self._row("Key", TextField(start.key, "config['key']", compact=True, id="key"))
        yield self._row("Hint", TextField(start.hint, "What to enter, and where to find it", compact=True, id="hint"))
        types = [ChoiceOption(one.value, title) for one, title in _TYPES.items() if one is not InputType.OTHER]
        if start.type is InputType.OTHER:
            types.append(ChoiceOption(InputType.OTHER.value, _TYPES[InputType.OTHER]))
        yield self._row("Type", Choice(types, start.type.value, title="Type", id="type"))
        yield self._row("Allowed values", Chips(start.options, id="options"))
        yield self._row("Pattern", TextField(start.pattern or "", "A regular expression", compact=True, id="pattern"))
        default = "" if start.default is None else str(start.default)
        yield self._row("Default", TextField(default, "None", compact=True, id="default"))
        for key, label in _FLAGS.items():
            yield self._row("", Toggle(label, bool(getattr(start, key)), id=key))
        yield text_line("", "dialog--problem")

    def _row(self, label: str, control: Widget) -> HorizontalGroup:
        return HorizontalGroup(
            Label(label, markup=False, classes="input-dialog--label"),
            control,
            classes="input-dialog--row",
            id=f"row-{control.id}",
        )

    def on_mount(self) -> None:
        """Begin with the title, and with what the type asks for."""
        self._fit(self._start.type)
        self._mask_value(self._start.secret)
        self.query_one("#title").focus()

    @on(Toggle.Changed, "#secret")
    def _mask(self, event: Toggle.Changed) -> None:
        event.stop()
        self._mask_value(event.value)

    def _mask_value(self, secret: bool) -> None:
        for value in self.query("#value").results(TextField):
            value.password = secret

    @on(Choice.Changed)
    def _retype(self, event: Choice.Changed) -> None:
        event.stop()
        self._fit(self._type)

    def _fit(self, kind: InputType) -> None:
        self.query_one("#row-options").display = kind is InputType.ENUM
        self.query_one("#row-pattern").display = kind in (InputType.STRING, *_DATED)
        self.query_one("#row-multiline").display = kind is InputType.STRING
        self.query_one("#row-default").display = kind is not InputType.OTHER
        if kind is not self._start.type:
            self.query_one("#pattern", TextField).value = ""

    @property
    def _type(self) -> InputType:
        return InputType(self.query_one("#type", Choice).value or InputType.STRING)

    @on(TextField.Changed)
    def _typed(self, event: TextField.Changed) -> None:
        event.stop()
        if event.input.id == "title" and not self._key_edited:
            key = self._inputs.key_for(event.value) if event.value.strip() else ""
            with self.prevent(TextField.Changed):
                self.query_one("#key", TextField).value = key
        elif event.input.id == "key":
            self._key_edited = bool(event.value)

    @on(TextField.Submitted)
    def _entered(self, event: TextField.Submitted) -> None:
        event.stop()
        self.answered("keep")

    def answered(self, answer: str) -> None:
        """Close with the input, or show what is wrong with it."""
        one = self._described()
        value = self._test_value(one)
        problem = self._problem(one) or _misfit(one, value)
        self.query_one(".dialog--problem", Label).update(f"✗ {problem}" if problem else "")
        if problem is None:
            self.dismiss(Described(one, value))

    def _test_value(self, one: Input) -> Any:
        """The test value as it was typed; that of a secret keeps its spaces."""
        text = self.query_one("#value", TextField).value if self._is_new else ""
        if one.type in (InputType.STRING, InputType.ENUM, *_DATED):
            return (text if one.secret else text.strip()) or None
        return default_of(one.type, text)

    def _described(self) -> Input:
        kind = self._type
        texts = {name: self.query_one(f"#{name}", TextField).value.strip() for name in ("title", "key", "hint")}
        flags = {name: self.query_one(f"#{name}", Toggle).value for name in _FLAGS}
        pattern = self.query_one("#pattern", TextField).value if kind in (InputType.STRING, *_DATED) else ""
        return replace(
            self._start,
            title=texts["title"],
            key=texts["key"],
            hint=texts["hint"],
            required=flags["required"],
            secret=flags["secret"],
            multiline=flags["multiline"] and kind is InputType.STRING,
            hidden=flags["hidden"],
            type=kind,
            options=tuple(self.query_one(Chips).items) if kind is InputType.ENUM else (),
            pattern=pattern or None,
            default=default_of(kind, self.query_one("#default", TextField).value),
        )

    def _problem(self, one: Input) -> str | None:
        if not one.key:
            return "It needs a key."
        if one.key != self._start.key and self._inputs.get(one.key) is not None:
            return f"There is already an input {one.key}."
        if one.type is InputType.ENUM and not one.options:
            return "Say which values are allowed."
        if one.type is InputType.ENUM and one.default is not None and one.default not in one.options:
            return "The default must be one of the allowed values."
        if one.type in (InputType.NUMBER, InputType.INTEGER) and isinstance(one.default, str):
            return "The default must be a number."
        return None


def _misfit(one: Input, value: Any) -> str | None:
    """What is wrong with a test value."""
    if value is None:
        return None
    if one.type in (InputType.NUMBER, InputType.INTEGER) and isinstance(value, str):
        return "The test value must be a number."
    if one.type is InputType.ENUM and value not in one.options:
        return "The test value must be one of the allowed values."
    return None


def default_of(kind: InputType, text: str) -> object:
    """A typed default as a value of the type; None when nothing was typed, the text when it does not fit."""
    text = text.strip()
    if not text:
        return None
    if kind in (InputType.NUMBER, InputType.INTEGER):
        number = number_of(text, whole=kind is InputType.INTEGER)
        return text if number is None else number
    if kind is InputType.BOOLEAN:
        return text.lower() in ("true", "yes", "1", "on")
    if kind is InputType.ARRAY:
        return [part.strip() for part in text.strip("[]").split(",") if part.strip()]
    return text
