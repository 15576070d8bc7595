"""Which names of headers, parameters and variables say that a value is a secret, and which values are only examples."""

from __future__ import annotations

import re

_SECRET = re.compile(
    r"cookie|x-(?:.*-)?(?:token|key|secret|auth)|(?:.*-)?(?:api-?key|access-?token|password|secret|auth-?token)"
    r"|(?:api_?|access_|auth_|secret_)?(?:key|token)|client_secret|password|secret"
    r"|(?!.*(?:page|next|prev|continu|cursor|sync|start|delta|skip))(?:.*[_-])?(?:token|secret|password|passwd|pwd|api_?key|access_?key|secret_?key|private_?key)",
    re.I,
)
_EXAMPLE = re.compile(
    r"<[^<>]+>|\[[A-Za-z][\w ]*\]|\{[A-Za-z_][\w -]*\}|x{3,}|\*{3,}|\.{3}|…"
    r"|(?:your|my|insert|replace|put)[-_ ].*|your[A-Z]\w*|(?:api[-_ ]?key|access[-_ ]?token|token|secret)",
    re.I,
)
_MOST = 200


def is_secret_name(name: str) -> bool:
    """Whether a value of this name is a secret."""
    return len(name) <= _MOST and _SECRET.fullmatch(name) is not None


def is_example(value: str) -> bool:
    """Whether a value only shows where a real one belongs: `YOUR_API_KEY`, `<token>`, `xxxx`."""
    return len(value) <= _MOST and _EXAMPLE.fullmatch(value) is not None
