"""Knowing a file again: whether somebody else has written to it meanwhile."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path


class ChangedOnDiskError(Exception):
    """Saving would replace what somebody else has written.

    `ours`: it is the file that was opened, changed since; else another file that exists.
    """

    def __init__(self, path: Path, *, ours: bool) -> None:
        self.path = path
        self.ours = ours
        reason = "was changed by another program since it was read" if ours else "exists already"
        super().__init__(f"{path.name} {reason}.")


@dataclass(frozen=True, slots=True)
class FileStamp:
    """A file as it was: its size, the time of the last change, and a hash of what was in it."""

    size: int
    changed: int
    digest: bytes

    @classmethod
    def of(cls, path: Path) -> FileStamp | None:
        """The stamp of a file; None when it can't be read."""
        try:
            status = path.stat()
            return cls(status.st_size, status.st_mtime_ns, hashlib.sha256(path.read_bytes()).digest())
        except OSError:
            return None

    def differs(self, path: Path) -> bool:
        """Whether the file is not the same any more. A file that is gone is not different: nothing would be lost."""
        try:
            status = path.stat()
        except OSError:
            return False
        if (status.st_size, status.st_mtime_ns) == (self.size, self.changed):
            return False
        now = FileStamp.of(path)
        return now is not None and now.digest != self.digest
