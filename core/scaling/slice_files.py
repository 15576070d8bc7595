"""The files of a slice, in `OUTPUT/<stream>/`: its records, what came of it, and the journal of its job.

The records are in `<name>.jsonl` (or .csv, .parquet), and in `<name>.jsonl.partial` until they are complete. What came
of the slice is in `.<name>.slice`, written last: a slice that has it is done. Only files of records have an ending of
records, so that a pattern such as `lake/**/*.jsonl` finds each record once, also where it takes hidden files.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from core.outputs.destination import file_names
from core.outputs.durable import OutputError, create, open_to_read, replacing, sweep, sync
from core.outputs.job_journal import digest
from core.outputs.locks import AlreadyLocked, lock
from core.scaling.plan import PlannedSlice

JOBS = ".jobs"
_RESULT = ".slice"
_MARK = ".plan-"
_LARGEST = 1_000_000


@dataclass(frozen=True, slots=True)
class DoneSlice:
    """A slice that was read: how many records, and the latest cursor value that was seen in it."""

    records: int
    latest: Any = None


class SliceInUse(OutputError):
    """Another process reads the slice at this moment."""


@dataclass(frozen=True, slots=True)
class SliceFiles:
    """The files of one slice. `plan` is the id of the plan that it is read for."""

    folder: Path
    name: str
    ending: str
    plan: str

    @property
    def records(self) -> Path:
        return self.folder / f"{self.name}.{self.ending}"

    @property
    def jobs(self) -> Path:
        """The journal of its job."""
        return self.folder / f".{self.name}{JOBS}"

    @property
    def result(self) -> Path:
        return self.folder / f".{self.name}{_RESULT}"

    def done(self) -> DoneSlice | None:
        """What came of the slice; None as long as it was not read for this plan, or when its records are gone.

        Raises `OSError`.
        """
        try:
            with open_to_read(self.result) as file:
                content = orjson.loads(file.read(_LARGEST))
            found = DoneSlice(int(content["records"]), content["latest"])
            is_there = content["file"] is None or (self.folder / str(content["file"])).is_file()
        except FileNotFoundError:
            return None
        except (ValueError, TypeError, KeyError):
            return None
        return found if content["plan"] == self.plan and is_there else None

    def finish(self, done: DoneSlice) -> None:
        """Write what came of the slice, whose records are safe. Raises `OSError`."""
        file_name = self.records.name if self.records.is_file() else None
        content = {
            "longhaul": "slice",
            "version": 1,
            "plan": self.plan,
            "slice": self.name,
            "file": file_name,
            "records": done.records,
            "latest": done.latest,
        }
        with replacing(self.result) as file:
            file.write(orjson.dumps(content, option=orjson.OPT_APPEND_NEWLINE))

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Keep others from the slice while the block runs. Raises `SliceInUse`, `OSError`."""
        try:
            with lock(self.folder / self.name):
                sweep([self.result, self.jobs])
                yield
        except AlreadyLocked as error:
            raise SliceInUse(
                f"The slice {self.records} {error}. Each slice is read by one process at a time."
            ) from None


class SliceFolder:
    """The folder of a stream in an output directory."""

    def __init__(self, output: Path, stream: str, streams: Iterable[str], ending: str = "jsonl") -> None:
        self.path = output / file_names([stream, *streams])[stream]
        self._ending = ending

    def files(self, planned: PlannedSlice, plan: str) -> SliceFiles:
        return SliceFiles(self.path, planned.name, self._ending, plan)

    def make(self) -> None:
        """Raises `OutputError`."""
        try:
            self.path.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise OutputError.of(self.path, error) from error

    def claim(self, plan: str, state: Mapping[str, Any] | None) -> None:
        """Note that the slices of a plan are read into the folder. Raises `OutputError`.

        A plan that another one has begun with is refused, when both go on from the same state: records would be there
        twice.
        """
        self.make()
        mark, origin = self.path / f"{_MARK}{plan}", digest(state or None)
        try:
            others = [path for path in self.path.glob(f"{_MARK}*") if path != mark]
            with suppress(FileExistsError), create(mark) as file:
                file.write(orjson.dumps({"longhaul": "plan", "plan": plan, "state": origin}))
                sync(file)
        except OSError as error:
            raise OutputError.of(mark, error) from error
        if origin in map(_origin, others):
            with suppress(OSError):
                mark.unlink()
            raise OutputError(
                f"{self.path} has slices of another plan that goes on from the same state, so that records would be "
                "there twice. Name another directory, or delete that one."
            )

    def with_jobs(self) -> frozenset[str]:
        """The names of the slices whose jobs an earlier process may have left on the server."""
        return frozenset(path.name[1 : -len(JOBS)] for path in self.path.glob(f".*{JOBS}"))


def _origin(mark: Path) -> str | None:
    try:
        with open_to_read(mark) as file:
            state = orjson.loads(file.read(_LARGEST))["state"]
    except (OSError, ValueError, TypeError, KeyError):
        return None
    return str(state)
