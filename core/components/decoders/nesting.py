"""How deeply JSON is nested, before a parser that knows no limit sees it."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from core.components.decoders.errors import DecodeError

DEEPEST = 1_000
"""Levels; as many as `orjson` reads, give or take a few."""

_CLOSED_AT_ONCE = 64
_ALL_BUT_BRACKETS = bytes(byte for byte in range(256) if byte not in b"[]{}")


def not_too_deep(blocks: Iterator[bytes], items: Callable[[], int]) -> Iterator[bytes]:
    """The same blocks of a JSON document. Raises `DecodeError` when more is nested than `DEEPEST`.

    `items` says how many items have been found: where there are new ones in every block, nothing is deep, and only
    the quotation marks are counted, which costs little.
    """
    depth, found, in_text, escape = 0, -1, 0, b""
    for block in blocks:
        text, escape = _without_escapes(escape + block)
        may_be_deep = found == items() or block.count(b"[") + block.count(b"{") > DEEPEST + block.count(
            b"]"
        ) + block.count(b"}")
        if may_be_deep or found < 0:
            parts = text.split(b'"')
            depth = _depth_after(b"".join(parts[in_text::2]).translate(None, _ALL_BUT_BRACKETS), depth)
            in_text = (in_text + len(parts) - 1) % 2
        else:
            depth = 0
            in_text = (in_text + text.count(b'"')) % 2
        found = items()
        yield block


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
