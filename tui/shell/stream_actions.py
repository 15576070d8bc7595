"""What a person does with whole streams: add, duplicate, rename, delete, move, read the other way."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.widgets import Input, Label

from tui.forms import StreamForm
from tui.model.declared_schema import import_by_itself, imports_by_itself, loaded_from
from tui.model.streams import StreamKind
from tui.widgets.choice import Choice
from tui.widgets.choice_dialog import ChoiceOption
from tui.widgets.dialog import CANCEL, Answer, ConfirmDialog, Dialog, PromptDialog, text_line

if TYPE_CHECKING:
    from tui.shell.frame import BuilderFrame
    from tui.shell.places import Held


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


class StreamErrands:
    """What a builder screen does with streams; what needs a stream does nothing without one.

    What is asked for is done, or begun, before the next key is looked at, and always about the stream that a person
    was at when they pressed the key: an answer that comes later finds it by what holds it.
    """

    def __init__(self, frame: BuilderFrame) -> None:
        self._frame = frame

    def _held(self) -> Held | None:
        """The stream that a person is at, to be found again wherever it goes."""
        index = self._frame.stream
        return self._frame.places.hold(index) if index is not None else None

    # At once

    def duplicate(self) -> None:
        """Add a copy right after the stream."""
        index = self._frame.stream
        if index is not None and self._frame.can_edit():
            stay = self._frame.navigator.has_focus
            path = self._frame.session.streams.duplicate(index)
            self._go_to(int(path[1]), focus=not stay)

    def move(self, step: int) -> None:
        """Move the stream up or down."""
        index, session = self._frame.stream, self._frame.session
        if index is not None and 0 <= index + step < session.view.stream_count and self._frame.can_edit():
            stay = self._frame.navigator.has_focus
            session.streams.move(index, index + step)
            self._frame.select(index + step)
            self._frame.errand(self._frame.follow(focus=not stay))

    def toggle_auto_import(self) -> None:
        """Import the schema after each test of the stream, or not."""
        index, session = self._frame.stream, self._frame.session
        if index is None or not self._frame.can_edit():
            return
        if loaded_from(session, index):
            self._frame.notify("This schema is loaded before each read, so tests leave it as it is.", markup=False)
            return
        on = not imports_by_itself(session, index)
        import_by_itself(session, index, on=on)
        told = "is imported after each test" if on else "is no longer imported by itself"
        self._frame.notify(f"The schema of {session.streams.name(index)} {told}.", markup=False)

    # After a question

    def add(self) -> None:
        """Ask for a name and a kind, add the stream and go to it."""
        if self._frame.can_edit():
            places = self._frame.places
            held = [places.hold(index) for index in range(self._frame.session.view.stream_count)]
            self._frame.errand(self._add(held))

    async def _add(self, held: list[Held]) -> None:
        session = self._frame.session
        dialog = StreamDialog(session.streams.names(), self._problem_of)
        new = await self._frame.app.push_screen_wait(dialog)
        if new is None:
            return
        copy_of = held[new.copy_of].index if new.copy_of is not None else None
        index = session.view.stream_count
        with session.group(("streams", index)):
            session.streams.add(new.name, new.kind, copy_of=copy_of)
            if copy_of is None:
                import_by_itself(session, index, on=True)
        self._go_to(index)

    def rename(self) -> None:
        """Ask for another name."""
        held = self._held()
        if held is not None and self._frame.can_edit():
            self._frame.errand(self._rename(held))

    async def _rename(self, held: Held) -> None:
        if held.index is None:
            return
        streams = self._frame.session.streams
        old = streams.name(held.index)
        dialog = PromptDialog(
            "Rename stream",
            "References and the connection check follow.",
            value=old,
            confirm="Rename",
            validate=lambda name: None if name.strip() == old else self._problem_of(name),
        )
        name = await self._frame.app.push_screen_wait(dialog)
        if name is not None and held.index is not None:
            streams.rename(held.index, name)

    def delete(self) -> None:
        """Delete the stream, once that is confirmed."""
        held = self._held()
        if held is not None and self._frame.can_edit():
            self._frame.errand(self._delete(held))

    async def _delete(self, held: Held) -> None:
        if held.index is None:
            return
        streams, trials = self._frame.session.streams, self._frame.trials
        name, users = streams.name(held.index), streams.users(held.index)
        text = f"Delete the stream {name}?"
        if users:
            use = "uses parts of it and gets a copy of its own"
            uses = "use parts of it and get copies of their own"
            text += f" {', '.join(users)} {use if len(users) == 1 else uses}."
        if trials.running_stream == name:
            text += f" {trials.what_ending_does()}"
        question = ConfirmDialog("Delete stream", text, confirm="Delete", destructive=True)
        if await self._frame.app.push_screen_wait(question) and held.index is not None:
            if trials.running_stream == streams.name(held.index):
                trials.controller.cancel()
            streams.delete(held.index)

    def switch(self) -> None:
        """Read the stream the other way."""
        held = self._held()
        if held is not None and self._frame.can_edit():
            self._frame.errand(self._switch(held))

    async def _switch(self, held: Held) -> None:
        if held.index is None:
            return
        await self._frame.show(held.index)
        form = self._frame.middle.form
        if isinstance(form, StreamForm) and form.stream == held.index:
            kind = self._frame.session.streams.kind(form.stream)
            form.ask_to_switch(StreamKind.SYNC if kind is StreamKind.ASYNC else StreamKind.ASYNC)

    # Requests

    def paste_curl(self) -> None:
        """Fill the request of the tab from a `curl` command."""
        form = self._frame.middle.form
        if isinstance(form, StreamForm):
            form.paste_curl()

    def copy_curl(self) -> None:
        """Copy the request of the tab as a `curl` command."""
        form = self._frame.middle.form
        if isinstance(form, StreamForm):
            form.copy_curl()

    def _go_to(self, index: int, *, focus: bool = True) -> None:
        self._frame.trial_actions.leave()
        self._frame.select(index)
        self._frame.errand(self._frame.show(index, focus=focus))

    def _problem_of(self, name: str) -> str | None:
        """What is wrong with a name for a stream."""
        name = name.strip()
        if not name:
            return "A stream needs a name."
        return f"There is already a stream named {name}." if name in self._frame.session.streams.names() else None
