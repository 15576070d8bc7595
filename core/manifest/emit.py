"""Writes fresh values as YAML: block style, quotes only where they are needed, literal blocks for text of
many lines.

What is written reads back to the same value in YAML 1.1 (PyYAML, which Airbyte uses) and means nothing else
in YAML 1.2.
"""

from __future__ import annotations

import base64
import json
import re
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import yaml

_RESOLVER: Any = yaml.resolver.Resolver()
_STRING = "tag:yaml.org,2002:str"
_PLAIN = re.compile(r"(?:[^\s\-?:,\[\]{}#&*!|>'\"%@`]|[-?:](?=[^\s,\[\]{}]))(?:.*\S)?")
_NEVER_PLAIN = re.compile(r": |:$| #|^---|^\.\.\.|\t|\n")
_NOT_PLAIN_IN_FLOW = re.compile(r"[,\[\]{}:?]")
_OTHERWISE_READ = re.compile(r"[yYnN]|0o[0-7]+|[-+]?\.?[0-9][0-9_.]*([eE][-+]?[0-9]+)?")
"""Text that other YAML readers take for a boolean or a number although PyYAML does not."""
_BEYOND_ASCII = "\x7f-\x9f\u2028\u2029\ud800-\udfff\ufeff\ufffe\uffff"
_TO_ESCAPE = re.compile(f"[\0-\x1f{_BEYOND_ASCII}]")
_NOT_IN_LITERAL = re.compile(f"[\0-\x08\x0b-\x1f{_BEYOND_ASCII}]")


@dataclass(frozen=True, slots=True)
class Style:
    """How a document is laid out.

    `step` is the number of columns a nested mapping is indented by, `dash` the same for the dashes of a list
    under its key; `as_json` writes only what JSON allows.
    """

    newline: str = "\n"
    step: int = 2
    dash: int = 2
    as_json: bool = False


def is_nested(value: Any) -> bool:
    """Whether the value is a collection that takes lines of its own."""
    return isinstance(value, dict | list) and bool(value)


def block(value: dict[Any, Any] | list[Any], column: int, style: Style) -> list[str]:
    """The lines of a collection that is not empty, each indented to `column` or deeper."""
    lines: list[str] = []
    for key, item in value.items() if isinstance(value, dict) else ((None, item) for item in value):
        is_item = isinstance(value, list)
        marker = "-" if is_item else scalar(key) + ":"
        first, rest = after_marker(item, column, style, is_item=is_item)
        lines += [" " * column + marker + first, *rest]
    return lines


def after_marker(
    value: Any, column: int, style: Style, *, is_item: bool, quote: str | None = None
) -> tuple[str, list[str]]:
    """What follows `key:` or, for a list's item, `-`, which begins at `column`: the rest of its line, and
    lines below.

    `quote` is the quote character to prefer.
    """
    if is_nested(value):
        if is_item:
            first, *rest = block(value, column + 2, style)
            return " " + first.lstrip(" "), rest
        return "", block(value, column + (style.dash if isinstance(value, list) else style.step), style)
    if isinstance(value, str) and _fits_literal(value):
        indent = " " * (column + style.step)
        body = value.removesuffix("\n").split("\n")
        return " |" if value.endswith("\n") else " |-", [indent + line if line else "" for line in body]
    return " " + scalar(value, quote=quote), []


def scalar(value: Any, *, quote: str | None = None, flow: bool = False, as_json: bool = False) -> str:
    """A scalar or an empty collection on one line. `flow` when it stands inside `[]` or `{}`.

    `quote` is the quote character to prefer for text, None for no quotes where none are needed.
    """
    if isinstance(value, str):
        return _text(value, quote, flow=flow, as_json=as_json)
    if isinstance(value, dict | list):
        return "{}" if isinstance(value, dict) else "[]"
    if value is None or isinstance(value, bool):
        return json.dumps(value)
    if isinstance(value, float):
        return _float(value)
    if isinstance(value, bytes):
        return f'!!binary "{base64.b64encode(value).decode()}"'
    return value.isoformat() if isinstance(value, date | datetime) else str(value)


def flow(value: Any, style: Style, column: int | None = None) -> str:
    """A value in flow style: on one line, or over several when `column`, where its line is indented to, is given."""
    if not is_nested(value):
        return scalar(value, flow=True, as_json=style.as_json)
    inner = None if column is None else column + style.step
    if isinstance(value, dict):
        items = [
            f"{scalar(key, flow=True, as_json=style.as_json)}: {flow(item, style, inner)}"
            for key, item in value.items()
        ]
    else:
        items = [flow(item, style, inner) for item in value]
    start, end = "{}" if isinstance(value, dict) else "[]"
    if inner is None or column is None:
        return start + ", ".join(items) + end
    inner_break = style.newline + " " * inner
    return start + inner_break + f",{inner_break}".join(items) + style.newline + " " * column + end


def _text(text: str, quote: str | None, *, flow: bool, as_json: bool) -> str:
    if as_json or _TO_ESCAPE.search(text):
        return _double_quoted(text)
    if quote not in ("'", '"'):
        if _is_plain(text, flow=flow):
            return text
        quote = "'" if ('"' in text or "\\" in text) and "'" not in text else '"'
    return _double_quoted(text) if quote == '"' else "'" + text.replace("'", "''") + "'"


def _double_quoted(text: str) -> str:
    return _TO_ESCAPE.sub(_escape, json.dumps(text, ensure_ascii=False))


def _escape(match: re.Match[str]) -> str:
    return f"\\u{ord(match[0]):04x}"


def _is_plain(text: str, *, flow: bool) -> bool:
    if not _PLAIN.fullmatch(text) or _NEVER_PLAIN.search(text):
        return False
    if flow and _NOT_PLAIN_IN_FLOW.search(text):
        return False
    if _OTHERWISE_READ.fullmatch(text):
        return False
    return bool(_RESOLVER.resolve(yaml.ScalarNode, text, (True, False)) == _STRING)


def _float(number: float) -> str:
    """YAML 1.1 knows a number with an exponent only when it has a point."""
    text = repr(number)
    named = {"inf": ".inf", "-inf": "-.inf", "nan": ".nan"}
    if "e" in text and "." not in text:
        text = text.replace("e", ".0e")
    return named.get(text, text)


def _fits_literal(text: str) -> bool:
    """Whether a literal block can hold the text whatever comes after it.

    A first line that is blank or indented would need an explicit indentation, blank lines at the end would
    run into those of the document.
    """
    has_lines = "\n" in text.rstrip("\n") and not text.endswith("\n\n")
    return has_lines and text[0] not in " \t\n" and not _NOT_IN_LITERAL.search(text)
