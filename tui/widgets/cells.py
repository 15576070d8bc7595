"""How a value is written in one line of a terminal: formatted, made safe, and fitted to a number of cells."""

from __future__ import annotations

import json
import re
from typing import Final, Literal

import orjson
from rich.cells import cell_len, set_cell_size

CellKind = Literal["text", "number", "boolean", "null", "nested", "missing"]

MISSING: Final = object()
"""Stands for a field that a record does not have (None stands for JSON's null)."""

_UNSAFE = re.compile(r"[\x00-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ud800-\udfff]")
"""Characters that move the cursor, reorder text, take no room, or cannot be encoded at all."""

_SHORT_ESCAPES = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}


def escape(text: str) -> str:
    r"""The text with every character that could upset a terminal written as an escape such as `\n`."""
    if text.isascii() and text.isprintable():
        return text
    return _UNSAFE.sub(_escape_character, text)


def _escape_character(match: re.Match[str]) -> str:
    character = match[0]
    code = ord(character)
    return _SHORT_ESCAPES.get(character) or (f"\\x{code:02x}" if code < 256 else f"\\u{code:04x}")


def safe(text: str) -> str:
    """The text with such characters replaced one for one, so that offsets into it stay what they were."""
    if text.isascii() and text.isprintable():
        return text
    return _UNSAFE.sub(_stand_in, text)


def _stand_in(match: re.Match[str]) -> str:
    code = ord(match[0])
    return chr(0x2400 + code) if code < 0x20 else "\N{REPLACEMENT CHARACTER}"


def compact_json(value: object) -> str:
    """A value as JSON in one line."""
    try:
        return orjson.dumps(value, default=str, option=orjson.OPT_NON_STR_KEYS).decode()
    except TypeError:  # integers above 64 bits, lone surrogates
        return json.dumps(value, ensure_ascii=False, default=str, separators=(",", ":"))


def describe(value: object) -> tuple[str, CellKind]:
    """A value as text in one line, not yet escaped, and what kind of value it is."""
    match value:
        case str():
            return value, "text"
        case None:
            return "null", "null"
        case bool():
            return ("true" if value else "false"), "boolean"
        case int() | float():
            return repr(value), "number"
        case dict() | list() | tuple():
            return compact_json(value), "nested"
        case _ if value is MISSING:
            return "", "missing"
        case _:
            return str(value), "text"


def cell_text(value: object, limit: int) -> tuple[str, CellKind]:
    """A value as it stands in a table: safe, and not much longer than `limit` cells; "" is shown as two quotes."""
    text, kind = describe(value)
    if kind == "text" and not text:
        return '""', "null"
    return escape(text[: limit + 1]), kind


def fit(text: str, width: int, *, right: bool = False) -> str:
    """The text in exactly `width` cells: padded, or cut with an ellipsis."""
    length = len(text) if text.isascii() else cell_len(text)
    if length > width:
        return set_cell_size(text, width - 1) + "…" if width > 0 else ""
    padding = " " * (width - length)
    return padding + text if right else text + padding
