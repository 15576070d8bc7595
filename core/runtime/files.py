"""Files that come beside records: where they go, and what a record says of its file."""

from __future__ import annotations

from contextlib import AbstractContextManager
from pathlib import Path
from typing import BinaryIO, Protocol

FILE = "file_reference"
"""The field of a record that says which file belongs to it, as Airbyte names it."""


class FileStore(Protocol):
    """Takes files."""

    def place(self, stream: str, name: str, target: str) -> Path:
        """Where the file of this name goes that comes from `target`, relative to the place of all files.

        Nothing in a name leads out of the place of its stream. Raises `ReadError` where the file of another target has
        gone in this run.
        """

    def whole(self, place: Path) -> Path:
        """The absolute path of a file."""

    def writing(self, place: Path) -> AbstractContextManager[BinaryIO]:
        """A file to write, which is there when the block succeeds. Raises `OSError`."""
