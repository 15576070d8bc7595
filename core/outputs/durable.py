"""Files that survive a crash: written beside their place, flushed to disk, then renamed into it."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO


@contextmanager
def replacing(path: Path) -> Iterator[BinaryIO]:
    """A file to write that takes the place of `path` when the block ends well; `path` stays as it is
    otherwise.

    Raises `OSError`.
    """
    beside = path.with_name(f".{path.name}.new")
    try:
        with beside.open("wb") as file:
            yield file
            sync(file)
        move(beside, path)
    except BaseException:
        with suppress(OSError):
            beside.unlink()
        raise


def sync(file: BinaryIO) -> None:
    """Bring what was written to `file` to the disk."""
    file.flush()
    os.fsync(file.fileno())


def move(source: Path, target: Path) -> None:
    """Rename `source` over `target`, which keeps the permissions that it had, lastingly."""
    with suppress(FileNotFoundError):
        shutil.copymode(target, source)
    source.replace(target)
    sync_directory(target.parent)


def sync_directory(directory: Path) -> None:
    """Make the names in a directory last; some file systems can't be asked to, and need not be."""
    with suppress(OSError):
        handle = os.open(directory, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
