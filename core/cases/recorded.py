"""The requests of a recording: which of them is the one that is sent now."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import chain
from typing import Any

from core.cases.alike import Comparison, Mismatch, shape
from core.cases.case import CaseError, RecordedExchange
from core.cases.requests import compared_headers, nearness, request_value
from core.http.exchange import Role
from core.http.secrets import MASK

_REPEATED = frozenset({Role.POLL, Role.AUTH})
"""Roles of requests whose number depends on time."""
_LOOKED_AT = 300
"""Recorded requests that are compared to find the nearest one."""


@dataclass(slots=True, eq=False)
class Recorded:
    """A recorded exchange, what it asked for with which headers, and how often it was used."""

    exchange: RecordedExchange
    value: Mapping[str, Any]
    text: str
    headers: str
    used: int = 0

    @property
    def repeats(self) -> bool:
        """Whether its answer may be given more often than it was recorded."""
        role = self.exchange.role
        return role in _REPEATED or (role is None and self.exchange.method in ("GET", "HEAD"))


class RecordedRequests:
    """All requests of a recording. The same ones are found by their text, so that thousands take no time."""

    def __init__(self, exchanges: Iterable[RecordedExchange]) -> None:
        self.all: list[Recorded] = []
        self._same: dict[str, list[Recorded]] = defaultdict(list)
        self._shaped: dict[str, list[Recorded]] = defaultdict(list)
        self._masked: list[Recorded] = []
        for exchange in exchanges:
            value = _value(exchange)
            one = Recorded(exchange, value, _text(value), _headers(exchange.request_headers))
            self.all.append(one)
            self._same[one.text].append(one)
            self._shaped[shape(one.text)].append(one)
            if MASK in one.text:
                self._masked.append(one)

    def find(
        self, sent: Mapping[str, Any], headers: Iterable[tuple[str, str]], comparison: Comparison
    ) -> Recorded | None:
        """The recorded request that a request is: of those that are the same the first that is unused, or else the
        last that may be repeated. Those with the same headers come first: slices may differ in nothing else.
        """
        text, sent_headers = _text(sent), _headers(headers)
        places = self._same.get(text, ()), self._shaped.get(shape(text), ()), self._masked

        for wanted in (sent_headers, None):
            unused = (one for place in places for one in place if not one.used)
            repeated = (one for place in places for one in reversed(place) if one.repeats)
            for one in chain(unused, repeated):
                if wanted in (one.headers, None) and (one.text == text or comparison.alike(one.value, sent)):
                    return one
        return None

    def nearest(self, sent: Mapping[str, Any], comparison: Comparison) -> list[tuple[Recorded, list[Mismatch]]]:
        """The recorded requests that are the most similar to one that is not there, with what differs, the nearest
        first.
        """
        if not self.all:
            return []
        likeness = [nearness(one.value, sent) for one in self.all]
        best = max(likeness)
        near = [one for one, found in zip(self.all, likeness, strict=True) if found == best][:_LOOKED_AT]
        compared = [(one, list(comparison.mismatches(one.value, sent))) for one in near]
        return sorted(compared, key=lambda found: len(found[1]))


def _value(recorded: RecordedExchange) -> Mapping[str, Any]:
    try:
        return request_value(recorded.method, recorded.url, recorded.header("content-type"), recorded.request_body)
    except ValueError as error:
        raise CaseError(f"{recorded.url} in the recording is no valid URL ({error}).") from None


def _text(value: Any) -> str:
    return json.dumps(value, sort_keys=True, ensure_ascii=False)


def _headers(pairs: Iterable[tuple[str, str]]) -> str:
    return shape(_text(compared_headers(pairs)))
