"""What tests of streams have shown: their warnings, and whether a stream has changed since."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import orjson


@dataclass(frozen=True, slots=True)
class TrialMark:
    """The last test of a stream: what it was like then, and the warnings of the test."""

    __test__ = False  # pytest takes the name for a test

    fingerprint: bytes
    warnings: tuple[str, ...] = ()


class TrialMarks:
    """The last tests by the name of the stream."""

    __test__ = False  # as above

    def __init__(self) -> None:
        self._marks: dict[str, TrialMark] = {}

    def get(self, name: str) -> TrialMark | None:
        """The last test of a stream; None when it was never tested."""
        return self._marks.get(name)

    def put(self, name: str, stream: Any, warnings: Sequence[str]) -> None:
        """Remember a test of a stream as it was."""
        self._marks[name] = TrialMark(fingerprint(stream), tuple(warnings))

    def rename(self, old: str, new: str) -> None:
        """Keep the mark of a stream that has another name now; its name is no reason to test it again."""
        if old in self._marks:
            self._marks[new] = self._marks.pop(old)


def fingerprint(stream: Any) -> bytes:
    """What tells one state of a stream from another; the name does not count."""
    written = {key: value for key, value in stream.items() if key != "name"} if isinstance(stream, dict) else stream
    return hashlib.sha256(orjson.dumps(written, default=str, option=orjson.OPT_SORT_KEYS)).digest()
