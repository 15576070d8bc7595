"""Which names of headers, parameters and variables say that a value is a secret, which values are only examples, and
which steps of a path are secrets by their looks.
"""

from __future__ import annotations

import math
import re
from collections import Counter

_SECRET = re.compile(
    r"cookie|(?:proxy-)?authorization|x-(?:.*-)?(?:signature|credential|session-?id)|(?:.*[_-])?subscription[_-]?key|x-(?:.*-)?(?:token|key|secret|auth)|(?:.*-)?(?:api-?key|access-?token|password|secret|auth-?token)"
    r"|(?:api_?|access_|auth_|secret_)?(?:key|token)|client_secret|password|secret"
    r"|signature|sig|hmac|jwt|passphrase|credentials?|(?:client_)?assertion|bearer|sid|(?:php|j)?sess(?:ion)?_?id"
    r"|(?!.*(?:page|next|prev|continu|cursor|sync|start|delta|skip))(?:.*[_-])?(?:token|secret|password|passwd|pwd|api_?key|access_?key|secret_?key|private_?key)",
    re.I,
)
_EXAMPLE = re.compile(
    r"<[^<>]+>|\[[A-Za-z][\w ]*\]|\{[A-Za-z_][\w -]*\}|x{3,}|\*{3,}|\.{3}|…"
    r"|(?:your|my|insert|replace|put)[-_ ].*|your[A-Z]\w*|(?:api[-_ ]?key|access[-_ ]?token|token|secret)",
    re.I,
)
_AT_RANDOM = re.compile(
    r"/(?=[^/]*[a-z])(?=[^/]*[A-Z])(?=(?:[^/\d]*\d+[^/\d]){2}[^/\d]*\d)([\w-]{32,})(?=/|$)", re.ASCII
)
"""Small and capital letters and at least three groups of digits."""
_IN_PATHS = (
    (re.compile(r"/bot(\d{5,}:[\w-]{30,})(?=/|$)"), "bot_token"),  # Telegram
    (re.compile(r"/services/T[A-Z0-9]{6,}/B[A-Z0-9]{6,}/([A-Za-z0-9]{20,})(?=/|$)"), "webhook_token"),  # Slack
    (_AT_RANDOM, "url_token"),
)
_LEAST_ENTROPY = 4.0
"""Bits per letter, which tokens of 32 letters have, and names and ids of digits don't."""
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_NUMBERED = re.compile(r"_\d+$")
_MOST = 200


def is_secret_name(name: str) -> bool:
    """Whether a value of this name is a secret."""
    if len(name) > _MOST:
        return False
    plain = _NUMBERED.sub("", name)
    return any(_SECRET.fullmatch(one) for one in (plain, _CAMEL.sub("_", plain)))


def secrets_in_path(url: str) -> dict[str, str]:
    """The steps of the path of a URL, or parts of them, that look like secrets, with names for them.

    These are the tokens of well-known APIs, and long steps of letters and digits at random.
    """
    path = re.split(r"[?#]", url, maxsplit=1)[0]
    found: dict[str, str] = {}
    for pattern, name in _IN_PATHS:
        for match in pattern.finditer(path):
            if match[1] not in found and _entropy(match[1]) >= _LEAST_ENTROPY:
                found[match[1]] = name
    return found


def _entropy(text: str) -> float:
    """Bits per letter, by how often each letter comes."""
    shares = [number / len(text) for number in Counter(text).values()]
    return -sum(share * math.log2(share) for share in shares)


def is_example(value: str) -> bool:
    """Whether a value only shows where a real one belongs: `YOUR_API_KEY`, `<token>`, `xxxx`."""
    return len(value) <= _MOST and _EXAMPLE.fullmatch(value) is not None
