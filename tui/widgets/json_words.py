"""What is wrong with a text that should be JSON, in plain words."""

from __future__ import annotations

import json
from collections.abc import Mapping

_WORDS: Mapping[str, str] = {
    "Expecting value": "a value is missing",
    "Extra data": "more text follows the end of the value",
    "Expecting property name": "the name of a field, in double quotes, is missing",
    "Expecting ',' delimiter": "a comma is missing",
    "Expecting ':' delimiter": "a colon is missing",
    "Unterminated string": "a text has no quote at its end",
    "Invalid control character": "a text holds a line feed, or another character that has to be escaped",
    "Invalid \\": "a backslash begins no escape that JSON has",
    "Illegal trailing comma": "there is a comma too many",
}
"""By how Python's messages begin."""


def json_problem(error: json.JSONDecodeError) -> str:
    """What is wrong, as the end of a sentence; the place is in the error."""
    if error.doc.strip() and not error.doc[error.pos :].strip():
        return "it ends too early"
    return next((words for begin, words in _WORDS.items() if error.msg.startswith(begin)), "it is not well-formed")
