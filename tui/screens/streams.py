"""What a person does with whole streams: add, duplicate, rename, delete, move, read the other way."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui.forms import StreamForm
from tui.screens.stream_dialog import StreamDialog
from tui.session.schema_import import import_by_itself, imports_by_itself, loaded_from
from tui.session.streams import StreamKind
from tui.widgets.prompt_dialog import PromptDialog
from tui.widgets.question_dialog import ConfirmDialog

if TYPE_CHECKING:
    from tui.screens.frame import BuilderFrame


class StreamErrands:
    """What a builder screen does with streams. All methods run in a worker; those that need a stream do nothing
    without one.
    """

    def __init__(self, frame: BuilderFrame) -> None:
        self._frame = frame

    async def add(self) -> None:
        """Ask for a name and a kind, add the stream and go to it."""
        session = self._frame.session
        dialog = StreamDialog(session.streams.names(), self._problem_of)
        new = await self._frame.app.push_screen_wait(dialog)
        if new is not None:
            index = session.view.stream_count
            with session.group(("streams", index)):
                session.streams.add(new.name, new.kind, copy_of=new.copy_of)
                if new.copy_of is None:
                    import_by_itself(session, index, on=True)
            await self._go_to(index)

    async def duplicate(self) -> None:
        """Add a copy right after the stream."""
        index = self._frame.stream
        if index is not None:
            path = self._frame.session.streams.duplicate(index)
            await self._go_to(int(path[1]))

    async def rename(self) -> None:
        """Ask for another name."""
        index = self._frame.stream
        if index is None:
            return
        streams = self._frame.session.streams
        old = streams.name(index)
        dialog = PromptDialog(
            "Rename stream",
            "References and the connection check follow.",
            value=old,
            confirm="Rename",
            validate=lambda name: None if name.strip() == old else self._problem_of(name),
        )
        name = await self._frame.app.push_screen_wait(dialog)
        if name is not None:
            streams.rename(index, name)

    async def delete(self) -> None:
        """Delete the stream, once that is confirmed."""
        index = self._frame.stream
        if index is None:
            return
        streams = self._frame.session.streams
        users = streams.users(index)
        text = f"Delete the stream {streams.name(index)}?"
        if users:
            use = "uses parts of it and gets a copy of its own"
            uses = "use parts of it and get copies of their own"
            text += f" {', '.join(users)} {use if len(users) == 1 else uses}."
        question = ConfirmDialog("Delete stream", text, confirm="Delete", destructive=True)
        if await self._frame.app.push_screen_wait(question):
            streams.delete(index)

    async def move(self, step: int) -> None:
        """Move the stream up or down."""
        index = self._frame.stream
        session = self._frame.session
        if index is not None and 0 <= index + step < session.view.stream_count:
            in_navigator = self._frame.navigator.has_focus
            session.streams.move(index, index + step)
            await self._frame.streams_moved()
            await self._frame.show(index + step, focus=not in_navigator)

    async def switch(self) -> None:
        """Read the stream the other way."""
        index = self._frame.stream
        if index is None:
            return
        await self._frame.show(index)
        form = self._frame.middle.form
        if isinstance(form, StreamForm):
            kind = self._frame.session.streams.kind(index)
            form.ask_to_switch(StreamKind.SYNC if kind is StreamKind.ASYNC else StreamKind.ASYNC)

    async def toggle_auto_import(self) -> None:
        """Import the schema after each test of the stream, or not."""
        index = self._frame.stream
        if index is not None:
            session = self._frame.session
            if loaded_from(session, index):
                self._frame.notify("This schema is loaded before each read, so tests leave it as it is.", markup=False)
                return
            on = not imports_by_itself(session, index)
            import_by_itself(session, index, on=on)
            told = "is imported after each test" if on else "is no longer imported by itself"
            self._frame.notify(f"The schema of {session.streams.name(index)} {told}.", markup=False)

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

    async def _go_to(self, index: int) -> None:
        self._frame.testing.leave()
        await self._frame.streams_moved()
        await self._frame.show(index)

    def _problem_of(self, name: str) -> str | None:
        """What is wrong with a name for a stream."""
        name = name.strip()
        if not name:
            return "A stream needs a name."
        return f"There is already a stream named {name}." if name in self._frame.session.streams.names() else None
