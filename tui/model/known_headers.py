"""The request headers that APIs ask for most, and usual values of theirs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType

_MEDIA_TYPES = (
    "application/json",
    "application/x-www-form-urlencoded",
    "application/xml",
    "application/x-ndjson",
    "text/csv",
    "text/plain",
)
_VALUES: Mapping[str, Sequence[str]] = MappingProxyType(
    {
        "Accept": (*_MEDIA_TYPES, "application/vnd.github+json", "*/*"),
        "Accept-Encoding": ("gzip", "gzip, deflate", "identity"),
        "Accept-Language": ("en-US",),
        "Cache-Control": ("no-cache",),
        "Content-Encoding": ("gzip",),
        "Content-Type": _MEDIA_TYPES,
        "Prefer": ("respond-async", "return=representation"),
        "X-GitHub-Api-Version": ("2022-11-28",),
    }
)
_OTHERS = (
    "Amazon-Advertising-API-ClientId",
    "Amazon-Advertising-API-Scope",
    "Authorization",
    "Cookie",
    "Developer-Token",
    "If-Match",
    "If-Modified-Since",
    "If-None-Match",
    "Idempotency-Key",
    "Login-Customer-Id",
    "Notion-Version",
    "Origin",
    "Range",
    "Referer",
    "Stripe-Version",
    "User-Agent",
    "X-API-Key",
    "X-Auth-Token",
    "X-Request-Id",
    "X-Shopify-Access-Token",
    "x-amz-access-token",
)
HEADERS: Sequence[str] = tuple(sorted((*_VALUES, *_OTHERS), key=str.casefold))


def values_of(header: str) -> Sequence[str]:
    """Usual values of a header, in whatever case it is written."""
    return next((values for name, values in _VALUES.items() if name.casefold() == header.strip().casefold()), ())
