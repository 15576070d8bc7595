"""The dialog for a new stream: its name, and its kind or the stream that it is a copy of."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.widgets import Input, Label

from tui.session.streams import StreamKind
from tui.widgets.choice import Choice
from tui.widgets.choice_dialog import ChoiceOption
from tui.widgets.dialog import CANCEL, Answer, Dialog, text_line

_COPY = "copy "
_KINDS = (
    ChoiceOption(StreamKind.ASYNC, "Asynchronous Job", "create a job, poll it, download the result"),
    ChoiceOption(StreamKind.SYNC, "Synchronous Request", "the answer to a request holds the records"),
)


@dataclass(frozen=True, slots=True)
class NewStream:
    """What was asked for; `copy_of` is the index of the stream to copy."""

    name: str
    kind: StreamKind
    copy_of: int | None = None


class StreamDialog(Dialog[NewStream]):
    """Asks for a name that is not taken, and how the stream is read; `problem_of` says what is wrong with a name."""

    def __init__(self, streams: Sequence[str], problem_of: Callable[[str], str | None]) -> None:
        super().__init__("Add stream", [Answer("add", "Add", "primary"), CANCEL])
        self._streams = streams
        self._problem_of = problem_of

    def compose_body(self) -> ComposeResult:
        """The fields."""
        copies = [
            ChoiceOption(f"{_COPY}{index}", f"Copy of {name}", "everything but the name")
            for index, name in enumerate(self._streams)
        ]
        with Horizontal(classes="stream-dialog--row"):
            yield Label("Name", classes="stream-dialog--label")
            yield Input(placeholder="e.g. contacts", compact=True)
        with Horizontal(classes="stream-dialog--row"):
            yield Label("Retrieval Type", classes="stream-dialog--label")
            yield Choice((*_KINDS, *copies), StreamKind.ASYNC, title="Retrieval Type")
        yield text_line("", "dialog--problem")

    @on(Input.Submitted)
    def _enter(self, event: Input.Submitted) -> None:
        event.stop()
        self._add()

    @on(Input.Changed)
    def _check(self, event: Input.Changed) -> None:
        event.stop()
        self._say(self._problem_of(event.value) if event.value.strip() else None)

    def answered(self, answer: str) -> None:
        """Close with what was entered."""
        self._add()

    def _add(self) -> None:
        name = self.query_one(Input).value.strip()
        problem = self._problem_of(name)
        if problem:
            self._say(problem)
            self.query_one(Input).focus()
            return
        chosen = self.query_one(Choice).value or StreamKind.ASYNC
        if chosen.startswith(_COPY):
            self.dismiss(NewStream(name, StreamKind.SYNC, int(chosen.removeprefix(_COPY))))
        else:
            self.dismiss(NewStream(name, StreamKind(chosen)))

    def _say(self, problem: str | None) -> None:
        self.query_one(".dialog--problem", Label).update(f"✗ {problem}" if problem else "")
