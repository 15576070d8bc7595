"""The files that a run is told to write: each must be a regular file, or a new one, and none may be another's too."""

from __future__ import annotations

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
    """A file, and what it is for the person who gave it: `--state`, say. `written` says whether the run writes it."""

    what: str
    path: Path
    written: bool = True


def kind(path: Path) -> str | None:
    """What is at `path`, links followed: `a file`, `a directory`, ...; None when there is nothing.

    Raises `OutputError` when that can't be told.
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


def check_file(place: NamedPath, otherwise: str = "name a file of its own, which may be new") -> None:
    """Check that a file can be written, or made. Raises `OutputError`, which ends with the way out in `otherwise`."""
    path = place.path
    found = kind(path)
    if found not in (None, "a file"):
        raise OutputError(f"{place.what}: {path} is {found}; {otherwise}.")
    folder = resolved(path).parent
    if kind(folder) != "a directory":
        raise OutputError(f"{place.what}: the directory {folder} does not exist; create it, or choose another place.")
    check_writable(folder)
    if found and not os.access(path, os.W_OK):
        raise OutputError(f"There is no permission to write to {path}; change it, or choose another place.")


def check_writable(folder: Path) -> None:
    """Check that files can be made in a directory. Raises `OutputError`."""
    if not os.access(folder, os.W_OK | os.X_OK):
        raise OutputError(f"There is no permission to write into {folder}; change it, or choose another place.")


def check_apart(places: Iterable[NamedPath]) -> None:
    """Check that nothing that is written is at the same time something else, however it is spelled or linked.

    Raises `OutputError`.
    """
    seen: dict[object, NamedPath] = {}
    for place in places:
        for mark in _marks(place.path):
            other = seen.setdefault(mark, place)
            if other.what != place.what and (other.written or place.written):
                raise OutputError(
                    f"{place.what} and {other.what} are the same file, {place.path}; give each a file of its own."
                )


def _marks(path: Path) -> list[object]:
    """What tells a file from all others: where it is, and, where it is there, which one it is."""
    marks: list[object] = [resolved(path)]
    try:
        found = path.stat()
    except OSError:
        return marks
    return [*marks, (found.st_dev, found.st_ino)]
