"""Copies to the clipboard what widgets ask to have copied."""

from __future__ import annotations

from typing import Protocol

from textual.app import App

from core.environment import state_folder
from tui.model.files import write_private

MAX_LENGTH = 100_000
"""How many characters terminals accept into the clipboard."""


class CopyRequest(Protocol):
    """A message that asks for a text to be copied; `what` describes it."""

    text: str
    what: str

    def stop(self) -> object:
        """Stop bubbling."""


class CopyingApp(App[None]):
    """An app that copies what its viewers, tables and menus ask to have copied.

    The messages are handled by name, since importing their classes would load the engine before the first picture.
    """

    def on_doc_view_copy_requested(self, event: CopyRequest) -> None:
        """Copy to the clipboard and into a file: a terminal may ignore the former, and does not tell."""
        event.stop()
        file = _write_file(event.text)
        if len(event.text) <= MAX_LENGTH:
            self.copy_to_clipboard(event.text)
            self.notify(f"Copied the {event.what}." + (f" Also in {file}" if file else ""), markup=False)
        elif file:
            self.notify(f"This {event.what} is too long for the clipboard. It is in {file}", markup=False)
        else:
            self.notify(f"This {event.what} is too long for the clipboard. Save it instead.", markup=False)

    on_record_table_copy_requested = on_doc_view_copy_requested
    on_exchange_view_copy_requested = on_doc_view_copy_requested
    on_copy_requested = on_doc_view_copy_requested


def _write_file(text: str) -> str | None:
    """Write the text to the file of what was copied last. Returns its path, None if it can't be written."""
    file = state_folder() / "copied.txt"
    try:
        write_private(file, text.encode(errors="replace"))
    except OSError:
        return None
    return str(file)
