"""What a template comes to with the test values, as far as that is known before anything runs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from jinja2 import Environment, TemplateSyntaxError

from core.http.secrets import MASK
from core.templates import Template, TemplateError
from tui.session.config_references import inputs_in
from tui.session.session import BuilderSession

_LEXER = Environment(keep_trailing_newline=True, autoescape=True)


@dataclass(frozen=True, slots=True)
class Preview:
    """A template with its values: what is not known before a run stands between ‹ and ›, secrets are masked.

    `error` is the sentence for people when it can't be evaluated; `complete` says that everything is known.
    """

    text: str
    complete: bool = True
    error: str | None = None


def preview(session: BuilderSession, text: str, known: Mapping[str, Any] | None = None) -> Preview:
    """What a template comes to. `known` are variables of the last test, such as `creation_response`."""
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
    try:
        tokens = [(kind, value) for _, kind, value in _LEXER.lex(text)]
    except TemplateSyntaxError:
        tokens = [("block_begin", text)]
    if any(kind == "block_begin" for kind, _ in tokens):
        yield text, True
        return
    expression = ""
    for kind, value in tokens:
        if kind == "data":
            yield value, False
            continue
        expression += value
        if kind == "variable_end":
            yield expression, True
            expression = ""
    if expression:
        yield expression, True
