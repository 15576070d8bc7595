"""Templates while they are written: candidates at the cursor, and a preview with the values of trials."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal

from core.http.secrets import MASK
from core.manifest.problems import Path
from core.templates import Template, TemplateError, describe
from tui.model.config_references import input_name, inputs_in, template_tokens
from tui.model.session import BuilderSession
from tui.model.view import variables_at

CandidateKind = Literal["input", "variable", "macro", "filter"]
_OPENING = re.compile(r"\{[{%]")
_CLOSING = re.compile(r"[}%]\}")
_CONFIG = re.compile(r"config(?:\.|\[\s*['\"]|\.get\(\s*['\"])([\w\- ]*)$")
_FILTER = re.compile(r"\|\s*(\w*)$")
_WORD = re.compile(r"(?<![\w.'\"\]])(\w*)$")
VARIABLES = {
    "config": "The inputs of the connector.",
    "parameters": "The `$parameters` of the component.",
    "next_page_token": "The token of the page that is requested; null for the first.",
    "stream_interval": "The interval that is read: stream_interval['start_time'], stream_interval['end_time'].",
    "stream_partition": "The partition that is read: stream_partition['name'].",
    "stream_slice": "Partition and interval together.",
    "creation_response": "What creating the job was answered with; `.headers` and `.request` are there too.",
    "start_response": "What starting the job was answered with; `.headers` and `.request` are there too.",
    "polling_response": "What the last poll was answered with; `.headers` and `.request` are there too.",
    "query_properties": "The list of the properties that the API is asked for.",
    "download_target": "One value that the download target extractor found.",
    "download_link": "The link to the download target.",
    "download_link_response": "What the download link request was answered with.",
    "record": "The record.",
    "response": "The decoded response.",
    "headers": "The headers of the response; headers['link']['next']['url'] is taken apart.",
    "status_code": "The HTTP status of the response, such as 200.",
    "range": "A list of numbers: range(3) is [0, 1, 2].",
    "last_record": "The last record of the page.",
    "last_page_size": "The number of records of the page.",
    "page_size": "The page size that the strategy says.",
    "session_token": "The token of the login.",
    "request_url": "The URL that was asked.",
    "property": "The name of the field.",
    "value": "The value that is added.",
    "path": "The path that is added.",
}


@dataclass(frozen=True, slots=True)
class Candidate:
    """Something that may be written; `text` replaces what the completion spans."""

    kind: CandidateKind
    name: str
    text: str
    detail: str
    help: str


@dataclass(frozen=True, slots=True)
class Completion:
    """What fits at the cursor, for the characters from `start` to `end`; no candidates outside of `{{ }}`."""

    start: int
    end: int
    candidates: tuple[Candidate, ...]


def complete(session: BuilderSession, path: Path, text: str, cursor: int) -> Completion:
    """The completion at a position in the template of the field at a path."""
    before = text[:cursor]
    if not _is_inside(before):
        return Completion(cursor, cursor, ())
    if match := _CONFIG.search(before):
        return _inputs(session, text, match)
    if match := _FILTER.search(before):
        return _matching(match, cursor, _helpers("filter"))
    match = _WORD.search(before)
    if match is None:
        return Completion(cursor, cursor, ())
    return _matching(match, cursor, (*_references(session), *_variables(session, path), *_helpers("macro")))


def _is_inside(before: str) -> bool:
    openings = [match.end() for match in _OPENING.finditer(before)]
    return bool(openings) and not _CLOSING.search(before, openings[-1])


def _inputs(session: BuilderSession, text: str, match: re.Match[str]) -> Completion:
    """Inputs for `config.`, `config['` and `config.get('`; the reference is rewritten in one form."""
    is_quoted = "'" in match[0] or '"' in match[0]
    rest = re.match(r"[\w\- ]*['\"]?\s*[\])]?" if is_quoted else r"\w*", text[match.end() :])
    end = match.end() + (rest.end() if rest else 0)
    typed = match[1].lower()
    found = tuple(one for one in _references(session) if one.name.lower().startswith(typed))
    return Completion(match.start(), end, found)


def _references(session: BuilderSession) -> tuple[Candidate, ...]:
    return tuple(
        Candidate("input", one.key, input_name(one.key), _shown_value(session, one.key), one.hint or one.title)
        for one in session.inputs.all()
    )


def _shown_value(session: BuilderSession, key: str) -> str:
    one = session.inputs.get(key)
    if one is not None and one.secret:
        return "secret, given" if session.values.has(key) else "secret, not given"
    value = session.values.get(key)
    default = one.default if one is not None else None
    return str(value if value is not None else default if default is not None else "not given")


def _variables(session: BuilderSession, path: Path) -> tuple[Candidate, ...]:
    return tuple(
        Candidate("variable", name, name, "variable", VARIABLES.get(name, "A field of the parent's records."))
        for name in sorted(variables_at(session.view, path))
    )


@cache
def _helpers(kind: CandidateKind) -> tuple[Candidate, ...]:
    return tuple(
        Candidate(
            kind, helper.name, f"{helper.name}()" if kind == "macro" else helper.name, helper.signature, helper.help
        )
        for helper in describe()
        if helper.kind == kind
    )


def _matching(match: re.Match[str], cursor: int, candidates: tuple[Candidate, ...]) -> Completion:
    """Candidates that begin with what is typed, then those that have it somewhere."""
    typed = match[1].lower()
    first = [one for one in candidates if one.name.lower().startswith(typed)]
    later = [one for one in candidates if typed and typed in one.name.lower() and one not in first]
    return Completion(match.start(1), cursor, (*first, *later))


@dataclass(frozen=True, slots=True)
class Preview:
    """A template with its values: what is not known before a run stands between ‹ and ›, secrets are masked.

    `error` is the sentence for people when it can't be evaluated; `complete` says that everything is known.
    """

    text: str
    complete: bool = True
    error: str | None = None


def preview(session: BuilderSession, text: str, known: Mapping[str, Any] | None = None) -> Preview:
    """Evaluate a template. `known` are variables of the last test, such as `creation_response`."""
    scope = {**(known or {}), "config": shown_config(session)}
    pieces: list[str] = []
    complete = True
    try:
        for source, is_template in _pieces(text):
            if not is_template:
                pieces.append(source)
                continue
            template = Template(source)
            unknown = [name for name in inputs_in(source) if session.inputs.get(name) is None]
            if unknown:
                return Preview("", error=f"There is no input `{unknown[0]}`.")
            given = all(name in scope["config"] for name in inputs_in(source))
            if given and template.variables <= scope.keys():
                pieces.append(template.text(scope))
            else:
                pieces.append(f"‹{source.removeprefix('{{').removesuffix('}}').strip()}›")
                complete = False
    except TemplateError as error:
        return Preview("", error=str(error))
    return Preview("".join(pieces), complete)


def shown_config(session: BuilderSession) -> dict[str, Any]:
    """The test values and defaults of all inputs, with a mask in place of every secret."""
    values = {}
    for one in session.inputs.all():
        if one.secret:
            if session.values.has(one.key):
                values[one.key] = MASK
            continue
        value = session.values.get(one.key)
        value = one.default if value is None else value
        if value is not None:
            values[one.key] = value
    return values


def _pieces(text: str) -> Iterator[tuple[str, bool]]:
    """The literal parts and the `{{ }}` of a text; the whole text as one template where there are statements in it."""
    tokens = template_tokens(text)
    if (text and not tokens) or any(kind == "block_begin" for kind, _ in tokens):
        yield text, True
        return
    expression = ""
    for kind, value in tokens:
        if kind in ("raw_begin", "raw_end"):
            continue
        if kind == "data":
            yield value, False
            continue
        expression += value
        if kind == "variable_end":
            yield expression, True
            expression = ""
    if expression:
        yield expression, True
