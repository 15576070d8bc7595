"""The actions on files: open, save, reload, leave. What could lose something is asked about first."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path

from core.errors import ManifestError
from core.wording import count
from tui.model.files import ChangedOnDiskError, ReadOnlyError, is_same
from tui.model.project import Draft, Project, drafts_for
from tui.model.settings import Settings
from tui.shell.editor_area import EditorArea
from tui.shell.interaction import Interaction
from tui.shell.navigation import Navigation
from tui.widgets.choice_dialog import ChoiceDialog, ChoiceOption
from tui.widgets.dialog import ConfirmDialog, DialogButton, QuestionDialog
from tui.widgets.file_dialog import FileDialog

Replace = Callable[[Callable[[], Project]], Awaitable[None]]
"""Goes on with the project that a function makes. Raises ManifestError when it can't be made."""


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

    # Saving

    async def save(self) -> bool:
        """Write the manifest to its file, or ask for one. Returns whether it was written."""
        if await self._text_is_broken():
            return False
        if self._project.path is None:
            return await self.save_as()
        return await self._write(None)

    async def save_as(self) -> bool:
        """Ask for a file and write the manifest to it. Returns whether it was written."""
        if await self._text_is_broken():
            return False
        start = self._project.path or Path.cwd() / "connector.yaml"
        path = await self._interaction.ask(FileDialog("save", start, title="Save manifest as"))
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
                    return await self.save_as()
                if answer != "overwrite":
                    return False
                overwrite_read_only = True
            except ChangedOnDiskError as error:
                answer = await self._ask_about_change(error)
                if answer == "reload":
                    await self._replace(partial(Project.open, error.path))
                if answer == "save-as":
                    return await self.save_as()
                if answer != "overwrite":
                    return False
                overwrite = True
            except ManifestError as error:
                self._interaction.report_error(str(error))
                return False
            else:
                self._saved()
                return True

    def _is_own(self, path: Path) -> bool:
        return self._project.path is not None and is_same(path, self._project.path)

    async def _ask_about_read_only(self, error: ReadOnlyError) -> str | None:
        text = f"{error} Somebody may want it to stay as it is."
        answers = [DialogButton("save-as", "Save as…", "primary"), DialogButton("overwrite", "Overwrite it", "error")]
        return await self._interaction.ask(QuestionDialog("Read-only file", text, answers))

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
        return await self._interaction.ask(question)

    def _saved(self) -> None:
        project = self._project
        project.drop_draft()
        self.remember()
        errors = project.session.counts().errors
        name = project.path.name if project.path else ""
        text = f"Saved {name}" + (f", which has {count(errors, 'error')} (f8 shows the next)." if errors else ".")
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

    async def open(self) -> None:
        """Ask for a file and open it."""
        start = self._project.path.parent if self._project.path else Path.cwd()
        path = await self._interaction.ask(FileDialog("open", start, title="Open manifest"))
        if path is not None:
            await self.open_file(path)

    async def open_file(self, path: Path) -> None:
        """Open a file, or the draft of it if that is wanted."""
        if not await self.may_leave():
            return
        draft = await self._choose_draft(drafts_for(path))
        await self._replace(partial(Project.recover, draft) if draft else partial(Project.open, path))

    async def open_recent(self) -> None:
        """Choose from the files that were open last, and open one."""
        files = self._settings.recent
        if not files:
            self._interaction.notify("No file was open before.")
            return
        options = [ChoiceOption(str(path), path.name, str(path.parent)) for path in files]
        chosen = await self._interaction.ask(ChoiceDialog("Open recent manifest", options))
        if chosen is not None:
            await self.open_file(Path(chosen))

    async def new(self) -> None:
        """Start a new connector."""
        await self._leave_for(Project.new)

    async def demo(self) -> None:
        """Open the demo."""
        await self._leave_for(Project.try_demo)

    async def _leave_for(self, make: Callable[[], Project]) -> None:
        if await self.may_leave():
            await self._replace(make)

    async def reload(self) -> None:
        """Read the file again; ask first if that drops changes."""
        path = self._project.path
        if path is None:
            self._interaction.notify("There is no file to read again.")
            return
        if self._project.session.dirty:
            question = ConfirmDialog(
                "Read the file again?",
                f"Changes since the last save of {path.name} are dropped.",
                confirm="Drop changes",
                destructive=True,
            )
            if not await self._interaction.ask(question):
                return
        await self._replace(partial(Project.open, path))

    async def check_disk(self) -> None:
        """Offer to read the file again if another program has changed it and there is nothing to lose here."""
        session, path = self._project.session, self._project.path
        if path is None or session.dirty or not await asyncio.to_thread(lambda: session.changed_on_disk):
            return
        text = f"{path.name} was changed by another program."
        question = QuestionDialog("Changed on disk", text, [DialogButton("reload", "Read it again", "primary")])
        if await self._interaction.ask(question) == "reload":
            await self._replace(partial(Project.open, path))

    # Drafts

    async def offer_drafts(self) -> None:
        """Offer to recover what an earlier session did not save."""
        draft = await self._choose_draft(await asyncio.to_thread(drafts_for, self._project.path))
        if draft is not None and await self.may_leave():
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
            answer = await self._interaction.ask(QuestionDialog("Unsaved work", text, answers))
            if answer == "recover":
                return draft
            if answer != "discard":
                return None
            draft.discard()
        return None

    # Leaving

    async def may_leave(self) -> bool:
        """Whether the project may be left: there is nothing to save, it was saved, or the changes may be dropped."""
        await self._editor.flush()
        if self._project.session.dirty:
            answers = [DialogButton("save", "Save", "primary"), DialogButton("drop", "Don't save", "error")]
            name = self._project.path.name if self._project.path else "This manifest"
            question = QuestionDialog("Unsaved changes", f"{name} has changes that are not saved.", answers)
            answer = await self._interaction.ask(question)
            if answer is None or (answer == "save" and not await self.save()):
                return False
        return True
