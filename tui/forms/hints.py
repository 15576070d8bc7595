"""What helps a person to fill in a field: what trials have shown, and names and values of templates."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple, Protocol

from core.manifest.problems import Path
from core.templates import FILTER_NAMES, GLOBAL_NAMES
from tui.model.completion import Candidate, Preview, complete, preview
from tui.model.found_values import found_preview, is_found_by_template
from tui.model.known_names import known_names, names_at
from tui.model.session import BuilderSession
from tui.model.specs import FieldSpec, Kind
from tui.model.view import variables_at
from tui.widgets.choice_dialog import ChoiceOption
from tui.widgets.completion import Complete, CompletionItem
from tui.widgets.template_input import Resolve
from tui.widgets.template_names import template_names

_NAME_AT_END = re.compile(r"[\w.\[\]'\"]*$")
_DURATIONS = {
    "PT0.000001S": "one microsecond",
    "PT0.001S": "one millisecond",
    "PT1S": "one second",
    "PT1M": "one minute",
    "PT1H": "one hour",
    "P1D": "one day",
    "P1W": "one week",
    "P1M": "one month",
    "P1Y": "one year",
}
_EXAMPLE = datetime(2026, 3, 31, 14, 5, 9, 123456, tzinfo=UTC)
_OWN_FORMATS = {
    "%ms": str(int(_EXAMPLE.timestamp() * 1000)),
    "%s_as_float": str(_EXAMPLE.timestamp()),
    "%s": str(int(_EXAMPLE.timestamp())),
}
_LONGEST_LISTED = 48
_LINES = frozenset({Kind.TEXT, Kind.PLAIN})
"""Kinds of fields that may hold the name of a header or of a parameter."""


class Offer(NamedTuple):
    """A value that is offered for a field, and what was seen of it."""

    value: str
    detail: str = ""


class Hints(Protocol):
    """What the last trials of the streams have shown."""

    def variables(self, stream: str) -> Mapping[str, Any]:
        """Template variables of the stream's last trial, such as `creation_response`."""

    def answer(self, stream: str, path: Path) -> Mapping[str, Any]:
        """The variables of the answer that the extractor at a path of the stream looks at: `response`, `headers` and
        `status_code`; none before there was one.
        """

    def suggestions(self, path: Path, spec: FieldSpec) -> Sequence[Offer]:
        """Values that answers and records suggest for the field at a path: paths, templates, formats of dates."""

    def lookups(self, stream: str) -> Sequence[Offer]:
        """How ids, links and statuses of the last answers are looked up in templates."""

    def detected_schema(self, stream: str) -> Mapping[str, Any] | None:
        """The JSON Schema of the records of the stream's last trial."""


class NoHints:
    """The hints while there was no trial yet."""

    def variables(self, stream: str) -> Mapping[str, Any]:
        return {}

    def answer(self, stream: str, path: Path) -> Mapping[str, Any]:
        return {}

    def suggestions(self, path: Path, spec: FieldSpec) -> Sequence[Offer]:
        return ()

    def lookups(self, stream: str) -> Sequence[Offer]:
        return ()

    def detected_schema(self, stream: str) -> Mapping[str, Any] | None:
        return None


class TemplateHelp(NamedTuple):
    """What a field needs to help with templates: what may be written in them, which names are known there, and whether
    there are no inputs yet.
    """

    complete: Complete
    resolve: Resolve
    lacks_inputs: Callable[[], bool]


class FieldHelp:
    """Completion, preview and suggestions for the fields of one form."""

    def __init__(self, session: BuilderSession, hints: Hints) -> None:
        self._session = session
        self._hints = hints

    def templates(self, path: Callable[[], Path]) -> TemplateHelp:
        """Help for the templates of a field. `path` gives its path, which may change while it is shown."""

        def completions(text: str, cursor: int) -> Sequence[CompletionItem]:
            name = _NAME_AT_END.search(text[:cursor])
            start = name.start() if name else cursor
            found = complete(self._session, path(), text[:start] + text[cursor:], start).candidates
            items = [CompletionItem(one.text, _label(one), one.help) for one in found]
            seen = self._seen(path(), name[0] if name else "") if found else []
            return [*seen, *items]

        def is_known(name: str) -> bool | None:
            root, _, rest = name.partition(".")
            if root == "config" and rest:
                return self._session.inputs.get(rest.partition(".")[0]) is not None
            return root in GLOBAL_NAMES or root in FILTER_NAMES or root in variables_at(self._session.view, path())

        return TemplateHelp(completions, is_known, lambda: not self._session.inputs.all())

    def preview(self, path: Path, text: str) -> Preview:
        """What a template evaluates to with the values of the last trial of its stream."""
        stream = self._session.streams.at(path)
        if stream is None:
            return preview(self._session, text)
        name = self._session.streams.name(stream)
        known = self._hints.variables(name)
        if is_found_by_template(self._session, path):
            return found_preview(self._session, path, text, {**known, **self._hints.answer(name, path)})
        return preview(self._session, text, known)

    def secrets(self, text: str) -> str:
        """Whether the secrets that a template names have values; empty where it names none."""
        names = [name.path.split(".")[1] for name in template_names(text) if name.path.startswith("config.")]
        known = [found for name in dict.fromkeys(names) if (found := self._session.inputs.get(name)) and found.secret]
        if not known:
            return ""
        return "•••• set" if all(self._session.values.has(one.key) for one in known) else "•••• not set"

    def suggestions(self, path: Path, spec: FieldSpec) -> Sequence[ChoiceOption]:
        """Values to offer for a field: first those that records show, then the usual ones."""
        streams = self._session.streams.names() if path[-1] == "stream_names" else ()
        names = names_at(self._session, path) if spec.kind in _LINES else None
        known = known_names(self._session, names) if names is not None else ()
        usual = (*spec.suggestions, *streams, *known)
        found = (*self._hints.suggestions(path, spec), *map(Offer, usual))
        details = {one.value: one.detail for one in reversed(found)}
        order = dict.fromkeys(one.value for one in found)
        return [ChoiceOption(value, end_of(value), details[value] or example(spec.kind, value)) for value in order]

    def offers(self, path: Path, spec: FieldSpec) -> Sequence[str]:
        """What trials have shown of a field, the likeliest first."""
        return [one.value for one in self._hints.suggestions(path, spec)]

    def _seen(self, path: Path, typed: str) -> list[CompletionItem]:
        """What the last answers hold whose variable is known in the field, and begins as what is typed."""
        stream = self._session.streams.at(path)
        known = variables_at(self._session.view, path)
        found = self._hints.lookups(self._session.streams.name(stream)) if stream is not None else ()
        return [
            CompletionItem(one.value, one.value, one.detail)
            for one in found
            if one.value.partition("[")[0] in known and one.value.startswith(typed)
        ]


def end_of(value: str, most: int = _LONGEST_LISTED) -> str:
    """A value as it is listed: of a long one with a template its end, which is where such values differ."""
    return f"…{value[1 - most :]}" if "{{" in value and len(value) > most else value


def example(kind: Kind, value: str) -> str:
    """What a suggested value means: a duration in English, a date in a format."""
    if value in _DURATIONS:
        return _DURATIONS[value]
    if kind is Kind.DATETIME_FORMAT or "%" in value:
        return _OWN_FORMATS.get(value) or _EXAMPLE.strftime(value)
    return ""


def _label(candidate: Candidate) -> str:
    if candidate.kind == "input":
        return f"{candidate.name}  input: {candidate.detail}"
    return candidate.detail if candidate.kind in ("macro", "filter") else candidate.name
