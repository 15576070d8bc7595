"""Names of headers and query parameters, and usual values of them: those that the manifest has elsewhere come first."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from enum import Enum
from types import MappingProxyType
from typing import Any

from core.manifest.problems import Path
from tui.model.session import BuilderSession

_MEDIA_TYPES = (
    "application/json",
    "application/x-www-form-urlencoded",
    "application/xml",
    "application/x-ndjson",
    "text/csv",
    "text/plain",
)
_HEADERS: Mapping[str, Sequence[str]] = MappingProxyType(
    {
        "Accept": (*_MEDIA_TYPES, "application/vnd.github+json", "*/*"),
        "Accept-Encoding": ("gzip", "gzip, deflate", "identity"),
        "Accept-Language": ("en-US",),
        "Amazon-Advertising-API-ClientId": (),
        "Amazon-Advertising-API-Scope": (),
        "Authorization": (),
        "Cache-Control": ("no-cache",),
        "Content-Encoding": ("gzip",),
        "Content-Type": _MEDIA_TYPES,
        "Cookie": (),
        "Developer-Token": (),
        "Idempotency-Key": (),
        "If-Match": (),
        "If-Modified-Since": (),
        "If-None-Match": (),
        "Login-Customer-Id": (),
        "Notion-Version": (),
        "Origin": (),
        "Prefer": ("respond-async", "return=representation"),
        "Range": (),
        "Referer": (),
        "Stripe-Version": (),
        "User-Agent": (),
        "x-amz-access-token": (),
        "X-API-Key": (),
        "X-Auth-Token": (),
        "X-GitHub-Api-Version": ("2022-11-28",),
        "X-Request-Id": (),
        "X-Shopify-Access-Token": (),
    }
)
_ANSWERS: Mapping[str, Sequence[str]] = dict.fromkeys(
    (
        "Retry-After",
        "RateLimit-Limit",
        "RateLimit-Remaining",
        "RateLimit-Reset",
        "X-RateLimit-Limit",
        "X-RateLimit-Remaining",
        "X-RateLimit-Reset",
        "X-Rate-Limit-Remaining",
        "X-Rate-Limit-Reset",
    ),
    (),
)
_PARAMETERS: Mapping[str, Sequence[str]] = MappingProxyType(
    {
        "limit": ("100", "1000"),
        "page": ("1",),
        "page_size": ("100",),
        "pageSize": ("100",),
        "per_page": ("100",),
        "offset": ("0",),
        "cursor": (),
        "page_token": (),
        "pageToken": (),
        "starting_after": (),
        "since": (),
        "start_date": (),
        "start_time": (),
        "updated_since": (),
        "updated_after": (),
        "modified_since": (),
        "created_after": (),
        "from": (),
        "until": (),
        "end_date": (),
        "end_time": (),
        "created_before": (),
        "to": (),
        "sort": (),
        "sort_by": (),
        "order": ("asc", "desc"),
        "order_by": (),
        "direction": ("asc", "desc"),
        "fields": (),
        "filter": (),
        "include": (),
        "expand": (),
        "query": (),
        "q": (),
        "search": (),
        "status": (),
        "format": ("json", "csv", "jsonl"),
        "timezone": ("UTC",),
        "locale": ("en-US",),
        "lang": ("en",),
        "api_key": (),
        "access_token": (),
        "version": (),
        "$top": ("100",),
        "$skip": ("0",),
        "$filter": (),
        "$select": (),
        "$orderby": (),
    }
)


class Names(Enum):
    """What the names of a field are names of."""

    HEADER = "header"
    ANSWER = "answer"
    """Headers of answers."""
    PARAMETER = "parameter"


_COMMON = {Names.HEADER: _HEADERS, Names.ANSWER: _ANSWERS, Names.PARAMETER: _PARAMETERS}
_MAPPINGS = {
    "request_headers": Names.HEADER,
    "refresh_request_headers": Names.HEADER,
    "headers": Names.HEADER,
    "request_parameters": Names.PARAMETER,
    "params": Names.PARAMETER,
}
_HEADER_SENT = frozenset(
    {"ApiKeyAuthenticator", "LegacySessionTokenAuthenticator", "RateLimitedMultipleTokenAuthenticator"}
)
"""Components whose `header` is one of requests; that of others is one of answers."""


def names_at(session: BuilderSession, path: Path) -> Names | None:
    """Of what the field at a path holds the name, or the names; None for other fields."""
    key = path[-1]
    if key in _MAPPINGS:
        return _MAPPINGS[str(key)]
    around = session.value(path[:-1])
    owner = around if isinstance(around, Mapping) else {}
    if key == "field_name":
        return {"header": Names.HEADER, "request_parameter": Names.PARAMETER}.get(str(owner.get("inject_into")))
    if key == "header":
        return Names.HEADER if owner.get("type") in _HEADER_SENT else Names.ANSWER
    return Names.ANSWER if str(key).endswith("_header") and not isinstance(key, int) else None


def known_names(session: BuilderSession, names: Names) -> list[str]:
    """Names to choose from: those that the manifest has somewhere, then common ones."""
    return list(dict.fromkeys([*_used(session, names), *_COMMON[names]]))


def known_values(session: BuilderSession, names: Names, name: str) -> list[str]:
    """Values to choose from for a name, in whatever case: those that it has elsewhere, then usual ones."""
    return list(dict.fromkeys([*used_values(session, names, name), *_values_of(name, _COMMON[names])]))


def used_values(session: BuilderSession, names: Names, name: str) -> list[str]:
    """The values that a name has elsewhere in the manifest."""
    return _values_of(name, _used(session, names))


def _values_of(name: str, known: Mapping[str, Sequence[str]]) -> list[str]:
    wanted = name.strip().casefold()
    return [value for one, values in known.items() if one.casefold() == wanted for value in values]


def _used(session: BuilderSession, names: Names) -> dict[str, list[str]]:
    """The names in the mappings of the manifest, with the values that they have there."""
    found: dict[str, list[str]] = {}
    for mapping in _mappings(session.view.document.root, names):
        for name, value in mapping.items():
            values = found.setdefault(str(name), [])
            if isinstance(value, str) and value and value not in values:
                values.append(value)
    return found


def _mappings(root: Any, names: Names) -> Iterator[Mapping[Any, Any]]:
    keys = {key for key, one in _MAPPINGS.items() if one is names}
    waiting = [root]
    while waiting:
        node = waiting.pop()
        for key, value in node.items() if isinstance(node, Mapping) else enumerate(node):
            if key in keys and isinstance(value, Mapping) and "$ref" not in value:
                yield value
            elif isinstance(value, Mapping | list):
                waiting.append(value)
