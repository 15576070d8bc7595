"""The dialog that takes what a person begins from: pasted, typed, or in a file. What it is is recognised by itself."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

from textual import on
from textual.app import ComposeResult
from textual.widgets import Label, TextArea

from tui.importing.drafts import ImportRefused, Source, WholeManifest
from tui.importing.material import MOST_BYTES, Material, material_of, read_material
from tui.importing.recognition import recognise
from tui.widgets.dialog import CANCEL, Dialog, DialogButton, text_line
from tui.widgets.file_dialog import FileDialog

_TAKES = (
    "Paste a curl command, an OpenAPI document, a HAR recording, a Postman collection or a manifest; or type the name "
    "of a published connector (airbyte-source-NAME) or the path of a file or folder. Secrets become inputs."
)


class _PasteArea(TextArea):
    """A text area that says when something was pasted into it."""

    def __init__(self, pasted: Callable[[], None]) -> None:
        super().__init__(soft_wrap=True, classes="import-dialog--text", compact=True)
        self._pasted = pasted

    def on_paste(self) -> None:
        """The text area itself takes the text; then it is said."""
        self.call_after_refresh(self._pasted)


class ImportDialog(Dialog[Source | WholeManifest]):
    """Takes something to begin from; the result is what it was recognised as.

    `text` is what was pasted already; it is read at once, and seen only when it can't be used.
    """

    def __init__(self, text: str = "") -> None:
        answers = [DialogButton("go", "Continue", "primary"), DialogButton("file", "Choose a file…"), CANCEL]
        super().__init__("Begin from what you have", answers)
        self._text = text
        self._reading = False

    def compose_body(self) -> ComposeResult:
        yield text_line(_TAKES)
        yield _PasteArea(self._go)
        yield text_line("", "dialog--problem")

    def on_mount(self) -> None:
        area = self.query_one(TextArea)
        area.focus()
        if self._text:
            area.text = self._text
            self._go()

    def answered(self, answer: str) -> None:
        if answer == "file":
            self.app.push_screen(FileDialog("open", Path.cwd(), title="Begin from a file"), self._chosen)
        else:
            self._go()

    def _chosen(self, path: Path | None) -> None:
        if path is not None:
            self.query_one(TextArea).text = str(path)
            self._start(lambda: read_material(path))

    def _go(self) -> None:
        text = self.query_one(TextArea).text
        if not text.strip():
            self._say("Paste something first, or choose a file.")
        elif len(text) > MOST_BYTES:
            self._say(f"More than {MOST_BYTES // 1024 // 1024} MB can't be pasted; choose the file instead.")
        else:
            self._start(lambda: material_of(text))

    def _start(self, read: Callable[[], Material]) -> None:
        if not self._reading:
            self._reading = True
            self._say("Reading…", wrong=False)
            self.run_worker(self._read(read), exclusive=False)

    async def _read(self, read: Callable[[], Material]) -> None:
        """Find out in a thread what it is; close with it, or say why it can't be used."""
        try:
            found = await asyncio.to_thread(lambda: recognise(read()))
        except ImportRefused as error:
            self._say(str(error))
        else:
            self.dismiss(found)
        finally:
            self._reading = False

    def _say(self, text: str, *, wrong: bool = True) -> None:
        self.query_one(".dialog--problem", Label).update(f"✗ {text}" if wrong else text)

    @on(TextArea.Changed)
    def _changed(self, event: TextArea.Changed) -> None:
        event.stop()
        if not self._reading:
            self.query_one(".dialog--problem", Label).update("")
