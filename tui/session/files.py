"""Knowing a file again: whether somebody else has written to it meanwhile, and whether it may be written to at all."""

from __future__ import annotations

import hashlib
import os
import stat
from dataclasses import dataclass
from pathlib import Path

from core.manifest.files import MAX_BYTES


class OverwriteError(Exception):
    """Saving to `path` would overwrite what may not be meant to be; it needs a person's word."""

    def __init__(self, path: Path, reason: str) -> None:
        self.path = path
        super().__init__(f"{path.name} {reason}.")


class ChangedOnDiskError(OverwriteError):
    """Saving would replace what somebody else has written.

    `ours`: it is the file that was opened, changed since; else another file that exists.
    """

    def __init__(self, path: Path, *, ours: bool) -> None:
        self.ours = ours
        super().__init__(path, "was changed by another program since it was read" if ours else "exists already")


class ReadOnlyError(OverwriteError):
    """The file is marked as read-only. That alone does not keep a file from being replaced by another one."""

    def __init__(self, path: Path) -> None:
        super().__init__(path, "is marked as read-only")


@dataclass(frozen=True, slots=True)
class FileStamp:
    """A file as it was: a hash of what was in it, empty when there was no file, or none that can be read."""

    digest: str

    @classmethod
    def of(cls, path: Path) -> FileStamp:
        """The stamp of a file."""
        try:
            if path.is_file():
                with path.open("rb") as file:
                    return cls(hashlib.sha256(file.read(MAX_BYTES + 1)).hexdigest())
        except OSError:
            pass
        return cls("")

    def differs(self, path: Path) -> bool:
        """Whether the file is not the same any more. A file that is gone is not different: nothing would be lost."""
        now = FileStamp.of(path)
        return os.path.exists(path) and now.digest != self.digest


def is_same(one: Path, other: Path) -> bool:
    """Whether two paths lead to the same place, links followed."""
    return os.path.realpath(one) == os.path.realpath(other)


def is_read_only(path: Path) -> bool:
    """Whether a file is marked as read-only, whoever asks: the superuser may write to everything."""
    try:
        mode = path.stat().st_mode
    except OSError:
        return False
    return not mode & (stat.S_IWUSR | stat.S_IWGRP | stat.S_IWOTH) or not os.access(path, os.W_OK)
