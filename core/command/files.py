"""The files that a run is about: checked before anything is read, and held so that no other run writes them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

from core.command.arguments import Arguments
from core.outputs.destination import Destination
from core.outputs.locks import hold, lock_file
from core.outputs.paths import NamedPath, check_apart, check_file, resolved
from core.outputs.sinks import partial
from core.outputs.token_file import TokenFile, beside, of_manifest


@dataclass(frozen=True, slots=True)
class RunFiles:
    """What the command line names, and the manifest. `streams` are those that are read, `others` all that the manifest
    has.
    """

    arguments: Arguments
    manifest: Path
    destination: Destination
    streams: tuple[str, ...]
    others: tuple[str, ...]

    def held(self) -> AbstractContextManager[None]:
        """Check all files, and hold those that are written. Raises `OutputError`."""
        options = list(self._options())
        for place in options:
            check_file(place)
        for place in [*self._records(self.streams), *self._unfinished(self.streams)]:
            check_file(place, "move it away, or choose another place")
        check_apart(self._all(options))
        return hold([*options, *self._records(self.streams)])

    def tokens(self) -> TokenFile:
        """Where refresh tokens are kept that the API replaces. Raises `OutputError` for a file that can't be read."""
        state = self.arguments.state
        file = TokenFile(beside(resolved(state))) if state else TokenFile(of_manifest(self.manifest), own=True)
        file.check()
        return file

    def _all(self, options: Iterable[NamedPath]) -> Iterator[NamedPath]:
        """Everything that may not be something else."""
        yield NamedPath("the manifest", self.manifest, written=False)
        if self.arguments.config is not None:
            yield NamedPath("--config", self.arguments.config, written=False)
        for name, descriptor in (("standard output", 1), ("standard error", 2)):
            yield NamedPath(name, Path(f"/dev/fd/{descriptor}"), written=False)
        written = [*options, *self._records(self.others), *self._unfinished(self.others)]
        if self.arguments.state is not None:
            written.append(NamedPath("the token file beside --state", beside(resolved(self.arguments.state))))
        yield from written
        for place in written:
            yield NamedPath(f"the lock of {place.what}", lock_file(resolved(place.path)))

    def _options(self) -> Iterator[NamedPath]:
        for what, path in (("--state", self.arguments.state), ("--trace", self.arguments.trace)):
            if path is not None:
                yield NamedPath(what, path)

    def _records(self, streams: Sequence[str]) -> Iterator[NamedPath]:
        """The file of each stream."""
        if self.destination.path is not None and not self.destination.is_directory:
            yield NamedPath("--output", self.destination.path)
            return
        for stream, path in self.destination.files(self.others).items():
            if stream in streams:
                yield NamedPath(f"the file of `{stream}` in --output", path)

    def _unfinished(self, streams: Sequence[str]) -> Iterator[NamedPath]:
        """Where the records of each stream are until they are complete."""
        for place in () if self.destination.append else self._records(streams):
            yield NamedPath(f"{place.what} until it is complete", partial(resolved(place.path)))
