"""The base of all dialogs (a titled box over the screen), and the plain ones: a question, a line of text."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import ClassVar, Generic, Literal, TypeVar

from rich.cells import cell_len
from textual import on
from textual.app import ComposeResult
from textual.await_complete import AwaitComplete
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, VerticalGroup
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Button, Input, Label

from tui.widgets.base import hidden

Result = TypeVar("Result")


class Overlay(ModalScreen[Result]):
    """A screen over another one that closes only itself, also when a second key gets to it while it goes."""

    def dismiss(self, result: Result | None = None) -> AwaitComplete:
        """Close with a result, only while on top: Textual would close whatever is on top instead."""
        return super().dismiss(result) if self.app.screen is self else AwaitComplete()


@dataclass(frozen=True)
class DialogButton:
    """A button of a dialog: what it stands for and what is written on it (a verb)."""

    id: str
    label: str
    variant: Literal["default", "primary", "success", "warning", "error"] = "default"


CANCEL = DialogButton("cancel", "Cancel")

_WIDTH = 64
_BUTTON = 10
"""Cells of the smallest button."""
_AROUND = 6
"""Cells of the border and the space inside of it."""


class Dialog(Overlay[Result | None], Generic[Result]):
    """A modal dialog that closes with a result, or with None when it is left by escape or "Cancel".

    A dialog of its own overrides `compose_body` and `answered`.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "cancel", "Cancel", tooltip="Close without doing anything", id="dialog.cancel"),
        hidden("left", "app.focus_previous", "Previous button", "Go to the previous button", "dialog.previous"),
        hidden("right", "app.focus_next", "Next button", "Go to the next button", "dialog.next"),
    ]

    DEFAULT_CSS = """
    Dialog {
        align: center middle;
        & > .dialog--box {
            width: WIDTH;
            max-width: 95%;
            max-height: 95%;
            padding: 1 2;
            overflow-y: auto;
            background: $surface;
            border: round $pane-border-focus;
            border-title-color: $text-primary;
            border-title-style: bold;
        }
        .dialog--text { width: 1fr; }
        .dialog--problem { width: 1fr; color: $text-error; height: auto; min-height: 1; }
        .dialog--buttons { align-horizontal: right; height: auto; margin-top: 1; }
        .dialog--buttons Button { margin-left: 2; min-width: BUTTON; }
    }
    """.replace("WIDTH", str(_WIDTH)).replace("BUTTON", str(_BUTTON))

    def __init__(self, title: str, answers: Sequence[DialogButton] = ()) -> None:
        super().__init__()
        self._heading = title
        self._answers = answers

    def compose(self) -> ComposeResult:
        with VerticalGroup(classes="dialog--box") as box:
            box.border_title = Content(self._heading).markup
            if (wanted := self._width_of_buttons) > _WIDTH:
                box.styles.width = wanted
            yield from self.compose_body()
            if self._answers:
                with Horizontal(classes="dialog--buttons"):
                    for answer in self._answers:
                        yield Button(Content(answer.label), answer.variant, name=answer.id, compact=True)

    @property
    def _width_of_buttons(self) -> int:
        """Cells that the box needs for its buttons side by side."""
        widths = [max(_BUTTON, cell_len(answer.label) + 4) + 2 for answer in self._answers]
        return sum(widths) + _AROUND

    def compose_body(self) -> ComposeResult:
        yield from ()

    def answered(self, answer: str) -> None:
        """A button other than "cancel" was pressed, by its id."""

    @on(Button.Pressed)
    def _press(self, event: Button.Pressed) -> None:
        event.stop()
        if event.button.name == CANCEL.id:
            self.action_cancel()
        else:
            self.answered(event.button.name or "")

    def action_cancel(self) -> None:
        self.dismiss(None)


def text_line(text: str, classes: str = "dialog--text") -> Label:
    """A text in a dialog, never read as markup."""
    return Label(text, markup=False, classes=classes)


class PromptDialog(Dialog[str]):
    """Asks for a text; the result is the text, None when cancelled.

    `validate` says in a sentence what is wrong with a text, or None if nothing is; a wrong text cannot be entered.
    """

    DEFAULT_CSS = """
    PromptDialog Input { margin: 1 0; }
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
        super().__init__(title, [DialogButton("confirm", confirm, "primary"), CANCEL])
        self._label = label
        self._value = value
        self._placeholder = placeholder
        self._problem_of = validate

    def compose_body(self) -> ComposeResult:
        yield text_line(self._label)
        yield Input(self._value, self._placeholder, select_on_focus=True, compact=True)
        yield text_line("", "dialog--problem")

    def answered(self, answer: str) -> None:
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


class QuestionDialog(Dialog[str]):
    """Asks something; the result is the id of the answer, None when cancelled.

    The first answer has the focus, so put the harmless one first.
    """

    def __init__(self, title: str, question: str, answers: Sequence[DialogButton]) -> None:
        super().__init__(title, [*answers, CANCEL])
        self._question = question

    def compose_body(self) -> ComposeResult:
        yield text_line(self._question)

    def answered(self, answer: str) -> None:
        self.dismiss(answer)


class ConfirmDialog(Dialog[bool]):
    """Asks whether to go ahead; True only if so. What destroys something is marked and has not the focus."""

    def __init__(self, title: str, question: str, *, confirm: str = "Continue", destructive: bool = False) -> None:
        go_ahead = DialogButton("confirm", confirm, "error" if destructive else "primary")
        super().__init__(title, [CANCEL, go_ahead] if destructive else [go_ahead, CANCEL])
        self._question = question

    def compose_body(self) -> ComposeResult:
        yield text_line(self._question)

    def answered(self, answer: str) -> None:
        self.dismiss(True)
