"""The view of the inputs: what a person who runs the connector gives, and the values that tests use."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any, ClassVar

import orjson
from textual import on
from textual.binding import BindingType
from textual.widget import Widget
from textual.widgets import Button, Input, Static

from core.manifest.problems import Path
from core.templates import LimitError, PatternError, compile_pattern
from tui.forms.field_input import FieldInput
from tui.forms.field_row import FieldNote, FieldPlace, FieldRow
from tui.forms.form_pane import FormPane, JumpSection
from tui.forms.hints import Hints
from tui.forms.input_dialog import InputDialog
from tui.forms.value_rows import number_of
from tui.model import inputs as described
from tui.model.inputs import PROPERTIES, InputType
from tui.model.layout import inputs_view
from tui.model.session import BuilderSession
from tui.model.specs import FieldSpec, Kind
from tui.widgets.base import hidden, shown
from tui.widgets.chips import Chips
from tui.widgets.choice import Choice, Toggle
from tui.widgets.choice_dialog import ChoiceDialog, ChoiceOption
from tui.widgets.code_area import CodeArea
from tui.widgets.dialog import ConfirmDialog
from tui.widgets.display_text import compact_json
from tui.widgets.secret_input import SecretInput

_FORMATS = {InputType.DATE: "%Y-%m-%d", InputType.DATE_TIME: "%Y-%m-%dT%H:%M:%SZ"}
_INTRODUCTION = "What a person who runs the connector gives. The values here are for tests; they stay on this machine."

_ADD = "Something else that a person gives who runs the connector. Enter describes it."


class InputRow(FieldRow):
    """An input with the value that tests use."""

    @property
    def key(self) -> str:
        """The key of the input."""
        return str(self.path[-1])

    @property
    def one(self) -> described.Input:
        """The input."""
        return self.session.inputs.get(self.key) or described.Input(self.key)

    @property
    def is_set(self) -> bool:
        """Whether it has a value for tests."""
        return self.session.values.has(self.key)

    def fits(self) -> bool:
        """Whether the control is one for the input as it is described now."""
        return place_of(self.one) == self.place

    def make_control(self) -> Widget:
        """A control for the type of the input."""
        one = self.one
        if one.secret and one.type not in (InputType.ENUM, InputType.BOOLEAN):
            return SecretInput(self.session.values.has(one.key))
        match one.type:
            case InputType.BOOLEAN:
                return Toggle()
            case InputType.ENUM:
                options = [ChoiceOption(option) for option in one.options]
                return Choice(options, title=self.place.title, prompt="No value", clearable=True)
            case InputType.ARRAY:
                return Chips()
            case InputType.OTHER:
                return CodeArea("", "json", placeholder="No value; a value as JSON")
            case InputType.STRING if one.multiline:
                return CodeArea("", placeholder="No value")
        default = "" if one.default is None else f"{one.default} (default)"
        return FieldInput(placeholder=default or "No value", suggestions=self._now)

    def _now(self) -> Sequence[ChoiceOption]:
        format_ = _FORMATS.get(self.one.type)
        return [ChoiceOption(datetime.now(UTC).strftime(format_), help="now")] if format_ else []

    def show_value(self) -> None:
        """Show the value; of a secret only whether there is one."""
        control, value = self.control, self.session.values.get(self.key)
        default = self.one.default
        if isinstance(control, SecretInput):
            control.is_set = self.is_set
        elif isinstance(control, Toggle):
            control.value = bool(default if value is None else value)
        elif isinstance(control, Choice):
            control.value = None if value is None else str(value)
        elif isinstance(control, Chips):
            control.items = [str(item) for item in value] if isinstance(value, list) else []
        elif isinstance(control, CodeArea):
            if not control.has_focus_within and control.text != _text(value):
                control.text = _text(value)
        elif isinstance(control, FieldInput) and not (
            control.has_focus and self._parsed(control.value) in (value, None)
        ):
            control.show(_text(value))

    def own_notes(self) -> Sequence[FieldNote]:
        """What is known about the input and what is missing."""
        one = self.one
        words = [word for word, holds in (("hidden", one.hidden), ("optional", not one.required)) if holds]
        notes = [FieldNote(", ".join(words).capitalize())] if words else []
        value = self.session.values.get(self.key)
        pattern = one.pattern
        if pattern and isinstance(value, str) and not _matches(pattern, value):
            notes.append(FieldNote(f"This does not match the pattern {pattern}", "warning"))
        if not self._fits_type:
            wanted = "a whole number" if one.type is InputType.INTEGER else "a number"
            notes.append(FieldNote(f"This must be {wanted}.", "error"))
        if self.session.attention.is_loud(self.path) and one.required and one.default is None and not self.is_set:
            notes.append(FieldNote("A test needs a value here.", "warning"))
        return notes

    def _parsed(self, text: str) -> Any:
        if not text:
            return None
        if self.one.type in (InputType.NUMBER, InputType.INTEGER):
            return number_of(text, whole=self.one.type is InputType.INTEGER)
        return text

    def _give(self, value: Any) -> None:
        self.session.inputs.set_value(self.key, value)

    @on(Input.Changed)
    def _typed(self, event: Input.Changed) -> None:
        event.stop()
        if self._fits_type:
            self._give(self._parsed(event.value))
        self.show_state()

    def cursor_left(self) -> None:
        """What is no number is not kept."""
        super().cursor_left()
        self.show_value()

    @property
    def _fits_type(self) -> bool:
        """Whether what is typed is nothing yet, or what the input asks for."""
        typed = self.control.value if isinstance(self.control, FieldInput) else ""
        return not typed or self._parsed(typed) is not None

    @on(Input.Submitted)
    def _entered(self, event: Input.Submitted) -> None:
        event.stop()
        self.screen.focus_next()

    @on(SecretInput.Replaced)
    def _replaced(self, event: SecretInput.Replaced) -> None:
        event.stop()
        self._give(event.secret)

    @on(SecretInput.Cleared)
    def _cleared(self, event: SecretInput.Cleared) -> None:
        """Ask first: a secret can't be seen, and is not easily got again."""
        event.stop()
        self.show_value()
        question = f"The value of {self.place.title} for tests is forgotten. Undo brings it back until Longhaul ends."
        dialog = ConfirmDialog("Clear the secret?", question, confirm="Clear", destructive=True)
        self.app.push_screen(dialog, lambda sure: self._give(None) if sure else None)

    @on(Toggle.Changed)
    @on(Choice.Changed)
    def _picked(self, event: Toggle.Changed | Choice.Changed) -> None:
        event.stop()
        self._give(event.value)

    @on(Chips.Changed)
    def _listed(self, event: Chips.Changed) -> None:
        event.stop()
        self._give(event.items or None)

    @on(CodeArea.Changed)
    def _written(self, event: CodeArea.Changed) -> None:
        event.stop()
        if self.one.type is not InputType.OTHER:
            self._give(event.text or None)
            return
        try:
            self._give(orjson.loads(event.text) if event.text.strip() else None)
            event.widget.show_error("")
        except orjson.JSONDecodeError as error:
            event.widget.show_error(f"This is not JSON yet: {error}")


class InputsForm(FormPane):
    """All inputs in their order, and the fields around them."""

    BINDING_GROUP_TITLE = "Inputs"
    BINDINGS: ClassVar[list[BindingType]] = [
        shown("f6", "field_menu", "Input…", "List what can be done with this input", "inputs.menu"),
        hidden("ctrl+up", "move_input(-1)", "Move up", "Put the input before the one above", "inputs.up"),
        hidden("ctrl+down", "move_input(1)", "Move down", "Put the input after the one below", "inputs.down"),
    ]

    def __init__(self, session: BuilderSession, hints: Hints, *, id: str | None = None) -> None:
        super().__init__(session, hints, inputs_view(), (), id=id)
        self._add = Button("+ Add input", compact=True, classes="inputs-form--add", tooltip=_ADD)

    async def build_head(self) -> None:
        """A word on what this is, the inputs, and the button to add one."""
        await self.mount(Static(_INTRODUCTION, markup=False, classes="form-pane--words"))
        rows: list[FieldRow] = [InputRow(self.context, place_of(one)) for one in self.session.inputs.all()]
        self.rows += rows
        await self.mount_all([*rows, self._add])

    @property
    def _inputs(self) -> list[InputRow]:
        return [row for row in self.rows if isinstance(row, InputRow)]

    async def sync(self) -> None:
        """Show the session; rows come, go and change their order with the inputs."""
        places = [place_of(one) for one in self.session.inputs.all()]
        if [row.place for row in self._inputs] != places:
            await self._rebuild(places)
        await super().sync()

    async def _rebuild(self, places: Sequence[FieldPlace]) -> None:
        current = self.current
        path = current.path if isinstance(current, InputRow) else None
        old, others = self._inputs, [row for row in self.rows if not isinstance(row, InputRow)]
        rows = [InputRow(self.context, place) for place in places]
        self.rows = [*rows, *others]
        with self.app.batch_update():
            await self.remove_children(old)
            await self.mount_all(rows, before=self._add)
        if path is not None:
            self._focus_input(str(path[-1]))

    def _focus_input(self, key: str) -> None:
        row = next((row for row in self._inputs if row.key == key), None)
        if row is not None:
            row.focus_field()
        else:
            self._add.focus()

    def holds(self, path: Path) -> bool:
        """Everything about the specification is here."""
        return path[:1] == ("spec",)

    def focus_first(self) -> None:
        """Go to the first input, or to the way to one."""
        if self._inputs:
            self._inputs[0].focus_field()
        else:
            self._add.focus()

    async def focus_path(self, path: Path) -> bool:
        """Go to an input or a field; to the first when there is none at the path."""
        if self.holds(path) and not await super().focus_path(path):
            self.focus_first()
        return self.holds(path)

    def sections(self) -> Sequence[JumpSection]:
        """The inputs and the fields around them."""
        inputs = [JumpSection(row.place.title, self.tab.title, row.path) for row in self._inputs]
        return [*inputs, *super().sections()]

    # What can be done

    @on(Button.Pressed)
    def add_input(self) -> None:
        """Ask for a new input."""
        self.app.push_screen(InputDialog(self.session.inputs, described.Input("")), self._added)

    def _added(self, one: described.Input | None) -> None:
        if one is not None:
            self._keep(one.key, lambda: self.session.inputs.add(one))

    def action_field_menu(self) -> None:
        """List what can be done with the input."""
        row = self.current
        if not isinstance(row, InputRow):
            super().action_field_menu()
            return
        actions = {
            "Edit…": "Title, key, type, default and so on",
            "Move up": "ctrl+up",
            "Move down": "ctrl+down",
            "Delete": "Take the input out of the manifest",
            "Add another…": "A new input after the last",
        }
        options = [ChoiceOption(title, help=help_) for title, help_ in actions.items()]
        self.app.push_screen(ChoiceDialog(f"Input {row.key}", options), lambda title: self._do(row, title))

    def _do(self, row: InputRow, title: str | None) -> None:
        match title:
            case "Edit…":
                self._edit(row.one)
            case "Move up" | "Move down":
                self.move(row.key, -1 if title == "Move up" else 1)
            case "Delete":
                self._delete(row.key)
            case "Add another…":
                self.add_input()

    def _edit(self, one: described.Input) -> None:
        def keep(changed: described.Input | None) -> None:
            if changed is None:
                return
            self._keep(changed.key, lambda: self._change(one.key, changed))

        self.app.push_screen(InputDialog(self.session.inputs, one), keep)

    def _change(self, key: str, changed: described.Input) -> None:
        with self.session.group((*PROPERTIES, changed.key)):
            if changed.key != key:
                self.session.inputs.rename(key, changed.key)
            self.session.inputs.update(changed)

    def _keep(self, key: str, edit: Callable[[], object]) -> None:
        """Do an edit of an input and go there; what a manifest can't hold is said."""
        try:
            edit()
        except ValueError as error:
            self.app.notify(str(error), severity="error", markup=False)
            return
        self.session.seal()
        self.after_sync(lambda: self._focus_input(key))

    def _delete(self, key: str) -> None:
        uses = len(self.session.inputs.uses(key))

        def delete(sure: bool | None) -> None:
            if sure:
                self.session.inputs.delete(key)
                self.session.seal()

        many = f"{uses} fields use it." if uses > 1 else "One field uses it."
        question = many if uses else "Nothing uses it."
        dialog = ConfirmDialog(f"Delete the input {key}?", question, confirm="Delete", destructive=True)
        self.app.push_screen(dialog, delete)

    def action_move_input(self, step: int) -> None:
        """Move the input that has the cursor."""
        row = self.current
        if isinstance(row, InputRow):
            self.move(row.key, step)

    def move(self, key: str, step: int) -> None:
        """Move an input up or down."""
        keys = [one.key for one in self.session.inputs.all()]
        place = keys.index(key) + step
        if 0 <= place < len(keys):
            self.session.inputs.move(key, place)
            self.session.seal()


def place_of(one: described.Input) -> FieldPlace:
    """The input as a field of a form."""
    kind = {
        InputType.NUMBER: Kind.NUMBER,
        InputType.INTEGER: Kind.NUMBER,
        InputType.BOOLEAN: Kind.BOOLEAN,
        InputType.ARRAY: Kind.STRINGS,
        InputType.ENUM: Kind.CHOICE,
        InputType.OTHER: Kind.JSON,
    }.get(one.type, Kind.PLAIN)
    whole, unit = one.type is InputType.INTEGER, "several lines" if one.multiline else ""
    title = one.title or one.key
    told = f"{one.hint} In templates: config['{one.key}'].".lstrip()
    spec = FieldSpec(one.key, title, told, kind, one.required, whole=whole, secret=one.secret, options=one.options)
    return FieldPlace((*PROPERTIES, one.key), spec, title, name=f"{one.type}{unit}")


def _text(value: Any) -> str:
    return "" if value is None else value if isinstance(value, str) else compact_json(value)


def _matches(pattern: str, value: str) -> bool:
    try:
        return compile_pattern(pattern).search(value) is not None
    except (PatternError, LimitError):
        return True
