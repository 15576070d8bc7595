"""Reading and writing manifest files: bounded reads, atomic writes, and errors in plain sentences."""

from __future__ import annotations

import contextlib
import os
import secrets
import stat
from pathlib import Path

from core.manifest.problems import ManifestError, Position, Problem

MAX_BYTES = 10_000_000
"""The largest manifest that is read."""


def read_text(path: Path) -> str:
    """The text of a UTF-8 file as it is, line breaks and byte order mark included. Raises ManifestError."""
    try:
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
    except FileNotFoundError:
        raise _error(path, "There is no such file.") from None
    except IsADirectoryError:
        raise _error(path, "This is a directory, not a manifest.", "name the file in it") from None
    except (OSError, ValueError) as error:
        raise _error(path, f"The file cannot be read: {_reason(error)}.") from None
    if len(content) > MAX_BYTES:
        raise _error(path, f"The file is larger than {MAX_BYTES // 1_000_000} MB, too large for a manifest.")
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        before = content[: error.start]
        position = Position(before.count(b"\n") + 1, error.start - before.rfind(b"\n"))
        raise _error(path, "The file is not UTF-8 text.", "save it as UTF-8", position) from None


def write_text(path: Path, text: str) -> None:
    """Replace a file at once or not at all; permissions, owner and a symbolic link to it stay. Raises ManifestError."""
    try:
        path = Path(os.path.realpath(path))
        present = _present(path)
        part = path.with_name(f".{path.name}.{secrets.token_hex(4)}.part")
        try:
            with part.open("xb") as file:
                file.write(text.encode("utf-8"))
                file.flush()
                os.fsync(file.fileno())
            if present is not None:
                _make_alike(part, present)
            part.replace(path)
        except BaseException:
            with contextlib.suppress(OSError):
                part.unlink()
            raise
        _sync_directory(path.parent)
    except (OSError, ValueError) as error:
        raise _error(path, f"The file cannot be saved: {_reason(error)}.", _way_out(path)) from None


def _present(path: Path) -> os.stat_result | None:
    """The file that is there already. Raises OSError for what is no regular file: a device is not to be replaced."""
    if not os.path.lexists(path):
        return None
    present = path.stat()
    if not stat.S_ISREG(present.st_mode):
        raise OSError("Is a directory" if stat.S_ISDIR(present.st_mode) else "Is a pipe or a device")
    return present


def _make_alike(path: Path, other: os.stat_result) -> None:
    """Give a file the owner, where that is allowed, and the permissions of another one."""
    if hasattr(os, "chown"):
        with contextlib.suppress(OSError):
            os.chown(path, other.st_uid, other.st_gid)
    path.chmod(stat.S_IMODE(other.st_mode))


def _way_out(path: Path) -> str | None:
    folder = path.parent
    if not os.path.isdir(folder):
        return f"there is no folder {folder}; save it elsewhere, or make the folder"
    if not os.access(folder, os.W_OK):
        return f"the folder {folder} can't be written to; save it elsewhere"
    return None


def _sync_directory(path: Path) -> None:
    with contextlib.suppress(OSError):
        directory = os.open(path, os.O_RDONLY)
        try:
            os.fsync(directory)
        finally:
            os.close(directory)


def _reason(error: Exception) -> str:
    return (error.strerror if isinstance(error, OSError) else None) or str(error)


def _error(path: Path, message: str, hint: str | None = None, position: Position | None = None) -> ManifestError:
    return ManifestError([Problem(message, hint=hint, position=position, file=str(path))])
