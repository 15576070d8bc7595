"""The forms that a text takes in URLs, JSON, HTML, base64 and the like, as patterns for RE2.

RE2 searches for all of them at once and in linear time, whatever a server sends. The patterns are for bytes in UTF-8.
"""

from __future__ import annotations

import json
import re
from base64 import b64encode
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from html.entities import codepoint2name
from typing import NamedTuple, Protocol, cast
from urllib.parse import quote, quote_plus

import re2  # type: ignore[import-untyped]

SHORTEST = 4
"""Values of at least this length are masked wherever they stand; shorter ones would tear holes into plain text."""
LONG_ENOUGH = 8
"""Values of at least this length are masked in upper and lower case, reversed, and within longer base64, too."""
LONG = 2_000
"""Of values longer than this, not every form is searched for, such as bytes in hexadecimal with colons."""
MEMORY = 64_000_000
"""Bytes that a search may use; RE2 needs them only for very many or very long patterns."""

LONGEST = 50_000
"""Of values longer than this, only the plain text is searched for."""
LARGEST = 300_000
"""Characters of patterns that one secret may take; if it needs more, fewer of its forms are searched for."""

_END = r"(?:;|%(?:25)*3b)"
_NUMBER = r"(?:#|%(?:25)*23)"
AMPERSAND = rf"(?:&|\\+u0026|\\+x26|%(?:25)*26)(?:amp{_END}|{_NUMBER}0*38{_END}|{_NUMBER}x0*26{_END})*"
_BETWEEN = r"(?:%(?:25)*|\\+u00|\\+x|;?&#x0*|[ :,-]|0x)?"
"""What may stand between the bytes of a text in hexadecimal."""
_ESCAPED = {"\n": "n", "\r": "r", "\t": "t", "\b": "b", "\f": "f", '"': '"', "'": "'", "/": "/"}
_EOL = re.compile(r"\r\n|\r|\n|\\r|\\n")


class Match(Protocol):
    """A match as `re` has them."""

    def span(self) -> tuple[int, int]: ...


class Finder(Protocol):
    """A compiled search, with the methods of `re.Pattern`."""

    def finditer(self, text: bytes) -> Iterator[Match]: ...


def finder(patterns: Iterable[str]) -> Finder:
    """A search for all patterns at once, the longest match first."""
    options = re2.Options()
    options.longest_match = True
    options.max_mem = MEMORY
    options.log_errors = False
    options.encoding = re2.Options.Encoding.LATIN1
    return cast(Finder, re2.compile("|".join(patterns).encode("latin-1"), options))


class EncodedForm(NamedTuple):
    """One form of a secret: a pattern for it, and the text to search for if that can't be compiled."""

    pattern: str
    text: bytes


class _LiteralMatch(NamedTuple):
    start: int
    end: int

    def span(self) -> tuple[int, int]:
        return self.start, self.end


class Literal:
    """A search for a text as it is, however long."""

    def __init__(self, text: bytes) -> None:
        self._text = text

    def finditer(self, text: bytes) -> Iterator[Match]:
        start = text.find(self._text) if self._text else -1
        while start >= 0:
            end = start + len(self._text)
            yield _LiteralMatch(start, end)
            start = text.find(self._text, end)


def finders(forms: Sequence[EncodedForm]) -> list[Finder]:
    """Searches for all forms: one, unless RE2 refuses that as too large."""
    try:
        return [finder(form.pattern for form in forms)]
    except re2.error:
        if len(forms) == 1:
            return [Literal(forms[0].text)]
    middle = len(forms) // 2
    return finders(forms[:middle]) + finders(forms[middle:])


def encoded_forms(value: str, most: int) -> tuple[list[EncodedForm], list[bytes]]:
    """What to search for to find a secret: patterns of up to `most` characters, or texts if they would be longer.

    The less room there is, the fewer of its forms are searched for; the secret as it is always is.
    """
    text = value.strip().encode(errors="surrogatepass")
    if len(value) > LONGEST:
        return [], [text]
    if sum(len(_character(letter)) for letter in value) <= most:
        for ways in (all_encodings, _usual_encodings_of_parts):
            patterns = _within(ways(value), most)
            if patterns is not None:
                return [EncodedForm(pattern, text) for pattern in patterns], []
    lines = [line.encode(errors="surrogatepass") for line in _parts(value)[1:]]
    return [EncodedForm(_octets(line), line) for line in lines], _texts(value.strip())


def usual_forms(value: str, lines: bool = True) -> tuple[list[EncodedForm], list[bytes]]:
    """The same for one of many secrets, or for what changes with each request: it must be made quickly.

    Without `lines`, only the whole value is searched for.
    """
    text = value.strip().encode(errors="surrogatepass")
    if len(value) <= LONGEST and sum(len(_character(letter)) for letter in value) <= LARGEST:
        patterns = _within(_usual_encodings_of_parts(value) if lines else usual_encodings(value), LARGEST)
        if patterns is not None:
            return [EncodedForm(pattern, text) for pattern in patterns], []
    return encoded_forms(value, 0) if lines else ([], _texts(value))


def _within(patterns: Iterable[str], most: int) -> list[str] | None:
    """The patterns, or None if they are longer than `most` characters together."""
    kept = []
    for pattern in patterns:
        kept.append(pattern)
        most -= len(pattern)
        if most < 0:
            return None
    return kept


def _usual_encodings_of_parts(value: str) -> Iterator[str]:
    for part in _parts(value):
        yield from usual_encodings(part)


def _texts(value: str) -> list[bytes]:
    """A secret as it is and in its most common encodings, as texts for a plain search."""
    raw = value.encode(errors="surrogatepass")
    escaped = (json.dumps(value)[1:-1], json.dumps(value, ensure_ascii=False)[1:-1])
    quoted = (quote(raw, safe=""), quote(raw), quote_plus(raw))
    encoded = [b64encode(raw).decode().rstrip("=")]
    if len(raw) >= LONG_ENOUGH:
        encoded += [b64encode(bytes(at) + raw).decode().rstrip("=")[at and at + 1 : -1] for at in range(3)]
    texts = dict.fromkeys((value, *escaped, *quoted, *encoded, raw.hex()))
    return [text.encode(errors="surrogatepass") for text in texts]


def all_encodings(value: str) -> Iterator[str]:
    """Patterns for all the forms that a secret may take; for a very long one, those that matter."""
    for part in _parts(value):
        if len(part) > LONG:
            yield from usual_encodings(part)
            continue
        yield plain(part)
        if len(part) >= LONG_ENOUGH:
            yield plain(part[::-1])
        for encoded in dict.fromkeys((part, quote(part, safe=""), quote_plus(part), json.dumps(part)[1:-1])):
            raw = encoded.encode(errors="surrogatepass")
            yield from _base64(raw)
            yield _hexadecimal(raw)


def usual_encodings(value: str) -> Iterator[str]:
    """Patterns for what changes with each request, whose search must be made quickly: as it is, base64, and hex."""
    raw = value.encode(errors="surrogatepass")
    yield plain(value)
    yield from _base64(raw)
    yield f"(?i:{raw.hex()})"


def _parts(value: str) -> list[str]:
    """The value, and each of its lines, for they may be shown one by one (as those of a private key)."""
    lines = [line.strip() for line in _EOL.split(value)]
    kept = [line for line in lines if len(line) >= SHORTEST and not line.startswith("-----")]
    return list(dict.fromkeys([value.strip(), *kept]))


def plain(value: str) -> str:
    """A pattern for a text as it is, and with any of its characters escaped for URLs, JSON or HTML, even twice."""
    pattern = "".join(map(_character, value))
    return f"(?i:{pattern})" if len(value) >= LONG_ENOUGH else f"(?:{pattern})"


@lru_cache(maxsize=4096)
def _character(letter: str) -> str:
    code = ord(letter)
    if letter.isascii() and letter.isalnum():
        return letter
    if code >= 128:
        return "(?:" + "|".join(_beyond_ascii(letter)) + ")"
    forms = [rf"\x{code:02x}", rf"%(?:25)*{code:02x}", rf"\\+u00{code:02x}", rf"\\+x{code:02x}", _by_number(code)]
    if letter in _ESCAPED:
        forms.append(rf"\\+{re.escape(_ESCAPED[letter])}")
    if letter == "\\":
        forms.append(r"\\+")
    if letter == " ":
        forms.append(r"\+|%(?:25)*2b|\\+u002b")
    if name := codepoint2name.get(code):
        forms.append(f"{AMPERSAND}{name}{_END}")
    if letter == "'":
        forms.append(f"{AMPERSAND}apos{_END}")
    return f"(?i:{'|'.join(forms)})"


def _beyond_ascii(letter: str) -> Iterator[str]:
    for one in sorted({letter, letter.upper(), letter.lower()}):
        octets = one.encode(errors="surrogatepass")
        yield _octets(octets)
        yield _octets(octets.decode("latin-1").encode())  # read as if it were Latin-1
        yield "(?i:" + "".join(f"%(?:25)*{octet:02x}" for octet in octets) + ")"
        units = one.encode("utf-16-be", "surrogatepass")
        yield "(?i:" + "".join(rf"\\+u{units[at]:02x}{units[at + 1]:02x}" for at in range(0, len(units), 2)) + ")"
        for part in one:  # some letters have two in upper case
            yield f"(?i:{_by_number(ord(part))})"
            if name := codepoint2name.get(ord(part)):
                yield f"{AMPERSAND}{name}{_END}"
    yield r"\?"  # what is left of it where it can't be encoded
    yield _octets("\N{REPLACEMENT CHARACTER}".encode())


def _octets(octets: bytes) -> str:
    return "".join(rf"\x{octet:02x}" for octet in octets)


def _by_number(code: int) -> str:
    """A character as a numeric reference in HTML."""
    return f"{AMPERSAND}{_NUMBER}(?:0*{code}|x0*{code:x}){_END}"


_ESCAPED_BASE64 = r"%(?:25)*(?:2[BbFf]|3[Dd])|\\+/|\\+u00(?:2[BbFf]|3[Dd])"


def _base64(raw: bytes) -> Iterator[str]:
    """The text in base64, with whatever surrounds it there: its offset decides between three forms."""
    whole = b64encode(raw).decode()
    yield _base64_pattern(whole.rstrip("=")) + "(?:=|%(?:25)*3[Dd]|\\\\+u003[Dd])*"
    if len(raw) < LONG_ENOUGH:
        return
    for offset in range(3):
        padded = b64encode(bytes(offset) + raw).decode().rstrip("=")
        first = -(-offset * 8 // 6)
        last = (offset + len(raw)) * 8 // 6
        yield f"[A-Za-z0-9+]*{_base64_pattern(padded[first:last])}(?:[A-Za-z0-9+/_=-]|{_ESCAPED_BASE64})*"


def _base64_pattern(encoded: str) -> str:
    forms = {"+": r"(?:[+-]|%(?:25)*2[Bb]|\\+u002[Bb])", "/": r"(?:[/_]|%(?:25)*2[Ff]|\\+/|\\+u002[Ff])"}
    return "".join(forms.get(letter, letter) for letter in encoded)


def _hexadecimal(raw: bytes) -> str:
    """Byte by byte in hexadecimal, as in digests and in encoders that escape every character."""
    return f"(?i:(?:%(?:25)*|\\\\+u00|\\\\+x|&#x0*|0x)?{_BETWEEN.join(f'{octet:02x}' for octet in raw)})"
