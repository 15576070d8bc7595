"""What a decoder says of a body that it can't read: the format expected, what came instead, and where."""

from __future__ import annotations

import re
from enum import StrEnum

from core.errors import ReadError
from core.http.messages import page_title, shorten

SHOWN = 80
"""Characters of a body that an error shows."""


class BodyKind(StrEnum):
    """What a body is, by its first bytes; the value is the phrase for people."""

    NOTHING = "nothing"
    TEXT = "text"
    JSON = "JSON"
    HTML = "an HTML page"
    XML = "an XML document"
    BINARY = "binary data"
    GZIP = "a gzip-compressed file"
    ZIP = "a zip archive"
    EMPTY_ZIP = "an empty zip archive"
    SPLIT_ZIP = "a zip archive in several parts"
    OFFICE = "an Excel or other Office document"
    TAR = "a tar archive"
    BZIP2 = "a bzip2-compressed file"
    XZ = "an xz-compressed file"
    ZSTD = "a zstd-compressed file"
    LZ4 = "an lz4-compressed file"
    COMPRESS = "a file compressed by compress"
    SEVEN_ZIP = "a 7z archive"
    RAR = "a rar archive"
    PDF = "a PDF document"
    PARQUET = "a Parquet file"
    AVRO = "an Avro file"
    ARROW = "an Arrow file"
    SQLITE = "an SQLite database"
    OLD_OFFICE = "an old Office document (.xls)"


_SIGNATURES = (
    (b"\x1f\x8b", BodyKind.GZIP),
    (b"PK\x03\x04", BodyKind.ZIP),
    (b"PK\x05\x06", BodyKind.EMPTY_ZIP),
    (b"PK\x07\x08", BodyKind.SPLIT_ZIP),
    (b"\xfd7zXZ\x00", BodyKind.XZ),
    (b"\x28\xb5\x2f\xfd", BodyKind.ZSTD),
    (b"\x04\x22\x4d\x18", BodyKind.LZ4),
    (b"\x1f\x9d", BodyKind.COMPRESS),
    (b"7z\xbc\xaf\x27\x1c", BodyKind.SEVEN_ZIP),
    (b"Rar!\x1a\x07", BodyKind.RAR),
    (b"%PDF-", BodyKind.PDF),
    (b"PAR1", BodyKind.PARQUET),
    (b"Obj\x01", BodyKind.AVRO),
    (b"ARROW1\x00", BodyKind.ARROW),
    (b"SQLite format 3\x00", BodyKind.SQLITE),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", BodyKind.OLD_OFFICE),
)
_OFFICE = (
    *(b"[Content_Types].xml", b"xl/", b"_rels/", b"docProps/"),
    b"mimetypeapplication/vnd.oasis.opendocument",
)
"""Names at the start of a zip archive that is an Office document."""
_BZIP2 = re.compile(rb"BZh[1-9](1AY&SY|\x17rE8P\x90)")
_TAR = (257, b"ustar")
_UNREAD = "Longhaul can't unpack or read that; ask the API for another format, such as CSV or JSON, plain or in gzip."
_SPREADSHEET = "If it is a spreadsheet, choose ExcelDecoder."
_HINTS = {
    **{kind: _UNREAD for _, kind in _SIGNATURES},
    BodyKind.TAR: "Wrap the decoder in a TarDecoder.",
    BodyKind.BZIP2: _UNREAD,
    BodyKind.OFFICE: _SPREADSHEET,
    BodyKind.OLD_OFFICE: _SPREADSHEET,
    BodyKind.GZIP: "Wrap the decoder in a GzipDecoder.",
    BodyKind.ZIP: "Wrap the decoder in a ZipfileDecoder.",
    BodyKind.EMPTY_ZIP: "Wrap the decoder in a ZipfileDecoder.",
    BodyKind.HTML: "That is often a login or error page: check the URL and the authentication.",
    BodyKind.XML: "Choose XmlDecoder, or look into the response for an error message.",
    BodyKind.JSON: "Choose a JSON decoder, or look into the response for an error message.",
}


class DecodeError(ReadError):
    """A body is not in the format that its decoder expects, or breaks off in the middle."""


class NoCharset(DecodeError):
    """A response names no charset that is known, though the manifest says that it does.

    `content_type` is what it names; None: that is not at hand.
    """

    def __init__(self, content_type: str | None = None) -> None:
        named = "" if content_type is None else f" ({quote(content_type) if content_type else 'there is none'})"
        super().__init__(
            "The encoding of the decoder is `from_response`, but the Content-Type of the response"
            f"{named} names no charset that is known. Set `encoding` of the decoder to the name of the encoding, such "
            "as utf-8, cp1252 or shift_jis."
        )


def describe(head: bytes) -> str:
    """What a body that begins with `head` is, as a phrase for people; text is quoted, shortened."""
    kind = kind_of(head)
    if kind is BodyKind.HTML:
        title = page_title(head.decode("utf-8", "replace"))
        return f"{kind} titled {quote(title)}" if title else kind
    if kind in (BodyKind.JSON, BodyKind.TEXT, BodyKind.XML):
        return f"{kind} that begins with {quote(head.decode('utf-8', 'replace'))}"
    return kind


def hint_for(head: bytes) -> str:
    """What to do about a body that begins with `head` and was not expected; empty where nothing is known."""
    return _HINTS.get(kind_of(head), "")


def kind_of(head: bytes) -> BodyKind:
    """The kind of a body that begins with `head`."""
    packed = packed_kind(head)
    if packed:
        return packed
    start = head.removeprefix(b"\xef\xbb\xbf").lstrip()[:200].lower()
    if not start:
        return BodyKind.NOTHING
    if start.startswith((b"<!doctype html", b"<html")):
        return BodyKind.HTML
    if start.startswith((b"<?xml", b"<!doctype")):
        return BodyKind.XML
    if start.startswith((b"{", b"[")):
        return BodyKind.JSON
    if b"\x00" in head and not head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return BodyKind.BINARY
    return BodyKind.TEXT


def packed_kind(head: bytes) -> BodyKind | None:
    """The kind of a body in a compressed or binary format, by its first bytes; None for any other."""
    kind = next((kind for signature, kind in _SIGNATURES if head.startswith(signature)), None)
    if kind is BodyKind.ZIP and head[30:].startswith(_OFFICE):
        return BodyKind.OFFICE
    if kind is None and head[_TAR[0] :].startswith(_TAR[1]):
        return BodyKind.TAR
    if kind is None and _BZIP2.match(head):
        return BodyKind.BZIP2
    return kind


def quote(text: str) -> str:
    """`text` in one short line, in quotation marks."""
    return f"“{shorten(text, SHOWN)}”"


def not_this(expected: str, head: bytes, where: str = "", *, kind: BodyKind | None = None) -> DecodeError:
    """The error for a body that is not `expected` ("JSON Lines", "a CSV file") and begins with `head`.

    `where` is a sentence that says where the problem is. A body of `kind` is what was expected, but faulty.
    """
    if kind is not None and kind_of(head) is kind:
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
