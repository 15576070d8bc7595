"""Requests as values that can be compared: URL, parameters and body apart, secrets masked."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import orjson

from core.cases.alike import MISSING, Comparison, Mismatch
from core.http.messages import shorten
from core.http.secrets import is_secret_header

_SHOWN = 120
_DIFFERENCES_SHOWN = 4
_CHANGING_HEADERS = re.compile(
    r"host|user-agent|accept-encoding|connection|content-length|cookie|date|traceparent|x-amz-.*"
    r"|.*(?:signature|nonce|timestamp|digest|idempotency|request-id|trace-id|correlation).*",
    re.IGNORECASE,
)
"""Headers that may be different each time."""


def request_value(method: str, url: str, content_type: str, body: bytes | str) -> dict[str, Any]:
    """What a request asks for: the same for requests that differ only in how they are written."""
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2].lower().removesuffix(":443" if parts.scheme == "https" else ":80")
    address = f"{parts.scheme}://{host}{parts.path or '/'}"
    asked: dict[str, Any] = {"method": method, "address": address, "query": _parameters(parts.query)}
    return {**asked, "body": _body(content_type.lower(), body)} if body else asked


def _parameters(text: str) -> dict[str, str | list[str]]:
    """The parameters of a query or a form; those that are there several times as lists."""
    found: dict[str, list[str]] = {}
    for name, value in parse_qsl(text, keep_blank_values=True):
        found.setdefault(name, []).append(value)
    return {name: values[0] if len(values) == 1 else values for name, values in found.items()}


def _body(content_type: str, body: bytes | str) -> Any:
    text = body if isinstance(body, str) else body.decode("utf-8", "surrogateescape")
    if "x-www-form-urlencoded" in content_type:
        return _parameters(text)
    with suppress(orjson.JSONDecodeError, UnicodeEncodeError):
        return orjson.loads(text)
    return text


def header_mismatches(
    recorded: Iterable[tuple[str, str]], sent: Iterable[tuple[str, str]], comparison: Comparison
) -> Iterator[Mismatch]:
    """The headers that differ and matter."""
    old, new = compared_headers(recorded), compared_headers(sent)
    for name in [*old, *(name for name in new if name not in old)]:
        one, other = old.get(name, MISSING), new.get(name, MISSING)
        if not comparison.alike(one, other):
            yield Mismatch((f"header {name}",), one, other)


def compared_headers(headers: Iterable[tuple[str, str]]) -> dict[str, str]:
    """The headers that are compared: those that are the same each time."""
    found: dict[str, str] = {}
    for name, value in headers:
        lower = name.lower()
        if not is_secret_header(lower) and not _CHANGING_HEADERS.fullmatch(lower):
            found[lower] = f"{found[lower]}, {value}" if lower in found else value
    return found


def nearness(recorded: Mapping[str, Any], sent: Mapping[str, Any]) -> tuple[int, ...]:
    """How near method and address of a recorded request are to one that was sent; the largest is the nearest."""
    same_address = recorded["address"] == sent["address"]
    return (
        recorded["method"] == sent["method"],
        same_address,
        _common(recorded["address"], sent["address"]),
    )


def _common(one: str, other: str) -> int:
    """How many characters two texts begin with that are the same."""
    return next((n for n, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))


def describe(mismatches: Iterable[Mismatch]) -> str:
    """What differs, as clauses."""
    found = list(mismatches)
    clauses = [describe_mismatch(one) for one in found[:_DIFFERENCES_SHOWN]]
    more = len(found) - _DIFFERENCES_SHOWN
    return "; ".join([*clauses, f"and {more} more"] if more > 0 else clauses)


def describe_mismatch(one: Mismatch, was: str = "recorded", now: str = "now") -> str:
    """A place and what is there: `body.from`: recorded "2024-01-01", now "2024-02-01"."""
    place = ".".join(map(str, one.place)) or "the whole"
    return f"`{place}`: {was} {_shown(one.recorded)}, {now} {_shown(one.found)}"


def _shown(value: Any) -> str:
    if value is MISSING:
        return "nothing"
    with suppress(TypeError):
        return shorten(orjson.dumps(value, str).decode(), _SHOWN)
    return shorten(str(value), _SHOWN)
