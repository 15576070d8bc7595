"""The actions of beginning from what one has: recognise it, choose from it, and add what was chosen."""

from __future__ import annotations

import asyncio
from functools import partial

from core.units import count
from tui.importing.drafts import ImportRefused, Offer, Source, StreamDraft, WholeManifest
from tui.importing.manifest_source import ManifestSource
from tui.importing.placing import Placed, place
from tui.importing.recognition import readable
from tui.model.inputs import PROPERTIES
from tui.model.project import Project
from tui.model.settings import Settings
from tui.shell.editor_area import EditorArea
from tui.shell.file_actions import FileActions
from tui.shell.import_dialog import ImportDialog
from tui.shell.interaction import Interaction
from tui.shell.keys import key_of
from tui.shell.navigation import Navigation
from tui.widgets.dialog import DialogButton, QuestionDialog
from tui.widgets.pick_dialog import PickDialog, PickOption

_NOTES_SHOWN = 4
_CHOOSE, _OPEN = "choose", "open"


class BeginActions:
    """Begins from what a person has; everything that is added is one step to undo."""

    def __init__(
        self,
        project: Project,
        *,
        settings: Settings,
        files: FileActions,
        navigation: Navigation,
        editor: EditorArea,
        interaction: Interaction,
    ) -> None:
        self._project = project
        self._session = project.session
        self._settings = settings
        self._files = files
        self._navigation = navigation
        self._editor = editor
        self._interaction = interaction

    async def begin(self, text: str = "") -> None:
        """Ask for something to begin from, or take the text that was given, and go on with it."""
        if not self._editor.can_edit():
            return
        found = await self._interaction.ask(ImportDialog(text))
        if isinstance(found, WholeManifest):
            await self._go_on_with(found)
        elif found is not None:
            await self.add_from(found)

    async def add_from(self, source: Source) -> None:
        """Let the person choose from a source, and add the streams; a source of one offer is taken as it is."""
        try:
            await self._add_from(source)
        except ImportRefused as error:
            self._interaction.report_error(str(error))

    async def _add_from(self, source: Source) -> None:
        with readable():
            offers = source.offers()
        if not offers:
            raise ImportRefused(f"There is nothing to choose from in this: {source.title}.")
        keys: tuple[str, ...] | None = (offers[0].key,)
        if len(offers) > 1:
            recommended = [one.key for one in offers if one.recommended]
            dialog = PickDialog(source.title, list(map(_option, offers)), recommended, confirm="Add streams")
            keys = await self._interaction.ask(dialog)
        if keys:
            with readable():
                drafts = await asyncio.to_thread(source.drafts, keys)
            if self._editor.can_edit():
                await self._add(drafts)

    async def _add(self, drafts: list[StreamDraft]) -> None:
        if not drafts:
            raise ImportRefused("No streams came of it.")
        with readable():
            placed = place(self._session, drafts)
        self._navigation.select(placed.streams[0])
        if placed.missing:
            await self._navigation.show_path((*PROPERTIES, placed.missing[0]))
        else:
            self._navigation.go_to_stream(placed.streams[0])
        self._tell(placed)

    def _tell(self, placed: Placed) -> None:
        names = [self._session.streams.name(index) for index in placed.streams]
        what = f"The stream {names[0]} was added." if len(names) == 1 else f"{count(len(names), 'stream')} were added."
        test = key_of(self._editor.app, self._settings, "test.run")
        if placed.missing:
            next_step = f"Give {', '.join(placed.missing[:3])} a test value; then {test} tests."
        else:
            next_step = f"{test} tests it." if len(names) == 1 else f"{test} tests the one that you are at."
        notes = list(placed.notes[:_NOTES_SHOWN])
        if len(placed.notes) > _NOTES_SHOWN:
            notes.append(f"And {count(len(placed.notes) - _NOTES_SHOWN, 'further note')}.")
        text = " ".join([what, next_step, *notes])
        if notes:
            self._interaction.notify(text, severity="warning", timeout=12)
        else:
            self._interaction.notify(text)

    async def _go_on_with(self, manifest: WholeManifest) -> None:
        """Open a manifest; where another one is being built, its streams can be added to that instead."""
        answer: str | None = _OPEN
        if not self._project.is_untouched:
            name = self._project.path.name if self._project.path else "the connector that is open"
            answers = [
                DialogButton(_CHOOSE, "Choose streams", "primary"),
                DialogButton(_OPEN, "Open it instead"),
            ]
            text = f"Add streams of it to {name}, or open it as a connector of its own?"
            answer = await self._interaction.ask(QuestionDialog(manifest.title, text, answers))
        if answer == _OPEN:
            await self._open(manifest)
        elif answer == _CHOOSE:
            await self.add_from(await asyncio.to_thread(ManifestSource, manifest))

    async def _open(self, manifest: WholeManifest) -> None:
        """Go on with a whole manifest, once what is open may be left; one that is in a file is edited there."""
        if manifest.path is not None:
            await self._files.open_file(manifest.path)
        else:
            make = partial(Project.from_text, manifest.text, title=manifest.title, notes=manifest.notes)
            await self._files.leave_for(make)


def _option(offer: Offer) -> PickOption:
    return PickOption(offer.key, offer.title, offer.detail, offer.group)
