"""The actions of the builder: each with the id by which its key is changed, its default keys, and its words."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from textual.binding import Binding

_NO_KEY = "no-key:"
"""Begins the stand-in key of an action without one, so that a person can give it one all the same."""


@dataclass(frozen=True, slots=True)
class Action:
    """Something that can be done.

    `id` is the area and a name; `verb` is what the palette says behind the area; `label` is for the bar of keys, where
    it has a place only if it has a `rank` (the lower, the earlier); `run` is the action of the screen.
    """

    id: str
    verb: str
    run: str
    help: str
    keys: str = ""
    label: str = ""
    rank: int | None = None
    always: bool = False
    """Whether its key works in dialogs too."""

    @property
    def area(self) -> str:
        """What the action is about."""
        return self.id.partition(".")[0]

    @property
    def title(self) -> str:
        """The action in the palette: "file: save the manifest"."""
        return f"{self.area}: {self.verb}"

    @property
    def binding(self) -> Binding:
        """The keys of the action."""
        return Binding(
            self.keys or f"{_NO_KEY}{self.id}",
            self.run,
            self.label or self.verb.capitalize(),
            show=self.rank is not None,
            tooltip=self.help,
            id=self.id,
            priority=self.always,
        )


def has_key(key: str) -> bool:
    """Whether a key is one that can be pressed."""
    return not key.startswith(_NO_KEY)


APP = (
    Action("app.palette", "list all commands", "command_palette", "Everything there is", "ctrl+p", "Commands", 5),
    Action("app.quit", "quit", "quit", "Leave; what is not saved is asked for", "ctrl+q", "Quit", 7, always=True),
)
"""What the app itself does."""

BUILDER = (
    Action("test.run", "test this stream", "run_test", "Read the stream and watch", "f5,ctrl+r", "Test", 1),
    Action("test.show", "show or leave the test screen", "toggle_test", "There and back", "ctrl+b", "Form/test", 2),
    Action("file.save", "save the manifest", "save", "Write the manifest to its file", "ctrl+s", "Save", 3),
    Action("go.section", "go to a section", "go_to_section", "List the sections of the form", "ctrl+o", "Jump", 4),
    Action("help.show", "explain this place", "help", "Help on the focused field, and all keys", "f1,?", "Help", 6),
    Action("app.back", "go back", "back", "Cancel the test, or leave what is open", "escape", "Back"),
    Action(
        "test.follow",
        "test again with the same job",
        "follow_job",
        "Poll and download the job of the last test; no new one is created",
    ),
    Action("test.cancel", "cancel the test", "cancel_test", "Stop all requests and abort the job on the server"),
    Action("test.limits", "set limits and input state", "test_limits", "How much a test of this stream reads"),
    Action("file.new", "start a new connector", "new", "Begin with an empty manifest"),
    Action("file.open", "open a manifest", "open", "Open a manifest from a file"),
    Action("file.recent", "open a recent manifest", "open_recent", "Choose from the files that were open last"),
    Action("file.save-as", "save the manifest as…", "save_as", "Write the manifest to another file"),
    Action("file.reload", "read the file again", "reload", "Drop the changes and read the file again"),
    Action("file.demo", "try the demo", "demo", "Open a sample that runs against a demo API on this machine"),
    Action("edit.undo", "undo", "undo", "Take back the last change and go there", "ctrl+z"),
    Action("edit.redo", "redo", "redo", "Do the undone change again and go there", "ctrl+y"),
    Action("go.navigator", "go to the navigator, or back", "go_to_navigator", "Global, inputs and streams", "f2"),
    Action("go.field", "go to a field", "go_to_field", "List every field, type to filter", "ctrl+g"),
    Action("go.problem", "go to the next problem", "next_problem", "The next error or warning in the forms", "f8"),
    Action("go.label", "jump by letters", "jump", "Put a letter on everything that can be reached", "f3"),
    Action("go.next-tab", "go to the next tab", "next_tab(1)", "The next tab of the stream", "ctrl+t"),
    Action("go.previous-tab", "go to the previous tab", "next_tab(-1)", "The tab of the stream before"),
    Action(
        "go.global",
        "go to the global settings",
        "open('global')",
        "Connection check, concurrency, job budget, API budget",
    ),
    Action("go.inputs", "go to the inputs", "open('inputs')", "What a person who runs the connector has to give"),
    Action("stream.add", "add a stream", "add_stream", "A new stream, or a copy of one"),
    Action("stream.duplicate", "duplicate this stream", "duplicate_stream", "Add a copy right after it"),
    Action("stream.rename", "rename this stream", "rename_stream", "References follow"),
    Action("stream.delete", "delete this stream", "delete_stream", "Take the stream out of the manifest"),
    Action("stream.up", "move this stream up", "move_stream(-1)", "Put the stream before the one above"),
    Action("stream.down", "move this stream down", "move_stream(1)", "Put the stream after the one below"),
    Action("stream.kind", "switch between sync and async", "switch_kind", "Keep everything that maps"),
    Action("request.paste", "fill from a curl command", "paste_curl", "For the request of this tab"),
    Action("request.copy", "copy as a curl command", "copy_curl", "The request of this tab, with the test values"),
    Action("schema.auto", "import the schema after each test, or not", "toggle_auto_import", "For this stream"),
    Action("view.yaml", "show or leave the YAML", "toggle_yaml", "The same manifest as text", "ctrl+l"),
    Action("view.theme", "change the theme", "app.change_theme", "Choose the colours"),
    Action("view.light", "switch between light and dark", "app.toggle_dark", "The other one of Longhaul's own themes"),
    Action("help.keys", "list all keys and their ids", "list_keys", "What every key does, and how to change it"),
)
"""What can be done anywhere in the builder, the most usual first."""

NAVIGATOR = (
    Action("navigator.open", "open", "open", "Show it and go there", "enter,right,l", "Open", 1),
    Action("navigator.add", "add a stream", "screen.add_stream", "Add a stream", "a", "Add", 2),
    Action("navigator.rename", "rename", "screen.rename_stream", "Rename the stream", "r", "Rename", 3),
    Action("navigator.duplicate", "duplicate", "screen.duplicate_stream", "Add a copy of the stream", "d", "Copy", 4),
    Action("navigator.delete", "delete", "screen.delete_stream", "Delete the stream", "delete,x", "Delete", 5),
    Action("navigator.move-up", "move up", "screen.move_stream(-1)", "Move the stream up", "ctrl+up,K"),
    Action("navigator.move-down", "move down", "screen.move_stream(1)", "Move the stream down", "ctrl+down,J"),
    Action("navigator.up", "up", "move(-1)", "One line up", "up,k"),
    Action("navigator.down", "down", "move(1)", "One line down", "down,j"),
    Action("navigator.first", "first", "edge(0)", "To the first line", "home,g"),
    Action("navigator.last", "last", "edge(-1)", "To the last line", "end,G"),
)
"""What can be done in the navigator; streams are those under its cursor."""


def bindings(actions: Iterable[Action]) -> list[Binding]:
    """The keys of some actions."""
    return [action.binding for action in actions]


def ranks(actions: Iterable[Action]) -> Iterator[tuple[str, int]]:
    """The ids of the actions that have a place in the bar of keys, and which."""
    return ((action.id, action.rank) for action in actions if action.rank is not None)
