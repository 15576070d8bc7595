"""The actions on whole streams: add, duplicate, rename, delete, move, switch between sync and async."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field

from textual import events, on
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.widgets import Input, Label

from tui.model.declared_schema import imports_automatically, loaded_from, set_automatic_import
from tui.model.places import STREAMS
from tui.model.session import BuilderSession
from tui.model.streams import StreamKind
from tui.shell.editor_area import EditorArea
from tui.shell.interaction import Interaction
from tui.shell.navigation import Navigation
from tui.shell.selection import StreamHandle
from tui.trials.trials import Trials
from tui.widgets.base import WidgetMessage
from tui.widgets.choice import Choice
from tui.widgets.choice_dialog import ChoiceOption
from tui.widgets.dialog import CANCEL, ConfirmDialog, Dialog, DialogButton, PromptDialog, text_line

_COPY = "copy "
_OFFER = "Or begin from a curl command, OpenAPI document, HAR recording, Postman collection or published connector."
_KINDS = (
    ChoiceOption(StreamKind.ASYNC, "Asynchronous Job", "create a job, poll it, download the result"),
    ChoiceOption(StreamKind.SYNC, "Synchronous Request", "the answer to a request holds the records"),
)


@dataclass(frozen=True, slots=True)
class NewStream:
    """The result of `StreamDialog`; `copy_of` is the index of the stream to copy."""

    name: str
    kind: StreamKind
    copy_of: int | None = None


@dataclass(frozen=True, slots=True)
class BeginFrom:
    """The other result of `StreamDialog`: to begin from what the person has, which may be pasted already."""

    text: str = field(default="", repr=False)


def _is_material(text: str) -> bool:
    """Whether a text is something to begin from rather than a name: several words, a path, a published connector."""
    text = text.strip()
    return len(text.split()) > 1 or text.startswith(
        ("airbyte-source-", "/", "./", "~/", "file://", "http://", "https://")
    )


class _NameInput(Input):
    """The name of a stream; what is no name when it is pasted is something to begin from."""

    @dataclass
    class MaterialPasted(WidgetMessage["_NameInput"]):
        text: str

    def on_paste(self, event: events.Paste) -> None:
        if _is_material(event.text):
            event.stop()
            event.prevent_default()
            self.post_message(self.MaterialPasted(self, event.text))


class StreamDialog(Dialog[NewStream | BeginFrom]):
    """Asks for a name and for the kind of stream; `problem_of` says what is wrong with a name.

    What a person has, such as a curl command, can be pasted instead.
    """

    def __init__(self, streams: Sequence[str], problem_of: Callable[[str], str | None]) -> None:
        answers = [DialogButton("add", "Add", "primary"), DialogButton("begin", "From what you have…"), CANCEL]
        super().__init__("Add stream", answers)
        self._streams = streams
        self._problem_of = problem_of

    def compose_body(self) -> ComposeResult:
        copies = [
            ChoiceOption(f"{_COPY}{index}", f"Copy of {name}", "everything but the name")
            for index, name in enumerate(self._streams)
        ]
        with Horizontal(classes="stream-dialog--row"):
            yield Label("Name", classes="stream-dialog--label")
            yield _NameInput(placeholder="e.g. contacts, or paste a curl command", compact=True)
        with Horizontal(classes="stream-dialog--row"):
            yield Label("Retrieval Type", classes="stream-dialog--label")
            yield Choice((*_KINDS, *copies), StreamKind.ASYNC, title="Retrieval Type")
        yield text_line(_OFFER, "stream-dialog--offer")
        yield text_line("", "dialog--problem")

    @on(_NameInput.MaterialPasted)
    def _begin(self, event: _NameInput.MaterialPasted) -> None:
        event.stop()
        self.dismiss(BeginFrom(event.text))

    @on(Input.Submitted)
    def _enter(self, event: Input.Submitted) -> None:
        event.stop()
        self._add()

    @on(Input.Changed)
    def _check(self, event: Input.Changed) -> None:
        event.stop()
        self._show_problem(self._problem_of(event.value) if event.value.strip() else None)

    def answered(self, answer: str) -> None:
        if answer == "begin":
            self.dismiss(BeginFrom())
        else:
            self._add()

    def _add(self) -> None:
        name = self.query_one(Input).value.strip()
        if name.startswith("curl ") or (len(name.split()) == 1 and _is_material(name)):
            self.dismiss(BeginFrom(name))
            return
        problem = self._problem_of(name)
        if problem:
            self._show_problem(problem)
            self.query_one(Input).focus()
            return
        chosen = self.query_one(Choice).value or StreamKind.ASYNC
        if chosen.startswith(_COPY):
            self.dismiss(NewStream(name, StreamKind.SYNC, int(chosen.removeprefix(_COPY))))
        else:
            self.dismiss(NewStream(name, StreamKind(chosen)))

    def _show_problem(self, problem: str | None) -> None:
        self.query_one(".dialog--problem", Label).update(f"✗ {problem}" if problem else "")


class StreamActions:
    """The actions on the stream that the person is at; without a stream they do nothing.

    An action is done, or has begun, before the next key is handled, and is always about the stream that the person was
    at when they pressed the key: where it asks a question first, a handle finds the stream again.
    """

    def __init__(
        self,
        session: BuilderSession,
        navigation: Navigation,
        editor: EditorArea,
        trials: Trials,
        interaction: Interaction,
        *,
        begin: Callable[[str], Awaitable[None]],
    ) -> None:
        self._begin = begin
        self._session = session
        self._navigation = navigation
        self._editor = editor
        self._trials = trials
        self._interaction = interaction

    @property
    def has_current(self) -> bool:
        """Whether the person is at a stream."""
        return self._navigation.stream is not None

    def _current(self) -> StreamHandle | None:
        index = self._navigation.stream
        return self._navigation.tracker.handle(index) if index is not None else None

    # At once

    def duplicate(self) -> None:
        """Add a copy right after the stream."""
        index = self._navigation.stream
        if index is not None and self._editor.can_edit():
            stay = self._navigation.is_in_navigator
            path = self._session.streams.duplicate(index)
            self._navigation.go_to_stream(self._session.streams.at(path) or 0, focus=not stay)

    @property
    def stands_by_itself(self) -> bool:
        """Whether the person is at a stream that stands by itself."""
        index = self._navigation.stream
        return index is not None and not self._session.view.place(index).below

    def make_template(self) -> None:
        """Make a template of the stream, and go to where it is said what streams are made of it."""
        index, session = self._navigation.stream, self._session
        if index is not None and self._editor.can_edit():
            path = session.streams.make_template(index)
            self._navigation.select(session.streams.at(path) or 0)
            self._interaction.start(self._navigation.show_path((*path[:2], "components_resolver")))

    def put_below_condition(self) -> None:
        """Put the stream below a condition, and go to that."""
        index, session = self._navigation.stream, self._session
        if index is not None and self._editor.can_edit():
            path = session.streams.put_below_condition(index)
            self._navigation.select(session.streams.at(path) or 0)
            self._interaction.start(self._navigation.show_path((*path[:2], "condition")))

    def read_in_two_ways(self) -> None:
        """Read the stream in full and by its changes, and go to how these are read."""
        index, session = self._navigation.stream, self._session
        if index is not None and self._editor.can_edit():
            path = session.streams.read_in_two_ways(index)
            self._navigation.go_to_stream(session.streams.at(path) or 0)
            self._interaction.notify("Everything is read as before. Say here how changes are read.")

    def move(self, step: int) -> None:
        """Move the stream up (-1) or down (1)."""
        index, session = self._navigation.stream, self._session
        if index is not None and self._editor.can_edit():
            stay = self._navigation.is_in_navigator
            to = session.streams.move(index, step)
            if to is not None:
                self._navigation.select(to)
                self._interaction.start(self._navigation.show_selected(focus=not stay))

    def toggle_auto_import(self) -> None:
        """Import the schema after each test of the stream, or not."""
        index, session = self._navigation.stream, self._session
        if index is None or not self._editor.can_edit():
            return
        if loaded_from(session, index):
            self._interaction.notify("This schema is loaded before each read, so tests leave it as it is.")
            return
        on = not imports_automatically(session, index)
        set_automatic_import(session, index, on=on)
        state = "is imported after each test" if on else "is no longer imported by itself"
        self._interaction.notify(f"The schema of {session.streams.name(index)} {state}.")

    # After a question

    def add(self) -> None:
        """Ask for a name and a kind, add the stream and go to it."""
        if self._editor.can_edit():
            streams = [self._navigation.tracker.handle(index) for index in range(self._session.view.stream_count)]
            self._interaction.start(self._add(streams))

    async def _add(self, streams: list[StreamHandle]) -> None:
        session = self._session
        new = await self._interaction.ask(StreamDialog(session.streams.names(), self._problem_of))
        if new is None:
            return
        if isinstance(new, BeginFrom):
            await self._begin(new.text)
            return
        copy_of = streams[new.copy_of].index if new.copy_of is not None else None
        with session.group((*STREAMS, session.view.listed)):
            path = session.streams.add(new.name, new.kind, copy_of=copy_of)
            index = session.streams.at(path) or 0
            if copy_of is None:
                set_automatic_import(session, index, on=True)
        self._navigation.go_to_stream(index)

    def rename(self) -> None:
        """Ask for another name."""
        stream = self._current()
        if stream is not None and self._editor.can_edit():
            self._interaction.start(self._rename(stream))

    async def _rename(self, stream: StreamHandle) -> None:
        if stream.index is None:
            return
        old = self._session.streams.name(stream.index)
        dialog = PromptDialog(
            "Rename stream",
            "References and the connection check follow.",
            value=old,
            confirm="Rename",
            validate=lambda name: None if name.strip() == old else self._problem_of(name),
        )
        name = await self._interaction.ask(dialog)
        if name is not None and stream.index is not None:
            self._session.streams.rename(stream.index, name)

    def delete(self) -> None:
        """Delete the stream once that is confirmed; a test of it that is running is cancelled."""
        stream = self._current()
        if stream is not None and self._editor.can_edit():
            self._interaction.start(self._delete(stream))

    async def _delete(self, stream: StreamHandle) -> None:
        if stream.index is None:
            return
        streams, trials = self._session.streams, self._trials
        question = self._deletion_question(stream.index)
        dialog = ConfirmDialog("Delete stream", question, confirm="Delete", destructive=True)
        if await self._interaction.ask(dialog) and stream.index is not None:
            if trials.running_stream == streams.name(stream.index):
                trials.controller.cancel()
            streams.delete(stream.index)

    def _deletion_question(self, index: int) -> str:
        """The question, with what the deletion does to other streams and to a test that is running."""
        name, users = self._session.streams.name(index), self._session.streams.users(index)
        text = f"Delete the stream {name}?"
        if users:
            use = "uses parts of it and gets a copy of its own"
            uses = "use parts of it and get copies of their own"
            text += f" {', '.join(users)} {use if len(users) == 1 else uses}."
        if beside := self._session.streams.deleted_with(index):
            text += f" {', '.join(beside)}, which stands with it, goes too."
        if self._trials.running_stream == name:
            text += f" {self._trials.what_ending_does()}"
        return text

    def switch_kind(self) -> None:
        """Ask about switching the stream between sync and async."""
        stream = self._current()
        if stream is not None and self._editor.can_edit():
            self._interaction.start(self._switch_kind(stream))

    async def _switch_kind(self, stream: StreamHandle) -> None:
        if stream.index is None:
            return
        await self._navigation.show(stream.index)
        form = self._editor.stream_form
        if form is not None and form.stream == stream.index:
            kind = self._session.streams.kind(form.stream)
            form.head.ask_to_switch(StreamKind.SYNC if kind is StreamKind.ASYNC else StreamKind.ASYNC)

    def _problem_of(self, name: str) -> str | None:
        """What is wrong with a name for a stream."""
        name = name.strip()
        if not name:
            return "A stream needs a name."
        return f"There is already a stream named {name}." if name in self._session.streams.names() else None
