"""What `--output` names: standard output, one file, or a directory with a file for each stream."""

from __future__ import annotations

import hashlib
import os
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from core.outputs.durable import OutputError
from core.outputs.paths import NamedPath, check_file, check_writable, kind
from core.outputs.sinks import FileSink, OutputSink, StdoutSink

_LONGEST = 120
_RESERVED = re.compile(r"(con|prn|aux|nul|com[\d¹²³]|lpt[\d¹²³])\s*(\..*)?", re.IGNORECASE)


def file_names(streams: Iterable[str]) -> dict[str, str]:
    """A file name for each stream: the same in every run, and no other stream's on any file system.

    It is the stream's name; where that is no valid name, or could be confused with the name of another stream or of its
    file, a few digits of its hash make it unique.
    """
    hashed = {stream: _hashed(stream) for stream in streams}
    taken = Counter(_folded(stream) for stream in hashed)
    taken.update({_folded(name) for name in hashed.values()})
    return {
        stream: stream if _is_harmless(stream) and taken[_folded(stream)] == 1 else name
        for stream, name in hashed.items()
    }


def _is_harmless(stream: str) -> bool:
    return stream != "" and stream == cleaned(stream) and not _RESERVED.fullmatch(stream)


def cleaned(stream: str) -> str:
    """The name without anything that some file system refuses or interprets."""
    name = re.sub(r"[^\w .()+=@-]", "_", unicodedata.normalize("NFC", stream)).strip(" .")
    while len(name.encode()) > _LONGEST:
        name = name[:-1]
    return name


def _hashed(stream: str) -> str:
    digits = hashlib.sha256(stream.encode(errors="surrogatepass")).hexdigest()[:8]
    return f"{cleaned(stream) or 'stream'}-{digits}"


def _folded(name: str) -> str:
    """Equal for names that a file system may confuse: in any case, and however accents are written."""
    for fold in (str.upper, str.casefold):
        name = unicodedata.normalize("NFD", fold(unicodedata.normalize("NFD", name)))
    return name


SUFFIXES = (".jsonl", ".jsonl.gz", ".csv", ".csv.gz")
STDOUT = frozenset({None, "-", "/dev/stdout", "/dev/fd/1", "/proc/self/fd/1"})


@dataclass(frozen=True, slots=True)
class Destination:
    """Where the records of a run go. `path` is None for standard output."""

    path: Path | None = None
    is_directory: bool = False
    append: bool = False

    @classmethod
    def parse(cls, text: str | None, *, append: bool) -> Destination:
        """Parse the value of `--output` and check that it can be written to.

        A missing directory is created; `append` says that files grow rather than being replaced. Raises `OutputError`.
        """
        if text in STDOUT:
            return cls(append=append)
        if not text:
            raise OutputError("--output is empty: name a file (.jsonl, .csv, each also with .gz) or a directory.")
        path = Path(text)
        found = kind(path)
        is_directory = found == "a directory" or text.endswith(("/", os.sep)) or not path.suffix
        if found not in (None, "a file", "a directory"):
            raise OutputError(f"--output: {path} is {found}; {_CHOICES}, or - for standard output.")
        if is_directory:
            _make_directory(path)
        else:
            _check_name(path)
            check_file(NamedPath("--output", path), _CHOICES)
        return cls(path, is_directory, append)

    @property
    def takes_many(self) -> bool:
        """Whether more than one stream can go here."""
        return self.is_directory

    def sink(self, stream: str, streams: Iterable[str], columns: Sequence[str]) -> OutputSink:
        """Where the records of `stream` go; `streams` are all of the manifest, `columns` those that it declares."""
        if self.path is None:
            return StdoutSink()
        return FileSink(self.files((stream, *streams))[stream], columns, append=self.append)

    def files(self, streams: Iterable[str]) -> dict[str, Path]:
        """The file of each stream of the manifest; none when records go to standard output."""
        if self.path is None:
            return {}
        if not self.is_directory:
            return dict.fromkeys(streams, self.path)
        return {stream: self.path / f"{name}.jsonl" for stream, name in file_names(streams).items()}


def _make_directory(path: Path) -> None:
    try:
        path.mkdir(parents=True, exist_ok=True)
    except FileExistsError:
        raise OutputError(f"--output: {path} is a file with an ending that says no format; {_CHOICES}.") from None
    except OSError as error:
        raise OutputError.of(path, error) from error
    check_writable(path)


def _check_name(path: Path) -> None:
    if not path.name.lower().endswith(SUFFIXES):
        raise OutputError(f"{path} has an ending that says no format; {_CHOICES}.")
    if not path.name.endswith(SUFFIXES):
        raise OutputError(f"{path}: write the ending in small letters.")


_CHOICES = "choose a file that ends in .jsonl, .jsonl.gz, .csv or .csv.gz, or a directory (one file per stream)"
