"""The help dialog, and what it says about a field: problems, what it takes, examples, types, variables."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.screen import Screen
from textual.widgets import Static

from core.manifest.problems import Path, show_path
from tui.forms.wording import message_and_hint, sharing_streams
from tui.model.completion import VARIABLES
from tui.model.session import BuilderSession
from tui.model.specs import FieldSpec, Kind
from tui.model.view import variables_at
from tui.shell.actions import has_key
from tui.shell.keys import active_keys, place_of
from tui.widgets.base import hidden
from tui.widgets.dialog import Dialog, DialogButton
from tui.widgets.display_text import safe

_WIDEST_TERM = 26
"""In cells."""


@dataclass(frozen=True, slots=True)
class Topic:
    """A heading and the lines below it; a line is a term and what is said about it (either may be empty)."""

    heading: str
    lines: tuple[tuple[str, str], ...]


class HelpDialog(Dialog[None]):
    BINDINGS: ClassVar[list[BindingType]] = [
        hidden("q,f1,question_mark", "cancel", "Close", "Close the help", "help.close"),
    ]

    def __init__(self, title: str, topics: Iterable[Topic]) -> None:
        super().__init__(title, [DialogButton("cancel", "Close")])
        self._topics = tuple(topics)

    def compose_body(self) -> ComposeResult:
        with VerticalScroll(classes="help-dialog--body"):
            for topic in self._topics:
                if topic.heading:
                    yield Static(Content(topic.heading), classes="help-dialog--heading")
                yield Static(_table(topic), classes="help-dialog--text")

    def on_mount(self) -> None:
        self.query_one(VerticalScroll).focus()  # so that keys scroll


def keys_on(screen: Screen[Any]) -> Iterable[Topic]:
    """The keys that work now on a screen, by the widget that they belong to."""
    app = screen.app
    groups: dict[str, dict[str, list[str]]] = {}
    for node, binding, enabled, tooltip in active_keys(screen):
        if enabled and has_key(binding.key) and binding.id is not None:
            owner = node.BINDING_GROUP_TITLE or ("everywhere" if node is app else "builder")
            title = place_of(binding, owner)
            keys = groups.setdefault(title, {}).setdefault(tooltip or binding.description, [])
            keys.append(app.get_key_display(binding))
    return key_topics(
        {
            title: [(" ".join(dict.fromkeys(keys)), text) for text, keys in group.items()]
            for title, group in groups.items()
        }
    )


def key_topics(groups: Mapping[str, Sequence[tuple[str, str]]]) -> Iterable[Topic]:
    """A topic for each group of keys; a group is named after the place where its keys work."""
    return (Topic(f"Keys: {name}" if name else "Keys", tuple(lines)) for name, lines in groups.items())


def _table(topic: Topic) -> RenderableType:
    """Terms at the left, texts at the right; where no term has a text, everything takes the whole width."""
    if not any(term and text for term, text in topic.lines):
        return Text("\n".join(safe(term or text) for term, text in topic.lines))
    table = Table.grid(padding=(0, 2), expand=True)
    table.add_column(style="bold", max_width=_WIDEST_TERM)
    table.add_column(ratio=1)
    for term, text in topic.lines:
        table.add_row(Text(safe(term)), Text(safe(text)))
    return table


_TAKES: dict[Kind, str] = {
    Kind.TEXT: "Text. Parts in {{ }} are worked out for each request.",
    Kind.PLAIN: "Text, taken as it is.",
    Kind.NUMBER: "A number.",
    Kind.BOOLEAN: "Yes or no.",
    Kind.CHOICE: "One of the options.",
    Kind.STRINGS: "A list of texts. Enter adds one; commas and line breaks in what is pasted divide it.",
    Kind.NUMBERS: "A list of numbers.",
    Kind.FIELD_PATH: "The way to a field: its steps divided by dots, * for every item.",
    Kind.FIELD_PATHS: "Ways to fields, their steps divided by dots.",
    Kind.PAIRS: "Names and their values.",
    Kind.JSON: "JSON. Texts in it may be templates.",
    Kind.GRAPHQL: "A GraphQL query.",
    Kind.DURATION: "A duration as ISO 8601 writes it.",
    Kind.DATETIME_FORMAT: "A format of dates, in the signs of Python's strftime.",
    Kind.COMPONENT: "One of the types below, with fields of its own.",
    Kind.COMPONENTS: "A list; each item is of one of the types below.",
    Kind.COMPONENT_MAP: "Names, each with one of the types below.",
    Kind.STATUS_MAPPING: "For every status that the API reports, what it means. A status has one meaning.",
    Kind.PRIMARY_KEY: "The field that tells records apart, or several that do so together.",
    Kind.SCHEMA: "A JSON Schema. A test shows the one that its records have.",
}
_EXAMPLES: dict[Kind, str] = {
    Kind.TEXT: "{{ config['account'] }}",
    Kind.STRINGS: "ready, done",
    Kind.FIELD_PATH: "data.result.urls",
    Kind.FIELD_PATHS: "address.city",
    Kind.PAIRS: "format   csv",
    Kind.JSON: '{"since": "{{ config[\'start_date\'] }}"}',
    Kind.GRAPHQL: "query { orders { id total } }",
    Kind.DURATION: "P1D is a day, PT1H an hour",
    Kind.DATETIME_FORMAT: "%Y-%m-%dT%H:%M:%SZ is 2024-01-31T08:00:00Z",
    Kind.STATUS_MAPPING: "ready → completed, pending → running",
    Kind.PRIMARY_KEY: "id",
}
_BY_VARIABLE = {
    "download_target": "{{ download_target }}",
    "polling_response": "{{ polling_response['url'] }}",
    "creation_response": "https://api.example.com/exports/{{ creation_response['id'] }}",
}
_BY_POLL = frozenset({"polling_requester", "abort_requester", "delete_requester"})
"""Requests that see the answer to polling, but mostly need that to the creation."""
_BY_KEY = {"url": "https://api.example.com/exports", "url_base": "https://api.example.com", "path": "/exports"}


def field_topics(session: BuilderSession, path: Path, spec: FieldSpec) -> Iterator[Topic]:
    """Everything there is to know about a field."""
    problems = [message_and_hint(session, one) for one in session.problems(path)[:5]]
    if problems:
        yield Topic("Problems", tuple((f"✗ {message}", hint) for message, hint in problems))
    yield Topic("", tuple(("", text) for text in _sentences(spec)))
    yield Topic("Facts", (*_facts(path, spec), *_shared_with(session, path)))
    if example := _example(session, path, spec):
        yield Topic("Example", (("", example),))
    if spec.offered_types:
        types = [
            (one.label, one.help + ("" if one.portable else " Not portable to Airbyte.")) for one in spec.offered_types
        ]
        yield Topic("Types", tuple(types))
    elif spec.options:
        yield Topic("Options", tuple((option, "") for option in spec.options))
    if spec.templates or spec.or_text:
        names = sorted(variables_at(session.view, path))
        variables = [(name, VARIABLES.get(name, "A field of the parent's records.")) for name in names]
        yield Topic("Variables in {{ }}", tuple(variables))


def _sentences(spec: FieldSpec) -> Iterator[str]:
    if spec.help:
        yield spec.help
    if takes := _TAKES.get(spec.kind):
        template = " A template may stand in its place." if spec.or_text else ""
        yield takes + template + (" A list of texts may stand in its place." if spec.or_texts else "")


def _facts(path: Path, spec: FieldSpec) -> Iterator[tuple[str, str]]:
    if spec.required:
        yield "Required", "yes"
    elif spec.default not in (None, [], {}):
        yield "Default", str(spec.default)
    if spec.limits:
        names = {"ge": "at least", "gt": "more than", "le": "at most", "lt": "less than", "pattern": "like"}
        yield "Limits", ", ".join(f"{names.get(name, name)} {limit}" for name, limit in spec.limits.items())
    if spec.ours:
        yield "Portable", "Airbyte does not know this field and ignores it."
    yield "Key", show_path(path)


def _shared_with(session: BuilderSession, path: Path) -> Iterator[tuple[str, str]]:
    """Where a field is written that is shared by reference, and with whom."""
    others = sharing_streams(session, path)
    if others:
        yield "Written in", show_path(session.slot(path))
        yield "Shared with", f"{', '.join(others)}. A change counts there too."


def _example(session: BuilderSession, path: Path, spec: FieldSpec) -> str:
    if spec.kind is Kind.TEXT:
        if spec.key in _BY_KEY:
            visible = variables_at(session.view, path)
            if not _BY_POLL.isdisjoint(path):
                visible -= {"polling_response"}
            return next((text for name, text in _BY_VARIABLE.items() if name in visible), _BY_KEY[spec.key])
        return _EXAMPLES[Kind.TEXT]
    if spec.suggestions and spec.kind not in _EXAMPLES:
        return ", ".join(spec.suggestions[:3])
    return _EXAMPLES.get(spec.kind, "")
