"""The rows of the inputs: those of fields, on the values that trials use instead of values in the manifest."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any

from textual import on
from textual.widget import Widget

from core.templates import LimitError, PatternError, compile_pattern
from tui.forms.code_rows import JsonRow
from tui.forms.field_row import FieldNote, FieldPlace, FieldRow, FormContext
from tui.forms.text_row import TextRow
from tui.forms.value_rows import ChoiceRow, NumberRow, StringsRow, ToggleRow
from tui.model.inputs import PROPERTIES, Input, InputType
from tui.model.session import Unfinished
from tui.model.specs import FieldSpec, Kind
from tui.widgets.choice_dialog import ChoiceOption
from tui.widgets.code_area import CodeArea
from tui.widgets.dialog import ConfirmDialog
from tui.widgets.secret_input import SecretInput

_DATE_FORMATS = {InputType.DATE: "%Y-%m-%d", InputType.DATE_TIME: "%Y-%m-%dT%H:%M:%SZ"}
_KINDS = {
    InputType.NUMBER: Kind.NUMBER,
    InputType.INTEGER: Kind.NUMBER,
    InputType.BOOLEAN: Kind.BOOLEAN,
    InputType.ARRAY: Kind.STRINGS,
    InputType.ENUM: Kind.CHOICE,
    InputType.OTHER: Kind.JSON,
}


def input_place(one: Input) -> FieldPlace:
    title = one.title or one.key
    default = "No value" if one.default is None else f"{one.default} (default)"
    spec = FieldSpec(
        one.key,
        title,
        f"{one.hint} In templates: config['{one.key}'].".lstrip(),
        _KINDS.get(one.type, Kind.PLAIN),
        one.required,
        default=one.default,
        whole=one.type is InputType.INTEGER,
        secret=one.secret,
        options=one.options,
        unset=f"{default}; a value as JSON" if one.type is InputType.OTHER else default,
    )
    return FieldPlace((*PROPERTIES, one.key), spec, title)


class InputRow(FieldRow):
    """Mixed into a row, lets it show and edit the trial value of an input.

    What is typed and can't be the value is forgotten when the cursor leaves: it is no fault of the manifest.
    """

    def __init__(self, context: FormContext, place: FieldPlace) -> None:
        self.key = str(place.path[-1])
        self.input = context.session.inputs.get(self.key) or Input(self.key)
        self._unfinished: Unfinished | None = None
        super().__init__(context, place)

    @property
    def value(self) -> Any:
        return self.session.values.get(self.key)

    def write(self, value: Any) -> None:
        self._unfinished = None
        self.session.inputs.set_value(self.key, value)
        self.show_state()

    @property
    def unfinished(self) -> Unfinished | None:
        return self._unfinished

    def keep_unfinished(self, text: str, message: str) -> None:
        self._unfinished = Unfinished(text, message)
        self.show_state()

    def cursor_left(self) -> None:
        self._unfinished = None
        super().cursor_left()
        self.show_value()

    @property
    def is_set(self) -> bool:
        return self.session.values.has(self.key)

    def fits(self) -> bool:
        return self.session.inputs.get(self.key) == self.input and super().fits()

    def own_notes(self) -> Sequence[FieldNote]:
        """What is to be known about the input, and what is wrong with its value."""
        one, value = self.input, self.value
        traits = [trait for trait, holds in (("hidden", one.hidden), ("optional", not one.required)) if holds]
        notes = [FieldNote(", ".join(traits).capitalize())] if traits else []
        if one.pattern and isinstance(value, str) and not _matches(one.pattern, value):
            notes.append(FieldNote(f"This does not match the pattern {one.pattern}", "warning"))
        if self._unfinished is not None and not isinstance(self.control, CodeArea):
            notes.append(FieldNote(self._unfinished.message, "error"))
        if self.session.visibility.is_visible(self.path) and one.required and one.default is None and not self.is_set:
            notes.append(FieldNote("A test needs a value here.", "warning"))
        return notes


class InputTextRow(InputRow, TextRow):
    """Text, dates and times."""

    @property
    def is_multiline(self) -> bool:
        return self.input.multiline or super().is_multiline

    def suggestions(self) -> Sequence[ChoiceOption]:
        date_format = _DATE_FORMATS.get(self.input.type)
        return [ChoiceOption(datetime.now(UTC).strftime(date_format), help="now")] if date_format else []


class InputNumberRow(InputRow, NumberRow):
    """A number."""


class InputToggleRow(InputRow, ToggleRow):
    """Yes or no; once it was given, the value is kept also where it is that of the default."""

    def value_of(self, ticked: bool) -> bool | None:
        return ticked


class InputChoiceRow(InputRow, ChoiceRow):
    """One of the allowed values, written as they are."""

    @property
    def is_clearable(self) -> bool:
        return True

    def label_of(self, option: str) -> str:
        return option


class InputListRow(InputRow, StringsRow):
    """A list of texts."""

    def value_of(self, items: list[Any]) -> Any:
        return items or None


class InputJsonRow(InputRow, JsonRow):
    """A value as JSON."""


class InputSecretRow(InputRow):
    """A secret: only whether there is one can be seen."""

    def make_control(self) -> Widget:
        return SecretInput()

    def show_value(self) -> None:
        if isinstance(self.control, SecretInput):
            self.control.is_set = self.is_set

    @on(SecretInput.Replaced)
    def _replaced(self, event: SecretInput.Replaced) -> None:
        event.stop()
        self.write(event.secret)

    @on(SecretInput.Cleared)
    def _cleared(self, event: SecretInput.Cleared) -> None:
        """Ask first: a secret can't be seen, and is not easily got again."""
        event.stop()
        self.show_value()
        question = f"The value of {self.place.title} for tests is forgotten. Undo brings it back until Longhaul ends."
        dialog = ConfirmDialog("Clear the secret?", question, confirm="Clear", destructive=True)
        self.app.push_screen(dialog, lambda sure: self.write(None) if sure else None)


_ROWS: Mapping[Kind, type[InputRow]] = MappingProxyType(
    {
        Kind.NUMBER: InputNumberRow,
        Kind.BOOLEAN: InputToggleRow,
        Kind.STRINGS: InputListRow,
        Kind.CHOICE: InputChoiceRow,
        Kind.JSON: InputJsonRow,
        Kind.PLAIN: InputTextRow,
    }
)


def input_row_type(place: FieldPlace) -> type[InputRow]:
    spec = place.spec
    return InputSecretRow if spec.secret and spec.kind not in (Kind.CHOICE, Kind.BOOLEAN) else _ROWS[spec.kind]


def _matches(pattern: str, value: str) -> bool:
    try:
        return compile_pattern(pattern).search(value) is not None
    except (PatternError, LimitError):
        return True
