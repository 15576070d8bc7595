"""A quick look at a GraphQL query: whether its brackets and texts are closed and whether it asks for anything."""

from __future__ import annotations

import re
from typing import NamedTuple

_TOKEN = re.compile(r'"""[\s\S]*?"""|"(?:\\.|[^"\\\n])*"|#.*|\{\{[\s\S]*?\}\}|\{%[\s\S]*?%\}|[{}()\[\]"]')
_PAIRS = {"{": "}", "(": ")", "[": "]"}
_START = re.compile(r"\s*(?:#.*\s*)*(?:query|mutation|subscription|fragment|\{)")


class Fault(NamedTuple):
    """What is wrong, and in which line, counted from 0."""

    message: str
    line: int


def fault_in(query: str) -> Fault | None:
    """The first fault of a query; None when none is seen."""
    if not query.strip():
        return Fault("The query is empty.", 0)
    if not _START.match(query):
        return Fault("A query begins with `query`, `mutation` or `{`.", 0)
    open_ones: list[tuple[str, int]] = []
    for match in _TOKEN.finditer(query):
        token, line = match[0], query.count("\n", 0, match.start())
        if token in _PAIRS:
            open_ones.append((token, line))
        elif token in _PAIRS.values():
            if not open_ones or _PAIRS[open_ones[-1][0]] != token:
                return Fault(f"This {token} closes nothing.", line)
            open_ones.pop()
        elif token == '"':
            return Fault("This text is not closed.", line)
    if open_ones:
        token, line = open_ones[-1]
        return Fault(f"This {token} is not closed.", line)
    return None
