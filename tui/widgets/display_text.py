"""Text as a terminal can show it: without control characters, values as JSON in one line, cut to a width."""

from __future__ import annotations

import json
import re

import orjson
from rich.cells import cell_len, set_cell_size

_UNSAFE = re.compile(r"[\x00-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ud800-\udfff]")
"""Characters that move the cursor, reorder text, take no room, or cannot be encoded at all."""

_SHORT_ESCAPES = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}

_LEAST_OF_A_NAME = 8
"""Cells in which both ends of a name still say something."""


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
    try:
        return orjson.dumps(value, default=str, option=orjson.OPT_NON_STR_KEYS).decode()
    except TypeError:  # integers above 64 bits, lone surrogates
        return json.dumps(value, ensure_ascii=False, default=str, separators=(",", ":"))


def fit(text: str, width: int, *, right: bool = False) -> str:
    """The text in exactly `width` cells: padded, or cut with an ellipsis."""
    length = len(text) if text.isascii() else cell_len(text)
    if length > width:
        return set_cell_size(text, width - 1) + "…" if width > 0 else ""
    padding = " " * (width - length)
    return padding + text if right else text + padding


def fit_name(text: str, width: int) -> str:
    """The text in exactly `width` cells, cut in its middle: long names often begin alike and differ at their ends."""
    if cell_len(text) <= width or width < _LEAST_OF_A_NAME:
        return fit(text, width)
    tail = text[len(text) - (width - 1) // 2 :]
    while cell_len(tail) > (width - 1) // 2:
        tail = tail[1:]
    return fit(text, width - cell_len(tail)) + tail
