"""A question with a few answers, and its plainest case: go ahead or not."""

from __future__ import annotations

from collections.abc import Sequence

from textual.app import ComposeResult

from tui.widgets.dialog import CANCEL, Answer, Dialog, text_line


class QuestionDialog(Dialog[str]):
    """Asks something; the result is the id of the answer, None when cancelled.

    The first answer has the focus, so put the harmless one first.
    """

    def __init__(self, title: str, question: str, answers: Sequence[Answer]) -> None:
        super().__init__(title, [*answers, CANCEL])
        self._question = question

    def compose_body(self) -> ComposeResult:
        """The question."""
        yield text_line(self._question)

    def answered(self, answer: str) -> None:
        """Close with the answer."""
        self.dismiss(answer)


class ConfirmDialog(Dialog[bool]):
    """Asks whether to go ahead; True only if so. What destroys something is marked and has not the focus."""

    def __init__(self, title: str, question: str, *, confirm: str = "Continue", destructive: bool = False) -> None:
        go_ahead = Answer("confirm", confirm, "error" if destructive else "primary")
        super().__init__(title, [CANCEL, go_ahead] if destructive else [go_ahead, CANCEL])
        self._question = question

    def compose_body(self) -> ComposeResult:
        """The question."""
        yield text_line(self._question)

    def answered(self, answer: str) -> None:
        """Close with the go-ahead."""
        self.dismiss(True)
