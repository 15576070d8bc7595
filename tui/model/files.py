"""The files of the builder: files that only the user can read, and whether a file was changed by somebody else."""

from __future__ import annotations

import hashlib
import os
import secrets
import stat
from dataclasses import dataclass
from pathlib import Path

from core.environment import CONFIG_DIR, STATE_DIR, config_folder, state_folder
from core.manifest.files import MAX_BYTES
from core.outputs.durable import replacing


def folder_problems() -> list[str]:
    """Why the folders of the builder can't be written to, each reason once; nothing when they can."""
    found = []
    for folder, is_config in ((config_folder(), True), (state_folder(), False)):
        try:
            probe = folder / f".{secrets.token_hex(4)}.probe"
            write_private(probe, b"")
            probe.unlink()
        except OSError as error:
            found.append(unwritable_message(folder, error, settings=is_config))
    return [message for message in found if message]


def unwritable_message(folder: Path, error: OSError, *, settings: bool = False) -> str | None:
    """The message for a folder, of the settings or of the rest, that can't be written to; None after the first time."""
    if folder in _reported:
        return None
    _reported.add(folder)
    what = "Settings and recent files" if settings else "Drafts, values of inputs and what is copied"
    variable = CONFIG_DIR if settings else STATE_DIR
    reason = error.strerror or str(error)
    return f"{what} can't be kept in {folder}: {reason}. The builder works without; {variable} names another folder."


_reported: set[Path] = set()
"""The folders that were reported as not writable."""


def write_private(path: Path, content: bytes) -> None:
    """Write a file that only its owner can read, at once or not at all. Raises OSError."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with replacing(path, mode=0o600, keep=False) as file:
        file.write(content)


class OverwriteError(Exception):
    """Saving to `path` would overwrite something that the user may want to keep; it needs a confirmation."""

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
    """A file at one time: a hash of its content, empty when there was no readable file."""

    digest: str

    @classmethod
    def of(cls, path: Path) -> FileStamp:
        try:
            if path.is_file():
                with path.open("rb") as file:
                    return cls(hashlib.sha256(file.read(MAX_BYTES + 1)).hexdigest())
        except OSError:
            pass
        return cls("")

    def differs(self, path: Path) -> bool:
        """Whether the file has changed. A file that is gone has not: nothing would be lost."""
        now = FileStamp.of(path)
        return os.path.exists(path) and now.digest != self.digest


def is_same(one: Path, other: Path) -> bool:
    """Whether two paths lead to the same file, links followed."""
    return os.path.realpath(one) == os.path.realpath(other)


def is_read_only(path: Path) -> bool:
    """Whether a file is marked as read-only, also for the superuser, who may write to everything."""
    try:
        mode = path.stat().st_mode
    except OSError:
        return False
    return not mode & (stat.S_IWUSR | stat.S_IWGRP | stat.S_IWOTH) or not os.access(path, os.W_OK)
