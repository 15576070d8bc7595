"""Opening, saving, leaving: whatever could lose something is asked."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from core.errors import ManifestError
from core.wording import count
from tui.model.files import ChangedOnDiskError, ReadOnlyError, is_same
from tui.model.project import Draft, Project, drafts_for
from tui.model.settings import Settings
from tui.widgets.choice_dialog import ChoiceDialog, ChoiceOption
from tui.widgets.dialog import ConfirmDialog, DialogButton, QuestionDialog
from tui.widgets.file_dialog import FileDialog

if TYPE_CHECKING:
    from tui.shell.frame import BuilderFrame


class Filing:
    """What a screen does with files. All methods that ask run in a worker."""

    def __init__(self, screen: BuilderFrame, project: Project, settings: Settings) -> None:
        self._screen = screen
        self._project = project
        self._settings = settings

    # Saving

    async def save(self) -> bool:
        """Write the manifest to its file, or ask for one; whether it was written."""
        if await self._text_is_broken():
            return False
        if self._project.path is None:
            return await self.save_as()
        return await self._write(None)

    async def save_as(self) -> bool:
        """Ask for a file and write the manifest to it; whether it was written."""
        if await self._text_is_broken():
            return False
        start = self._project.path or Path.cwd() / "connector.yaml"
        path = await self._screen.app.push_screen_wait(FileDialog("save", start, title="Save manifest as"))
        return path is not None and await self._write(path, confirmed=True)

    async def _write(self, path: Path | None, *, confirmed: bool = False) -> bool:
        """Write; a file that somebody else has changed is asked about. `confirmed`: the person saw that it exists."""
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
                    await self._screen.replace(partial(Project.open, error.path))
                if answer == "save-as":
                    return await self.save_as()
                if answer != "overwrite":
                    return False
                overwrite = True
            except ManifestError as error:
                self._screen.complain(str(error))
                return False
            else:
                self._saved()
                return True

    def _is_own(self, path: Path) -> bool:
        return self._project.path is not None and is_same(path, self._project.path)

    async def _ask_about_read_only(self, error: ReadOnlyError) -> str | None:
        text = f"{error} Somebody may want it to stay as it is."
        answers = [DialogButton("save-as", "Save as…", "primary"), DialogButton("overwrite", "Overwrite it", "error")]
        return await self._screen.app.push_screen_wait(QuestionDialog("Read-only file", text, answers))

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
        return await self._screen.app.push_screen_wait(question)

    def _saved(self) -> None:
        project = self._project
        project.drop_draft()
        self.remember()
        errors = project.session.counts().errors
        name = project.path.name if project.path else ""
        told = f"Saved {name}" + (f", which has {count(errors, 'error')} (f8 shows the next)." if errors else ".")
        self._screen.notify(told, severity="warning" if errors else "information", markup=False)

    def remember(self) -> None:
        """Put the file among the recent ones."""
        if self._project.path is not None:
            self._settings.opened(self._project.path)

    async def _text_is_broken(self) -> bool:
        """Whether there is text that can't be read, which is said then."""
        await self._screen.flush()
        if self._project.session.has_broken_text:
            await self._screen.show_yaml_problem()
            self._screen.complain("The YAML can't be read, so it can't be saved yet. It is kept as a draft.")
            return True
        return False

    # Opening

    async def open(self) -> None:
        """Ask for a file and open it."""
        start = self._project.path.parent if self._project.path else Path.cwd()
        path = await self._screen.app.push_screen_wait(FileDialog("open", start, title="Open manifest"))
        if path is not None:
            await self.open_file(path)

    async def open_file(self, path: Path) -> None:
        """Open a file, or the draft of it if that is wanted."""
        if not await self.may_leave():
            return
        draft = await self._offered(drafts_for(path))
        await self._screen.replace(partial(Project.recover, draft) if draft else partial(Project.open, path))

    async def open_recent(self) -> None:
        """Let a person choose from the files that were open last."""
        files = self._settings.recent
        if not files:
            self._screen.notify("No file was open before.", markup=False)
            return
        options = [ChoiceOption(str(path), path.name, str(path.parent)) for path in files]
        chosen = await self._screen.app.push_screen_wait(ChoiceDialog("Open recent manifest", options))
        if chosen is not None:
            await self.open_file(Path(chosen))

    async def begin(self, make: Callable[[], Project]) -> None:
        """Go on with another project, once nothing is lost by that."""
        if await self.may_leave():
            await self._screen.replace(make)

    async def reload(self) -> None:
        """Read the file again, once changes may be dropped."""
        path = self._project.path
        if path is None:
            self._screen.notify("There is no file to read again.", markup=False)
            return
        if self._project.session.dirty:
            question = ConfirmDialog(
                "Read the file again?",
                f"Changes since the last save of {path.name} are dropped.",
                confirm="Drop changes",
                destructive=True,
            )
            if not await self._screen.app.push_screen_wait(question):
                return
        self._project.drop_draft()
        await self._screen.replace(partial(Project.open, path))

    async def ask_about_disk(self) -> None:
        """Offer to read a file again that somebody else has changed, as long as there is nothing to lose."""
        session, path = self._project.session, self._project.path
        if path is None or session.dirty or not await asyncio.to_thread(lambda: session.changed_on_disk):
            return
        text = f"{path.name} was changed by another program."
        question = QuestionDialog("Changed on disk", text, [DialogButton("reload", "Read it again", "primary")])
        if await self._screen.app.push_screen_wait(question) == "reload":
            await self._screen.replace(partial(Project.open, path))

    # Drafts

    async def offer_drafts(self) -> None:
        """Offer what an earlier session did not save."""
        draft = await self._offered(await asyncio.to_thread(drafts_for, self._project.path))
        if draft is not None:
            await self._screen.replace(partial(Project.recover, draft))

    async def _offered(self, drafts: list[Draft]) -> Draft | None:
        """The draft that a person wants to have back, the latest first; drafts that are not wanted are deleted."""
        for draft in drafts:
            name = draft.path.name if draft.path else "a manifest without a file"
            when = f"{draft.written.astimezone():%Y-%m-%d %H:%M}"
            text = f"Longhaul ended without saving {name}. What was not saved is kept as of {when}."
            answers = [
                DialogButton("recover", "Recover it", "primary"),
                DialogButton("discard", "Delete the draft", "error"),
            ]
            answer = await self._screen.app.push_screen_wait(QuestionDialog("Unsaved work", text, answers))
            if answer == "recover":
                return draft
            if answer != "discard":
                return None
            draft.discard()
        return None

    # Leaving

    async def may_leave(self) -> bool:
        """Whether the project may be left: saved, not worth it, or given up."""
        await self._screen.flush()
        if self._project.session.dirty:
            answers = [DialogButton("save", "Save", "primary"), DialogButton("drop", "Don't save", "error")]
            name = self._project.path.name if self._project.path else "This manifest"
            question = QuestionDialog("Unsaved changes", f"{name} has changes that are not saved.", answers)
            answer = await self._screen.app.push_screen_wait(question)
            if answer is None or (answer == "save" and not await self.save()):
                return False
        self._project.drop_draft()
        return True
