"""Which names of headers, parameters and variables say that a value is a secret, and which values are only examples."""

from __future__ import annotations

import re

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
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_NUMBERED = re.compile(r"_\d+$")
_MOST = 200


def is_secret_name(name: str) -> bool:
    """Whether a value of this name is a secret."""
    if len(name) > _MOST:
        return False
    plain = _NUMBERED.sub("", name)
    return any(_SECRET.fullmatch(one) for one in (plain, _CAMEL.sub("_", plain)))


def is_example(value: str) -> bool:
    """Whether a value only shows where a real one belongs: `YOUR_API_KEY`, `<token>`, `xxxx`."""
    return len(value) <= _MOST and _EXAMPLE.fullmatch(value) is not None
