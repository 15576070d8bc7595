"""The files of a run: checked before anything is read, and locked so that no other run writes them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

from core.command.arguments import Arguments
from core.outputs import job_journal
from core.outputs.destination import Destination
from core.outputs.durable import OutputError
from core.outputs.file_folder import MARK, FileFolder
from core.outputs.locks import hold, lock_file
from core.outputs.paths import NamedPath, check_distinct, check_file, resolved
from core.outputs.sinks import partial
from core.outputs.token_file import beside


@dataclass(frozen=True, slots=True)
class RunFiles:
    """The files that the command line names, and the manifest. `streams` are read, out of `all_streams`."""

    arguments: Arguments
    manifest: Path
    destination: Destination
    streams: tuple[str, ...]
    all_streams: tuple[str, ...]

    def locked(self) -> AbstractContextManager[None]:
        """Check all files, and lock those that are written. Raises `OutputError`."""
        options = list(self._options())
        for file in options:
            check_file(file)
        for file in [*self._journal(), *self._records(self.streams), *self._unfinished(self.streams)]:
            check_file(file, "move it away, or choose another place")
        check_distinct(self._all(options))
        return hold([*options, *self._journal(), *self._records(self.streams)])

    def _all(self, options: Iterable[NamedPath]) -> Iterator[NamedPath]:
        """All files that have to be distinct."""
        yield NamedPath("the manifest", self.manifest, written=False)
        if self.arguments.config is not None:
            yield NamedPath("--config", self.arguments.config, written=False)
        for name, descriptor in (("standard output", 1), ("standard error", 2)):
            yield NamedPath(name, Path(f"/dev/fd/{descriptor}"), written=False)
        written = [*options, *self._journal(), *self._records(self.all_streams), *self._unfinished(self.all_streams)]
        if self.arguments.state is not None:
            written.append(NamedPath("the token file beside --state", beside(resolved(self.arguments.state))))
        yield from written
        for file in written:
            yield NamedPath(f"the lock of {file.name}", lock_file(resolved(file.path)))

    def folder(self) -> FileFolder | None:
        """The folder for the files of records, made where it is new; None: nobody wants them.

        Raises `OutputError`.
        """
        if self.arguments.files is None:
            return None
        folder = FileFolder(self.arguments.files, self.all_streams)
        if self.destination.path is not None and resolved(self.destination.path) == folder.root:
            raise OutputError(f"--output and --files both name {folder.root}: files go into a folder of their own.")
        folder.make()
        return folder

    def _options(self) -> Iterator[NamedPath]:
        if (folder := self.folder()) is not None:
            yield NamedPath("--files", folder.root / MARK)
        for name, path in (("--state", self.arguments.state), ("--trace", self.arguments.trace)):
            if path is not None:
                yield NamedPath(name, path)

    def _journal(self) -> Iterator[NamedPath]:
        if self.arguments.state is not None:
            yield NamedPath("the journal of jobs beside --state", job_journal.beside(resolved(self.arguments.state)))

    def _records(self, streams: Sequence[str]) -> Iterator[NamedPath]:
        if self.destination.path is not None and not self.destination.is_directory:
            yield NamedPath("--output", self.destination.path)
            return
        for stream, path in self.destination.files(self.all_streams).items():
            if stream in streams:
                yield NamedPath(f"the file of `{stream}` in --output", path)

    def _unfinished(self, streams: Sequence[str]) -> Iterator[NamedPath]:
        """Where the records of each stream are until they are complete."""
        for file in self._records(streams) if self.destination.has_partials else ():
            yield NamedPath(f"{file.name} until it is complete", partial(resolved(file.path)))
