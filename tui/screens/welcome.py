"""What stands in the middle while there is nothing to edit yet: how to begin, and the files that were open last."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from textual import on
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from tui.widgets.cells import safe
from tui.widgets.message import WidgetMessage

_TITLE = "Build a connector for an API that makes you wait"
_TEXT = "Describe how it hands out its data, test it here, save a manifest that runs anywhere."
_WAYS = (
    ("add_stream", "Add the first stream", "one request, or a job"),
    ("demo", "Try the demo", "with an API of its own"),
    ("open", "Open a manifest", "made here or by Airbyte"),
)


class Welcome(Vertical):
    """A list of ways to begin."""

    HELP = "Choose a way to begin: up and down, then enter."

    @dataclass
    class Chosen(WidgetMessage["Welcome"]):
        """A person wants an action of the screen to be done."""

        action: str

    @dataclass
    class FileChosen(WidgetMessage["Welcome"]):
        """A person wants a file to be opened."""

        path: Path

    def __init__(self, recent: Sequence[Path]) -> None:
        super().__init__(classes="welcome")
        self._recent = tuple(recent)

    def compose(self) -> ComposeResult:
        """The words and the list."""
        yield Static(Content(_TITLE), classes="welcome--title")
        yield Static(Content(_TEXT), classes="welcome--text")
        ways = [Option(Content.assemble(f"{title:<22} ", (text, "dim"))) for _, title, text in _WAYS]
        files = [
            Option(Content.assemble(f"{safe(path.name):<22} ", (safe(str(path.parent)), "dim")))
            for path in self._recent
        ]
        if files:
            yield OptionList(*ways, None, *files)
        else:
            yield OptionList(*ways)

    def on_mount(self) -> None:
        """The first way is the likeliest."""
        self.query_one(OptionList).highlighted = 0

    def focus_list(self) -> None:
        """Let a person choose."""
        self.query_one(OptionList).focus()

    @on(OptionList.OptionSelected)
    def _choose(self, event: OptionList.OptionSelected) -> None:
        event.stop()
        if event.option_index < len(_WAYS):
            self.post_message(self.Chosen(self, _WAYS[event.option_index][0]))
        else:
            self.post_message(self.FileChosen(self, self._recent[event.option_index - len(_WAYS)]))
