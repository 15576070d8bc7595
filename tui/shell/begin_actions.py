"""The actions of beginning from what one has: recognise it, choose from it, and add what was chosen."""

from __future__ import annotations

from functools import partial

from core.units import count
from tui.importing.drafts import Offer, Source, StreamDraft, WholeManifest
from tui.importing.placing import Placed, place
from tui.importing.recognition import readable
from tui.model.inputs import PROPERTIES
from tui.model.project import Project
from tui.model.session import BuilderSession
from tui.model.settings import Settings
from tui.shell.editor_area import EditorArea
from tui.shell.file_actions import FileActions
from tui.shell.import_dialog import ImportDialog
from tui.shell.interaction import Interaction
from tui.shell.keys import key_of
from tui.shell.navigation import Navigation
from tui.widgets.pick_dialog import PickDialog, PickOption

_NOTES_SHOWN = 4


class BeginActions:
    """Begins from what a person has; everything that is added is one step to undo."""

    def __init__(
        self,
        session: BuilderSession,
        *,
        settings: Settings,
        files: FileActions,
        navigation: Navigation,
        editor: EditorArea,
        interaction: Interaction,
    ) -> None:
        self._session = session
        self._settings = settings
        self._files = files
        self._navigation = navigation
        self._editor = editor
        self._interaction = interaction

    async def begin(self, text: str = "") -> None:
        """Ask for something to begin from, or take the text that was pasted, and go on with it."""
        if not self._editor.can_edit():
            return
        found = await self._interaction.ask(ImportDialog(text))
        if isinstance(found, WholeManifest):
            await self._open(found)
        elif found is not None:
            await self.add_from(found)

    async def add_from(self, source: Source) -> None:
        """Let the person choose from a source, and add the streams; a source of one offer is taken as it is."""
        with readable():
            offers = source.offers()
        if not offers:
            self._interaction.report_error(f"There is nothing to choose from in this: {source.title}.")
            return
        keys: tuple[str, ...] | None = (offers[0].key,)
        if len(offers) > 1:
            recommended = [one.key for one in offers if one.recommended]
            dialog = PickDialog(source.title, list(map(_option, offers)), recommended, confirm="Add streams")
            keys = await self._interaction.ask(dialog)
        if keys and self._editor.can_edit():
            with readable():
                drafts = source.drafts(keys)
            await self._add(drafts)

    async def _add(self, drafts: list[StreamDraft]) -> None:
        placed = place(self._session, drafts)
        if not placed.streams:
            self._interaction.report_error("No streams came of it.")
            return
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

    async def _open(self, manifest: WholeManifest) -> None:
        """Go on with a whole manifest, once what is open may be left."""
        await self._files.leave_for(partial(Project.from_text, manifest.text, title=manifest.title))


def _option(offer: Offer) -> PickOption:
    return PickOption(offer.key, offer.title, offer.detail, offer.group)
