"""What the help says of a field, put together from what the session knows of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from core.manifest.problems import Path, show_path
from tui.forms.problem_words import said_in_labels
from tui.forms.sharing_words import also_in
from tui.session.completion import VARIABLES
from tui.session.session import BuilderSession
from tui.session.specs import FieldSpec, Kind
from tui.session.structure import variables_at

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
_BY_KEY = {"url": "https://api.example.com/exports", "url_base": "https://api.example.com", "path": "/exports"}


@dataclass(frozen=True, slots=True)
class Topic:
    """A heading and the lines below it; a line is a term and what is said of it (either may be empty)."""

    heading: str
    lines: tuple[tuple[str, str], ...]


def field_topics(session: BuilderSession, path: Path, spec: FieldSpec) -> Iterator[Topic]:
    """What is to be said of a field."""
    problems = session.problems(path)
    if problems:
        said = [said_in_labels(session, one) for one in problems[:5]]
        yield Topic("Problems", tuple((f"✗ {text}", hint) for text, hint in said))
    said = [("", text) for text in _sentences(spec)]
    yield Topic("", tuple(said))
    yield Topic("Facts", (*_facts(path, spec), *_place(session, path)))
    if example := _example(session, path, spec):
        yield Topic("Example", (("", example),))
    if spec.types:
        own = [(one.label, one.help + ("" if one.portable else " Not portable to Airbyte.")) for one in spec.types]
        yield Topic("Types", tuple(own))
    elif spec.options:
        yield Topic("Options", tuple((option, "") for option in spec.options))
    if spec.templates or spec.or_text:
        names = sorted(variables_at(session.view, path))
        said = [(name, VARIABLES.get(name, "A field of the parent's records.")) for name in names]
        yield Topic("Variables in {{ }}", tuple(said))


def _sentences(spec: FieldSpec) -> Iterator[str]:
    if spec.help:
        yield spec.help
    if taken := _TAKES.get(spec.kind):
        text = " A template may stand in its place." if spec.or_text else ""
        yield taken + text + (" A list of texts may stand in its place." if spec.or_texts else "")


def _facts(path: Path, spec: FieldSpec) -> Iterator[tuple[str, str]]:
    if spec.required:
        yield "Required", "yes"
    elif spec.default not in (None, [], {}):
        yield "Default", str(spec.default)
    if spec.limits:
        words = {"ge": "at least", "gt": "more than", "le": "at most", "lt": "less than", "pattern": "like"}
        yield "Limits", ", ".join(f"{words.get(name, name)} {limit}" for name, limit in spec.limits.items())
    if spec.ours:
        yield "Portable", "Airbyte does not know this field and leaves it out of account."
    yield "Key", show_path(path)


def _place(session: BuilderSession, path: Path) -> Iterator[tuple[str, str]]:
    """Where a field is written that is shared by reference."""
    others = also_in(session, path)
    if others:
        yield "Written in", show_path(session.slot(path))
        yield "Shared with", f"{', '.join(others)}. A change counts there too."


def _example(session: BuilderSession, path: Path, spec: FieldSpec) -> str:
    if spec.kind is Kind.TEXT:
        if spec.key in _BY_KEY:
            visible = variables_at(session.view, path)
            return next((text for name, text in _BY_VARIABLE.items() if name in visible), _BY_KEY[spec.key])
        return _EXAMPLES[Kind.TEXT]
    if spec.suggestions and spec.kind not in _EXAMPLES:
        return ", ".join(spec.suggestions[:3])
    return _EXAMPLES.get(spec.kind, "")
