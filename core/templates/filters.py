"""Airbyte's own filters, beside the ones that Jinja brings."""

from __future__ import annotations

import base64
import hashlib
import hmac as keyed_hash
import json
import re
from collections.abc import Callable
from typing import Any, Final

from jinja2 import Undefined


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
    """A value as text that stays text: `{{ config.n | string }}` gives "5", not 5."""
    if isinstance(value, (str, Undefined)):
        return str(value)
    return f'"""{json.dumps(value)}"""'  # the quotes make literal parsing give back a text


def regex_search(value: str, regex: str) -> str:
    """The first capture group of the first match, or nothing."""
    match = re.search(regex, value)
    return match[1] if match and match.re.groups else ""


def regex_replace(value: str, regex: str, replacement: str) -> str:
    """A text with every match of a regular expression replaced."""
    return re.sub(regex, replacement, value)


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
