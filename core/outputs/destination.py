"""What `--output` says: standard output, one file, or a directory with a file for each stream."""

from __future__ import annotations

import hashlib
import os
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from core.outputs.faults import OutputError
from core.outputs.sinks import FileSink, Sink, StdoutSink

SUFFIXES = (".jsonl", ".jsonl.gz", ".csv", ".csv.gz")
_LONGEST = 120
_RESERVED = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Destination:
    """Where the records of a run go. `path` is None for standard output."""

    path: Path | None = None
    is_directory: bool = False
    append: bool = False

    @classmethod
    def parse(cls, text: str | None, *, append: bool) -> Destination:
        """Understand what was written after `--output` and check that it can be written to.

        A directory is made when it is not there; `append` says that files grow rather than being replaced.
        Raises `OutputError`.
        """
        if text in (None, "-"):
            return cls(append=append)
        path = Path(text or "")
        if not text:
            raise OutputError("--output is empty: name a file (.jsonl, .csv, each also with .gz) or a directory.")
        is_directory = path.is_dir() or text.endswith(("/", os.sep)) or not path.suffix
        if is_directory:
            _make_directory(path)
        else:
            _check_file(path)
        return cls(path, is_directory, append)

    @property
    def takes_many(self) -> bool:
        """Whether more than one stream can go here."""
        return self.is_directory

    def sink(self, stream: str, streams: Iterable[str], columns: Sequence[str]) -> Sink:
        """Where the records of `stream` go; `streams` are all that the manifest has, `columns` the declared
        ones.
        """
        if self.path is None:
            return StdoutSink()
        path = self.path / f"{file_name(stream, streams)}.jsonl" if self.is_directory else self.path
        return FileSink(path, columns, append=self.append)


def file_name(stream: str, streams: Iterable[str]) -> str:
    """A file name for a stream, the same in every run and no other stream's, on any file system.

    It is the stream's name; where that could not be, or could be taken for that of another stream, a few
    digits of its hash make it unmistakable.
    """
    name = re.sub(r"[^\w .()+=@-]", "_", unicodedata.normalize("NFC", stream)).strip(" .")
    while len(name.encode()) > _LONGEST:
        name = name[:-1]
    alike = Counter(unicodedata.normalize("NFC", other).casefold() for other in {stream, *streams})
    if name and name == stream and not _RESERVED.fullmatch(name) and alike[name.casefold()] == 1:
        return name
    digits = hashlib.sha256(stream.encode(errors="surrogatepass")).hexdigest()[:8]
    return f"{name or 'stream'}-{digits}"


def _make_directory(path: Path) -> None:
    try:
        path.mkdir(parents=True, exist_ok=True)
    except FileExistsError:
        raise OutputError(f"{path} is a file of a kind that records are not written to; {_CHOICES}") from None
    except OSError as error:
        raise OutputError.of(path, error) from error
    _check_writable(path)


def _check_file(path: Path) -> None:
    if not path.name.lower().endswith(SUFFIXES):
        raise OutputError(f"{path} has an ending that says no format; {_CHOICES}")
    if not path.name.endswith(SUFFIXES):
        raise OutputError(f"{path}: write the ending in small letters.")
    if path.exists() and not path.is_file():
        raise OutputError(f"{path} is no regular file; {_CHOICES}")
    if not path.parent.is_dir():
        raise OutputError(f"The directory {path.parent} does not exist; create it, or choose another place.")
    _check_writable(path.parent)
    if path.exists() and not os.access(path, os.W_OK):
        raise OutputError(f"There is no permission to write to {path}; change it, or choose another place.")


def _check_writable(directory: Path) -> None:
    if not os.access(directory, os.W_OK | os.X_OK):
        raise OutputError(f"There is no permission to write into {directory}; change it, or choose another place.")


_CHOICES = "choose a file that ends in .jsonl, .jsonl.gz, .csv or .csv.gz, or a directory (one file per stream)."
