"""The guard against small bodies that unpack to enormous ones."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from core.components.base import Shown
from core.components.decoders.errors import DecodeError
from core.http.inflation import RATIO, is_bomb

__all__ = ["RATIO", "Inflation", "MaxRatio"]

MaxRatio = Annotated[
    float,
    Field(
        gt=0,
        title="Largest compression ratio",
        description="How many times its packed size the content may have, beyond 100 MB; what grows more is refused.",
    ),
    Shown(advanced=True, ours=True),
]


class Inflation:
    """Counts the bytes that go into a decompressor and those that come out."""

    def __init__(self, what: str, ratio: float) -> None:
        self._what = what
        self._ratio = ratio
        self._packed = 0
        self._unpacked = 0

    def packed(self, count: int) -> None:
        """Count bytes that went in."""
        self._packed += count

    def unpacked(self, count: int) -> None:
        """Count bytes that came out. Raises `DecodeError` when they are out of all proportion."""
        self._unpacked += count
        if is_bomb(self._packed, self._unpacked, self._ratio):
            raise DecodeError(
                f"The {self._what} unpacks to more than {self._ratio:,g} times its size "
                f"({self._unpacked:,} bytes so far). It looks like a bomb and is not read any further; "
                "`max_ratio` of the decoder sets the limit."
            )
