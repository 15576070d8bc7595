"""Keeps secrets out of everything that people or files get to see."""

from __future__ import annotations

import json
from collections import OrderedDict
from collections.abc import Iterable, Iterator
from contextlib import suppress
from threading import Lock
from typing import Any
from weakref import WeakSet

from core.http import credentials
from core.http.credentials import is_secret_header
from core.http.disguises import LONG_ENOUGH, SHORTEST, Finder, disguises, few_disguises, finder
from core.templates.hidden import SHORTEST_PART, Hidden

MASK = "****"
DERIVED = 64
"""Things made of secrets that are masked at a time, those made last: a request may be signed anew each time."""
MANY = 100
"""Secrets from which on not every look of a further one is looked for."""
LONGEST = 50_000
"""Characters of a secret from which on only its plain text is looked for."""
_RECENT = 8
"""Of these, how many are searched for on their own, so that one more costs little."""

_live: WeakSet[Secrets] = WeakSet()
_live_lock = Lock()


class _Search:
    """A search for patterns, put together when it is next needed."""

    def __init__(self) -> None:
        self._patterns: dict[str, None] = {}
        self._finder: Finder | None = None

    def __len__(self) -> int:
        return len(self._patterns)

    def set(self, patterns: Iterable[str]) -> None:
        """Search for these from now on."""
        self._patterns = dict.fromkeys(patterns)
        self._finder = None

    def add(self, patterns: Iterable[str]) -> None:
        """Search for these, too."""
        self.set([*self._patterns, *patterns])

    def spans(self, text: bytes) -> Iterator[tuple[int, int]]:
        """Where something is found."""
        if self._patterns:
            if self._finder is None:
                self._finder = finder(self._patterns)
            for match in self._finder.finditer(text):
                yield match.span()


class Secrets:
    """The secrets of a run: what was added, and what was made of it, in every form in which it may turn up."""

    def __init__(self, values: Iterable[str] = ()) -> None:
        self._known: set[str] = set()
        self._derived: OrderedDict[str, None] = OrderedDict()
        self._huge: list[bytes] = []
        self._lasting, self._earlier, self._recent = _Search(), _Search(), _Search()
        for value in values:
            self.add(value)
        with _live_lock:
            _live.add(self)

    def add(self, value: str) -> None:
        """Mask `value` from now on, whatever encodings of URLs, JSON, HTML, base64 and the like it went through.

        Of a text with several lines each one is masked, of a JSON object the fields that hold secrets, too.
        """
        if value in self._known:
            return
        self._known.add(value)
        if len(value) > LONGEST:
            self._huge.append(value.strip().encode(errors="surrogatepass"))
        elif len(value.strip()) >= SHORTEST:
            self._lasting.add(disguises(value) if len(self._known) <= MANY else few_disguises(value))
        for inner in _inner(value):
            self.add(inner)

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
        if len(value) < SHORTEST_PART or value in self._known:
            return
        if value in self._derived:
            self._derived.move_to_end(value)
            return
        self._derived[value] = None
        if len(self._derived) > DERIVED:
            self._derived.popitem(last=False)
        if len(self._recent) < _RECENT:
            self._recent.add([_of_derived(value)])
        else:
            self._earlier.set(map(_of_derived, self._derived))
            self._recent.set(())

    def mask(self, text: str, until: int | None = None) -> str:
        """The text with `****` in place of secrets; its first `until` characters, what they cut through masked.

        Besides what was added, these are masked: JSON Web Tokens, passwords in URLs, and the signatures and keys
        that URLs carry in their query.
        """
        raw = text.encode(errors="surrogatepass")
        end = len(raw) if until is None else len(text[:until].encode(errors="surrogatepass"))
        spans = sorted((*self._spans(raw), *credentials.spans(raw)))
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
        return f"{credentials.scheme_of(value)} {MASK}".lstrip()

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
        for search in (self._lasting, self._earlier, self._recent):
            yield from search.spans(text)
        for huge in self._huge:
            start = text.find(huge)
            while start >= 0:
                yield start, start + len(huge)
                start = text.find(huge, start + len(huge))


def mask_known(text: str, until: int | None = None) -> str:
    """The text, or its first `until` characters, without any secret that is known to a run in this process.

    For what is cut where nobody knows which run it is about: to cut first and mask later would leave the beginnings
    of secrets.
    """
    with _live_lock:
        registries = list(_live)
    raw = text.encode(errors="surrogatepass")
    spans = sorted((*(span for one in registries for span in one._spans(raw)), *credentials.spans(raw)))
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


def _of_derived(value: str) -> str:
    return "|".join(few_disguises(value))


def _inner(value: str) -> Iterator[str]:
    """The secrets in a JSON object that is a secret as a whole, such as the key file of a service account."""
    if value.lstrip().startswith("{"):
        with suppress(ValueError):
            yield from secret_fields(json.loads(value))


def secret_fields(value: Any) -> Iterator[str]:
    """The texts in fields of an object, at any depth, whose names say that they open something."""
    pending = [value]
    while pending:
        one = pending.pop()
        if isinstance(one, dict):
            for name, member in one.items():
                if isinstance(member, str) and len(member) >= LONG_ENOUGH and credentials.is_secret_field(str(name)):
                    yield member
                pending.append(member)
        elif isinstance(one, list):
            pending += one
