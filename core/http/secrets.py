"""Keeps secrets out of everything that people or files get to see."""

from __future__ import annotations

import json
import re
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Iterable, Iterator
from urllib.parse import quote, quote_plus

MASK = "****"
SHORTEST = 4
"""Characters from which on a value is masked wherever it stands; shorter ones would tear holes into plain
text.
"""

_JWT = re.compile(r"eyJ[\w-]+\.[\w-]+\.[\w-]*")
_USER_INFO = re.compile(r"://[^/\s:@\"'<>]*:[^/\s@\"'<>]+@")
_SIGNED = [
    re.compile(
        rf"({mark}(?:[Xx]-(?:[Aa]mz|[Gg]oog)-(?:[Ss]ignature|[Ss]ecurity-[Tt]oken)|Signature|sig|signature"
        r"|access_token|api_?key|apiKey|client_secret|password)=)[^&\s\"'<>\\]+"
    )
    for mark in (r"\?", "&")  # one by one, for what begins with a certain character is found ten times as fast
]
_SECRET_HEADER = re.compile(
    r"(?:proxy-)?authorization|(?:set-)?cookie|x-(?:.*-)?(?:token|key|secret)"
    r"|(?:.*-)?(?:api-?key|auth-token|access-token|password|secret)",
    re.IGNORECASE,
)
_SCHEME = re.compile(r"(?:Bearer|Basic|Digest|Token|ApiKey|Negotiate|AWS4-HMAC-SHA256)(?= )", re.IGNORECASE)


class Secrets:
    """The secrets of a run: what was added, in every form in which it may turn up."""

    def __init__(self, values: Iterable[str] = ()) -> None:
        self._known: set[str] = set()
        self._forms: list[str] = []
        for value in values:
            self.add(value)

    def add(self, value: str) -> None:
        """Mask `value` from now on: as it is, URL-encoded, escaped as in JSON, and in base64."""
        if value in self._known:
            return
        self._known.add(value)
        if len(value.strip()) >= SHORTEST:
            forms = {*self._forms, *_forms(value), *_forms(value.strip())}
            self._forms = sorted(forms, key=len, reverse=True)

    def add_pair(self, user: str, password: str) -> None:
        """Mask a password, and the pair `user:password` as basic authentication sends it."""
        self.add(password)
        self.add(f"{user}:{password}")

    def mask(self, text: str) -> str:
        """The text with `****` in place of secrets.

        Besides what was added, these are masked: JSON Web Tokens, passwords in URLs, and the signatures and
        keys that signed URLs carry in their query.
        """
        for form in self._forms:
            if form in text:
                text = text.replace(form, MASK)
        text = _JWT.sub(MASK, text)
        for signed in _SIGNED:
            text = signed.sub(rf"\1{MASK}", text)
        return _USER_INFO.sub(f"://{MASK}@", text)

    def mask_header(self, name: str, value: str) -> str:
        """The value of a header, masked; that of `Authorization` and the like whatever it is."""
        if not _SECRET_HEADER.fullmatch(name):
            return self.mask(value)
        scheme = _SCHEME.match(value)
        return f"{scheme[0]} {MASK}" if scheme else MASK

    def mask_headers(self, headers: Iterable[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
        """All headers, masked."""
        return tuple((name, self.mask_header(name, value)) for name, value in headers)

    def hides(self, name: str, value: str) -> bool:
        """Whether this header holds a secret."""
        return self.mask_header(name, value) != value


def _forms(value: str) -> Iterator[str]:
    for text in (value, json.dumps(value)[1:-1], json.dumps(value, ensure_ascii=False)[1:-1]):
        yield text
        yield quote(text)
        yield quote(text, safe="")
        yield quote_plus(text)
    raw = value.encode(errors="surrogatepass")
    for encoded in (b64encode(raw).decode(), urlsafe_b64encode(raw).decode()):
        yield encoded
        yield quote(encoded, safe="")
        yield encoded.rstrip("=")
