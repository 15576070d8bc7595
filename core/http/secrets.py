"""Keeps secrets out of everything that people see or files hold, and recognizes credentials that nobody declared."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from itertools import islice
from threading import Lock, RLock
from typing import Any, Final
from weakref import WeakSet

from core.http.encodings import (
    AMPERSAND,
    LARGEST,
    LONG_ENOUGH,
    SHORTEST,
    EncodedForm,
    Finder,
    Literal,
    encoded_forms,
    finder,
    finders,
    usual_forms,
)
from core.templates.texts import SHORTEST_PART, SecretText

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
"""Parameters of URLs and forms whose value is a credential."""
_UNSURE_NAMES = "token|key|code|auth|sign|policy|ticket"
"""Parameters whose value may be a credential if it is long enough: that of `key=orders` is none."""
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
    """Where something looks like a credential: the span of the value, without its name."""
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
    """Whether a header of this name holds a credential, whatever its value."""
    return _SECRET_HEADER.fullmatch(name) is not None


def scheme_of(value: str) -> str:
    """The scheme that a header begins with, such as `Bearer`; empty if there is no known one."""
    scheme = _SCHEME.match(value)
    return scheme[0] if scheme else ""


def is_secret_field(name: str) -> bool:
    """Whether a field of this name in the response to a login holds a credential."""
    return _SECRET_FIELD.fullmatch(name) is not None and _HARMLESS_FIELD.fullmatch(name) is None


MASK = "****"
DERIVED = 64
"""How many values derived from secrets are masked, the latest ones: each request may carry a new signature."""
THOROUGH = 1_000_000
"""Characters of patterns after which not every form of a further secret is searched for."""
FULL = 6_000_000
"""Characters of patterns after which a further secret is searched for only as it is and in its common encodings."""
SHARD = 100_000
"""Characters of patterns that are compiled together: in some hundredths of a second, and far below RE2's limits."""
MOST_FIELDS = 500
"""Fields of one response that are registered as secrets."""
MOST_CHARACTERS = 2_000_000
"""Characters that they may have together."""
_GROUP = 8
"""Derived values that are searched for together, so that one more costs little."""

_live: WeakSet[Secrets] = WeakSet()
_live_lock = Lock()


class _Shard:
    """Forms that are searched for together. Immutable, so that threads may share it."""

    def __init__(self, forms: tuple[EncodedForm, ...] = ()) -> None:
        self.forms = forms
        self.size = sum(len(form.pattern) for form in forms)
        self._finders: list[Finder] | None = None if forms else []

    def finders(self) -> list[Finder]:
        """The searches, compiled on first use."""
        compiled = self._finders
        if compiled is None:
            compiled = self._finders = finders(self.forms)
        return compiled


class _Search:
    """A search for many forms, in shards of which only the last one is open for more.

    Adding needs a lock; searching does not.
    """

    def __init__(self) -> None:
        self._shards = [_Shard()]
        self._texts: list[Literal] = []

    def add(self, forms: Iterable[EncodedForm], texts: Iterable[bytes]) -> int:
        """Search for these, too; gives the number of characters of their patterns."""
        self._texts += map(Literal, texts)
        added = 0
        pending: list[EncodedForm] = []
        room = SHARD - self._shards[-1].size
        for form in forms:
            if len(form.pattern) > room:
                self._extend(pending)
                self._shards.append(_Shard())
                pending, room = [], SHARD
            pending.append(form)
            room -= len(form.pattern)
            added += len(form.pattern)
        self._extend(pending)
        return added

    def spans(self, text: bytes) -> Iterator[tuple[int, int]]:
        for shard in tuple(self._shards):
            for one in shard.finders():
                yield from (match.span() for match in one.finditer(text))
        for literal in tuple(self._texts):
            yield from (match.span() for match in literal.finditer(text))

    def _extend(self, forms: list[EncodedForm]) -> None:
        if forms:
            self._shards[-1] = _Shard((*self._shards[-1].forms, *forms))


class _DerivedSecrets:
    """A few values derived from secrets. Immutable, so that threads may share it."""

    def __init__(self, values: tuple[str, ...] = ()) -> None:
        self.values = values
        self._search: _Search | None = None

    def spans(self, text: bytes) -> Iterator[tuple[int, int]]:
        search = self._search
        if search is None:
            search = _Search()
            for value in self.values:
                search.add(*usual_forms(value, lines=False))
            self._search = search
        return search.spans(text)


class Secrets:
    """The secrets of a run: what was added, and what was derived from it, in every form in which it may appear."""

    def __init__(self, values: Iterable[str] = ()) -> None:
        self._known: set[str] = set()
        self._lock = RLock()
        self._lasting = _Search()
        self._size = 0
        self._derived: tuple[_DerivedSecrets, ...] = (_DerivedSecrets(),)
        for value in values:
            self.add(value)
        with _live_lock:
            _live.add(self)

    def add(self, value: str) -> None:
        """Mask `value` from now on, also when it is encoded for URLs, JSON, HTML, in base64 and the like.

        Each line of a text is masked, too, and so are the fields of a JSON object that hold secrets.
        """
        with self._lock:
            if value in self._known:
                return
            if len(value.strip()) >= SHORTEST:
                self._size += self._lasting.add(*self._forms_of(value))
            self._known.add(value)
        for inner in _inner(value):
            self.add(inner)

    def _forms_of(self, value: str) -> tuple[list[EncodedForm], list[bytes]]:
        """What to search for: the more there is already, the less."""
        if self._size < THOROUGH:
            return encoded_forms(value, LARGEST)
        return usual_forms(value) if self._size < FULL else encoded_forms(value, 0)

    def add_pair(self, user: str, password: str) -> None:
        """Mask a password, and the pair `user:password` as basic authentication sends it."""
        self.add(password)
        self.add(f"{user}:{password}")

    def hide(self, value: str) -> SecretText:
        """Mask `value` from now on, and whatever templates derive from the text that is returned."""
        self.add(value)
        return SecretText(value, self.derive)

    def derive(self, value: str) -> None:
        """Mask what was derived from a secret, as long as it is among the latest such values."""
        if len(value) < SHORTEST_PART:
            return
        with self._lock:
            *earlier, last = self._derived
            if value in self._known or value in last.values:
                return
            if len(last.values) < _GROUP:
                self._derived = (*earlier, _DerivedSecrets((*last.values, value)))
            else:
                self._derived = (*self._derived, _DerivedSecrets((value,)))[-DERIVED // _GROUP - 1 :]

    def mask(self, text: str, until: int | None = None) -> str:
        """The text, or its first `until` characters, with `****` in place of secrets, those that are cut included.

        Besides what was added, these are masked: JSON Web Tokens, passwords in URLs, and the signatures and keys
        in the queries of URLs.
        """
        raw = text.encode(errors="surrogatepass")
        end = len(raw) if until is None else len(text[:until].encode(errors="surrogatepass"))
        spans = sorted((*self._spans(raw), *credential_spans(raw)))
        if not spans:
            return text[:until]
        return b"".join(_masked(raw, spans, end)).decode(errors="surrogatepass")

    def holds(self, text: str) -> bool:
        """Whether a secret, or what was derived from one, is in the text; a very short one only as a whole word."""
        raw = text.encode(errors="surrogatepass")
        return any(end - start >= SHORTEST_PART or _is_word(raw, start, end) for start, end in self._spans(raw))

    def mask_header(self, name: str, value: str) -> str:
        """The value of a header, masked; that of `Authorization` and the like in any case."""
        if not is_secret_header(name):
            return self.mask(value)
        return f"{scheme_of(value)} {MASK}".lstrip()

    def mask_headers(self, headers: Iterable[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
        masked = [(name, self.mask_header(name, value) if is_secret_header(name) else value) for name, value in headers]
        text = "\n".join(f"{name}: {value}" for name, value in masked)
        if self.mask(text) == text:  # usually nothing is left, and one search is faster than many
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
    """The text, or its first `until` characters, without any secret that is known to any run in this process.

    For texts that are cut where it is not known which run they belong to: cutting first and masking later would leave
    the beginnings of secrets.
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
    """The secrets in a JSON object that is itself a secret, such as the key file of a service account."""
    if value.lstrip().startswith("{"):
        with suppress(ValueError, RecursionError, MemoryError):
            yield from secret_fields(json.loads(value))


def secret_fields(value: Any) -> Iterator[str]:
    """The texts in fields of an object, at any depth, whose names say that they hold credentials; within bounds."""
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
