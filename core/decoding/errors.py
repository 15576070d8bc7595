"""What a decoder says of a body that it can't read: the format expected, what came instead, and where."""

from __future__ import annotations

import re

from core.errors import ReadError
from core.http.messages import shorten

SHOWN = 80
"""Characters of a body that an error shows."""

_SIGNATURES = (
    (b"\x1f\x8b", "a gzip-compressed file"),
    (b"PK\x03\x04", "a zip archive"),
    (b"PK\x05\x06", "an empty zip archive"),
    (b"PK\x07\x08", "a zip archive in several parts"),
    (b"\xfd7zXZ\x00", "an xz-compressed file"),
    (b"\x28\xb5\x2f\xfd", "a zstd-compressed file"),
    (b"\x04\x22\x4d\x18", "an lz4-compressed file"),
    (b"\x1f\x9d", "a file compressed by compress"),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive"),
    (b"Rar!\x1a\x07", "a rar archive"),
    (b"%PDF-", "a PDF document"),
    (b"PAR1", "a Parquet file"),
    (b"Obj\x01", "an Avro file"),
    (b"ARROW1\x00", "an Arrow file"),
    (b"SQLite format 3\x00", "an SQLite database"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an old Office document (.xls)"),
)
_OFFICE = (b"[Content_Types].xml", b"xl/", b"_rels/")
"""Names at the start of a zip archive that is an Office document."""
_BZIP2 = re.compile(rb"BZh[1-9](1AY&SY|\x17rE8P\x90)")
_TAR = (257, b"ustar")
_PAGE_SEEN = 4_000
"""Bytes of a web page in which its title is looked for; a hostile one takes a time that grows with their square."""
_TITLE = re.compile(r"<title[^>]*>(.*?)</title", re.IGNORECASE | re.DOTALL)
_UNREAD = "Longhaul can't unpack or read that; ask the API for another format, such as CSV or JSON, plain or in gzip."
_HINTS = {
    **{name: _UNREAD for _, name in _SIGNATURES},
    "a tar archive": _UNREAD,
    "a bzip2-compressed file": _UNREAD,
    "an Excel or other Office document": _UNREAD,
    "a gzip-compressed file": "Wrap the decoder in a GzipDecoder.",
    "a zip archive": "Wrap the decoder in a ZipfileDecoder.",
    "an empty zip archive": "Wrap the decoder in a ZipfileDecoder.",
    "an XML document": "Choose XmlDecoder, or look into the response for an error message.",
    "JSON": "Choose a JSON decoder, or look into the response for an error message.",
}
_HTML_HINT = "That is often a login or error page: check the URL and the authentication."


class DecodeError(ReadError):
    """A body is not in the format that its decoder expects, or breaks off in the middle."""


def describe(head: bytes) -> str:
    """What a body that begins with `head` is, as a phrase for people; text is quoted, shortened."""
    name = kind_of(head)
    if name == "an HTML page":
        title = _TITLE.search(head[:_PAGE_SEEN].decode("utf-8", "replace"))
        return f"an HTML page titled {quote(title[1])}" if title else name
    if name in ("JSON", "text", "an XML document"):
        return f"{name} that begins with {quote(head.decode('utf-8', 'replace'))}"
    return name


def hint_for(head: bytes) -> str:
    """What to do about a body that begins with `head` and was not expected; empty where nothing is known."""
    name = kind_of(head)
    return _HTML_HINT if name == "an HTML page" else _HINTS.get(name, "")


def kind_of(head: bytes) -> str:
    """The kind of a body that begins with `head`: "an HTML page", "JSON", "text", "nothing", ..."""
    packed = packed_kind(head)
    if packed:
        return packed
    start = head.removeprefix(b"\xef\xbb\xbf").lstrip()[:200].lower()
    if not start:
        return "nothing"
    if start.startswith((b"<!doctype html", b"<html")):
        return "an HTML page"
    if start.startswith((b"<?xml", b"<!doctype")):
        return "an XML document"
    if start.startswith((b"{", b"[")):
        return "JSON"
    if b"\x00" in head and not head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "binary data"
    return "text"


def packed_kind(head: bytes) -> str:
    """The kind of a body in a compressed or binary format, by its first bytes; empty for any other."""
    name = next((name for signature, name in _SIGNATURES if head.startswith(signature)), "")
    if name == "a zip archive" and head[30:].startswith(_OFFICE):
        return "an Excel or other Office document"
    if not name and head[_TAR[0] :].startswith(_TAR[1]):
        return "a tar archive"
    if not name and _BZIP2.match(head):
        return "a bzip2-compressed file"
    return name


def quote(text: str) -> str:
    """`text` in one short line, in quotation marks."""
    return f"“{shorten(text, SHOWN)}”"


def not_this(expected: str, head: bytes, where: str = "") -> DecodeError:
    """The error for a body that is not `expected` ("JSON", "a zip archive") and begins with `head`.

    `where` is a sentence that says where the problem is.
    """
    if kind_of(head) in expected:
        start = quote(head.decode("utf-8", "replace"))
        sentences = [f"The response can't be read as {expected}; it begins with {start}.", where]
    else:
        sentences = [f"Expected {expected}, but the response is {describe(head)}.", where, hint_for(head)]
    return DecodeError(" ".join(sentence for sentence in sentences if sentence))


def refuse_packed(head: bytes, expected: str) -> None:
    """Raise `DecodeError` for a body that is compressed or in a binary format, by its first bytes."""
    if packed_kind(head):
        raise not_this(expected, head)


def too_long(what: str, limit: int) -> DecodeError:
    """The error for a part of a body that does not end within `limit` bytes."""
    return DecodeError(f"More than {limit:,} bytes belong to {what}; that is not read any further.")
