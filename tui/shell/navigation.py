"""Where the person is in the builder: what is selected and shown, and the ways from one view to another."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Protocol

from core.manifest.problems import Path
from tui.forms import FieldFocused
from tui.model.project import Project
from tui.model.specs import FieldSpec
from tui.shell.editor_area import EditorArea
from tui.shell.interaction import Interaction
from tui.shell.key_queue import TypeAhead
from tui.shell.navigator import Navigator
from tui.shell.selection import GLOBAL, INPUTS, Selection, StreamMoves, StreamTracker
from tui.widgets.dialog import DialogButton, QuestionDialog


class TrialControl(Protocol):
    """What navigation needs to know of trials and the pane that shows them."""

    @property
    def is_running(self) -> bool: ...

    @property
    def is_shown(self) -> bool:
        """Whether the person is at the pane."""

    def cancel_or_abandon(self) -> None: ...

    def leave(self) -> None:
        """Make room for the form."""

    async def toggle(self) -> None:
        """Go to the pane, or back to the form."""

    async def show_subject(self) -> None:
        """Show the stream that is selected."""


@dataclass(frozen=True, slots=True)
class FocusedField:
    """A field that has the focus, or had it last."""

    path: Path
    spec: FieldSpec
    title: str


class Navigation:
    """Knows where the person is, and goes elsewhere."""

    def __init__(
        self,
        project: Project,
        navigator: Navigator,
        editor: EditorArea,
        trials: TrialControl,
        interaction: Interaction,
        *,
        type_ahead: TypeAhead,
    ) -> None:
        self.tracker = StreamTracker(project.session.streams.names())
        self.selection: Selection = GLOBAL
        """What the editor area shows."""
        self.field: FocusedField | None = None
        """The field that had the focus last."""
        self._project = project
        self._session = project.session
        self._navigator = navigator
        self._editor = editor
        self._trials = trials
        self._type_ahead = type_ahead
        self._interaction = interaction
        self._last_stream = self.tracker.handle(0)
        self._toggling_yaml = asyncio.Lock()

    # Where the person is

    @property
    def is_in_navigator(self) -> bool:
        return self._navigator.has_focus

    @property
    def stream(self) -> int | None:
        """The stream that actions are about: the one under the navigator's cursor, else the one that is selected."""
        selection = self._navigator.current.selection if self.is_in_navigator else self.selection
        return selection if isinstance(selection, int) and selection < self._session.view.stream_count else None

    @property
    def shown_stream(self) -> int | None:
        """The stream that is selected, or was last."""
        last, count = self._last_stream.index, self._session.view.stream_count
        return min(last if last is not None else 0, count - 1) if count else None

    @property
    def current_or_last_stream(self) -> int | None:
        """The stream that actions are about; where there is none, the one that was selected last."""
        return self.stream if self.stream is not None else self.shown_stream

    @property
    def path(self) -> Path | None:
        """The path of the field where the person is, or was last in this form; that of the stream otherwise."""
        selection = self.selection
        path = self.field.path if self.field is not None else None
        stream = selection if isinstance(selection, int) else None
        is_here = path is not None and self._session.streams.at(path) == stream
        return path if is_here else self._session.streams.path(stream) if stream is not None else None

    def field_focused(self, event: FieldFocused) -> None:
        self.field = FocusedField(event.path, event.spec, event.title)

    # Selecting and showing

    def select(self, selection: Selection) -> None:
        """Let all actions be about something else; call `show_selected` to show it."""
        self._set_selection(selection)
        self._navigator.mark_selected(selection)
        self._navigator.screen.refresh_bindings()

    def _set_selection(self, selection: Selection) -> None:
        self.selection = selection
        if isinstance(selection, int) and selection != self._last_stream.index:
            self._last_stream = self.tracker.handle(selection)

    def follow_streams(self) -> StreamMoves | None:
        """Keep the same stream selected after streams were added, deleted or moved; None if all are where they were."""
        moves = self.tracker.update(self._session.streams.names())
        if moves is not None:
            self._set_selection(moves.selection(self.selection))
            self._editor.follow_moves(moves.stream)
        return moves

    async def show(self, selection: Selection, *, focus: bool = True) -> None:
        """Select something and show its form."""
        self.select(selection)
        await self.show_selected(focus=focus)

    async def show_selected(self, *, focus: bool = False) -> None:
        """Show the form of what is selected, by the time that it is built; the text stays if it is in view."""
        asked = self.selection
        stream = self.tracker.handle(asked if isinstance(asked, int) else None)
        form = await self._editor.show_form(lambda: self.selection, over_text=False)
        if form is not None and focus and self.selection == (stream.index if isinstance(asked, int) else asked):
            form.focus_first()
        await self._trials.show_subject()
        self._navigator.screen.refresh_bindings()

    async def show_path(self, path: Path) -> None:
        """Go to the field at a path; while the text is in view, to the line where it is written."""
        self._trials.leave()
        if self._editor.yaml is not None:
            self._editor.yaml.go_to(path)
            return
        stream = self._session.streams.at(path)
        selection: Selection = stream if stream is not None else INPUTS if path[:1] == ("spec",) else GLOBAL
        with self._type_ahead.moving_focus():
            await self.show(selection, focus=False)
            form = self._editor.form
            if form is not None:
                await form.focus_path(path)

    async def show_welcome(self) -> None:
        """Show ways to begin."""
        self._navigator.mark_selected(None)
        welcome = await self._editor.show_welcome()
        welcome.focus_prompt()

    async def show_yaml_problem(self) -> None:
        """Go to where the text can't be read."""
        self._trials.leave()
        view = await self._editor.show_yaml()
        view.go_to_problem()

    def go_to_stream(self, index: int, *, focus: bool = True) -> None:
        """Select a stream at once and begin to show it."""
        self._trials.leave()
        self.select(index)
        self._interaction.start(self.show(index, focus=focus))

    # Actions

    def open(self, selection: Selection) -> None:
        """Show what was chosen in the navigator; while the text is in view, the lines where it is written."""
        self._trials.leave()
        self._interaction.start(self._open(selection))

    async def _open(self, selection: Selection) -> None:
        yaml = self._editor.yaml
        if yaml is None:
            await self.show(selection)
            return
        await self.show(selection, focus=False)
        paths: dict[Selection, Path] = {GLOBAL: ("check",), INPUTS: ("spec",)}
        yaml.go_to(self._session.streams.path(selection) if isinstance(selection, int) else paths[selection])

    async def back(self) -> None:
        """Cancel the trial that is running, or else leave what is open."""
        if self._trials.is_running:
            self._trials.cancel_or_abandon()
        elif self._trials.is_shown:
            await self._trials.toggle()
        elif self._editor.yaml is not None:
            await self.toggle_yaml()
        else:
            self._navigator.focus()

    def toggle_navigator(self) -> None:
        """Go to the navigator, or from there to the form."""
        if self.is_in_navigator:
            self.go_to_form()
        else:
            self._trials.leave()
            self._navigator.focus()

    def go_to_form(self) -> None:
        """Go back to where the person edited last."""
        path = self.path
        if self._editor.yaml is not None:
            self._editor.yaml.editor.focus()
        elif self._editor.form is None:
            self._interaction.start(self.show_welcome())
        elif path is not None and len(path) > 2:
            self._interaction.start(self.show_path(path))
        else:
            self._interaction.start(self.show(self.selection))

    def undo(self) -> None:
        """Undo the last change and go there."""
        self._go_to_change(self._session.undo())

    def redo(self) -> None:
        """Redo the last change that was undone and go there."""
        self._go_to_change(self._session.redo())

    def _go_to_change(self, path: Path | None) -> None:
        """Go to what changed, or to the first screen where nothing is left; what was said of the change is over."""
        self._interaction.withdraw()
        if self._project.is_untouched and self._editor.yaml is None:
            self._interaction.start(self.show_welcome())
        elif path:
            self._interaction.start(self.show_path(path))

    # The text

    async def toggle_yaml(self) -> None:
        """Show the manifest as text, or go back to the form. Two of these never run at the same time."""
        async with self._toggling_yaml:
            self._trials.leave()
            if self._editor.yaml is None:
                await self._show_yaml()
            else:
                await self._leave_yaml()

    async def _show_yaml(self) -> None:
        path = self.path
        view = await self._editor.show_yaml()
        if self._editor.yaml is not view:  # something else was asked for meanwhile
            return
        if view.problem is not None:
            view.go_to_problem()
        else:
            view.go_to(path or ())

    async def _leave_yaml(self) -> None:
        await self._editor.flush()
        if self._session.has_broken_text and not await self._may_discard_text():
            return
        if self._project.is_untouched:
            await self.show_welcome()
        else:
            await self._editor.show_form(lambda: self.selection)
            await self.show(self.selection)

    async def _may_discard_text(self) -> bool:
        """Ask about text that can't be read; it stays in view unless it is discarded."""
        text = "The YAML can't be read as it is, so the form can't show it."
        answers = [DialogButton("fix", "Fix it", "primary"), DialogButton("discard", "Drop the edit", "error")]
        answer = await self._interaction.ask(QuestionDialog("YAML can't be read", text, answers))
        if answer == "discard":
            if self._editor.yaml is not None:
                self._editor.yaml.discard()
            return True
        await self.show_yaml_problem()
        return False
