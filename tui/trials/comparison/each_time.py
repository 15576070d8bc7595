"""What is different in each test although nothing was changed: what the API's answers gave, signatures, the time."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from enum import Enum
from itertools import islice
from typing import Any, NamedTuple
from urllib.parse import unquote

import orjson

from core.cases.alike import EPOCH, MOMENT, time_of
from core.http.exchange import Exchange

_NEAR = 60.0
"""Seconds around a request within which a time in it is that of the request."""
_LEARNED = 1_000
"""Values of an answer that are taken in."""
_LEARNED_IN_ALL = 200_000
_LONGEST = 4_000
"""Characters of a value that is taken in."""
_LONGEST_TEXT = 20_000
"""Characters of an answer that is no JSON."""
_LISTED = 20
"""Items of a list that is looked into: a longer one holds records."""
_OPAQUE = 8
"""Characters of a value that is known again wherever it stands."""
_WORD = re.compile(r"[^\s/?&=;,:#'\"<>(){}\[\]]+")
"""What a URL, a header or a body gives as one value."""
_PLAIN = re.compile(r"[^\d]+|[\d.:+TZ-]+|.*\s.*", re.DOTALL)
"""Words, numbers, dates, times and sentences, which a person may have written, too."""
_HTTP_DATE = r"[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT"
_TIME = re.compile(rf"{_HTTP_DATE}|{MOMENT}|\b\d{{8}}T\d{{6}}Z|{EPOCH}")
_OFFSET = re.compile(r"(?:[+-]|%2B)\d\d:?\d\d$")
_DATE_AND_HOUR = 13
"""Characters of a time in ISO 8601 before there can be an offset."""
_GIVES = re.compile(r"(?:[\w-]+-)?location|link|set-cookie|(?:[\w-]+-)?token")
"""Headers of an answer that say what to ask for next, or with what."""
_ID = frozenset({"id", "ids", "uid", "uuid", "guid", "job", "handle", "token", "cursor", "after", "marker"})
"""What the name of a value ends with that is given to be sent back."""
_SIGNS = re.compile(
    r"(?:oauth_)?(?:signature|nonce)|x-(?:[\w-]+-)?(?:signature|nonce)|x-amz-(?:content-sha256|security-token)"
    r"|content-(?:md5|digest)|(?:x-)?idempotency-key|(?:x-)?(?:ms-)?client-request-id|x-(?:request|correlation|trace)-id"
    r"|clientrequesttoken|traceparent",
    re.IGNORECASE,
)
"""What signs a request, or names it: only that it is there matters."""


class Part(Enum):
    """A part of a request, with how its lines tell a name and a value."""

    ADDRESS = re.compile(r"(?!)")
    PARAMETER = re.compile(r"\?([^=]*)=(.*)")
    HEADER = re.compile(r"([^:]+): (.*)")
    BODY = re.compile(r'(?:\s*"(?=[^"]*": )|(?=[^\s"=]+=))([^"=]*)(?:": "?|=)(.*?)"?,?')

    def read(self, line: str) -> _Line:
        """What a line tells; without a name, all of it is the value."""
        found = self.value.fullmatch(line)
        if not found:
            return _Line("", line, ("", ""))
        start, end = found.span(2)
        return _Line(found[1], found[2], (line[:start], line[end:]))


class _Line(NamedTuple):
    """The name and the value that a line tells, and what is before and behind the value."""

    name: str
    value: str
    around: tuple[str, str]


class _Word(NamedTuple):
    """A value in a text: the name that it has there, and whether it is a whole step of a path."""

    name: str
    text: str
    step: bool = False


class EachTime:
    """Knows which values of two trials mean the same: each was given, at the same place, by an answer of its own trial.

    Answers are learned in the order in which the requests are compared. Values of 8 or more characters with digits and
    letters in them are known again wherever they stand in a later request. Shorter ones and numbers must be ids by
    their name, or a step of the path of a link, and are known again under a like name, or behind the same step of a
    path; ids by their name as any whole step of a path. What an answer only repeats of its request is not given by it.
    """

    def __init__(self) -> None:
        self._names: dict[tuple[str, str], set[str]] = {}
        """For two values that were in the place of each other the names that they had."""
        self._links: set[tuple[str, str]] = set()
        """Those of them that are URLs, as they were written."""

    def learn(self, old: Exchange, new: Exchange) -> None:
        """Take in what two answers that stand for each other gave."""
        sent = _sent(old), _sent(new)
        given = [*_in_headers(old, new), *islice(_in_bodies(old.response_body, new.response_body), _LEARNED)]
        for name, one, other in given:
            if max(len(one), len(other)) > _LONGEST:
                continue
            for was, now in [(_Word(name, one), _Word(name, other)), *_pairs(name, one, other)]:
                repeated = was.text in sent[0] and now.text in sent[1]
                if unquote(was.text) == unquote(now.text) or repeated or len(self._names) >= _LEARNED_IN_ALL:
                    continue
                if (_is_opaque(was.text) and _is_opaque(now.text)) or _is_short_id(was, now):
                    self._names.setdefault((unquote(was.text), unquote(now.text)), set()).add(now.name)
                    if "://" in now.text:
                        self._links.add((was.text, now.text))

    def gave(self, old: str, new: str) -> bool:
        """Whether answers gave these two URLs in the place of each other."""
        return (old, new) in self._links

    def settled(
        self, part: Part, old: Sequence[str], new: Sequence[str], moments: tuple[datetime, datetime]
    ) -> tuple[Sequence[str], bool]:
        """The later lines, in which the earlier line stands where one at the same place means the same, and whether
        there are such.

        `moments` are those of the requests that the lines are of. The place is the name of the line, and where several
        have it, its number among them.
        """
        if old == new:
            return new, False
        lines: dict[str, list[str]] = {}
        for line in reversed(old):
            lines.setdefault(_place(part, line), []).append(line)
        settled = []
        for line in new:
            earlier = lines.get(_place(part, line))
            before = earlier.pop() if earlier else line
            settled.append(before if self._mean_the_same(part, before, line, moments) else line)
        return settled, settled != list(new)

    def _mean_the_same(self, part: Part, old: str, new: str, moments: tuple[datetime, datetime]) -> bool:
        if old == new or _SIGNS.fullmatch(part.read(new).name):
            return True
        timeless = _timeless(old, moments[0]), _timeless(new, moments[1])
        return self._are_given(part, old, new) or timeless[0] == timeless[1] or self._are_given(part, *timeless)

    def _are_given(self, part: Part, old: str, new: str) -> bool:
        """Whether an answer gave all that differs in two lines."""
        was, now = part.read(old), part.read(new)
        if was.around != now.around:
            return False
        if self._is_given(_Word(was.name, was.value), _Word(now.name, now.value)):
            return True
        pairs = list(_pairs(now.name, was.value, now.value))
        return bool(pairs) and all(one.text == other.text or self._is_given(one, other) for one, other in pairs)

    def _is_given(self, old: _Word, new: _Word) -> bool:
        names = self._names.get((unquote(old.text), unquote(new.text)))
        if names is None or not _quoted_alike(old.text, new.text):
            return False
        if _is_opaque(old.text) and _is_opaque(new.text):
            return True
        return (new.step and any(map(_names_an_id, names))) or any(_alike(new.name, name) for name in names)


def _place(part: Part, line: str) -> str:
    return part.read(line).name or _WORD.sub("", line)


def _sent(exchange: Exchange) -> set[str]:
    """The values that a request has."""
    headers = " ".join(value for _, value in exchange.request_headers)
    words = _WORD.findall(f"{exchange.url} {headers} {exchange.request_body or ''}")
    return {exchange.url, *words, *map(unquote, words)}


def _words(name: str, text: str) -> Iterator[_Word]:
    """The values in a text: behind `/`, `=` and `>`, what comes before is the name, else that of the text."""
    before = ""
    for found in _WORD.finditer(text):
        led, ends = text[max(found.start() - 1, 0) : found.start()], text[found.end() : found.end() + 1]
        named = before if before and led in {"/", "=", ">"} else name
        before = found[0]
        yield _Word(named, before, led == "/" and ends in {"", *"/?#"})


def _pairs(name: str, old: str, new: str) -> Iterator[tuple[_Word, _Word]]:
    """The values in two texts that are written alike, each with the one in its place."""
    if _WORD.sub("\0", old) == _WORD.sub("\0", new):
        yield from zip(_words(name, old), _words(name, new), strict=True)


def _is_opaque(text: str) -> bool:
    return len(text) >= _OPAQUE and ("://" in text or not _PLAIN.fullmatch(unquote(text)))


def _is_short_id(old: _Word, new: _Word) -> bool:
    """Whether two values are ids by their place, and no mere words."""
    written = all(re.search(r"\d", word.text) for word in (old, new))
    return written and (_names_an_id(new.name) or (old.step and new.step and old.name == new.name))


def _parts(name: str) -> Sequence[str]:
    return [part.lower() for part in re.findall(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|\d+", name)]


def _names_an_id(name: str) -> bool:
    return not _ID.isdisjoint(_parts(name)[-1:])


def _alike(one: str, other: str) -> bool:
    """Whether one name is the end of the other: `id` and `jobId`, `next_cursor` and `cursor`."""
    short, long = sorted((_parts(one), _parts(other)), key=len)
    return bool(short) and long[-len(short) :] == short


def _quoted_alike(old: str, new: str) -> bool:
    """Whether no character is quoted in one of two values and written as it is in the other."""
    quoted = [set(map(unquote, re.findall("%[0-9A-Fa-f]{2}", text))) for text in (old, new)]
    return quoted[0].isdisjoint(new) and quoted[1].isdisjoint(old)


def _timeless(line: str, moment: datetime) -> str:
    """A line with zeros for the digits of the times that are those of the request, as they are written."""

    def form(found: re.Match[str]) -> str:
        seconds = _seconds(found[0])
        if seconds is None or abs(seconds - moment.timestamp()) > _NEAR:
            return found[0]
        end = _OFFSET.search(found[0], _DATE_AND_HOUR)
        time, offset = (found[0][: end.start()], end[0]) if end else (found[0], "")
        return re.sub(r"[A-Z][a-z]{2}", "Day", re.sub(r"(?<!%)\d", "0", time)) + offset

    return _TIME.sub(form, line)


def _seconds(text: str) -> float | None:
    if not re.fullmatch(_HTTP_DATE, text):
        return time_of(text)
    with suppress(ValueError):
        return parsedate_to_datetime(text).replace(tzinfo=UTC).timestamp()
    return None


def _in_headers(old: Exchange, new: Exchange) -> Iterator[tuple[str, str, str]]:
    before, after = (
        [(name.lower(), value) for name, value in one.response_headers if _GIVES.fullmatch(name.lower())]
        for one in (old, new)
    )
    if [name for name, _ in before] == [name for name, _ in after]:
        yield from ((name, one, other) for (name, one), (_, other) in zip(before, after, strict=True))


def _in_bodies(old: str | None, new: str | None) -> Iterator[tuple[str, str, str]]:
    """The values of two bodies that differ and stand at the same place, with their names; a text of one word is an id,
    in XML a value has the name of its element.
    """
    if old is None or new is None or old == new:
        return
    with suppress(orjson.JSONDecodeError):
        yield from _values("id", orjson.loads(old), orjson.loads(new))
        return
    one, other = old.strip(), new.strip()
    if len(one.split()) == len(other.split()) == 1 and "<" not in one:
        yield "id", one, other
    elif one.startswith("<") and max(len(one), len(other)) <= _LONGEST_TEXT:
        yield from ((new.name, old.text, new.text) for old, new in _pairs("", one, other) if old.name == new.name)


def _values(name: str, old: Any, new: Any) -> Iterator[tuple[str, str, str]]:
    if old == new:
        return
    if isinstance(old, dict) and isinstance(new, dict):
        for key in old:
            if key in new:
                yield from _values(key, old[key], new[key])
    elif isinstance(old, list) and isinstance(new, list):
        if len(old) == len(new) <= _LISTED:
            for one, other in zip(old, new, strict=True):
                yield from _values(name, one, other)
    elif not isinstance(old, dict | list | None) and not isinstance(new, dict | list | None):
        yield name, str(old), str(new)
