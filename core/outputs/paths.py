"""The paths that a run is given: each must be a regular file or a new one, and no two may be the same file."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from core.outputs.durable import OutputError

_KINDS = {
    stat.S_IFDIR: "a directory",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
    stat.S_IFIFO: "a named pipe",
    stat.S_IFSOCK: "a socket",
}


@dataclass(frozen=True, slots=True)
class NamedPath:
    """A path and the name that errors give it: `--state`, say. `written` says whether the run writes it."""

    name: str
    path: Path
    written: bool = True


def kind(path: Path) -> str | None:
    """What is at `path`, links followed: `a file`, `a directory`, ...; None when there is nothing.

    Raises `OutputError` when that can't be found out.
    """
    try:
        mode = path.stat().st_mode
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise OutputError.of(path, error) from error
    except ValueError as error:
        raise OutputError(f"{path!r} is no name of a file: {error}.") from error
    return "a file" if stat.S_ISREG(mode) else _KINDS.get(stat.S_IFMT(mode), "no regular file")


def resolved(path: Path) -> Path:
    """The absolute path without links. Raises `OutputError`."""
    try:
        return path.resolve()
    except OSError as error:
        raise OutputError.of(path, error) from error
    except (ValueError, RuntimeError):  # Python before 3.13 says so of links that lead in a circle
        raise OutputError(f"{path}: symbolic links lead in a circle there; choose another place.") from None


def check_file(file: NamedPath, otherwise: str = "name a file of its own, which may be new") -> None:
    """Check that a file can be written or created. Raises `OutputError`, which ends with the advice in `otherwise`."""
    path = file.path
    found = kind(path)
    if found not in (None, "a file"):
        raise OutputError(f"{file.name}: {path} is {found}; {otherwise}.")
    folder = resolved(path).parent
    if kind(folder) != "a directory":
        raise OutputError(f"{file.name}: the directory {folder} does not exist; create it, or choose another place.")
    check_writable(folder)
    if found:
        _check_access(path, os.W_OK, "to")


def check_writable(folder: Path) -> None:
    """Check that files can be created in a directory. Raises `OutputError`."""
    _check_access(folder, os.W_OK | os.X_OK, "into")


def _check_access(path: Path, mode: int, into: str) -> None:
    if os.access(path, mode):
        return
    if hasattr(os, "statvfs") and os.statvfs(path).f_flag & os.ST_RDONLY:
        raise OutputError.of(path, OSError(errno.EROFS, ""))
    raise OutputError(f"There is no permission to write {into} {path}; change it, or choose another place.")


def check_distinct(files: Iterable[NamedPath]) -> None:
    """Check that no file that is written is one of the others, whatever it is called. Raises `OutputError`."""
    seen: dict[object, NamedPath] = {}
    for file in files:
        for identity in _identities(file.path):
            other = seen.setdefault(identity, file)
            if other.name != file.name and (other.written or file.written):
                raise OutputError(
                    f"{file.name} and {other.name} are the same file, {file.path}; give each a file of its own."
                )


def _identities(path: Path) -> list[object]:
    """What identifies a file: its path, and its inode when it exists."""
    identities: list[object] = [resolved(path)]
    try:
        found = path.stat()
    except OSError:
        return identities
    return [*identities, (found.st_dev, found.st_ino)]
