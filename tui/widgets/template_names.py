"""The names that the templates in a text use, and the word that is being typed in one."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from tui.widgets.syntax import is_raw, jinja_pieces

_KEYWORDS = frozenset(
    {
        "and",
        "or",
        "not",
        "in",
        "is",
        "if",
        "elif",
        "else",
        "endif",
        "for",
        "endfor",
        "set",
        "endset",
        "loop",
        "raw",
        "endraw",
    }
    | {"true", "false", "none", "True", "False", "None"}
)
_PART = re.compile(
    r"""
    (?P<string>"(?:[^"\\]|\\.)*"?|'(?:[^'\\]|\\.)*'?)
  | (?P<aside>\|\s*\w+|\bis\s+(?:not\s+)?\w+|\b\w+\s*=(?!=)|[\w)\]]\s*\.\s*\w+)
  | (?P<name>[A-Za-z_]\w*(?:\s*\.\s*[A-Za-z_]\w*|\[\s*(?:'[^']*'|"[^"]*")\s*\])*)
    """,
    re.VERBOSE,
)
_LOCAL = re.compile(r"\{%-?\s*(?:set|for)\s+(\w+)")
_WORD = re.compile(r"[\w.\[\]'\"]*$")
_TEMPLATE = re.compile(r"\{[{%#]")
_LEAST_OF_A_SECRET = 8
"""Characters of a word beside templates that may be a secret."""
_LEADING_WORD = re.compile(r"[A-Za-z-]+ ")
_NAMING = re.compile(r"[\w.-]+(?:=|: ?)\{[{%#]", re.ASCII)
"""A name and the template that it is for; an `=` and a blank may be the end of Base64."""
_ASKS_FOR_A_NAME = "{%|(,+-*/~=["


class TemplateName(NamedTuple):
    """A name in a template: where it stands in the text, and its parts joined by dots (`user.name`)."""

    start: int
    end: int
    path: str


class TypedWord(NamedTuple):
    """The word before the cursor: where it starts, what there is of it, and whether it is worth completing."""

    start: int
    text: str
    wanted: bool


def template_names(text: str) -> Iterator[TemplateName]:
    """The variables and functions that the templates in a text use, without filters, tests and local names."""
    own = set(_LOCAL.findall(text))
    for template in jinja_pieces(text):
        if template[0].startswith("{#"):
            continue
        for match in _PART.finditer(text, template.start() + 2, template.end() - 2):
            name = match["name"]
            if name and name not in _KEYWORDS:
                path = ".".join(re.findall(r"\w[^\s.'\"\[\]]*", name))
                if path.split(".")[0] not in own:
                    yield TemplateName(match.start(), match.end(), path)


def plain_secret(text: str) -> tuple[int, int] | None:
    """Where in the value of a secret field something stands that may be the secret itself; None where nothing does.

    That is all of a text without templates, else a long word beside them, but for what says what the template gives: a
    first word of letters and hyphens (`SharedKey {{ … }}`), or a name before it (`api_token={{ … }}`, `key: {{ … }}`).
    """
    if not _TEMPLATE.search(text):
        return (0, len(text)) if text else None
    start = 0
    for end, following in [*(piece.span() for piece in jinja_pieces(text)), (len(text), len(text))]:
        unclosed = _TEMPLATE.search(text, start, end)
        for word in re.finditer(r"\S+", text[start : unclosed.start() if unclosed else end]):
            place = start + word.start(), start + word.end()
            leads = place[0] == 0 and _LEADING_WORD.match(text)
            if len(word[0]) >= _LEAST_OF_A_SECRET and not leads and not _NAMING.match(text, place[0]):
                return place
        start = following
    return None


def typed_word(text: str, cursor: int) -> TypedWord | None:
    """The word that is being typed at the cursor, or None outside of a template, and in what is `raw`."""
    before = text[:cursor]
    opening = max(before.rfind("{{"), before.rfind("{%"))
    if opening < 0 or is_raw(text, cursor) or max(before.rfind("}}"), before.rfind("%}")) > opening:
        return None
    match = _WORD.search(before, opening + 2)
    word = match[0] if match else ""
    led_by = before[: cursor - len(word)].rstrip()[-1]
    return TypedWord(cursor - len(word), word, bool(word) or led_by in _ASKS_FOR_A_NAME)


def closing(text: str, cursor: int) -> str:
    """What closes the template at the cursor, if nothing does so yet."""
    opening = max(text.rfind("{{", 0, cursor), text.rfind("{%", 0, cursor))
    close = "}}" if text.startswith("{{", opening) else "%}"
    following = text.find(close, cursor)
    another = min((at for at in (text.find("{{", cursor), text.find("{%", cursor)) if at >= 0), default=len(text))
    if 0 <= following < another:
        return ""
    return close if text[cursor : cursor + 1] == " " else f" {close}"
