"""What looks like a credential although nobody named it: signatures and tokens in URLs, passwords, JSON Web Tokens."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from core.http.disguises import AMPERSAND, Finder, finder

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


def spans(text: bytes) -> Iterator[tuple[int, int]]:
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
