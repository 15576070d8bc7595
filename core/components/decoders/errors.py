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
    (b"BZh", "a bzip2-compressed file"),
    (b"\x28\xb5\x2f\xfd", "a zstd-compressed file"),
    (b"%PDF-", "a PDF document"),
    (b"PAR1", "a Parquet file"),
)
_TITLE = re.compile(r"<title[^>]*>(.*?)</title", re.IGNORECASE | re.DOTALL)
_HINTS = {
    "a gzip-compressed file": "Wrap the decoder in a GzipDecoder.",
    "a zip archive": "Wrap the decoder in a ZipfileDecoder.",
    "an XML document": "Choose XmlDecoder, or look into the response for an error message.",
    "JSON": "Choose a JSON decoder, or look into the response for an error message.",
}
_HTML_HINT = "That is often a login or error page: check the URL and the authentication."


class DecodeError(ReadError):
    """A body is not in the format that its decoder expects, or breaks off in the middle."""


def describe(head: bytes) -> str:
    """What a body is that begins with `head`, in words for people; a text is quoted, shortened."""
    name = kind_of(head)
    if name == "an HTML page":
        title = _TITLE.search(head.decode("utf-8", "replace"))
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
    for signature, name in _SIGNATURES:
        if head.startswith(signature):
            return name
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
    if any(head.startswith(signature) for signature, _ in _SIGNATURES):
        raise not_this(expected, head)
