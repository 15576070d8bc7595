"""A folder for the files of records, with one in it for each stream."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from core.errors import ReadError
from core.outputs.destination import cleaned, file_names, folded, is_harmless
from core.outputs.durable import OutputError, replacing
from core.outputs.paths import resolved

MARK = ".longhaul"
"""What stands for the folder where it is locked; no stream's folder is called that."""


class FileFolder:
    """Takes the files of a run. A file is complete, or not there; one of an earlier run is replaced."""

    def __init__(self, root: Path, streams: Iterable[str]) -> None:
        self.root = resolved(root)
        self._folders = file_names(streams)
        self._targets: dict[bytes, bytes] = {}

    def make(self) -> None:
        """Create the folder. Raises `OutputError`."""
        try:
            self.root.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise OutputError.of(self.root, error) from error

    def place(self, stream: str, name: str, target: str) -> Path:
        """Where a file goes, below the folder of its stream: no part of its name leads elsewhere.

        Raises `ReadError` for a place that another file has taken in this run.
        """
        parts = [_harmless(part) for part in name.split("/") if part not in ("", ".")] or [str(uuid.uuid4())]
        place = Path(self._folders.get(stream) or file_names([stream])[stream], *parts)
        key, source = _digest(folded(str(place))), _digest(target)
        if self._targets.setdefault(key, source) != source:
            raise ReadError(
                f"Two files of `{stream}` would be {place}: make the names differ with `filename_extractor`, for "
                "example by {{ record.id }} in it."
            )
        return place

    def whole(self, place: Path) -> Path:
        return self.root / place

    @contextmanager
    def writing(self, place: Path) -> Iterator[BinaryIO]:
        """Raises `OutputError`."""
        path = self.whole(place)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            if not path.parent.resolve().is_relative_to(self.root.resolve()):
                raise OutputError(f"{path} can't be written: a link in the folder leads out of it.")
            with replacing(path) as file:
                yield file
        except OSError as error:
            raise OutputError.of(path, error) from error


def _harmless(part: str) -> str:
    """A part of a name as it is, where every file system takes it; else like it, and no other part's."""
    if is_harmless(part):
        return part
    name = PurePosixPath(cleaned(part) or "file")
    digits = hashlib.sha256(part.encode(errors="surrogatepass")).hexdigest()[:8]
    return f"{name.stem}-{digits}{name.suffix}"


def _digest(text: str) -> bytes:
    return hashlib.blake2b(text.encode(errors="surrogatepass"), digest_size=16).digest()
