"""Rows for text: templates with completion and preview, plain text, durations and formats with suggestions."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from textual import on
from textual.widget import Widget
from textual.widgets import Input

from core.runtime.roles import Requester
from tui.forms.field_input import FieldInput
from tui.forms.field_row import FieldNote, FieldRow
from tui.model.problems import Finding
from tui.model.specs import Kind
from tui.model.view import component_at
from tui.widgets.choice_dialog import ChoiceOption
from tui.widgets.code_area import CodeArea
from tui.widgets.display_text import compact_json
from tui.widgets.template_names import closing, plain_secret, typed_word

_OPENING = re.compile(r"\{[{%]")


class TextRow(FieldRow):
    """Text in one line, or in a code field once it has several."""

    _is_typing = False
    """Whether something was typed since the cursor came here."""

    def make_control(self) -> Widget:
        templates = self.context.help.templates(lambda: self.path) if self.templates else None
        if self.is_multiline:
            return CodeArea(
                placeholder=self._placeholder or "Empty",
                complete=templates.complete if templates else None,
                editor_height=8,
            )
        return FieldInput(
            placeholder=self._placeholder,
            templates=templates,
            suggestions=self.suggestions,
            offers=lambda: self.context.help.offers(self.path, self.spec),
            secret=self.spec.secret,
            takes_curl=self.path[-1] == "url" and self._is_request,
        )

    def fits(self) -> bool:
        """Whether the row can show the value: a line has no line breaks."""
        return super().fits() and not (isinstance(self.control, FieldInput) and self.is_multiline)

    @property
    def is_multiline(self) -> bool:
        return "\n" in _text(self.value)

    @property
    def templates(self) -> bool:
        """Whether templates are evaluated in the text."""
        return self.spec.templates

    @property
    def _is_request(self) -> bool:
        owner = component_at(self.session.view, self.path[:-1])
        return owner is not None and issubclass(owner, Requester)

    @property
    def _placeholder(self) -> str:
        default = self.spec.default
        if self.spec.empty and self.value == "":
            return self.spec.empty
        if self.spec.unset:
            return self.spec.unset
        return str(default) if isinstance(default, str | int | float) and not isinstance(default, bool) else ""

    def suggestions(self) -> Sequence[ChoiceOption]:
        return self.context.help.suggestions(self.path, self.spec)

    def show_value(self) -> None:
        """Show the value; what is being typed stays if it means the same."""
        unfinished = self.unfinished
        text = unfinished.text if unfinished else self.text_of(self.value)
        if isinstance(self.control, FieldInput):
            self.control.prompt(self._placeholder)
            self.control.note = self._note(text)
            if unfinished is None and self.control.has_focus and self.means(self.control.value, self.value):
                return
            self.control.show(text)
        elif isinstance(self.control, CodeArea) and self.control.text != text:
            self.control.text = text

    def _note(self, text: str) -> str:
        """What the end of the line says of the secrets in it."""
        if self.spec.secret and plain_secret(text) is not None:
            return "in plain text · F6"
        return self.context.help.secrets(text) if self.templates and "{{" in text else ""

    def text_of(self, value: Any) -> str:
        """A value as it is typed."""
        return _text(value)

    def means(self, text: str, value: Any) -> bool:
        """Whether a typed text is this value."""
        return text == _text(value)

    def take(self, text: str) -> None:
        if text == "":
            means_something = self.spec.empty or (self.spec.or_text and self.spec.kind is not Kind.NUMBER)
            self.write("" if means_something else None)
        else:
            self.write(_like(text, self.value))

    @on(Input.Changed)
    @on(CodeArea.Changed)
    def _typed(self, event: Input.Changed | CodeArea.Changed) -> None:
        event.stop()
        text = event.value if isinstance(event, Input.Changed) else event.text
        self._is_typing = self._is_typing or not self.means(text, self.value)
        self.take(text)

    @on(Input.Submitted)
    def _entered(self, event: Input.Submitted) -> None:
        event.stop()
        self.entered(event.value)

    def entered(self, text: str) -> None:
        """Enter goes on to the next field."""
        self.screen.focus_next()

    def focus_field(self) -> None:
        """Go to the field and show what is wrong there."""
        self._is_typing = False
        super().focus_field()
        self.show_state()

    def cursor_left(self) -> None:
        self._is_typing = False
        super().cursor_left()

    def problems(self) -> list[Finding]:
        """The problems of the text, but not while a template in it is just being typed."""
        return [] if self._is_incomplete else super().problems()

    @property
    def _is_incomplete(self) -> bool:
        control = self.control
        if not (self.templates and isinstance(control, FieldInput) and self.has_cursor and self._is_typing):
            return False
        text, cursor = control.line_and_cursor()
        return typed_word(text, cursor) is not None and closing(text, cursor) != ""

    def own_notes(self) -> Sequence[FieldNote]:
        """What the template evaluates to, while the cursor is in it."""
        value = self.value
        if not (self.templates and self.has_cursor and isinstance(value, str) and _OPENING.search(value)):
            return ()
        if self.spec.secret and plain_secret(value) is not None:
            text = "What stands beside the template is saved in plain text. F6 makes an input of it."
            return (FieldNote(text, "warning"),)
        shown = self.context.help.preview(self.path, value)
        if not shown.error:
            return (FieldNote(f"=\u00a0{shown.text}"),)
        return () if self._is_incomplete or self.problems() else (FieldNote(shown.error, "warning"),)


def _text(value: Any) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else compact_json(value)


def _like(text: str, present: Any) -> Any:
    """The text, or a number where the present value is one."""
    if isinstance(present, int | float) and not isinstance(present, bool):
        try:
            return int(text)
        except ValueError:
            return text
    return text
