"""Records as RECORD messages: the envelope goes around the bytes of a batch, not around each record."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from core.outputs.encoders import Encoder, JsonLines
from core.protocols.messages import without_nulls
from core.runtime.files import FILE

_NULL = b"null"
_ENDS = (b'":', b'": ')
"""What stands before the value of a member, in the two ways in which JSON is usually written."""
_BETWEEN_MEMBERS = b", \t"


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
        if any(FILE in record for record in records if isinstance(record, dict)):
            return b"".join(map(self._with_file, records))
        lines = self._lines.encode(records)
        if _NULL in lines:
            cut = cut_nulls(lines, len(records))
            lines = self._lines.encode([*map(without_nulls, records)]) if cut is None else cut
        end = b',"emitted_at":%d}}\n' % int(time.time() * 1000)
        # JSON has no line feed but those between the records; the last one has no record after it.
        return b"".join((self._begin, lines[:-1].replace(b"\n", end + self._begin), end))

    def _with_file(self, record: Mapping[str, Any]) -> bytes:
        """The message of a record that a file belongs to, which the protocol names beside the data."""
        file = record.get(FILE)
        message = self.encode([{key: value for key, value in record.items() if key != FILE}])
        if file is None:
            return message
        return b'%b,"file_reference":%b}}\n' % (message.removesuffix(b"}}\n"), orjson.dumps(file))


def cut_nulls(lines: bytes, count: int) -> bytes | None:
    """The text of `count` objects, a line each, without their members that are null; None where that is not certain.

    Objects in objects, or braces in texts, make it uncertain, and so do nulls in lists and texts, and keys that are no
    plain words: only a quote that opens a text has a word after it. A quote within a text has a backslash before it,
    where a member has `,` or `{`.
    """
    if lines.count(b"{") != count:
        return None
    *parts, rest = lines.split(_NULL)
    kept: list[bytes] = []
    at_start = False
    for part in parts:
        text = part.lstrip(_BETWEEN_MEMBERS) if at_start else part
        closing = len(text) - (2 if text.endswith(b'":') else 3)
        opening = text.rfind(b'"', 0, max(closing, 0))
        if opening < 0 or not text.endswith(_ENDS) or not text[opening + 1 : closing].replace(b"_", b"").isalnum():
            return None
        before = opening - text.endswith(b" ", 0, opening)
        at_start = text.endswith(b"{", 0, before) or (at_start and not before)
        if not (at_start or text.endswith(b",", 0, before)):
            return None
        kept.append(text[: before if at_start else before - 1])
    kept.append(rest.lstrip(_BETWEEN_MEMBERS) if at_start else rest)
    return b"".join(kept)
