"""What `--output` names: standard output, a file, a database, or a directory with a file for each stream."""

from __future__ import annotations

import hashlib
import os
import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from core.extras import load
from core.outputs.durable import OutputError
from core.outputs.paths import NamedPath, check_file, check_writable, kind
from core.outputs.sinks import FileSink, OutputSink, StdoutSink

if TYPE_CHECKING:
    from core.outputs.tables.schema import Nested
    from core.outputs.tables.sink import Write

_LONGEST = 120
_RESERVED = re.compile(r"(con|prn|aux|nul|com[\d¹²³]|lpt[\d¹²³])\s*(\..*)?", re.IGNORECASE)


def file_names(streams: Iterable[str]) -> dict[str, str]:
    """A file name for each stream: the same in every run, and no other stream's on any file system.

    It is the stream's name; where that is no valid name, or could be confused with the name of another stream or of its
    file, a few digits of its hash make it unique.
    """
    hashed = {stream: _hashed(stream) for stream in streams}
    taken = Counter(folded(stream) for stream in hashed)
    taken.update({folded(name) for name in hashed.values()})
    return {
        stream: stream if is_harmless(stream) and taken[folded(stream)] == 1 else name
        for stream, name in hashed.items()
    }


def is_harmless(stream: str) -> bool:
    """Whether a name is taken as it is by every file system."""
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


def folded(name: str) -> str:
    """Equal for names that a file system may confuse: in any case, and however accents are written."""
    for fold in (str.upper, str.casefold):
        name = unicodedata.normalize("NFD", fold(unicodedata.normalize("NFD", name)))
    return name


FILES = {
    ".jsonl": "jsonl",
    ".jsonl.gz": "jsonl",
    ".csv": "csv",
    ".csv.gz": "csv",
    ".parquet": "parquet",
    ".duckdb": "duckdb",
}
"""The endings of files, and what is in them."""
_TABLES = ("parquet", "duckdb")
STDOUT = frozenset({None, "-", "/dev/stdout", "/dev/fd/1", "/proc/self/fd/1"})


@dataclass(frozen=True, slots=True)
class Destination:
    """Where the records of a run go. `path` is None for standard output.

    `append` says that files grow rather than being replaced, since a state is kept. `nested` and `write` are those of
    Parquet and DuckDB, see `core.outputs.tables`.
    """

    path: Path | None = None
    is_directory: bool = False
    append: bool = False
    format: str = "jsonl"
    nested: Nested = "json"
    write: Write = "replace"

    @classmethod
    def parse(
        cls,
        text: str | None,
        *,
        append: bool,
        format: str | None = None,
        nested: str | None = None,
        write: str | None = None,
    ) -> Destination:
        """Parse the values of `--output`, `--format`, `--nested` and `--write`, and check that it can be written to.

        A missing directory is created. Raises `OutputError`, and `MissingExtra` for a format that needs one.
        """
        is_stdout = text in STDOUT
        path = None if is_stdout else _checked(text or "")
        is_directory = path is not None and kind(path) == "a directory"
        named = None if is_directory else named_format(path)
        if path and is_directory and format is None and path.suffix[1:] in _TABLES:
            raise OutputError(
                f"--output: {path} is a directory; choose another name, or say with --format what the files in it are "
                "to be."
            )
        if named and format not in (None, named):
            place = f"{path} says" if path else "standard output takes"
            raise OutputError(f"--format {format} is for the files in a directory; {place} {named}.")
        found = named or format or "jsonl"
        for option, value in (("--nested", nested), ("--write", write)):
            if value is not None and found not in _TABLES:
                raise OutputError(f"{option} is for Parquet, DuckDB and --to; leave it out, or choose one of these.")
        if write == "merge" and found == "parquet":
            raise OutputError(
                "--write merge: a Parquet file can't be changed in places. Merge into a DuckDB file "
                "(--output NAME.duckdb) or with --to, or write with --write append."
            )
        _load(found)
        chosen = cast("Write", write or ("append" if append else "replace"))
        return cls(path, is_directory, append, found, cast("Nested", nested or "json"), chosen)

    @property
    def takes_many(self) -> bool:
        """Whether more than one stream can go here."""
        return self.is_directory or self.format == "duckdb"

    @property
    def has_partials(self) -> bool:
        """Whether what is not complete yet is in a file `<name>.partial`."""
        return not self.append and self.format != "duckdb"

    def check(self, keys: Mapping[str, Sequence[Sequence[str]]]) -> None:
        """Check what has to be right before a run; `keys` are the primary keys of its streams.

        The caller holds the locks of the files. Raises `OutputError`.
        """
        if self.write == "merge":
            for stream, key in keys.items():
                _check_key(stream, key)
        if self.path is not None and self.format == "duckdb":
            from core.outputs.tables.duck import check_database

            check_database(self.path)

    def sink(
        self,
        stream: str,
        streams: Iterable[str],
        schema: Mapping[str, Any],
        *,
        key: Sequence[Sequence[str]] = (),
        goes_on: bool = False,
        warn: Callable[[str], None] = lambda _: None,
    ) -> OutputSink:
        """Where the records of `stream` go; `streams` are all of the manifest.

        `schema` is the declared JSON Schema of the records, `key` their primary key as paths. `goes_on` says that the
        read continues where an earlier one ended; `warn` is called in a thread.
        """
        if self.path is None:
            return StdoutSink()
        path = self.files((stream, *streams))[stream]
        if self.format not in _TABLES:
            return FileSink(path, tuple(schema.get("properties") or ()), append=self.append)
        from core.outputs.tables.sink import TableStream

        columns = tuple(part[0] for part in key)
        rows = TableStream(schema, self.nested, self.write, columns, self.append, goes_on, warn)
        if self.format == "parquet":
            from core.outputs.tables.parquet import ParquetSink

            return ParquetSink(path, rows)
        from core.outputs.tables.duck import DuckSink

        return DuckSink(path, table_names((stream, *streams))[stream], rows)

    def files(self, streams: Iterable[str]) -> dict[str, Path]:
        """The file of each stream of the manifest; none when records go to standard output."""
        if self.path is None:
            return {}
        if not self.is_directory:
            return dict.fromkeys(streams, self.path)
        return {stream: self.path / f"{name}.{self.format}" for stream, name in file_names(streams).items()}


def table_names(streams: Iterable[str]) -> dict[str, str]:
    """A table for each stream: its name, with a few digits where a database may confuse it with another."""
    names = list(dict.fromkeys(streams))
    taken = Counter(name.lower() for name in names)
    taken.update(f"{name}.partial".lower() for name in names)
    return {name: name if _is_table(name) and taken[name.lower()] == 1 else _hashed(name) for name in names}


def _is_table(name: str) -> bool:
    return name != "" and name.isprintable()


def _check_key(stream: str, key: Sequence[Sequence[str]]) -> None:
    if not key:
        raise OutputError(
            f"--write merge: `{stream}` has no primary key, by which records could be merged; declare it in the "
            "manifest (`primary_key`), or write with --write append."
        )
    nested = [".".join(path) for path in key if len(path) != 1]
    if nested:
        raise OutputError(
            f"--write merge: the primary key of `{stream}` is inside of an object ({', '.join(nested)}); copy it to a "
            "field of its own (AddFields), or write with --write append."
        )


def _load(format_: str) -> None:
    """Import what a format needs. Raises `MissingExtra`."""
    if format_ == "parquet":
        load("pyarrow", "Parquet files", "parquet")
    elif format_ == "duckdb":
        load("duckdb", "DuckDB files", "duckdb")
        load("pyarrow", "DuckDB files", "duckdb")


def _checked(text: str) -> Path:
    """The file or directory that `--output` names, which is created in the latter case. Raises `OutputError`."""
    if not text:
        raise OutputError(f"--output is empty: name a file ({', '.join(FILES)}) or a directory.")
    path = Path(text)
    found = kind(path)
    if found not in (None, "a file", "a directory"):
        raise OutputError(f"--output: {path} is {found}; {_CHOICES}, or - for standard output.")
    if found == "a directory" or text.endswith(("/", os.sep)) or not path.suffix:
        _make_directory(path)
    else:
        _check_name(path)
        check_file(NamedPath("--output", path), _CHOICES)
    return path


def named_format(path: Path | None) -> str:
    """The format that the ending of a file says."""
    name = path.name if path else ".jsonl"
    return next(found for suffix, found in FILES.items() if name.endswith(suffix))


def _make_directory(path: Path) -> None:
    try:
        path.mkdir(parents=True, exist_ok=True)
    except FileExistsError:
        raise OutputError(f"--output: {path} is a file with an ending that says no format; {_CHOICES}.") from None
    except OSError as error:
        raise OutputError.of(path, error) from error
    check_writable(path)


def _check_name(path: Path) -> None:
    endings = tuple(FILES)
    if not path.name.lower().endswith(endings):
        raise OutputError(f"{path} has an ending that says no format; {_CHOICES}.")
    if not path.name.endswith(endings):
        raise OutputError(f"{path}: write the ending in small letters.")


_CHOICES = (
    f"choose a file that ends in {', '.join(list(FILES)[:-1])} or {list(FILES)[-1]}, or a directory (one file per "
    "stream)"
)
