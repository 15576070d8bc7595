"""The first screen: ways to begin, from what one has or anew. A curl command is pasted right here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from textual import events, on
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from tui.widgets.base import WidgetMessage
from tui.widgets.display_text import safe

_TITLE = "Build a connector for an API that makes you wait"
_TEXT = "Paste a curl command right here, or choose:"
_HAVE = (
    ("stream.import", "Paste a curl command", "from a browser or from docs"),
    ("stream.import", "An OpenAPI document", "choose its operations"),
    ("stream.import", "A recording of a browser", "HAR; jobs are found in it"),
    ("stream.import", "A Postman collection", "choose its requests"),
    ("stream.import", "A published connector", "airbyte-source-NAME"),
)
_ANEW = (
    ("file.demo", "Try a sample", "with an API of its own"),
    ("stream.add", "Add an empty stream", "one request, or a job"),
    ("file.open", "Open a manifest", "made here or by Airbyte"),
)
_NEW = (("help.tour", "Take the tour", "seven steps, with a sample"),)
_NAME_WIDTH = 26

Line = tuple[str, str, str] | Path
"""A way to begin (the action, its name, what it is about), or a file."""


class Welcome(Vertical):
    """A list of ways to begin. The cursor is on the first way to begin from what one has; a newcomer finds the tour
    above it.
    """

    HELP = (
        "Paste a curl command, an OpenAPI document, a HAR recording or a Postman collection right here: what it is "
        "is recognised. Or choose a way to begin: up and down, then enter."
    )

    @dataclass
    class ActionChosen(WidgetMessage["Welcome"]):
        """An action is to be performed."""

        action: str

    @dataclass
    class FileChosen(WidgetMessage["Welcome"]):
        """A file is to be opened."""

        path: Path

    @dataclass
    class TextPasted(WidgetMessage["Welcome"]):
        """Something to begin from was pasted."""

        text: str

    def __init__(self, recent: Sequence[Path], *, offer_tour: bool = False) -> None:
        super().__init__(classes="welcome")
        groups: list[tuple[str, Sequence[Line]]] = [("Begin from what you have", _HAVE), ("Begin anew", _ANEW)]
        if recent:
            groups.append(("Recent", recent))
        if offer_tour:
            groups.insert(0, ("New here?", _NEW))
        self._groups = groups
        self._lines: dict[str, Line] = {}

    def compose(self) -> ComposeResult:
        yield Static(Content(_TITLE), classes="welcome--title")
        yield Static(Content(_TEXT), classes="welcome--text")
        options: list[Option] = []
        for heading, lines in self._groups:
            options += [Option("", disabled=True)] if options else []
            options.append(Option(Content.styled(heading, "$text-primary"), disabled=True))
            for line in lines:
                key = str(len(self._lines))
                self._lines[key] = line
                options.append(Option(_shown(line), key))
        yield OptionList(*options)

    def on_mount(self) -> None:
        choices = self.query_one(OptionList)
        choices.highlighted = next(
            choices.get_option_index(key) for key, line in self._lines.items() if line == _HAVE[0]
        )

    def focus_list(self) -> None:
        self.query_one(OptionList).focus()

    def on_paste(self, event: events.Paste) -> None:
        event.stop()
        if event.text.strip():
            self.post_message(self.TextPasted(self, event.text))

    @on(OptionList.OptionSelected)
    def _choose(self, event: OptionList.OptionSelected) -> None:
        event.stop()
        line = self._lines[event.option_id or "0"]
        if isinstance(line, Path):
            self.post_message(self.FileChosen(self, line))
        else:
            self.post_message(self.ActionChosen(self, line[0]))


def _shown(line: Line) -> Content:
    title, text = (line.name, str(line.parent)) if isinstance(line, Path) else line[1:]
    return Content.assemble(f"  {safe(title):<{_NAME_WIDTH}} ", (safe(text), "dim"))
