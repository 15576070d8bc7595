"""Records as RECORD messages: the envelope goes around the bytes of a batch, not around each record."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from core.outputs.encoders import Encoder, JsonLines
from core.protocols.messages import without_nulls

_NULL = b"null"
_BLANK = b" \t"
_COLON, _COMMA, _BRACE, _QUOTE = b':,{"'


class Envelope(Encoder):
    """One RECORD message per record of a stream. Keys that are null are left out, as Airbyte's runtime does it.

    Lines that were read and not changed are not written anew.
    """

    def __init__(self, stream: str) -> None:
        self._lines = JsonLines()
        self._begin = b'{"type":"RECORD","record":{"stream":%b,"data":' % orjson.dumps(stream)

    def encode(self, records: Sequence[Mapping[str, Any]]) -> bytes:
        if not records:
            return b""
        lines = self._lines.encode(records)
        if _NULL in lines:
            cut = cut_nulls(lines, len(records))
            lines = self._lines.encode([*map(without_nulls, records)]) if cut is None else cut
        end = b',"emitted_at":%d}}\n' % int(time.time() * 1000)
        # JSON has no line feed but those between the records; the last one has no record after it.
        return b"".join((self._begin, lines[:-1].replace(b"\n", end + self._begin), end))


def cut_nulls(lines: bytes, count: int) -> bytes | None:
    """The text of `count` objects, a line each, without their members that are null; None where that is not certain.

    Objects in objects, or braces in texts, make it uncertain, and so do keys that are no plain words: only a quote that
    opens a text has a word after it. A quote in a text has a backslash before it, where a member has `,` or `{`.
    """
    if lines.count(b"{") != count:
        return None
    parts: list[bytes] = []
    done, at = 0, lines.find(_NULL)
    while at >= 0:
        after = at + len(_NULL)
        colon = _before(lines, at)
        if lines[colon] == _COLON:
            start = _start_of_member(lines, colon)
            if start is None:
                return None
            if lines[start] == _BRACE or start < done:  # the first one: the comma that is cut is the one after it
                start = max(start + 1, done)
                while lines[after] in _BLANK:
                    after += 1
                after += lines[after] == _COMMA
            parts.append(lines[done:start])
            done = after
        at = lines.find(_NULL, after)
    parts.append(lines[done:])
    return b"".join(parts)


def _start_of_member(lines: bytes, colon: int) -> int | None:
    """Where the comma or the brace before a member is; None where it is not certain to be a member."""
    closing = _before(lines, colon)
    opening = lines.rfind(b'"', 0, closing)
    if lines[closing] != _QUOTE or opening < 0 or not _is_word(lines[opening + 1 : closing]):
        return None
    start = _before(lines, opening)
    return start if lines[start] in (_COMMA, _BRACE) else None


def _is_word(text: bytes) -> bool:
    return text.replace(b"_", b"").isalnum()


def _before(lines: bytes, at: int) -> int:
    """The place of the last character before `at` that is no blank."""
    at -= 1
    while lines[at] in _BLANK:
        at -= 1
    return at
