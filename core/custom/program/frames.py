"""Messages between Longhaul and the process of the custom code.

A frame is eight bytes of lengths, a JSON text, and bytes that are no text, such as the body of a response.
"""

import json
import struct
from collections.abc import Callable
from typing import Any

try:
    import orjson
except ImportError:  # an environment without airbyte-cdk, which is said later
    orjson = None  # type: ignore[assignment]

LENGTHS = struct.Struct(">II")
LARGEST = 512 * 1024 * 1024
"""Bytes that a frame may have."""
ITEMS = 1_000
"""Records, slices or elements that go into one message."""
ITEMS_SIZE = 4 * 1024 * 1024
"""Bytes of them, unless a single one has more."""


class FrameError(Exception):
    """What arrives is no frame, or a larger one than is allowed."""


def frame(text: bytes, body: bytes = b"") -> bytes:
    """A frame. Raises `FrameError` for one that is too large."""
    size = len(text) + len(body)
    if size > LARGEST:
        raise FrameError(f"{size / 1e6:,.0f} MB in one message; {LARGEST / 1e6:,.0f} MB are the most")
    return LENGTHS.pack(len(text), len(body)) + text + body


def read_frame(read: Callable[[int], bytes]) -> "tuple[bytes, bytes] | None":
    """The text and the bytes of the next frame; None at the end. `read` gives exactly as many bytes as it is asked
    for, or fewer at the end. Raises `FrameError`.
    """
    lengths = read(LENGTHS.size)
    if len(lengths) < LENGTHS.size:
        return None
    text, body = LENGTHS.unpack(lengths)
    if text + body > LARGEST:
        raise FrameError(f"{(text + body) / 1e6:,.0f} MB in one message; {LARGEST / 1e6:,.0f} MB are the most")
    content = read(text + body)
    if len(content) < text + body:
        return None
    return content[:text], content[text:]


_DIGITS = bytes.maketrans(b"123456789", b"0" * 9)


def _has_long_number(text: bytes) -> bool:
    """Whether there may be a whole number in a text that is too large for orjson."""
    return b"0" * 19 in text.translate(_DIGITS)


def loads(text: bytes) -> Any:
    """The value of a JSON text, with whole numbers of any size as they are, and null for what is no number.

    Raises `ValueError`.
    """
    if orjson is not None and not _has_long_number(text):
        try:
            return orjson.loads(text)
        except ValueError:
            pass  # NaN, which is looked at by what knows it
    try:
        return json.loads(text, parse_constant=lambda name: None)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None


def encoded(text: str) -> bytes:
    """A text in UTF-8, with U+FFFD for half a character."""
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace").encode()


def portions(items: "list[bytes]", most: int = ITEMS, largest: int = ITEMS_SIZE) -> "list[list[bytes]]":
    """JSON texts in groups of `most` texts and about `largest` bytes at most."""
    groups: list[list[bytes]] = []
    size = largest
    for item in items:
        if size >= largest or len(groups[-1]) >= most:
            groups.append([])
            size = 0
        groups[-1].append(item)
        size += len(item)
    return groups
