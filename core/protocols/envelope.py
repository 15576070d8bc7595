"""Records as RECORD messages: the envelope goes around the bytes of a batch, not around each record."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from core.decoding.chunks import Lines
from core.outputs.encoders import Encoder, JsonLines
from core.protocols.messages import without_nulls

_NULL = b"null"


class Envelope(Encoder):
    """One RECORD message per record of a stream. Keys that are null are left out, as Airbyte's runtime does it.

    Lines that were read and not changed are not written anew, unless there is a null in them.
    """

    def __init__(self, stream: str) -> None:
        self._lines = JsonLines()
        self._begin = b'{"type":"RECORD","record":{"stream":%b,"data":' % orjson.dumps(stream)

    def encode(self, records: Sequence[Mapping[str, Any]]) -> bytes:
        lines = self._lines.encode(_complete(records))
        end = b',"emitted_at":%d}}\n' % int(time.time() * 1000)
        between = end + self._begin
        # JSON has no line feed but those between the records; the last one has no record after it.
        return b"".join((self._begin, lines[:-1].replace(b"\n", between), end)) if lines else b""


def _complete(records: Sequence[Mapping[str, Any]]) -> Sequence[Mapping[str, Any]]:
    """The records without what is null at their top."""
    if isinstance(records, Lines):
        if _NULL not in records.text:
            return records
        return _lines_complete(records)
    return [without_nulls(record) if None in record.values() else record for record in records]


def _lines_complete(records: Lines) -> Lines:
    lines = [
        orjson.dumps(without_nulls(record)) if _NULL in line and None in record.values() else line
        for record, line in zip(records, records.text[:-1].split(b"\n"), strict=True)
    ]
    return Lines(records, b"\n".join(lines) + b"\n")
