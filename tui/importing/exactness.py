"""What a manifest can't say of a request in its own fields is said in a way that it can.

Empty values of parameters and forms, and in JSON also nulls, are left out when a manifest is read, and texts that look
like numbers become numbers. Where a request has such values, its query goes into the URL, and its body becomes text.
"""

from __future__ import annotations

import ast
import json
from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

from tui.importing.curl import FORM, CurlRequest, Pairs

_TYPES = {"json": "application/json", "graphql": "application/json", "form": FORM}


def as_it_is_sent(request: CurlRequest) -> CurlRequest:
    """The same request, in a shape that keeps all of it."""
    request = replace(request)
    empty = [pair for pair in request.params if not pair[1]]
    if empty:
        request.params = [pair for pair in request.params if pair[1]]
        request.url += "?" + "&".join(f"{urlencode([pair])}" for pair in empty)
    match request.body_kind:
        case "json" | "graphql" if not _is_kept(request.body):
            return _as_text(request, json.dumps(request.body, ensure_ascii=False))
        case "form" if not all(value for _, value in request.body):
            return _as_text(request, urlencode(request.body))
        case "text" if request.body.endswith("\n"):
            request.body += "\n"  # templates lose one
    return request


def _as_text(request: CurlRequest, text: str) -> CurlRequest:
    headers: Pairs = list(request.headers)
    if request.header("Content-Type") is None:
        headers.append(("Content-Type", _TYPES[request.body_kind]))
    return replace(request, headers=headers, body_kind="text", body=text)


def _is_kept(value: Any) -> bool:
    """Whether all of a JSON value stays as it is in a manifest."""
    if isinstance(value, dict):
        return all(_is_kept(one) for one in value.values())
    if isinstance(value, list):
        return all(_is_kept(one) for one in value)
    if isinstance(value, str):
        return bool(value) and not value.endswith("\n") and not _is_literal(value)
    return value is not None


def _is_literal(text: str) -> bool:
    """Whether a text would be taken for a number, or for another value with its quotes or brackets."""
    try:
        ast.literal_eval(text)
    except (ValueError, SyntaxError, MemoryError, RecursionError, TypeError):
        return False
    return True
