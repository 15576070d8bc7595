"""The first screen: ways to begin, from what one has or anew. What one has is pasted or typed right here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from textual import events, on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from tui.widgets.base import WidgetMessage, hidden
from tui.widgets.display_text import safe

_TITLE = "Build a connector for an API that makes you wait"
_PLACEHOLDER = "Paste curl, or type airbyte-source-NAME or a path"
_PUBLISHED = "airbyte-source-"
_HAVE = (
    ("stream.import", "Paste a curl command", "from a browser or from docs"),
    ("stream.import", "An OpenAPI document", "choose its operations"),
    ("stream.import", "A recording of a browser", "HAR; jobs are found in it"),
    ("stream.import", "A Postman collection", "choose its requests"),
    (_PUBLISHED, "A published connector", "its name, or its folder"),
)
_ANEW = (
    ("file.demo", "Try a sample", "with an API of its own"),
    ("stream.add", "Add an empty stream", "one request, or a job"),
    ("file.open", "Open a manifest", "made here or by Airbyte"),
)
_NEW = (("help.tour", "Take the tour", "seven steps, with a sample"),)
_NAME_WIDTH = 26

Line = tuple[str, str, str] | Path
"""A way to begin (the action or the beginning of a text, its name, what it is about), or a file."""


class _Prompt(Input):
    """Takes what is pasted whole, however long it is; what is typed is taken with enter."""

    @dataclass
    class Pasted(WidgetMessage["_Prompt"]):
        text: str

    def on_paste(self, event: events.Paste) -> None:
        event.stop()
        event.prevent_default()
        if event.text.strip():
            self.post_message(self.Pasted(self, self.value + event.text))

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """While it is empty, home and end are for the list."""
        return bool(self.value) or action not in ("home", "end")


class Welcome(Vertical):
    """A list of ways to begin. The cursor is on the first way to begin from what one has; a newcomer finds the tour
    above it.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        hidden("up", "move('cursor_up')", "Up", "Go to the line above", "welcome.up"),
        hidden("down", "move('cursor_down')", "Down", "Go to the line below", "welcome.down"),
        hidden("pageup", "move('page_up')", "Page up", "One page up", "welcome.page-up"),
        hidden("pagedown", "move('page_down')", "Page down", "One page down", "welcome.page-down"),
        hidden("home", "move('first')", "First", "Go to the first line", "welcome.first"),
        hidden("end", "move('last')", "Last", "Go to the last line", "welcome.last"),
    ]

    HELP = (
        "Paste what you have right here: it is recognised. Or type a connector's name or a path, or choose a way to "
        "begin with up, down and enter. What can be pasted: a curl command, an OpenAPI document, a HAR recording, a "
        "Postman collection, a manifest."
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
    class TextGiven(WidgetMessage["Welcome"]):
        """Something to begin from was pasted or typed."""

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
        yield _Prompt(placeholder=_PLACEHOLDER, compact=True, classes="welcome--prompt")
        options: list[Option] = []
        for heading, lines in self._groups:
            options += [Option("", disabled=True)] if options else []
            options.append(Option(Content.styled(heading, "$heading"), disabled=True))
            for line in lines:
                key = str(len(self._lines))
                self._lines[key] = line
                options.append(Option(_shown(line), key))
        yield OptionList(*options)

    def on_mount(self) -> None:
        choices = self.query_one(OptionList)
        choices.can_focus = False
        choices.highlighted = next(
            choices.get_option_index(key) for key, line in self._lines.items() if line == _HAVE[0]
        )

    def focus_prompt(self) -> None:
        self.query_one(_Prompt).focus()

    async def action_move(self, action: str) -> None:
        """Move the cursor of the list while the prompt keeps the focus."""
        await self.query_one(OptionList).run_action(action)

    @on(_Prompt.Pasted)
    def _pasted(self, event: _Prompt.Pasted) -> None:
        event.stop()
        self.post_message(self.TextGiven(self, event.text))

    @on(Input.Submitted)
    def _enter(self, event: Input.Submitted) -> None:
        event.stop()
        if event.value.strip():
            self.post_message(self.TextGiven(self, event.value))
        else:
            self.query_one(OptionList).action_select()

    @on(OptionList.OptionSelected)
    def _choose(self, event: OptionList.OptionSelected) -> None:
        event.stop()
        line = self._lines[event.option_id or "0"]
        if isinstance(line, Path):
            self.post_message(self.FileChosen(self, line))
        elif line[0] == _PUBLISHED:
            prompt = self.query_one(_Prompt)
            prompt.value, prompt.cursor_position = _PUBLISHED, len(_PUBLISHED)
            prompt.focus()
        else:
            self.post_message(self.ActionChosen(self, line[0]))


def _shown(line: Line) -> Content:
    title, text = (line.name, str(line.parent)) if isinstance(line, Path) else line[1:]
    return Content.assemble(f"  {safe(title):<{_NAME_WIDTH}} ", (safe(text), "dim"))
