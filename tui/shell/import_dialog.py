"""The dialog that takes what a person begins from: pasted, typed, or in a file. What it is is recognised by itself."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from textual import events, on
from textual.app import ComposeResult
from textual.widgets import Label, TextArea

from core.units import size
from tui.importing.drafts import ImportRefused, Source, WholeManifest
from tui.importing.folders import manifest_in
from tui.importing.material import MOST_BYTES
from tui.importing.recognition import find
from tui.widgets.dialog import CANCEL, Dialog, DialogButton, text_line
from tui.widgets.file_dialog import FileDialog

_TAKES = (
    "Paste a curl command, an OpenAPI document, a HAR recording, a Postman collection or a manifest; or type the name "
    "of a published connector (airbyte-source-NAME) or the path of a file or folder. Secrets become inputs."
)
_MOST_SHOWN = 50_000
"""Letters of a text that is shown; a text area takes seconds for a long one."""
_GOES_ON = ("\\", "^", "`", "{", "[", ":", ",")
"""Ends of lines that are followed by more."""


class _PasteArea(TextArea):
    """A text area that tells when something is pasted into it, and when enter ends the only line of it."""

    def __init__(self, taken: Callable[[str], None]) -> None:
        super().__init__(soft_wrap=True, classes="import-dialog--text", compact=True)
        self._taken = taken

    def on_paste(self, event: events.Paste) -> None:
        """Short texts are taken by the text area itself before it is told."""
        if len(event.text) > _MOST_SHOWN:
            event.stop()
            event.prevent_default()
            self._taken(event.text)
        else:
            self.call_after_refresh(lambda: self._taken(self.text))

    def on_key(self, event: events.Key) -> None:
        line = self.text.strip()
        if event.key == "enter" and line and "\n" not in line and not line.endswith(_GOES_ON):
            event.stop()
            event.prevent_default()
            self._taken(self.text)


class ImportDialog(Dialog[Source | WholeManifest]):
    """Takes something to begin from; the result is what it was recognised as.

    `text` is what was given already; it is read at once, and seen only when it can't be used.
    """

    def __init__(self, text: str = "") -> None:
        answers = [DialogButton("go", "Continue", "primary"), DialogButton("file", "Choose a file…"), CANCEL]
        super().__init__("Begin from what you have", answers)
        self._text = text
        self._reading = False

    def compose_body(self) -> ComposeResult:
        yield text_line(_TAKES)
        yield _PasteArea(self._take)
        yield text_line("", "dialog--problem")

    def on_mount(self) -> None:
        area = self.query_one(TextArea)
        area.focus()
        if self._text:
            if len(self._text) <= _MOST_SHOWN:
                area.text = self._text
                area.move_cursor(area.document.end)
            self._take(self._text)

    def answered(self, answer: str) -> None:
        if answer == "file":
            dialog = FileDialog(
                "open", Path.cwd(), title="Begin from a file or folder", suffixes=(), stands_for=manifest_in
            )
            self.app.push_screen(dialog, self._chosen)
        else:
            self._take(self.query_one(TextArea).text)

    def _chosen(self, path: Path | None) -> None:
        if path is not None:
            self.query_one(TextArea).text = str(path)
            self._take(str(path))

    def _take(self, text: str) -> None:
        """Begin to read a text, unless one is being read."""
        if self._reading:
            return
        if not text.strip():
            self._say("Paste something first, or choose a file.")
        elif len(text) > MOST_BYTES:
            self._say(f"More than {MOST_BYTES // 1024 // 1024} MB can't be pasted; choose the file instead.")
        else:
            self._reading = True
            self._tell("Reading…" if len(text) <= _MOST_SHOWN else f"Reading {size(len(text))}…")
            self.run_worker(self._read(text), exclusive=False)

    async def _read(self, text: str) -> None:
        """Find out what it is; close with it, or say why it can't be used. It ends with the dialog."""
        try:
            found = await find(text, self._tell)
        except ImportRefused as error:
            self._say(str(error))
        else:
            self.dismiss(found)
        finally:
            self._reading = False

    def _say(self, problem: str) -> None:
        self._tell(f"✗ {problem}")

    def _tell(self, text: str) -> None:
        line = self.query_one(".dialog--problem", Label)
        line.set_class(not text.startswith("✗"), "-progress")
        line.update(text)

    @on(TextArea.Changed)
    def _changed(self, event: TextArea.Changed) -> None:
        event.stop()
        if not self._reading:
            self._tell("")
