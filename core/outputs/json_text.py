"""JSON for values that JSON libraries refuse: slow, thorough, and never failing."""

from __future__ import annotations

import base64
import json
import math
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import orjson


class _Piece(str):
    """Text that is JSON already."""

    __slots__ = ()


def json_text(value: Any) -> str:
    """`value` as JSON, whatever it holds and however deeply it is nested (`core.outputs.encoders.JsonLines`
    says how).
    """
    pieces: list[str] = []
    waiting: list[Any] = [value]
    while waiting:
        item = waiting.pop()
        if isinstance(item, _Piece):
            pieces.append(item)
        elif isinstance(item, Mapping):
            parts: list[Any] = [_Piece("{")]
            for key, member in item.items():
                comma = "," if len(parts) > 1 else ""
                parts += (_Piece(f"{comma}{json.dumps(key_text(key))}:"), member)
            waiting += reversed([*parts, _Piece("}")])
        elif isinstance(item, list | tuple | set | frozenset):
            parts = [_Piece("[")]
            for member in item:
                parts += (_Piece(","), member) if len(parts) > 1 else (member,)
            waiting += reversed([*parts, _Piece("]")])
        else:
            pieces.append(scalar_text(item))
    return "".join(pieces)


def scalar_text(value: Any) -> str:
    """JSON for a value that holds no others."""
    if isinstance(value, str):
        return json.dumps(value)
    if isinstance(value, float):
        return str(value) if math.isfinite(value) else "null"
    if isinstance(value, Decimal):
        return str(value) if value.is_finite() else "null"
    if value is None or isinstance(value, bool | int):
        return json.dumps(value)
    if isinstance(value, bytes | bytearray):
        return json.dumps(_bytes_text(bytes(value)))
    try:
        return orjson.dumps(value).decode()
    except TypeError:
        return json.dumps(str(value))


def plain_text(value: Any) -> str:
    """A value that holds no others as text, without quotes."""
    text = scalar_text(value)
    return str(orjson.loads(text)) if text.startswith('"') else text


def key_text(key: Any) -> str:
    """The key of a record as text."""
    return key if isinstance(key, str) else plain_text(key)


def _bytes_text(value: bytes) -> str:
    try:
        return value.decode()
    except UnicodeDecodeError:
        return base64.b64encode(value).decode()
