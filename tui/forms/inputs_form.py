"""The view of the inputs: what a person who runs the connector gives, and the values that trials use."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import ClassVar

from textual import on
from textual.binding import BindingType
from textual.widgets import Button, Static

from core.manifest.problems import Path
from tui.forms.field_menu import FieldAction, open_menu
from tui.forms.form_pane import FormPane, FormSection
from tui.forms.hints import Hints
from tui.forms.input_dialog import Described, InputDialog
from tui.forms.input_rows import InputRow, input_place
from tui.model.inputs import PROPERTIES, Input
from tui.model.layout import inputs_view
from tui.model.session import BuilderSession
from tui.widgets.base import hidden, shown
from tui.widgets.dialog import ConfirmDialog

_INTRODUCTION = "What a person who runs the connector gives. The values here are for tests; they stay on this machine."
_ADD = "Another value that the connector asks its user for. Enter describes it."


class InputsForm(FormPane):
    """All inputs in their order, and the fields around them."""

    LEADS = False
    BINDING_GROUP_TITLE = "Inputs"
    BINDINGS: ClassVar[list[BindingType]] = [
        shown("f6", "field_menu", "Input…", "List what can be done with this input", "inputs.menu"),
        hidden("ctrl+up", "move_input(-1)", "Move up", "Put the input before the one above", "inputs.up"),
        hidden("ctrl+down", "move_input(1)", "Move down", "Put the input after the one below", "inputs.down"),
    ]

    def __init__(self, session: BuilderSession, hints: Hints, *, id: str | None = None) -> None:
        super().__init__(session, hints, inputs_view(), (), id=id)
        self._add_button = Button("+ Add input", compact=True, classes="inputs-form--add", tooltip=_ADD)

    async def build_head(self) -> None:
        rows = self._made_rows()
        self.rows += rows
        introduction = Static(_INTRODUCTION, markup=False, classes="form-pane--text")
        await self.mount_all([introduction, *rows, self._add_button])

    def _made_rows(self) -> list[InputRow]:
        rows = (self.context.row(input_place(one)) for one in self.session.inputs.all())
        return [row for row in rows if isinstance(row, InputRow)]

    @property
    def _input_rows(self) -> list[InputRow]:
        return [row for row in self.rows if isinstance(row, InputRow)]

    @property
    def _current_key(self) -> str | None:
        row = self.current
        return row.key if isinstance(row, InputRow) else None

    async def sync(self) -> None:
        """Show the session; rows come, go and change their order with the inputs."""
        if [row.input for row in self._input_rows] != list(self.session.inputs.all()):
            await self._rebuild()
        await super().sync()

    async def _rebuild(self) -> None:
        key, old, rows = self._current_key, self._input_rows, self._made_rows()
        self.rows = [*rows, *self.rows[len(old) :]]
        with self.app.batch_update():
            await self.remove_children(old)
            await self.mount_all(rows, before=self._add_button)
        if key is not None:
            self._focus_input(key)

    def _focus_input(self, key: str) -> None:
        row = next((row for row in self._input_rows if row.key == key), None)
        if row is not None:
            row.focus_field()
        else:
            self._add_button.focus()

    def holds(self, path: Path) -> bool:
        """Everything about the specification is here."""
        return path[:1] == ("spec",)

    def focus_first(self) -> None:
        rows = self._input_rows
        self._focus_input(rows[0].key if rows else "")

    async def focus_path(self, path: Path) -> bool:
        """Go to an input or a field; to the first when there is none at the path."""
        if self.holds(path) and not await super().focus_path(path):
            self.focus_first()
        return self.holds(path)

    def sections(self) -> Sequence[FormSection]:
        inputs = [FormSection(row.place.title, self.tab.title, row.path) for row in self._input_rows]
        return [*inputs, *super().sections()]

    # What can be done

    def action_field_menu(self) -> None:
        key = self._current_key
        if key is None:
            super().action_field_menu()
        else:
            open_menu(self.app, f"Input {key}", self._actions(key))

    def _actions(self, key: str) -> Iterator[FieldAction]:
        yield FieldAction("Edit…", "Title, key, type, default and so on", lambda: self._edit(key))
        yield FieldAction("Move up", "ctrl+up", lambda: self._move(key, -1))
        yield FieldAction("Move down", "ctrl+down", lambda: self._move(key, 1))
        yield FieldAction("Delete", "Take the input out of the manifest", lambda: self._delete(key))
        yield FieldAction("Add another…", "A new input after the last", self._add)

    @on(Button.Pressed)
    def _add(self) -> None:
        def add(new: Described | None) -> None:
            if new is not None:
                self._apply(new.input.key, lambda: self.session.inputs.add(new.input, new.test_value))

        self.app.push_screen(InputDialog(self.session.inputs, Input("")), add)

    def _edit(self, key: str) -> None:
        def change(changed: Described | None) -> None:
            if changed is not None:
                self._apply(changed.input.key, lambda: self._change(key, changed.input))

        self.app.push_screen(InputDialog(self.session.inputs, self.session.inputs.get(key) or Input(key)), change)

    def _change(self, key: str, changed: Input) -> None:
        with self.session.group((*PROPERTIES, changed.key)):
            if changed.key != key:
                self.session.inputs.rename(key, changed.key)
            self.session.inputs.update(changed)

    def _apply(self, key: str, edit: Callable[[], object]) -> None:
        """Edit an input and go there; notify of what a manifest can't hold."""
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
        key = self._current_key
        if key is not None:
            self._move(key, step)

    def _move(self, key: str, step: int) -> None:
        keys = [one.key for one in self.session.inputs.all()]
        index = keys.index(key) + step
        if 0 <= index < len(keys):
            self.session.inputs.move(key, index)
            self.session.seal()
