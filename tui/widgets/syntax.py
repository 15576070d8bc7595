"""Colouring of JSON, YAML, GraphQL, XML, CSV, SQL and differences by regular expressions, by line; of Jinja on top."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import groupby
from typing import Literal, NamedTuple, get_args

from rich.segment import Segment
from rich.style import Style
from textual.content import Content
from textual.style import Style as VisualStyle
from textual.widget import Widget

Language = Literal["json", "yaml", "graphql", "xml", "csv", "sql", "diff", "text"]
Token = Literal["key", "string", "number", "keyword", "punctuation", "comment", "name", "jinja", "added", "removed"]
TOKENS: tuple[Token, ...] = get_args(Token)

SYNTAX_CLASSES = {f"syntax--{token}" for token in TOKENS}
"""Component classes for a widget that colours text; `SYNTAX_CSS` belongs into its DEFAULT_CSS block."""

SYNTAX_CSS = """
        & > .syntax--key { color: $text-primary; }
        & > .syntax--string { color: $text-success; }
        & > .syntax--number { color: $text-warning; }
        & > .syntax--keyword { color: $text-accent; text-style: italic; }
        & > .syntax--punctuation { color: $text-muted; }
        & > .syntax--comment { color: $text-muted; text-style: italic; }
        & > .syntax--name { color: $text-accent; }
        & > .syntax--jinja { color: $template; }
        & > .syntax--added { color: $text-success; }
        & > .syntax--removed { color: $text-error; }
"""


class TokenSpan(NamedTuple):
    """A stretch of a line, from `start` up to but without `end`, and what it is."""

    start: int
    end: int
    token: Token


_SQL_WORDS = """
    all and any array as asc between by case cast cross cube describe desc distinct else end except exclude exists
    explain false filter first from full group grouping having ilike in inner intersect interval into is join last
    lateral left like limit natural not null nulls offset on or order over partition pivot positional qualify recursive
    replace right rollup row rows sample select semi sets show similar struct summarize table tables then to true union
    unnest unpivot using values when where window with within
"""
_DOUBLE_QUOTED = r'"[^"\\]*+(?:\\.[^"\\]*+)*+(?:"|$)'
_NUMBER = r"(?<![\w.])-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?(?![\w.])"

_JSON = rf"""
    (?P<key>{_DOUBLE_QUOTED}(?=\s*:))
  | (?P<string>{_DOUBLE_QUOTED})
  | (?P<number>{_NUMBER})
  | (?P<keyword>\b(?:true|false|null)\b)
  | (?P<punctuation>[{{}}\[\],:])
"""
_YAML = rf"""
    (?P<comment>(?:^|(?<=\s))\#.*)
  | (?P<key>(?:^\s*+(?:-\s++)*+|(?<=[{{,]))\s*(?:[^\s\#&*!|>'"%@`{{}}\[\],:-]|-(?=\S))(?:[^:\#]|:(?=\S))*?(?=:(?:\s|$)))
  | (?P<string>{_DOUBLE_QUOTED}|'[^']*+(?:''[^']*+)*+(?:'|$))
  | (?P<name>(?<!\S)(?:[&*][\w-]+|!+\w*))
  | (?P<number>(?<!\S){_NUMBER}(?=\s*(?:$|[,\]}}\#])))
  | (?P<keyword>(?<!\S)(?:true|false|null|yes|no|~)(?=\s*(?:$|[,\]}}\#])))
  | (?P<punctuation>^\s*-(?=\s)|[{{}}\[\],|>](?=\s|$))
"""
_GRAPHQL = rf"""
    (?P<comment>\#.*)
  | (?P<string>{_DOUBLE_QUOTED})
  | (?P<key>\$\w+|\w+(?=\s*:))
  | (?P<keyword>\b(?:query|mutation|subscription|fragment|on|true|false|null)\b)
  | (?P<name>@\w+|\b[A-Z]\w*)
  | (?P<number>{_NUMBER})
  | (?P<punctuation>[{{}}()\[\]:!=|&.,]+)
"""
_XML = r"""
    (?P<comment><!--.*?(?:-->|$))
  | (?P<keyword><[!?][^>]*>?)
  | (?P<key></?[\w:.-]+|/?>)
  | (?P<name>[\w:.-]+(?=\s*=\s*["']))
  | (?P<string>(?<==)(?:"[^"]*(?:"|$)|'[^']*(?:'|$)))
"""
_CSV = r"""
    (?P<string>"[^"]*+(?:""[^"]*+)*+(?:"|$))
  | (?P<number>(?<![^,;|\t])-?\d+(?:\.\d+)?(?=[,;|\t\r]|$))
  | (?P<punctuation>[,;|\t])
"""
_SQL = rf"""
    (?P<comment>--.*|/\*.*?(?:\*/|$))
  | (?P<string>'[^']*+(?:''[^']*+)*+(?:'|$))
  | (?P<name>"[^"]*+(?:""[^"]*+)*+(?:"|$))
  | (?P<keyword>(?i:\b(?:{"|".join(_SQL_WORDS.split())})\b))
  | (?P<number>{_NUMBER})
  | (?P<key>\b[a-zA-Z_]\w*(?=\())
"""
_DIFF = r"(?P<added>^\+.*)|(?P<removed>^-.*)"
_PATTERNS: dict[Language, re.Pattern[str]] = {
    "json": re.compile(_JSON, re.VERBOSE),
    "yaml": re.compile(_YAML, re.VERBOSE),
    "graphql": re.compile(_GRAPHQL, re.VERBOSE),
    "xml": re.compile(_XML, re.VERBOSE),
    "csv": re.compile(_CSV, re.VERBOSE),
    "sql": re.compile(_SQL, re.VERBOSE),
    "diff": re.compile(_DIFF),
}

_JINJA = re.compile(r"\{\{.*?\}\}|\{%.*?%\}|\{#.*?#\}")
_RAW = re.compile(r"\{%[-+]?\s*raw\s*[-+]?%\}")
_END_OF_RAW = re.compile(r"\{%[-+]?\s*endraw\s*[-+]?%\}")


def jinja_pieces(text: str) -> Iterator[re.Match[str]]:
    """The pieces of a template that are not plain text, as what is between `raw` and `endraw` is."""
    position = 0
    while (match := _JINJA.search(text, position)) is not None:
        yield match
        position = match.end()
        if _RAW.fullmatch(match[0]):
            end = _END_OF_RAW.search(text, position)
            position = end.start() if end else len(text)


def is_raw(text: str, place: int) -> bool:
    """Whether a place in a template is between `raw` and `endraw`."""
    begin = max((match.end() for match in _RAW.finditer(text, 0, place)), default=0)
    return begin > 0 and _END_OF_RAW.search(text, begin, place) is None


def spans(line: str, language: Language) -> Iterator[TokenSpan]:
    """The coloured stretches of a line, which do not overlap."""
    pattern = _PATTERNS.get(language)
    if pattern is not None:
        for match in pattern.finditer(line):
            token = match.lastgroup
            for known in TOKENS:
                if known == token:
                    yield TokenSpan(match.start(), match.end(), known)


def jinja_spans(line: str) -> Iterator[TokenSpan]:
    """The templates in a line."""
    for match in jinja_pieces(line):
        yield TokenSpan(match.start(), match.end(), "jinja")


def with_templates(text: str, style: str | VisualStyle = "") -> Content:
    """A text in one style, the templates in it in theirs."""
    content = Content.styled(text, style)
    for span in jinja_spans(text):
        content = content.stylize("$template", span.start, span.end)
    return content


def ink(widget: Widget, component: str) -> Style:
    """The style of a component class without its background, to be laid over others; null before styles are applied."""
    style = widget.get_component_rich_style(component, default=Style.null())
    return style.without_color + Style(color=style.color)


def token_inks(widget: Widget) -> dict[Token, Style]:
    """What each token looks like in a widget that has `SYNTAX_CLASSES`."""
    return {token: ink(widget, f"syntax--{token}") for token in TOKENS}


def paint(text: str, base: Style, layers: list[tuple[int, int, Style]]) -> list[Segment]:
    """The text as segments; `layers` are stretches and styles, laid over the base in their order."""
    styles = [base] * len(text)
    for start, end, style in layers:
        for index in range(max(0, start), min(end, len(text))):
            styles[index] += style
    parts = groupby(range(len(text)), key=styles.__getitem__)
    return [Segment("".join(text[index] for index in run), style) for style, run in parts]
