"""What a manifest can't say of a request in its own fields is said in a way that it can.

Empty values of parameters and forms, and in JSON also nulls, are left out when a manifest is read, and texts that look
like numbers become numbers. Where a request has such values, its query goes into the URL, and its body becomes text.
"""

from __future__ import annotations

import ast
import json
import re
from dataclasses import replace
from typing import Any
from urllib.parse import quote_plus

from tui.importing.curl import FORM, CurlRequest, Pairs
from tui.importing.marks import MARK, filtered

_TYPES = {"json": "application/json", "graphql": "application/json", "form": FORM}
_QUOTED_MARK = re.compile(f'"{MARK.pattern}"')


def as_it_is_sent(request: CurlRequest) -> CurlRequest:
    """The same request, in a shape that keeps all of it."""
    request = replace(request)
    empty = [pair for pair in request.params if not pair[1]]
    if empty:
        request.params = [pair for pair in request.params if pair[1]]
        request.url += ("&" if "?" in request.url else "?") + _encoded(empty)
    match request.body_kind:
        case "json" | "graphql" if not _is_kept(request.body):
            return _as_text(request, as_json(request.body))
        case "form" if not all(value for _, value in request.body):
            return _as_text(request, _encoded(request.body))
        case "text" if request.body.endswith("\n"):
            request.body += "\n"  # templates lose one
    return request


def as_json(value: Any) -> str:
    """A JSON value as text; texts that are marks get their quotes from what stands for them."""
    text = json.dumps(value, ensure_ascii=False)
    return _QUOTED_MARK.sub(lambda found: filtered(found[1], "tojson"), text)


def _encoded(pairs: Pairs) -> str:
    return "&".join(f"{_part(name)}={_part(value)}" for name, value in pairs)


def _part(text: str) -> str:
    """A part of a form or query, encoded; its marks are when they are filled in."""
    pieces = MARK.split(text)  # what is between marks and their names take turns
    return "".join(filtered(one, "urlencode") if place % 2 else quote_plus(one) for place, one in enumerate(pieces))


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
