"""Keeps secrets out of everything that people or files get to see, and recognizes credentials that nobody named."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from itertools import islice
from threading import Lock, RLock
from typing import Any, Final
from weakref import WeakSet

from core.http.disguises import (
    AMPERSAND,
    LARGEST,
    LONG_ENOUGH,
    SHORTEST,
    Finder,
    Literal,
    Look,
    few_looks,
    finder,
    finders,
    looks_of,
)
from core.templates.hidden import SHORTEST_PART, Hidden

_OF_WHAT = (
    r"(?:access|refresh|id|auth|oauth|session|security|bearer|api|app|user|client|login|sas|private|secret|personal"
    r"|account|consumer|signing|shared|subscription|license|service|ocp-apim-subscription|x-api)"
)
_NAMES = (
    r"x-(?:amz|goog)-(?:signature|security-token|credential)|signature|sig|hmac|key-pair-id"
    r"|googleaccessid|awsaccesskeyid|hdne[ata]|hdnt[sl]|__token__|jwt|(?:client_)?assertion|code_verifier"
    r"|authorization|credentials?|session_?id|otp|pass|passwd|pwd|passphrase|secret|password"
    rf"|{_OF_WHAT}[_-]?(?:token|key|secret|password)|access_?key_?id"
)
"""Parameters of URLs and forms whose value opens something."""
_UNSURE_NAMES = "token|key|code|auth|sign|policy|ticket"
"""Parameters whose value may open something, when it is long enough for that: `key=orders` does not."""
_LONG = 12

_BEFORE = rf"(?:^|[?&;#]|{AMPERSAND}|\\+u003f|%(?:25)*(?:3f|23))"
_EQUALS = rf"(?:=|%(?:25)*3d|\\+u003d|\\+x3d|{AMPERSAND}#(?:0*61|x0*3d);)"
_VALUE = (
    r"(?:[^&;\s\"'<>\\%]|%[013-9a-f][0-9a-f]|%2[0-57-9a-f]|%$|\\+(?:/|u00(?:25|2b|2d|2e|2f|3d|5f|7e))"
    rf"|{AMPERSAND}#(?:0*(?:37|43|45|46|47|61|95)|x0*(?:25|2b|2d|2e|2f|3d|5f));)"
)
"""One character of a value."""
_PARAMETER = rf"(?i:{_BEFORE}(?:(?:{_NAMES}){_EQUALS}{_VALUE}+|(?:{_UNSURE_NAMES}){_EQUALS}{_VALUE}{{{_LONG},}}))"
_TOKEN = r"(?:eyJ[\w-]{6,}(?:(?:\.|%(?:25)*2[Ee])[\w-]+)+)"
_USER_INFO = r"(?::(?:\\*/){2}(?:[^/\s:@\"'<>\\]*:[^/\s@\"'<>\\]+|[^/\s:@\"'<>\\]{16,})@)"

_FINDER: Final[Finder] = finder([_PARAMETER, _TOKEN, _USER_INFO])
_AFTER_NAME = re.compile(rf"(?i){_EQUALS}".encode())
_SLASHES = re.compile(rb":(?:\\*/){2}")

_SECRET_HEADER = re.compile(
    r"(?:proxy-)?authorization|(?:set-)?cookie|x-(?:.*-)?(?:token|key|secret)"
    r"|(?:.*-)?(?:api-?key|auth-token|access-token|password|secret)",
    re.IGNORECASE,
)
_SCHEME = re.compile(r"(?:Bearer|Basic|Digest|Token|ApiKey|Negotiate|AWS4-HMAC-SHA256)(?= )", re.IGNORECASE)
_SECRET_FIELD = re.compile(
    r"(?i).*(?:token|secret|passw|passphrase|private_?key|api_?key|jwt|assertion|credential|session_?id|cookie).*|sid|session|key|pwd"
)
_HARMLESS_FIELD = re.compile(
    r"(?i).*(?:type|expir\w*|_at|_in|ur[il]s?|endpoint|name|scopes?|hint|status"
    r"|domain|issuer|audience|policy|provider|path|host|length|version)"
)


def credential_spans(text: bytes) -> Iterator[tuple[int, int]]:
    """Where something stands that looks like a credential: the value, without the name or what is around it."""
    for match in _FINDER.finditer(text):
        start, end = match.span()
        if text.startswith(b"eyJ", start):
            yield start, end
        elif slashes := _SLASHES.match(text, start, end):
            yield slashes.end(), end - 1
        else:
            name = _AFTER_NAME.search(text, start, end)
            yield (name.end() if name else start), end


def is_secret_header(name: str) -> bool:
    """Whether a header of this name holds a credential, whatever it holds."""
    return _SECRET_HEADER.fullmatch(name) is not None


def scheme_of(value: str) -> str:
    """The scheme that a header begins with, such as `Bearer`; empty when there is none that is known."""
    scheme = _SCHEME.match(value)
    return scheme[0] if scheme else ""


def is_secret_field(name: str) -> bool:
    """Whether what a login answers in a field of this name opens something."""
    return _SECRET_FIELD.fullmatch(name) is not None and _HARMLESS_FIELD.fullmatch(name) is None


MASK = "****"
DERIVED = 64
"""Things made of secrets that are masked at a time, those made last: a request may be signed anew each time."""
THOROUGH = 1_000_000
"""Characters of patterns from which on not every look of a further secret is looked for."""
FULL = 6_000_000
"""Characters of patterns from which on a further secret is looked for as it is and in its most usual encodings only."""
SHARD = 100_000
"""Characters of patterns that are compiled at a time: in some hundredths of a second, and far from RE2's bounds."""
MOST_FIELDS = 500
"""Fields of one answer that are taken for secrets."""
MOST_CHARACTERS = 2_000_000
"""Characters that they may have together."""
_GROUP = 8
"""Things made of secrets that are searched for at once, so that one more costs little."""

_live: WeakSet[Secrets] = WeakSet()
_live_lock = Lock()


class _Shard:
    """Looks that are searched for at once. It never changes, so that threads may share it."""

    def __init__(self, looks: tuple[Look, ...] = ()) -> None:
        self.looks = looks
        self.size = sum(len(look.pattern) for look in looks)
        self._finders: list[Finder] | None = None if looks else []

    def finders(self) -> list[Finder]:
        """The searches, compiled when they are first needed."""
        compiled = self._finders
        if compiled is None:
            compiled = self._finders = finders(self.looks)
        return compiled


class _Search:
    """A search for many looks, in shards of which only the last one is open for more.

    Whoever adds has to hold a lock; whoever searches need not.
    """

    def __init__(self) -> None:
        self._shards = [_Shard()]
        self._texts: list[Literal] = []

    def add(self, looks: Iterable[Look], texts: Iterable[bytes]) -> int:
        """Search for these, too; gives how many characters of patterns that took."""
        self._texts += map(Literal, texts)
        added = 0
        pending: list[Look] = []
        room = SHARD - self._shards[-1].size
        for look in looks:
            if len(look.pattern) > room:
                self._extend(pending)
                self._shards.append(_Shard())
                pending, room = [], SHARD
            pending.append(look)
            room -= len(look.pattern)
            added += len(look.pattern)
        self._extend(pending)
        return added

    def spans(self, text: bytes) -> Iterator[tuple[int, int]]:
        """Where something is found."""
        for shard in tuple(self._shards):
            for one in shard.finders():
                yield from (match.span() for match in one.finditer(text))
        for literal in tuple(self._texts):
            yield from (match.span() for match in literal.finditer(text))

    def _extend(self, looks: list[Look]) -> None:
        if looks:
            self._shards[-1] = _Shard((*self._shards[-1].looks, *looks))


class _Group:
    """A few things made of secrets. It never changes, so that threads may share it."""

    def __init__(self, values: tuple[str, ...] = ()) -> None:
        self.values = values
        self._search: _Search | None = None

    def spans(self, text: bytes) -> Iterator[tuple[int, int]]:
        """Where one of them is found."""
        search = self._search
        if search is None:
            search = _Search()
            for value in self.values:
                search.add(*few_looks(value, lines=False))
            self._search = search
        return search.spans(text)


class Secrets:
    """The secrets of a run: what was added, and what was made of it, in every form in which it may turn up."""

    def __init__(self, values: Iterable[str] = ()) -> None:
        self._known: set[str] = set()
        self._lock = RLock()
        self._lasting = _Search()
        self._size = 0
        self._derived: tuple[_Group, ...] = (_Group(),)
        for value in values:
            self.add(value)
        with _live_lock:
            _live.add(self)

    def add(self, value: str) -> None:
        """Mask `value` from now on, whatever encodings of URLs, JSON, HTML, base64 and the like it went through.

        Of a text with several lines each one is masked, of a JSON object the fields that hold secrets, too.
        """
        with self._lock:
            if value in self._known:
                return
            if len(value.strip()) >= SHORTEST:
                self._size += self._lasting.add(*self._looks_of(value))
            self._known.add(value)
        for inner in _inner(value):
            self.add(inner)

    def _looks_of(self, value: str) -> tuple[list[Look], list[bytes]]:
        """What to look for: the more there is already, the less."""
        if self._size < THOROUGH:
            return looks_of(value, LARGEST)
        return few_looks(value) if self._size < FULL else looks_of(value, 0)

    def add_pair(self, user: str, password: str) -> None:
        """Mask a password, and the pair `user:password` as basic authentication sends it."""
        self.add(password)
        self.add(f"{user}:{password}")

    def hide(self, value: str) -> Hidden:
        """Mask `value` from now on, and what templates make of what is given back."""
        self.add(value)
        return Hidden(value, self.derive)

    def derive(self, value: str) -> None:
        """Mask what was made of a secret, as long as it is among the last that were."""
        if len(value) < SHORTEST_PART:
            return
        with self._lock:
            *earlier, last = self._derived
            if value in self._known or value in last.values:
                return
            if len(last.values) < _GROUP:
                self._derived = (*earlier, _Group((*last.values, value)))
            else:
                self._derived = (*self._derived, _Group((value,)))[-DERIVED // _GROUP - 1 :]

    def mask(self, text: str, until: int | None = None) -> str:
        """The text with `****` in place of secrets; its first `until` characters, what they cut through masked.

        Besides what was added, these are masked: JSON Web Tokens, passwords in URLs, and the signatures and keys
        that URLs carry in their query.
        """
        raw = text.encode(errors="surrogatepass")
        end = len(raw) if until is None else len(text[:until].encode(errors="surrogatepass"))
        spans = sorted((*self._spans(raw), *credential_spans(raw)))
        if not spans:
            return text[:until]
        return b"".join(_masked(raw, spans, end)).decode(errors="surrogatepass")

    def holds(self, text: str) -> bool:
        """Whether something that was added, or was made of it, is in the text; a very short one as a whole word."""
        raw = text.encode(errors="surrogatepass")
        return any(end - start >= SHORTEST_PART or _is_word(raw, start, end) for start, end in self._spans(raw))

    def mask_header(self, name: str, value: str) -> str:
        """The value of a header, masked; that of `Authorization` and the like whatever it is."""
        if not is_secret_header(name):
            return self.mask(value)
        return f"{scheme_of(value)} {MASK}".lstrip()

    def mask_headers(self, headers: Iterable[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
        """All headers, masked."""
        masked = [(name, self.mask_header(name, value) if is_secret_header(name) else value) for name, value in headers]
        text = "\n".join(f"{name}: {value}" for name, value in masked)
        if self.mask(text) == text:  # mostly there is nothing more, and one look is faster than many
            return tuple(masked)
        return tuple((self.mask(name), self.mask_header(name, value)) for name, value in masked)

    def hides(self, name: str, value: str) -> bool:
        """Whether this header holds a secret."""
        return self.holds(name) or self.mask_header(name, value) != value

    def _spans(self, text: bytes) -> Iterator[tuple[int, int]]:
        yield from self._lasting.spans(text)
        for group in self._derived:
            yield from group.spans(text)


def mask_known(text: str, until: int | None = None) -> str:
    """The text, or its first `until` characters, without any secret that is known to a run in this process.

    For what is cut where nobody knows which run it is about: to cut first and mask later would leave the beginnings
    of secrets.
    """
    with _live_lock:
        registries = list(_live)
    raw = text.encode(errors="surrogatepass")
    spans = sorted((*(span for one in registries for span in one._spans(raw)), *credential_spans(raw)))
    end = len(raw) if until is None else len(text[:until].encode(errors="surrogatepass"))
    return b"".join(_masked(raw, spans, end)).decode(errors="surrogatepass") if spans else text[:until]


def _masked(text: bytes, spans: list[tuple[int, int]], until: int) -> Iterator[bytes]:
    """The pieces of a text up to `until`, with a mask for each span and for those that overlap."""
    done = 0
    for start, end in spans:
        if start >= until:
            break
        if start > done or done == 0:
            yield text[done:start]
            yield MASK.encode()
        done = max(done, end)
    yield text[done:until]


def _is_word(text: bytes, start: int, end: int) -> bool:
    return not text[max(0, start - 1) : start].isalnum() and not text[end : end + 1].isalnum()


def _inner(value: str) -> Iterator[str]:
    """The secrets in a JSON object that is a secret as a whole, such as the key file of a service account."""
    if value.lstrip().startswith("{"):
        with suppress(ValueError, RecursionError, MemoryError):
            yield from secret_fields(json.loads(value))


def secret_fields(value: Any) -> Iterator[str]:
    """The texts in fields of an object, at any depth, whose names say that they open something; within bounds."""
    room = MOST_CHARACTERS
    for found in islice(_secret_fields(value), MOST_FIELDS):
        if len(found) <= room:
            room -= len(found)
            yield found


def _secret_fields(value: Any) -> Iterator[str]:
    pending = [value]
    while pending:
        one = pending.pop()
        if isinstance(one, dict):
            for name, member in one.items():
                if isinstance(member, str) and len(member) >= LONG_ENOUGH and is_secret_field(str(name)):
                    yield member
                pending.append(member)
        elif isinstance(one, list):
            pending += one
