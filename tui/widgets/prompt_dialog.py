"""A dialog that asks for one line of text."""

from __future__ import annotations

from collections.abc import Callable

from textual import on
from textual.app import ComposeResult
from textual.widgets import Input, Label

from tui.widgets.dialog import CANCEL, Answer, Dialog, text_line


class PromptDialog(Dialog[str]):
    """Asks for a text; the result is the text, None when cancelled.

    `validate` says in a sentence what is wrong with a text, or None if nothing is; a wrong text cannot be entered.
    """

    DEFAULT_CSS = """
    PromptDialog Input { margin: 1 0; padding: 0 1; background: $surface; }
    """

    def __init__(
        self,
        title: str,
        label: str,
        *,
        value: str = "",
        placeholder: str = "",
        confirm: str = "OK",
        validate: Callable[[str], str | None] | None = None,
    ) -> None:
        super().__init__(title, [Answer("confirm", confirm, "primary"), CANCEL])
        self._label = label
        self._value = value
        self._placeholder = placeholder
        self._problem_of = validate

    def compose_body(self) -> ComposeResult:
        """The label, the field, and a line for what is wrong."""
        yield text_line(self._label)
        yield Input(self._value, self._placeholder, select_on_focus=True, compact=True)
        yield text_line("", "dialog--problem")

    def answered(self, answer: str) -> None:
        """Close with the text."""
        self._enter()

    @on(Input.Changed)
    def _check(self, event: Input.Changed) -> None:
        event.stop()
        self._show_problem(event.value)

    @on(Input.Submitted)
    def _submit(self, event: Input.Submitted) -> None:
        event.stop()
        self._enter()

    def _enter(self) -> None:
        value = self.query_one(Input).value
        if not self._show_problem(value):
            self.dismiss(value)

    def _show_problem(self, value: str) -> bool:
        problem = self._problem_of(value) if self._problem_of else None
        self.query_one(".dialog--problem", Label).update(f"✗ {problem}" if problem else "")
        return problem is not None
