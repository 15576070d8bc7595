"""How deeply JSON is nested and how long its texts are, before a parser that knows no limit sees it."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from core.components.decoders.errors import DecodeError, too_long

DEEPEST = 1_000
"""Levels; as many as `orjson` reads, give or take a few."""
LONGEST_TEXT = 16 * 1024 * 1024
"""Bytes of a text or number; the parser begins anew with it for each block that arrives."""

_ENDS = (b",", b"]", b"}", b'"')
_CLOSED_AT_ONCE = 64
_ALL_BUT_BRACKETS = bytes(byte for byte in range(256) if byte not in b"[]{}")


def bounded(blocks: Iterator[bytes], items: Callable[[], int]) -> Iterator[bytes]:
    """The same blocks of a JSON document. Raises `DecodeError` when more is nested than `DEEPEST`, and for a text or
    number that is longer than `LONGEST_TEXT`.

    `items` says how many items have been found: where there are new ones in every block, nothing is deep, and only
    the quotation marks are counted, which costs little.
    """
    depth, found, in_text, escape, length = 0, -1, 0, b"", 0
    for block in blocks:
        whole = escape + block
        escapes = b"\\" in whole
        if found in (-1, items()) or _opened(whole) > DEEPEST or (escapes and b"\\\\" in whole):
            text, escape = _without_escapes(whole)
            parts = text.split(b'"')
            depth = _depth_after(b"".join(parts[in_text::2]).translate(None, _ALL_BUT_BRACKETS), depth)
            in_text = (in_text + len(parts) - 1) % 2
            end = text.rfind(b'"') if in_text else max(map(text.rfind, _ENDS))
            length = len(text) - end if end >= 0 else length + len(text)
        else:
            depth, length, escape = 0, 0, whole[-1:] if whole.endswith(b"\\") else b""
            in_text = (in_text + whole.count(b'"') - (whole.count(b'\\"') if escapes else 0)) % 2
        if length > LONGEST_TEXT:
            raise too_long("one text or number of the JSON document", LONGEST_TEXT)
        found = items()
        yield block


def _opened(text: bytes) -> int:
    return text.count(b"[") + text.count(b"{") - text.count(b"]") - text.count(b"}")


def _without_escapes(block: bytes) -> tuple[bytes, bytes]:
    """The block without escaped quotation marks, and the backslash that the next block begins with."""
    if b"\\" not in block:
        return block, b""
    text = block.replace(b"\\\\", b"").replace(b'\\"', b"")
    return (text[:-1], b"\\") if text.endswith(b"\\") else (text, b"")


def _depth_after(brackets: bytes, depth: int) -> int:
    """The depth after so many brackets. Raises `DecodeError`."""
    for _ in range(_CLOSED_AT_ONCE):
        rest = brackets.replace(b"{}", b"").replace(b"[]", b"")
        if len(rest) == len(brackets):
            break
        brackets = rest
    for bracket in brackets:
        depth = depth + 1 if bracket in b"[{" else max(0, depth - 1)
        if depth > DEEPEST:
            raise DecodeError(f"The JSON is nested too deeply to be read: more than {DEEPEST:,} levels.")
    return depth
