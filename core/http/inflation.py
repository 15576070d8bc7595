"""When a packed body grows out of all proportion."""

from __future__ import annotations

FREE_BYTES = 100_000_000
"""Bytes that may come out of a compressed body whatever went in."""
RATIO = 1_000.0
"""How many times its packed size a body may have beyond `FREE_BYTES`; 1,032 is the most that gzip can do."""


def is_bomb(packed: int, unpacked: int, ratio: float = RATIO) -> bool:
    """Whether so many bytes in packed form may not become so many."""
    return unpacked > FREE_BYTES and unpacked > packed * ratio
