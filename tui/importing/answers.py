"""Looking into answers: where values, statuses and records are in them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from core.cases.case import RecordedExchange

Place = tuple[str | int, ...]
_DEEPEST = 6
_MOST_LEAVES = 2_000
_LARGEST = 4_000_000
"""Bytes of a body that is looked into."""


def json_of(exchange: RecordedExchange) -> Any:
    """The answer as JSON; None when it is something else, or too long to be looked into."""
    body = exchange.body
    if not body or len(body) > _LARGEST or body.lstrip()[:1] not in (b"{", b"["):
        return None
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None


def leaves(value: Any) -> list[tuple[Place, Any]]:
    """The texts, numbers and so on in a JSON value, with their places; those of huge values only in part."""
    found: list[tuple[Place, Any]] = []
    for one in _leaves(value, ()):
        found.append(one)
        if len(found) >= _MOST_LEAVES:
            break
    return found


def _leaves(value: Any, place: Place) -> Iterator[tuple[Place, Any]]:
    if len(place) > _DEEPEST:
        return
    if isinstance(value, dict):
        for key, one in value.items():
            yield from _leaves(one, (*place, key))
    elif isinstance(value, list):
        for index, one in enumerate(value[:20]):
            yield from _leaves(one, (*place, index))
    else:
        yield place, value


def field_path(place: Place) -> list[str]:
    """A place as the field path of an extractor; any element of a list."""
    return ["*" if isinstance(step, int) else step for step in place]


def template_path(name: str, place: Place) -> str:
    """A template for the value at a place in a variable."""
    return "{{ " + name + "".join(f"[{step!r}]" for step in place) + " }}"


def records_path(value: Any) -> list[str]:
    """Where the records are in an answer: the longest list of objects, the one that is nearest to the top."""
    found = [(-len(rows), len(place), place) for place, rows in _lists(value, ())]
    return [str(step) for step in min(found)[2]] if found else []


def _lists(value: Any, place: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], list[Any]]]:
    if isinstance(value, list):
        if value and isinstance(value[0], dict):
            yield place, value
    elif isinstance(value, dict) and len(place) < 4:
        for key, one in value.items():
            yield from _lists(one, (*place, str(key)))


def decoder_of(exchange: RecordedExchange) -> dict[str, Any]:
    """The decoder for an answer, by its content type, its name and its beginning."""
    kind = exchange.response_header("content-type").partition(";")[0].strip().lower()
    name = exchange.url.partition("?")[0].lower()
    body = (exchange.body or b"")[:512]
    if body.startswith(b"\x1f\x8b") or "gzip" in kind:
        return {"type": "GzipDecoder", "decoder": _plain(kind, name.removesuffix(".gz"), b"")}
    return _plain(kind, name, body)


def _plain(kind: str, name: str, body: bytes) -> dict[str, Any]:
    if "csv" in kind or name.endswith((".csv", ".tsv")) or "tab-separated" in kind:
        tabs = name.endswith(".tsv") or "tab-separated" in kind
        return {"type": "CsvDecoder", "delimiter": "\t"} if tabs else {"type": "CsvDecoder"}
    if any(word in kind for word in ("ndjson", "jsonl", "json-seq", "x-json-stream")) or name.endswith(
        (".jsonl", ".ndjson")
    ):
        return {"type": "JsonlDecoder"}
    if "xml" in kind or name.endswith(".xml"):
        return {"type": "XmlDecoder"}
    lines = body.splitlines()
    if body.startswith(b"{") and len(lines) > 1 and lines[0].endswith(b"}"):
        return {"type": "JsonlDecoder"}
    return {"type": "JsonDecoder"}
