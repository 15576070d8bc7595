"""A dialog to open or save a file: a path that is typed with completion, above a listing of its folder."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Literal

from textual import events, on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.content import Content
from textual.widgets import Input, Label, OptionList
from textual.widgets.input import Selection
from textual.widgets.option_list import Option

from tui.widgets.base import hidden
from tui.widgets.dialog import CANCEL, Dialog, DialogButton, text_line
from tui.widgets.display_text import escape

_MOST_LISTED = 500
_NAME_SHOWN = 32


@dataclass(frozen=True)
class FileEntry:
    """A file or folder in a listing."""

    name: str
    is_folder: bool


class FileDialog(Dialog[Path]):
    """Asks for a path; the result is absolute, None when cancelled.

    Opening takes an existing file only; saving over an existing file needs a second enter. `suffixes` says which
    files are listed ("" or nothing: all); a name saved without a suffix gets the first of them. `stands_for` gives
    the file to open when a folder is entered that stands for one.

    A dialog of its own overrides `note_on`, `problem_with`, `with_ending`, `replaces` and `accept`.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        hidden("tab", "complete", "Complete", "Complete the path as far as it is unambiguous", "file.complete"),
        hidden("up", "move('cursor_up')", "Up", "Go to the entry above", "file.up"),
        hidden("down", "move('cursor_down')", "Down", "Go to the entry below", "file.down"),
        hidden("pageup", "move('page_up')", "Page up", "One page up", "file.page-up"),
        hidden("pagedown", "move('page_down')", "Page down", "One page down", "file.page-down"),
    ]

    MOST_LINES: ClassVar[int] = 14
    """The lines of the listing where the screen has room for them."""

    DEFAULT_CSS = """
    FileDialog {
        & > .dialog--box { width: 84; padding: 0 1; }
        Input { padding: 0 1; margin: 1 0; }
        .file-dialog--note { width: 1fr; height: auto; padding: 0 1; margin-bottom: 1; color: $text-muted; }
        OptionList { border: none; background: $surface; padding: 0; }
        .dialog--buttons { margin-top: 0; }
        .dialog--problem { padding: 0 1; }
    }
    """

    def __init__(
        self,
        mode: Literal["open", "save"],
        start: Path,
        *,
        title: str = "",
        suffixes: Sequence[str] = (".yaml", ".yml"),
        confirm: str = "",
        stands_for: Callable[[Path], Path | None] = lambda folder: None,
    ) -> None:
        confirm = confirm or ("Open" if mode == "open" else "Save")
        super().__init__(title or f"{confirm} file", [DialogButton("confirm", confirm, "primary"), CANCEL])
        self._mode = mode
        self._start = start.absolute()
        self._suffixes = tuple(suffixes)
        self._stands_for = stands_for
        self._entries: list[FileEntry] = []
        self._confirmed: Path | None = None

    def compose_body(self) -> ComposeResult:
        start = str(self._start)
        if os.path.isdir(self._start):
            start = start.rstrip(os.sep) + os.sep
        yield Input(start, "Path", select_on_focus=False, compact=True)
        note = text_line("", "file-dialog--note")
        note.display = False
        yield note
        yield OptionList()
        yield text_line("", "dialog--problem")

    def on_mount(self) -> None:
        """Mark the name that is offered for saving, so that another that is typed takes its place."""
        self.query_one(OptionList).can_focus = False
        if self._mode == "save":
            path = self.query_one(Input)
            path.selection = Selection(len(path.value) - len(os.path.basename(path.value)), len(path.value))

    def on_resize(self, event: events.Resize) -> None:
        self.query_one(OptionList).styles.height = max(3, min(self.MOST_LINES, event.size.height // 4))

    @property
    def _path(self) -> Path:
        return Path(os.path.expanduser(self.query_one(Input).value)).absolute()

    def _folder_and_prefix(self) -> tuple[Path, str]:
        text = os.path.expanduser(self.query_one(Input).value)
        folder, prefix = os.path.split(text)
        return Path(folder or ".").absolute(), prefix

    @on(Input.Changed)
    async def _list(self, event: Input.Changed) -> None:
        event.stop()
        self._confirmed = None
        self.show_problem("")
        self.show_note(self.note_on(event.value))
        folder, prefix = self._folder_and_prefix()
        if self._mode == "save" and event.value == str(self._start):  # nobody has typed a name yet
            prefix = ""
        self._entries = await asyncio.to_thread(entries, folder, prefix, self._suffixes)
        listing = self.query_one(OptionList)
        listing.set_options(_line(entry) for entry in self._entries)
        if not self._entries and self._mode == "open":
            listing.add_option(Option(Content.styled("  Nothing here", "dim"), disabled=True))

    async def action_move(self, action: str) -> None:
        """Move the cursor of the listing while the path keeps the focus."""
        await self.query_one(OptionList).run_action(action)

    def action_complete(self) -> None:
        """Complete the typed name with the common beginning of the entries, or else focus the next widget."""
        folder, prefix = self._folder_and_prefix()
        names = [one.name + os.sep * one.is_folder for one in self._entries if one.name.startswith(prefix)]
        names = [name for name in names if name != f"..{os.sep}"]
        common = os.path.commonprefix(names)  # noqa: RUF071 - these are names, not paths
        if len(common) > len(prefix) and self.query_one(Input).has_focus:
            self._type(folder / common, folder=common.endswith(os.sep))
        else:
            self.focus_next()

    def _type(self, path: Path, *, folder: bool) -> None:
        field = self.query_one(Input)
        field.value = str(path) + os.sep * (folder and str(path) != os.sep)
        field.cursor_position = len(field.value)

    @on(OptionList.OptionSelected)
    def _click(self, event: OptionList.OptionSelected) -> None:
        event.stop()
        self._take(self._entries[event.option_index])

    @on(Input.Submitted)
    def _enter(self, event: Input.Submitted) -> None:
        event.stop()
        highlighted = self.query_one(OptionList).highlighted
        if highlighted is not None and self._entries:
            self._take(self._entries[highlighted])
        else:
            self.finish()

    def _take(self, entry: FileEntry) -> None:
        """Go into a folder; take a file's name, and open it if that is what the dialog is for."""
        folder, _ = self._folder_and_prefix()
        self._type(folder.parent if entry.name == ".." else folder / entry.name, folder=entry.is_folder)
        if not entry.is_folder and self._mode == "open":
            self.finish()

    def answered(self, answer: str) -> None:
        self.finish()

    def finish(self) -> None:
        """Take the typed path, or say why not."""
        path = self._path
        if os.path.isdir(path):  # also for a name that is too long
            if self._mode == "open" and (file := self._file_of(path)) is not None:
                self.accept(file)
            else:
                self._type(path, folder=True)
            return
        if self._mode == "save":
            path = self.with_ending(path)
        problem = self.problem_with(path)
        if problem:
            self.show_problem(f"✗ {problem}")
        elif self._mode == "save" and os.path.exists(path) and self._confirmed != path:
            self._confirmed = path
            self.show_problem(f"! {_shown(path.name)} exists. Press enter again to replace {self.replaces(path)}.")
        else:
            self.accept(path)

    def _file_of(self, folder: Path) -> Path | None:
        """The file that a folder stands for."""
        try:
            return self._stands_for(folder)
        except OSError:
            return None

    # What a dialog of its own does in another way

    def note_on(self, text: str) -> str:
        """What is said under the path while it is typed; nothing by default."""
        return ""

    def with_ending(self, path: Path) -> Path:
        """The file that is written where a person names this one: by default, an ending is only added to none."""
        return path if path.suffix or not self._suffixes else path.with_name(path.name + self._suffixes[0])

    def replaces(self, path: Path) -> str:
        """What of an existing file is replaced, as the end of a sentence."""
        return "it"

    def accept(self, path: Path) -> None:
        """Go on with a path that has no problem: by default, it is the result."""
        self.dismiss(path)

    def problem_with(self, path: Path) -> str | None:
        """Why a path can't be taken, in a sentence."""
        if not os.path.isdir(path.parent):
            return f"There is no folder {_shown(path.parent)}."
        if self._mode == "open" and not os.path.exists(path):
            return f"There is no file {_shown(path.name)} in this folder."
        if self._mode == "open" and not os.access(path, os.R_OK):
            return f"You may not read {_shown(path.name)}."
        return None

    def show_note(self, text: str) -> None:
        """Show a line under the path, which takes no room while it is empty."""
        note = self.query_one(".file-dialog--note", Label)
        note.update(text)
        note.display = bool(text)

    def show_problem(self, text: str) -> None:
        """Show a line below the listing; an empty one clears it."""
        self.query_one(".dialog--problem", Label).update(text)


def _shown(name: Path | str) -> str:
    """A name, shortened for a message."""
    text, half = escape(str(name)), _NAME_SHOWN // 2
    return text if len(text) <= _NAME_SHOWN else f"{text[:half]}…{text[-half:]}"


def entries(folder: Path, prefix: str, suffixes: Sequence[str]) -> list[FileEntry]:
    """The folders, then the files of a folder whose names start with a text; hidden ones only if it has a dot."""
    try:
        with os.scandir(folder) as found:
            listed = [FileEntry(item.name, item.is_dir()) for item in found if item.name.startswith(prefix)]
    except OSError:
        return []
    kept = [
        entry
        for entry in listed
        if (prefix.startswith(".") or not entry.name.startswith("."))
        and (entry.is_folder or not suffixes or entry.name.endswith(tuple(suffixes)))
    ]
    kept.sort(key=lambda entry: (not entry.is_folder, entry.name.casefold()))
    up = [FileEntry("..", True)] if not prefix and folder != folder.parent else []
    return [*up, *kept][:_MOST_LISTED]


def _line(entry: FileEntry) -> Option:
    name = escape(entry.name)
    if entry.is_folder:
        return Option(Content.assemble("▸ ", (f"{name}{os.sep}", "$text-primary")))
    return Option(Content(f"  {name}"))
