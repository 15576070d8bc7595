"""The actions on files: open, save, reload, leave. What could lose something is asked about first."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable, Coroutine
from functools import partial, wraps
from pathlib import Path
from typing import Any, Concatenate, ParamSpec, TypeVar

from textual.screen import Screen

from core.errors import ManifestError
from core.units import count
from tui.importing.folders import manifest_in
from tui.model.editor_schema import SCHEMA, keep_schema
from tui.model.files import ChangedOnDiskError, ReadOnlyError, is_same
from tui.model.project import Draft, Project, drafts_for
from tui.model.settings import Settings
from tui.shell.editor_area import EditorArea
from tui.shell.interaction import Interaction
from tui.shell.keys import key_of
from tui.shell.navigation import Navigation
from tui.shell.opening import project_at
from tui.shell.sample_dialog import TOUR, SampleDialog
from tui.widgets.choice_dialog import ChoiceDialog, ChoiceOption
from tui.widgets.dialog import ConfirmDialog, DialogButton, QuestionDialog
from tui.widgets.display_text import escape
from tui.widgets.file_dialog import FileDialog

Replace = Callable[[Callable[[], Project]], Awaitable[None]]
"""Goes on with the project that a function makes. Raises ManifestError when it can't be made."""


P = ParamSpec("P")
R = TypeVar("R")


def _one_at_a_time(
    action: Callable[Concatenate[FileActions, P], Coroutine[Any, Any, R]],
) -> Callable[Concatenate[FileActions, P], Coroutine[Any, Any, R | None]]:
    """Let an action wait for the one before it. If that one asks something meanwhile, the action is left out (None):
    whoever pressed a key twice has one question to answer. These actions must not call each other.
    """

    @wraps(action)
    async def guarded(files: FileActions, /, *args: P.args, **named: P.kwargs) -> R | None:
        questions = files._questions
        async with files._acting:
            return await action(files, *args, **named) if files._questions == questions else None

    return guarded


class ManifestDialog(FileDialog):
    """Asks where a manifest is saved. It ends in .yaml or .yml, whatever is typed: it is not found again otherwise."""

    def with_ending(self, path: Path) -> Path:
        return path if path.suffix in (".yaml", ".yml") else path.with_name(path.name + ".yaml")

    def note_on(self, text: str) -> str:
        name = Path(text).name
        meant = self.with_ending(Path(text)).name if name and not text.endswith(os.sep) else name
        return "" if meant == name else f"Manifests are YAML: it is saved as {escape(meant)}."


class FileActions:
    """What a person does with files. Methods that ask questions run in a worker (`Interaction.start`).

    `replace` goes on with another project.
    """

    def __init__(
        self,
        project: Project,
        settings: Settings,
        editor: EditorArea,
        navigation: Navigation,
        interaction: Interaction,
        *,
        replace: Replace,
    ) -> None:
        self._project = project
        self._settings = settings
        self._editor = editor
        self._navigation = navigation
        self._interaction = interaction
        self._replace = replace
        self._checking_disk = False
        self._acting = asyncio.Lock()
        self._questions = 0
        """How many were asked so far."""

    async def _ask(self, dialog: Screen[R]) -> R:
        self._questions += 1
        return await self._interaction.ask(dialog)

    # Saving

    @_one_at_a_time
    async def save(self) -> None:
        """Write the manifest to its file, or ask for one."""
        await self._save()

    @_one_at_a_time
    async def save_as(self) -> None:
        """Ask for a file and write the manifest to it."""
        await self._save_as()

    async def _save(self) -> bool:
        """Returns whether the manifest was written."""
        if await self._text_is_broken():
            return False
        if self._project.path is None:
            return await self._save_as()
        return await self._write(None)

    async def _save_as(self) -> bool:
        if await self._text_is_broken():
            return False
        start = self._project.path or Path.cwd() / "connector.yaml"
        path = await self._ask(ManifestDialog("save", start, title="Save manifest as"))
        return path is not None and await self._write(path, confirmed=True)

    async def _write(self, path: Path | None, *, confirmed: bool = False) -> bool:
        """Write; ask about a file that was changed by others. `confirmed`: the person has seen that the file exists."""
        session = self._project.session
        overwrite = confirmed and path is not None and not self._is_own(path)
        overwrite_read_only = False
        while True:
            try:
                session.save(path, overwrite=overwrite, overwrite_read_only=overwrite_read_only)
            except ReadOnlyError as error:
                answer = await self._ask_about_read_only(error)
                if answer == "save-as":
                    return await self._save_as()
                if answer != "overwrite":
                    return False
                overwrite_read_only = True
            except ChangedOnDiskError as error:
                answer = await self._ask_about_change(error)
                if answer == "reload":
                    await self._replace(partial(Project.open, error.path))
                if answer == "save-as":
                    return await self._save_as()
                if answer != "overwrite":
                    return False
                overwrite = True
            except ManifestError as error:
                self._interaction.report_error(str(error))
                return False
            else:
                self._saved()
                assert session.path is not None
                if await asyncio.to_thread(keep_schema, session.path, session.text):
                    self._interaction.notify(
                        f"{SCHEMA} is new beside it: the schema that editors of YAML complete from."
                    )
                return True

    def _is_own(self, path: Path) -> bool:
        return self._project.path is not None and is_same(path, self._project.path)

    async def _ask_about_read_only(self, error: ReadOnlyError) -> str | None:
        text = f"{error} Somebody may want it to stay as it is."
        answers = [DialogButton("save-as", "Save as…", "primary"), DialogButton("overwrite", "Overwrite it", "error")]
        return await self._ask(QuestionDialog("Read-only file", text, answers))

    async def _ask_about_change(self, error: ChangedOnDiskError) -> str | None:
        if not error.ours:
            question = QuestionDialog("Replace file?", str(error), [DialogButton("overwrite", "Replace", "warning")])
        else:
            text = f"{error} Saving would lose what was written there."
            answers = [
                DialogButton("save-as", "Save as…", "primary"),
                DialogButton("reload", "Read it, drop mine", "warning"),
                DialogButton("overwrite", "Overwrite it", "error"),
            ]
            question = QuestionDialog("Changed on disk", text, answers)
        return await self._ask(question)

    def _saved(self) -> None:
        project = self._project
        project.drop_draft()
        self.remember()
        errors = project.session.counts().errors
        name = project.path.name if project.path else ""
        key = key_of(self._editor.app, self._settings, "go.problem")
        text = f"Saved {name}" + (f", which has {count(errors, 'error')} ({key} shows the next)." if errors else ".")
        self._interaction.notify(text, severity="warning" if errors else "information")

    def remember(self) -> None:
        """Add the file to the recent ones."""
        if self._project.path is not None:
            self._settings.opened(self._project.path)

    async def _text_is_broken(self) -> bool:
        """Whether there is text that can't be read; if so, go there and report it."""
        await self._editor.flush()
        if self._project.session.has_broken_text:
            await self._navigation.show_yaml_problem()
            self._interaction.report_error("The YAML can't be read, so it can't be saved yet. It is kept as a draft.")
            return True
        return False

    # Opening

    @_one_at_a_time
    async def open(self) -> None:
        """Ask for a file and open it."""
        start = self._project.path.parent if self._project.path else Path.cwd()
        path = await self._ask(FileDialog("open", start, title="Open manifest", stands_for=manifest_in))
        if path is not None:
            await self._open_file(path)

    @_one_at_a_time
    async def open_file(self, path: Path) -> None:
        """Open a file, or the draft of it if that is wanted."""
        await self._open_file(path)

    async def _open_file(self, path: Path) -> None:
        if not await self._may_leave():
            return
        draft = await self._choose_draft(drafts_for(path))
        opened = partial(project_at, path, modeline=self._settings.modeline)
        await self._replace(partial(Project.recover, draft) if draft else opened)

    @_one_at_a_time
    async def open_recent(self) -> None:
        """Choose from the files that were open last, and open one."""
        files = self._settings.recent
        if not files:
            self._interaction.notify("No file was open before.")
            return
        options = [ChoiceOption(str(path), path.name, str(path.parent)) for path in files]
        chosen = await self._ask(ChoiceDialog("Open recent manifest", options))
        if chosen is not None:
            await self._open_file(Path(chosen))

    @_one_at_a_time
    async def new(self) -> None:
        """Start a new connector."""
        await self._leave_for(partial(Project.new, modeline=self._settings.modeline))

    @_one_at_a_time
    async def demo(self) -> None:
        """Let the person choose a sample, and open it with its demo API."""
        dialog = SampleDialog(self._project.sample, offer_tour=not self._settings.toured)
        chosen = await self._ask(dialog)
        if chosen is None or (chosen == self._project.sample and not dialog.tests):
            return
        then = "help.tour" if chosen == TOUR else "test.run" if dialog.tests else ""
        await self._leave_for(self._sample(None if chosen == TOUR else chosen, then))

    @_one_at_a_time
    async def tour_demo(self) -> None:
        """Go on with the simplest sample, and with the tour there."""
        await self._leave_for(self._sample(None, "help.tour"))

    def _sample(self, name: str | None, then: str) -> Callable[[], Project]:
        return partial(Project.try_demo, name, modeline=self._settings.modeline, then=then)

    @_one_at_a_time
    async def leave_for(self, make: Callable[[], Project]) -> None:
        """Go on with another project, once this one may be left."""
        await self._leave_for(make)

    async def _leave_for(self, make: Callable[[], Project]) -> None:
        if await self._may_leave():
            await self._replace(make)

    @_one_at_a_time
    async def reload(self) -> None:
        """Read the file again; ask first if that drops changes."""
        await self._reload()

    async def _reload(self) -> None:
        path = self._project.path
        if path is None:
            self._interaction.notify("There is no file to read again.")
            return
        await self._editor.flush()
        if self._project.session.dirty:
            question = ConfirmDialog(
                "Read the file again?",
                f"Changes since the last save of {path.name} are dropped.",
                confirm="Drop changes",
                destructive=True,
            )
            if not await self._ask(question):
                return
        await self._replace(partial(Project.open, path))

    async def check_disk(self) -> None:
        """Offer to read the file again if another program has changed it and there is nothing to lose here.

        A disk that does not answer holds up no other action.
        """
        if self._checking_disk:
            return
        self._checking_disk = True
        try:
            session = self._project.session
            if await asyncio.to_thread(lambda: session.changed_on_disk):
                await self._offer_to_reload()
        finally:
            self._checking_disk = False

    @_one_at_a_time
    async def _offer_to_reload(self) -> None:
        path = self._project.path
        if path is None or self._project.session.dirty:
            return
        text = f"{path.name} was changed by another program."
        question = QuestionDialog("Changed on disk", text, [DialogButton("reload", "Read it again", "primary")])
        if await self._ask(question) == "reload":
            await self._reload()

    # Drafts

    @_one_at_a_time
    async def offer_drafts(self) -> None:
        """Offer to recover what an earlier session did not save."""
        draft = await self._choose_draft(await asyncio.to_thread(drafts_for, self._project.path))
        if draft is not None and await self._may_leave():
            await self._replace(partial(Project.recover, draft))

    async def _choose_draft(self, drafts: list[Draft]) -> Draft | None:
        """Ask about each draft, the latest first. Returns the one to recover; those that are not wanted are deleted."""
        for draft in drafts:
            name = draft.path.name if draft.path else "a manifest without a file"
            when = f"{draft.written.astimezone():%Y-%m-%d %H:%M}"
            text = f"Longhaul ended without saving {name}. What was not saved is kept as of {when}."
            answers = [
                DialogButton("recover", "Recover it", "primary"),
                DialogButton("discard", "Delete the draft", "error"),
            ]
            answer = await self._ask(QuestionDialog("Unsaved work", text, answers))
            if answer == "recover":
                return draft
            if answer != "discard":
                return None
            draft.discard()
        return None

    # Leaving

    @_one_at_a_time
    async def may_leave(self) -> bool:
        """Whether the project may be left: there is nothing to save, it was saved, or the changes may be dropped."""
        return await self._may_leave()

    async def _may_leave(self) -> bool:
        await self._editor.flush()
        if self._project.session.dirty:
            answers = [DialogButton("save", "Save", "primary"), DialogButton("drop", "Don't save", "error")]
            name = self._project.path.name if self._project.path else "This manifest"
            question = QuestionDialog("Unsaved changes", f"{name} has changes that are not saved.", answers)
            answer = await self._ask(question)
            if answer is None or (answer == "save" and not await self._save()):
                return False
        return True
