"""The table of actions: keys, command palette, key bar and help all come from it, and nothing else lists actions.

To add an action, write a method on one of the objects that the builder's screen holds (`files`, `navigation`,
`streams`, …) and add a row here that names it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from textual.binding import Binding

from core.events import Stage

_NO_KEY = "no-key:"
"""Begins the stand-in key of an action without one, so that it can be given one in the settings all the same."""


@dataclass(frozen=True, slots=True)
class UserAction:
    """Something that a person can do.

    `target` names the method that does it, looked up from the builder's screen, and its arguments ("files.save",
    "streams.move(-1)"); one that begins with "app." is a Textual action of the app. `when` names an attribute, looked
    up in the same way, that is true or not empty when the action can be done; without it the action always can.
    """

    id: str
    """Its area and its name; the id by which its keys are changed in the settings."""
    verb: str
    """What the palette says behind the area."""
    target: str
    help: str
    keys: str = ""
    label: str = ""
    """What the key bar says, on which only actions that have a `rank` are shown (the lower, the earlier)."""
    rank: int | None = None
    when: str = ""
    otherwise: str = ""
    """What a press of its key says where it can't be done; without it such a press does nothing."""
    in_dialogs: bool = False
    """Whether its keys work in dialogs too."""

    @property
    def area(self) -> str:
        return self.id.partition(".")[0]

    @property
    def title(self) -> str:
        """The action in the palette: "File: save the manifest", "Go: to a field"."""
        return f"{self.area.capitalize()}: {self.verb.removeprefix('go ')}"

    @property
    def heading(self) -> str:
        """The action where it stands alone: "Save the manifest"."""
        return self.verb[:1].upper() + self.verb[1:]

    @property
    def is_of_app(self) -> bool:
        return self.target.startswith("app.")

    @property
    def binding(self) -> Binding:
        return Binding(
            self.keys or f"{_NO_KEY}{self.id}",
            self.target if self.is_of_app else f"screen.perform('{self.id}')",
            self.label or self.heading,
            show=self.rank is not None,
            tooltip=self.help,
            id=self.id,
            priority=self.in_dialogs,
        )


def has_key(key: str) -> bool:
    """Whether a key is one that can be pressed."""
    return not key.startswith(_NO_KEY)


APP = (
    UserAction(
        "app.palette", "list all commands", "app.command_palette", "Everything there is", "ctrl+p", "Commands", 5
    ),
    UserAction(
        "app.quit", "quit", "app.quit", "Leave; asks about unsaved changes", "ctrl+q", "Quit", 7, in_dialogs=True
    ),
)
"""What the app itself does."""

_STAGES = {
    Stage.CREATION: "Create one job, show the answer and keep the job for the tests of polling and download",
    Stage.POLLING: "Poll the job that is there once, and say what its status means",
    Stage.DOWNLOAD: "Download the result of the job that is there",
}
_STREAM = "streams.has_current"
_FORM = "editor.stream_form"

BUILDER = (
    UserAction(
        "test.run", "test this stream", "trial_actions.start", "Read the stream and watch", "f5,ctrl+r", "Test", 1
    ),
    UserAction(
        "test.show",
        "show or leave the test screen",
        "trial_actions.toggle",
        "From the form to the test, and back",
        "ctrl+b",
        "Form/test",
        2,
    ),
    UserAction("file.save", "save the manifest", "files.save", "Write the manifest to its file", "ctrl+s", "Save", 3),
    UserAction(
        "help.show", "explain this place", "help.show", "Help on the focused field, and all keys", "f1,?", "Help", 6
    ),
    UserAction("app.back", "go back", "navigation.back", "Cancel the test, or leave what is open", "escape", "Back"),
    UserAction(
        "test.stage",
        "test only this tab",
        "trial_actions.start_stage",
        "Only the creation, one poll, or only the download: with the job that is there",
        "f4,shift+f5",
        "Test tab",
        2,
        when="trial_actions.has_stages",
        otherwise="Only a stream of jobs is tested tab by tab: go to one, to its tab Creation, Polling or Download.",
    ),
    *(
        UserAction(
            f"test.{stage.lower()}",
            f"test only the {stage.lower()}",
            f"trial_actions.start_stage('{stage}')",
            text,
            when="trial_actions.has_stages",
        )
        for stage, text in _STAGES.items()
    ),
    UserAction(
        "test.follow",
        "test again with the same job",
        "trial_actions.follow_jobs",
        "Poll and download the job of the last test; no new one is created",
        when="trial_actions.can_follow",
    ),
    UserAction(
        "test.cancel",
        "cancel the test",
        "trials.controller.cancel_or_abandon",
        "Stop all requests and abort the job on the server",
        when="trials.running_stream",
    ),
    UserAction(
        "test.limits",
        "set limits and input state",
        "trial_actions.ask_limits",
        "How much a test of this stream reads",
        when=_STREAM,
    ),
    UserAction(
        "test.export",
        "export the records…",
        "trial_actions.export",
        "Write the records of the test to a file, or load them into a database",
    ),
    UserAction(
        "test.query",
        "query the records…",
        "trial_actions.query",
        "SQL over the records of the test, with DuckDB",
    ),
    UserAction(
        "test.find-all",
        "search in all requests…",
        "trial_actions.search",
        "A text in the URLs, headers and bodies of the test",
    ),
    UserAction(
        "test.compare",
        "compare two tests…",
        "trial_actions.compare",
        "What differs in records, requests and schema: any two of the last ten tests of the stream",
    ),
    UserAction(
        "test.keep-case",
        "keep as a case…",
        "cases.keep",
        "Record requests, answers and records for longhaul --check, without secrets",
        when="cases.can_keep",
    ),
    UserAction(
        "test.open-case",
        "open a case…",
        "cases.open",
        "Test against recorded answers instead of the API",
    ),
    UserAction(
        "test.leave-case",
        "leave the case",
        "cases.leave",
        "Test against the API again",
        "f12",
        when="trials.case",
        otherwise="No case is open: tests ask the API.",
    ),
    UserAction("file.new", "start a new connector", "files.new", "Begin with an empty manifest"),
    UserAction("file.open", "open a manifest", "files.open", "Open a manifest from a file"),
    UserAction(
        "file.recent", "open a recent manifest", "files.open_recent", "Choose from the files that were open last"
    ),
    UserAction("file.save-as", "save the manifest as…", "files.save_as", "Write the manifest to another file"),
    UserAction(
        "file.reload",
        "read the file again",
        "files.reload",
        "Drop the changes and read the file again",
        when="project.path",
    ),
    UserAction("file.demo", "try a sample…", "files.demo", "Choose one that runs against a demo API on this machine"),
    UserAction(
        "edit.undo",
        "undo",
        "navigation.undo",
        "Take back the last change and go there",
        "ctrl+z",
        when="session.can_undo",
        otherwise="Nothing to undo.",
    ),
    UserAction(
        "edit.redo",
        "redo",
        "navigation.redo",
        "Do the undone change again and go there",
        "ctrl+y",
        when="session.can_redo",
        otherwise="Nothing to redo.",
    ),
    UserAction("go.section", "go to a section", "go_to.section", "List the sections of the form", "ctrl+o", "Go to", 4),
    UserAction("go.field", "go to a field", "go_to.field", "List every field, type to filter", "ctrl+g"),
    UserAction("go.letter", "go to a letter", "go_to.letter", "Put a letter on everything in view", "f3"),
    UserAction(
        "go.navigator",
        "go to the navigator, or back",
        "navigation.toggle_navigator",
        "Global, inputs and streams",
        "f2",
    ),
    UserAction("go.problem", "go to the next problem", "go_to.problem", "The next error or warning in the forms", "f8"),
    UserAction(
        "go.next-tab",
        "go to the next tab",
        "editor.stream_form.next_tab(1)",
        "The next tab of the stream",
        "ctrl+t",
        when=_FORM,
        otherwise="There are no tabs here: open a stream first.",
    ),
    UserAction(
        "go.previous-tab",
        "go to the previous tab",
        "editor.stream_form.next_tab(-1)",
        "The tab of the stream before",
        when=_FORM,
    ),
    UserAction(
        "go.global",
        "go to the global settings",
        "navigation.open('global')",
        "Connection check, concurrency, job budget, API budget",
    ),
    UserAction(
        "go.inputs", "go to the inputs", "navigation.open('inputs')", "What a person who runs the connector has to give"
    ),
    UserAction("stream.add", "add a stream", "streams.add", "A new stream, or a copy of one"),
    UserAction(
        "stream.import",
        "add streams from what you have…",
        "begin.begin",
        "A curl command, OpenAPI document, HAR recording, Postman collection or published connector",
    ),
    UserAction(
        "stream.duplicate", "duplicate this stream", "streams.duplicate", "Add a copy right after it", when=_STREAM
    ),
    UserAction("stream.rename", "rename this stream", "streams.rename", "References follow", when=_STREAM),
    UserAction(
        "stream.delete", "delete this stream", "streams.delete", "Take the stream out of the manifest", when=_STREAM
    ),
    UserAction(
        "stream.template",
        "make a template of this stream",
        "streams.make_template",
        "Streams are made from it, one for each table, form or report that the API lists",
        when="streams.stands_by_itself",
    ),
    UserAction(
        "stream.condition",
        "put this stream below a condition",
        "streams.put_below_condition",
        "It is there for some inputs only, such as a plan that was bought",
        when="streams.stands_by_itself",
    ),
    UserAction(
        "stream.two-ways",
        "read this stream in two ways",
        "streams.read_in_two_ways",
        "In full as long as there is no state, by another request for changes from then on",
        when="streams.stands_by_itself",
    ),
    UserAction(
        "stream.up", "move this stream up", "streams.move(-1)", "Put the stream before the one above", when=_STREAM
    ),
    UserAction(
        "stream.down", "move this stream down", "streams.move(1)", "Put the stream after the one below", when=_STREAM
    ),
    UserAction(
        "stream.kind",
        "switch between sync and async",
        "streams.switch_kind",
        "Keep everything that maps",
        when=_STREAM,
    ),
    UserAction(
        "request.paste",
        "fill from a curl command",
        "editor.stream_form.paste_curl",
        "For the request of this tab",
        when=_FORM,
    ),
    UserAction(
        "request.copy",
        "copy as a curl command",
        "editor.stream_form.copy_curl",
        "The request of this tab, with the test values",
        when=_FORM,
    ),
    UserAction(
        "request.recording",
        "fill from a recording…",
        "cases.fill_request",
        "Choose a request of a case, or of a HAR file of a browser or proxy",
        when=_FORM,
    ),
    UserAction(
        "schema.auto",
        "import the schema after each test, or not",
        "streams.toggle_auto_import",
        "For this stream",
        when=_STREAM,
    ),
    UserAction("view.yaml", "show or leave the YAML", "navigation.toggle_yaml", "The same manifest as text", "ctrl+l"),
    UserAction("view.theme", "change the theme", "app.change_theme", "Choose the colours"),
    UserAction(
        "view.light", "switch between light and dark", "app.toggle_dark", "The other one of Longhaul's own themes"
    ),
    UserAction("help.tour", "take the tour", "tour.start", "Seven steps through the builder, with a sample"),
    UserAction(
        "help.keys", "list all keys and their ids", "help.list_keys", "What every key does, and how to change it"
    ),
)
"""What can be done anywhere in the builder, the most usual first."""


def _on_stream(verb: str, target: str, text: str, keys: str, **shown: Any) -> UserAction:
    """An action of the navigator on the stream under its cursor."""
    id_ = f"navigator.{verb.replace(' ', '-')}"
    return UserAction(id_, verb, target, text, keys, when=_STREAM, otherwise="Go to a stream first.", **shown)


NAVIGATOR = (
    UserAction("navigator.open", "open", "navigator.open", "Show it and go there", "enter,right,l", "Open", 1),
    UserAction("navigator.add", "add a stream", "streams.add", "Add a stream", "a", "Add", 2),
    _on_stream("rename", "streams.rename", "Rename the stream", "r", label="Rename", rank=3),
    _on_stream("duplicate", "streams.duplicate", "Add a copy of the stream", "c", label="Copy", rank=4),
    _on_stream("delete", "streams.delete", "Delete it; asks first", "delete,d,x", label="Delete", rank=5),
    _on_stream("move up", "streams.move(-1)", "Move the stream up", "ctrl+up,K"),
    _on_stream("move down", "streams.move(1)", "Move the stream down", "ctrl+down,J"),
    UserAction("navigator.up", "up", "navigator.move_cursor(-1)", "One line up", "up,k"),
    UserAction("navigator.down", "down", "navigator.move_cursor(1)", "One line down", "down,j"),
    UserAction("navigator.first", "first", "navigator.go_to_edge(0)", "To the first line", "home,g"),
    UserAction("navigator.last", "last", "navigator.go_to_edge(-1)", "To the last line", "end,G"),
)
"""What can be done in the navigator; streams are those under its cursor."""

ACTIONS = {action.id: action for action in (*APP, *BUILDER, *NAVIGATOR)}


def bindings(actions: Iterable[UserAction]) -> list[Binding]:
    return [action.binding for action in actions]
