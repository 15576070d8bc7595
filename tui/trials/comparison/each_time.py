"""What is different in each test although nothing was changed: what the API's answers gave, signatures, the time."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import datetime
from itertools import islice
from typing import Any
from urllib.parse import unquote

import orjson

from core.cases.alike import Comparison
from core.http.exchange import Exchange

_NEAR = 60.0
"""Seconds around a request within which a time in it is that of the request."""
_LEARNED = 1_000
"""Values of an answer that are taken in."""
_LEARNED_IN_ALL = 200_000
_LISTED = 20
"""Items of a list that is looked into: a longer one holds records."""
_WORD = re.compile(r"[^\s/?&=;,:#'\"<>(){}\[\]]+")
"""What a URL, a header or a body gives as one value."""
_SIGNED = re.compile(
    r"(\??(?:date|traceparent|x-amz-(?:date|signature|content-sha256|security-token|credential)"
    r"|[\w-]*(?:signature|nonce|timestamp|digest|idempotency|request-id|trace-id|correlation)[\w-]*))[:=].*",
    re.IGNORECASE,
)
"""A header or a parameter that signs a request, or names it: only that it is there matters."""


class EachTime:
    """Knows which values of two trials mean the same: each was given, at the same place, by an answer of its own trial.

    Answers are learned in the order in which the requests are compared.
    """

    def __init__(self) -> None:
        self._before: dict[str, set[str]] = {}
        """For each value of the later trial those of the earlier one that were in its place."""

    def learn(self, old: Exchange, new: Exchange) -> None:
        """Take in what two answers that stand for each other gave."""
        if len(self._before) >= _LEARNED_IN_ALL:
            return
        pairs = [*_in_headers(old, new), *islice(_in_bodies(old.response_body, new.response_body), _LEARNED)]
        for one, other in pairs:
            self._before.setdefault(other, set()).add(one)
            words, others = _WORD.findall(one), _WORD.findall(other)
            if len(words) == len(others):
                for word, later in zip(words, others, strict=True):
                    if word != later:
                        self._before.setdefault(unquote(later), set()).add(unquote(word))

    def gave(self, old: str, new: str) -> bool:
        """Whether answers gave these two, such as links, in the place of each other."""
        return old in self._before.get(new, ())

    def settled(
        self, old: Sequence[str], new: Sequence[str], moments: tuple[datetime, datetime]
    ) -> tuple[Sequence[str], bool]:
        """The later lines, those that mean the same as an earlier one written like it, and whether there are such.

        `moments` are those of the requests that the lines are of.
        """
        if old == new:
            return new, False
        times = [Comparison(moment, near=_NEAR) for moment in moments]
        known = {unquote(word) for line in old for word in _WORD.findall(line)}
        meanings = {_plain(line, times[0]): line for line in old}
        settled = [meanings.get(_plain(self._as_before(line, known), times[1]), line) for line in new]
        return settled, settled != list(new)

    def _as_before(self, line: str, known: set[str]) -> str:
        """A later line with the values that the earlier trial had in their place."""

        def earlier(found: re.Match[str]) -> str:
            return next(iter(self._before.get(unquote(found[0]), set()) & known), found[0])

        return _WORD.sub(earlier, line)


def _plain(line: str, times: Comparison) -> str:
    signed = _SIGNED.fullmatch(line)
    return signed[1].lower() if signed else times.rough(_WORD.sub(lambda found: unquote(found[0]), line))


def _in_headers(old: Exchange, new: Exchange) -> Iterator[tuple[str, str]]:
    before, after = ({name.lower(): value for name, value in one.response_headers} for one in (old, new))
    yield from ((before[name], after[name]) for name in before if name in after and before[name] != after[name])


def _in_bodies(old: str | None, new: str | None) -> Iterator[tuple[str, str]]:
    """The values of two bodies that differ and stand at the same place; texts that are no JSON are one value."""
    if old is None or new is None or old == new:
        return
    with suppress(orjson.JSONDecodeError):
        yield from _values(orjson.loads(old), orjson.loads(new))
        return
    yield old.strip(), new.strip()


def _values(old: Any, new: Any) -> Iterator[tuple[str, str]]:
    if old == new:
        return
    if isinstance(old, dict) and isinstance(new, dict):
        for key in old.keys() & new.keys():
            yield from _values(old[key], new[key])
    elif isinstance(old, list) and isinstance(new, list):
        if len(old) == len(new) <= _LISTED:
            for one, other in zip(old, new, strict=True):
                yield from _values(one, other)
    elif not isinstance(old, dict | list | None) and not isinstance(new, dict | list | None):
        yield str(old), str(new)
