"""Copying to the clipboard: what widgets ask for, done in one place."""

from __future__ import annotations

from typing import Protocol

from textual.app import App

from tui.model.files import state_folder, write_private

MOST = 100_000
"""Characters that terminals take into the clipboard."""


class Copied(Protocol):
    """A message that asks for a text to be copied; `what` names it."""

    text: str
    what: str

    def stop(self) -> object:
        """Keep the message from going further up."""


class CopyingApp(App[None]):
    """An app that copies what the viewers, tables and menus in it ask to have copied."""

    def on_doc_view_copy_requested(self, event: Copied) -> None:
        """Copy a text to the clipboard where the terminal allows it, which it does not tell, and into a file."""
        event.stop()
        place = _kept(event.text)
        if len(event.text) <= MOST:
            self.copy_to_clipboard(event.text)
            self.notify(f"Copied the {event.what}." + (f" Also in {place}" if place else ""), markup=False)
        elif place:
            self.notify(f"This {event.what} is too long for the clipboard. It is in {place}", markup=False)
        else:
            self.notify(f"This {event.what} is too long for the clipboard. Save it instead.", markup=False)

    on_record_table_copy_requested = on_doc_view_copy_requested
    on_exchange_view_copy_requested = on_doc_view_copy_requested
    on_copy_requested = on_doc_view_copy_requested


def _kept(text: str) -> str | None:
    """Write a text to the file of what was copied last, and say where that is; None when it can't be written."""
    file = state_folder() / "copied.txt"
    try:
        write_private(file, text.encode(errors="replace"))
    except OSError:
        return None
    return str(file)
