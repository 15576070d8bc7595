"""How the bytes of a body become text and JSON values: by the charset of its Content-Type and by their own look."""

from __future__ import annotations

import codecs
import json
import re
from functools import lru_cache
from typing import Any

import httpx
import orjson

_NO_CHARSETS = frozenset({"idna", "punycode", "undefined", "unicode-escape", "raw-unicode-escape"})
"""Text encodings of Python that no body uses, by the names of their codecs."""
_WITH_ZEROS = ("utf-16", "utf-32")
"""Encodings that are evident in JSON, which begins with ASCII."""
_WITH_ESCAPES = ("iso2022", "hz", "utf-7")
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_UTF_8 = frozenset({"utf-8", "utf-8-sig", "ascii"})
_PARAMETER = re.compile(r"""(?:^|[;,\s])charset\s*=\s*["']?\s*([^\s;,"']*)""")
_OTHER_NAMES = {"windows-31j": "cp932", "cswindows31j": "cp932", "sjis": "shift_jis"}
"""What others call an encoding that Python has under another name."""
_CODE_PAGE = re.compile(r"(?:windows|ms|cp|ibm)-?(\d+)")
_SUPERSETS = {"iso8859-1": "cp1252", "shift_jis": "cp932", "gb2312": "gb18030", "gbk": "gb18030", "euc_kr": "cp949"}
"""Encodings by whose names servers often mean a larger one, as browsers know (WHATWG, Encoding Standard, 4.2)."""


MOST_DIGITS = 4_000
"""The most digits that an integer may have; longer ones become floats."""


@lru_cache(64)
def text_codec(name: str) -> str | None:
    """Python's name for a text encoding; None if it is no such (`base64` is a codec, but gives no text)."""
    try:
        codec = codecs.lookup(name).name
        known = isinstance(bytes(4).decode(name, "replace"), str)
    except (LookupError, ValueError):
        return None
    return codec if known and codec not in _NO_CHARSETS else None


def charset_of(response: httpx.Response) -> str | None:
    """The charset that the Content-Type of a response names; None if it names no known one."""
    return charset_named(response.headers.get("content-type", ""))


def charset_named(content_type: str) -> str | None:
    """The charset in the value of a Content-Type; None if there is no known one."""
    found = _PARAMETER.search(content_type.lower())
    if found is None or not found[1]:
        return None
    name = found[1].removeprefix("x-")
    page = _CODE_PAGE.fullmatch(name)
    return (
        text_codec(found[1])
        or text_codec(_OTHER_NAMES.get(name, name))
        or (text_codec(f"cp{page[1]}") if page else None)
    )


def as_browsers_read(charset: str) -> str:
    """The encoding in which a text is that names this charset."""
    return _SUPERSETS.get(charset, charset)


@lru_cache(64)
def is_single_byte(charset: str) -> bool:
    """Whether each byte is one character."""
    return len(bytes(range(256)).decode(charset, "replace")) == 256 and not charset.startswith(_WITH_ESCAPES)


def json_encoding(head: bytes, charset: str | None) -> str:
    """The encoding of JSON that begins with `head` and whose Content-Type names `charset`.

    A byte order mark and the zero bytes of UTF-16 and UTF-32 take precedence over the name. JSON is UTF-8 (RFC 8259),
    and servers often name a single-byte charset and send UTF-8 anyway: what is valid UTF-8 is read as such.
    """
    seen = json.detect_encoding(head)
    if seen != "utf-8" or charset is None or charset in _UTF_8 or charset.startswith(_WITH_ZEROS):
        return seen
    return "utf-8" if is_single_byte(charset) and is_utf_8(head) else charset


def is_utf_8(data: bytes, *, complete: bool = False) -> bool:
    """Whether the bytes are valid UTF-8; unless they are `complete`, they may end within a character."""
    try:
        codecs.utf_8_decode(data, "strict", complete)
    except UnicodeDecodeError:
        return False
    return True


def marked_encoding(data: bytes) -> str | None:
    """The encoding that a byte order mark at the start of a text names."""
    return next((encoding for mark, encoding in _MARKS if data.startswith(mark)), None)


def readable_text(data: bytes, charset: str | None, *, complete: bool = True) -> str:
    """The bytes as text for people: invalid ones become U+FFFD. Unless `complete`, they may end within a character."""
    marked = marked_encoding(data)
    if marked is None and charset is not None and not _may_be(charset, data, complete):
        charset = None
    encoding = marked or charset or "utf-8"
    if encoding in _WITH_ZEROS and marked is None:
        encoding += "-le"
    return codecs.getincrementaldecoder(encoding)("replace").decode(data, complete)


def _may_be(charset: str, data: bytes, complete: bool) -> bool:
    """Whether data may be in a charset, and is not UTF-8 instead."""
    if charset.startswith(_WITH_ZEROS):
        return b"\0" in data or not is_utf_8(data, complete=complete)
    return not is_single_byte(charset) or not is_utf_8(data, complete=complete)


def loads(text: str | bytes) -> Any:
    """The value of a JSON text. Raises `ValueError`.

    As in Airbyte, `orjson` reads it, and the standard library what `orjson` refuses (NaN, Infinity, lone surrogates).
    Of repeated keys the last one counts.
    """
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        try:
            return json.loads(text, parse_int=integer_of_any_length)
        except RecursionError:
            raise ValueError("it is nested too deeply") from None


def integer(digits: str) -> int | float:
    """The value of an integer as `orjson` reads it: a float beyond 64 bits."""
    if len(digits) > len(str(-(2**63))):
        return float(digits)
    number = int(digits)
    return number if -(2**63) <= number < 2**64 else float(digits)


def integer_of_any_length(digits: str) -> int | float:
    """Python refuses to read integers of thousands of digits."""
    return int(digits) if len(digits) <= MOST_DIGITS else float(digits)


def json_value(response: httpx.Response) -> Any:
    """The JSON value in a response. Raises `ValueError`, and `httpx.ResponseNotRead` if its body was not read."""
    body = response.content
    encoding = json_encoding(body, charset_of(response))
    return loads(body if encoding == "utf-8" else body.decode(encoding))
