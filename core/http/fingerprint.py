"""Tells whether a body that is received again is the same one."""

from __future__ import annotations

import hashlib

BLOCK = 32_768
"""Bytes that are hashed at once."""


class Fingerprint:
    """A digest of the bytes so far, however they are cut into parts; good in this process only.

    It is made of Python's own hashes of the blocks, of 64 bits each, which cost half as much as SHA-256 where that is
    done in hardware, and a fifth where it is not.
    """

    def __init__(self) -> None:
        self._hashes = hashlib.sha256()
        self._rest = bytearray()

    def update(self, part: bytes) -> None:
        """Take the next bytes."""
        view = memoryview(part)
        if self._rest:
            missing = BLOCK - len(self._rest)
            self._rest += view[:missing]
            if len(self._rest) < BLOCK:
                return
            self._hashes.update(_hash(bytes(self._rest)))
            self._rest.clear()
            view = view[missing:]
        for start in range(0, len(view), BLOCK):
            block = view[start : start + BLOCK]
            if len(block) == BLOCK:
                self._hashes.update(_hash(block))
            else:
                self._rest += block

    def digest(self) -> bytes:
        """The same for the same bytes."""
        hashes = self._hashes.copy()
        hashes.update(_hash(bytes(self._rest)))
        return hashes.digest()


def _hash(block: bytes | memoryview) -> bytes:
    return hash(block).to_bytes(8, "little", signed=True)
