"""Copying to the clipboard: what widgets ask for, done in one place."""

from __future__ import annotations

from typing import Protocol

from textual.app import App

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
        """Copy a text to the clipboard, where the terminal allows it."""
        event.stop()
        if len(event.text) > MOST:
            self.notify(f"This {event.what} is too long for the clipboard. Save it instead.", markup=False)
            return
        self.copy_to_clipboard(event.text)
        self.notify(f"Copied the {event.what}.", markup=False)

    on_record_table_copy_requested = on_doc_view_copy_requested
    on_test_pane_copy_requested = on_doc_view_copy_requested
    on_copy_requested = on_doc_view_copy_requested
