"""Airbyte's own filters, beside the ones that Jinja brings."""

from __future__ import annotations

import base64
import hashlib
import hmac as keyed_hash
import json
from collections.abc import Callable
from typing import Any, Final

from jinja2 import Undefined

from core.templates.patterns import compile_pattern
from core.templates.texts import Text


def hash(value: Any, hash_type: str = "md5", salt: str | None = None) -> str:
    """The hexadecimal digest of a value, with an optional salt after it."""
    if hash_type not in hashlib.algorithms_guaranteed or hash_type.startswith("shake"):
        raise ValueError("unknown hash type")
    text = f"{value}{salt or ''}"
    return hashlib.new(hash_type, text.encode(), usedforsecurity=False).hexdigest()


def hmac(value: Any, key: str, hash_type: str = "sha256") -> str:
    """The hexadecimal SHA-256 signature of a value under a key."""
    if hash_type != "sha256":
        raise ValueError("unknown hash type")
    return keyed_hash.new(str(key).encode(), str(value).encode(), hashlib.sha256).hexdigest()


def base64encode(value: str) -> str:
    """A text as base64."""
    return base64.b64encode(value.encode()).decode()


def base64decode(value: str) -> str:
    """The text behind base64."""
    return base64.b64decode(value.encode()).decode()


def base64binascii_decode(value: str) -> str:
    """An ASCII text as base64 (Airbyte: it encodes, whatever its name says)."""
    return base64.b64encode(value.encode("ascii")).decode()


def string(value: Any) -> str:
    """A value as text that stays text: `{{ config.n | string }}` gives "5", not 5.

    Airbyte: the same, except that there a text that looks like a number becomes one all the same, and that
    quotes of JSON, and everything that stands beside the filter, come out damaged.
    """
    if isinstance(value, Undefined):
        return str(value)
    return Text(value, value) if isinstance(value, str) else Text(json.dumps(value))


def regex_search(value: str, regex: str) -> str:
    """The first capture group of the first match, or nothing."""
    found = compile_pattern(regex).search(_text(value))
    return found[1] or "" if found is not None and len(found) > 1 else ""


def regex_replace(value: str, regex: str, replacement: str) -> str:
    """A text with every match of a regular expression replaced."""
    return compile_pattern(regex).replace(_text(value), replacement)


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError("a regular expression looks into a text, not into " + type(value).__name__)
    return value


FILTERS: Final[dict[str, Callable[..., Any]]] = {
    function.__name__: function
    for function in (
        hash,
        hmac,
        base64encode,
        base64decode,
        base64binascii_decode,
        string,
        regex_search,
        regex_replace,
    )
}
