"""The beginning of the file in a packed body, for people who look at what an API has sent."""

from __future__ import annotations

import zlib
from contextlib import suppress

_GZIP = b"\x1f\x8b"
_ZIP = b"PK\x03\x04"
_ZIP_HEADER = 30
"""Bytes before the name of the first file in a zip (APPNOTE.TXT, 4.3.7)."""
_DEFLATED = 8


def unpacked(begin: bytes, limit: int) -> bytes | None:
    """Up to `limit` bytes of the file in a gzip body, or of the first one in a zip; None when there are none.

    `begin` is the beginning of the body, as much of it as there is.
    """
    if begin.startswith(_GZIP):
        return _inflated(begin, zlib.MAX_WBITS | 16, limit)
    if begin.startswith(_ZIP) and int.from_bytes(begin[8:10], "little") == _DEFLATED:
        names = int.from_bytes(begin[26:28], "little") + int.from_bytes(begin[28:30], "little")
        return _inflated(begin[_ZIP_HEADER + names :], -zlib.MAX_WBITS, limit)
    return None


def _inflated(packed: bytes, window: int, limit: int) -> bytes | None:
    with suppress(zlib.error):
        return zlib.decompressobj(window).decompress(packed, limit) or None
    return None
