"""Fingerprints of what a manifest asks for: equal as long as it asks for the same thing.

They go by what is written, and by the inputs and slice values that it mentions, not by what is sent: a request that
says what time it is still is the same request. Credentials are no part of them, so that a token may change.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import orjson
from jinja2 import Undefined

from core.http.request import RequestDraft
from core.runtime.component import Component
from core.templates import TemplateError
from core.templates.template import mentioned
from core.templates.texts import SecretText

_LEFT_OUT = frozenset(
    {
        *("authenticator", "error_handler", "use_cache", "name", "disable_retries"),
        *("connect_timeout_in_seconds", "read_timeout_in_seconds"),
    }
)
"""Fields that don't change what is asked for."""


def fingerprint(components: Iterable[Component | None], scope: Mapping[str, Any], *more: Any) -> str:
    """The fingerprint of components whose templates see `scope`, and of what comes in addition."""
    written = [orjson.loads(one.identity) if one is not None else None for one in components]
    said = [_reduced(one) for one in written]
    seen = {text: _values(text, scope) for text in sorted(set(_texts(said)))}
    dumped = orjson.dumps([said, seen, more], str, orjson.OPT_SORT_KEYS | orjson.OPT_NON_STR_KEYS)
    return hashlib.sha256(dumped).hexdigest()


def added(draft: RequestDraft) -> list[Any]:
    """What was added to a request, for its fingerprint."""
    return [draft.path, draft.params, draft.headers, draft.json, draft.form, draft.content]


def _reduced(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _reduced(item) for key, item in value.items() if key not in _LEFT_OUT}
    return [_reduced(item) for item in value] if isinstance(value, list) else value


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        if "{" in value:
            yield value
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from _texts(key)
            yield from _texts(item)
    elif isinstance(value, list):
        for item in value:
            yield from _texts(item)


def _values(text: str, scope: Mapping[str, Any]) -> list[Any]:
    """The values that a text looks up."""
    try:
        found = [lookup.value(scope) for lookup in mentioned(text) if lookup.root in scope]
    except TemplateError:
        return []
    return [_shown(value) for value in found]


def _shown(value: Any) -> Any:
    if isinstance(value, SecretText | Undefined):
        return None
    if isinstance(value, Mapping):
        return {str(key): _shown(item) for key, item in value.items()}
    return [_shown(item) for item in value] if isinstance(value, list | tuple) else value
