"""The journal of jobs beside a state file: each job is written down when it was created, so that it outlives the run.

Every line is on the disk before the run goes on. A line that is torn, because the machine stopped in the middle of it,
counts as not written. What a line says:

- `plan`: a run begins to read a stream, within these bounds of time, from this state (its digest).
- `job`: a job was created for a slice; `status`: the API reported another status of it; `gone`: it is no longer there.
- `done`: the records of slices are safe; the state of this digest is about to be saved, and covers them.
- `end`: the read of the stream is over, and no job is left of it that a later run would have to follow.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import RLock
from typing import Any, BinaryIO

import httpx
import orjson

from core.jobs.known import KnownJob, KnownJobs
from core.outputs.durable import OutputError, open_at_end, open_to_read, replacing, sync, sync_directory
from core.outputs.job_records import LARGEST_JOB, JobRecord, dump, read_moment, read_slice, written_slice
from core.runtime.resumption import Resumption
from core.runtime.slices import StreamSlice, as_slice, slice_key

_ANY_VERSION = b'{"longhaul":"jobs",'
_HEADER = _ANY_VERSION + b'"version":1}\n'
_LARGEST_FILE = 500_000_000
_KEPT = timedelta(days=7)
"""How long a job that nobody follows is listed."""
_LONGEST = 1e9


def beside(state: Path) -> Path:
    """The journal that belongs to a state file: `state.json` has `state.json.jobs`."""
    return state.with_name(f"{state.name}.jobs")


def digest(state: Mapping[str, Any] | None) -> str:
    """Equal for equal states."""
    if state is None:
        return ""
    dumped = orjson.dumps(state, str, orjson.OPT_SORT_KEYS | orjson.OPT_NON_STR_KEYS)
    return hashlib.sha256(dumped).hexdigest()[:32]


@dataclass(slots=True)
class Plan:
    """How a run reads a stream: within which bounds (none where its slices are not bounded by time), from which state,
    and what it has read. `cut` is equal as long as the stream is divided into slices alike, `touched` when the run last
    got on.
    """

    cut: str
    state: str
    touched: datetime
    bounds: tuple[datetime, datetime] | None = None
    done: dict[bytes, StreamSlice] = field(default_factory=dict)

    def written(self, stream: str) -> dict[str, Any]:
        bounds = None if self.bounds is None else [moment.isoformat() for moment in self.bounds]
        at = self.touched.isoformat()
        return {"kind": "plan", "stream": stream, "cut": self.cut, "state": self.state, "bounds": bounds, "at": at}


@dataclass(slots=True)
class _Step:
    """Slices that were done, which the state of a digest covers, and their jobs."""

    state: str
    slices: list[StreamSlice]
    jobs: list[JobRecord]


@dataclass(slots=True)
class StreamRecords:
    """What a journal holds of one stream."""

    plan: Plan | None = None
    jobs: dict[bytes, JobRecord] = field(default_factory=dict)
    _steps: list[_Step] = field(default_factory=list)

    def apply(self, line: Mapping[str, Any]) -> None:
        """Take in a line. Raises `KeyError`, `TypeError`, `ValueError` for one that is none."""
        match line["kind"]:
            case "plan":
                bounds = None if line["bounds"] is None else tuple(map(datetime.fromisoformat, line["bounds"]))
                assert bounds is None or len(bounds) == 2
                self.plan = Plan(str(line["cut"]), str(line["state"]), read_moment(line["at"]), bounds)
                self._steps.clear()
            case "job":
                record = JobRecord.read(line)
                self.jobs[record.key] = record
                self._touch(record.job.created)
            case "status":
                key = slice_key(read_slice(line["slice"]))
                if key in self.jobs:
                    self.jobs[key] = self.jobs[key].with_status(line["status"])
            case "gone":
                self.jobs.pop(slice_key(read_slice(line["slice"])), None)
            case "done":
                slices = [read_slice(one) for one in line["slices"]]
                records = [self.jobs.pop(slice_key(one), None) for one in slices]
                self._steps.append(_Step(str(line["state"]), slices, [one for one in records if one is not None]))
                self._touch(read_moment(line["at"]))
            case "end":
                self.plan = None
                self._steps.clear()

    def _touch(self, moment: datetime) -> None:
        if self.plan is not None:
            self.plan.touched = max(self.plan.touched, moment)

    def settle(self, state: str) -> None:
        """Take for done what the saved state covers. Slices that were done when the run stopped, just before it could
        save the state, are read again from their jobs; with another state, it is another read.
        """
        if self.plan is None:
            self._steps.clear()
            return
        known = [self.plan.state, *(step.state for step in self._steps)]
        covered = max((number for number, one in enumerate(known) if one == state), default=None)
        if covered is None:
            self.plan = None
        for step in self._steps[covered or 0 :]:
            self.jobs |= {record.key: record for record in step.jobs if record.key not in self.jobs}
        if self.plan is not None:
            self.plan.done = {slice_key(one): one for step in self._steps[:covered] for one in step.slices}
            self.plan.state = state
        self._steps.clear()

    def lines(self, stream: str) -> Iterator[dict[str, Any]]:
        """What has to be written of it."""
        if self.plan is not None:
            yield self.plan.written(stream)
            if self.plan.done:
                yield _done_line(stream, self.plan.done.values(), self.plan.state, self.plan.touched)
        for record in self.jobs.values():
            yield {"kind": "job", **record.written()}


class JobJournal:
    """The journal, in a file that only its owner can read. The caller holds the lock of the state file."""

    def __init__(self, path: Path, state_of: Callable[[str], Mapping[str, Any] | None]) -> None:
        """Read the file; a missing one counts as empty. `state_of` gives the saved state of a stream.

        Raises `OutputError`.
        """
        self.path = path
        self.lock = RLock()
        """Held while something is changed and written."""
        self._streams: dict[str, StreamRecords] = {}
        self._state_of = state_of
        self._file: BinaryIO | None = None
        for line in _load(path):
            with suppress(KeyError, TypeError, ValueError, AttributeError, AssertionError):  # of a later version, say
                self._streams.setdefault(str(line["stream"]), StreamRecords()).apply(line)
        for stream, records in self._streams.items():
            records.settle(digest(state_of(stream)))

    def of(self, stream: str) -> StreamJobs:
        """The jobs of a stream that is read from its saved state."""
        records = self._streams.setdefault(stream, StreamRecords())
        return StreamJobs(self, stream, records, digest(self._state_of(stream)))

    @property
    def records(self) -> list[JobRecord]:
        """All jobs, by stream."""
        return [one for stream in sorted(self._streams) for one in self._streams[stream].jobs.values()]

    def append(self, lines: Iterable[Mapping[str, Any]], *, durable: bool = True) -> None:
        """Write lines; any thread may call. Raises `OSError`; what is written next then begins with the whole file."""
        data = b"".join(map(dump, lines))
        with self.lock:
            if self._file is None:
                self._rewrite()
                self._file = open_at_end(self.path)
            try:
                self._file.write(data)
                self._file.flush()
                if durable:
                    sync(self._file)
            except OSError:
                self._release()
                raise

    def forget(self, record: JobRecord) -> None:
        """Forget a job; with the last one of a stream, also what was read of it. Raises `OSError`."""
        records = self._streams[record.stream]
        records.jobs.pop(record.key, None)
        self.append([_gone_line(record.stream, record.slice)])
        if not records.jobs:
            records.plan = None

    def close(self) -> None:
        """Write the file anew, with what still counts; without anything that does, it is deleted. Raises `OSError`."""
        with self.lock:
            self._release()
            if any(records.jobs or records.plan for records in self._streams.values()):
                self._rewrite()
            elif self.path.exists():
                self.path.unlink()
                sync_directory(self.path.parent)

    def _release(self) -> None:
        """Close the file; what couldn't be written is dropped."""
        if self._file is not None:
            with suppress(OSError):
                self._file.close()
            self._file = None

    def _rewrite(self) -> None:
        """Write what counts, so that nothing is appended to a torn line."""
        with replacing(self.path, mode=0o600, keep=False) as file:
            file.write(_HEADER)
            for stream, records in self._streams.items():
                file.writelines(map(dump, records.lines(stream)))


class StreamJobs(KnownJobs, Resumption):
    """The jobs of one stream in a journal, and how its read goes on with that of an earlier run."""

    lasting = True

    def __init__(self, journal: JobJournal, stream: str, records: StreamRecords, state: str) -> None:
        super().__init__()
        self._journal = journal
        self._stream = stream
        self._records = records
        self._state = state
        self._cut = ""
        self._bounds: tuple[datetime, datetime] | None = None

    def __len__(self) -> int:
        return len(self._records.jobs)

    @property
    def slices(self) -> list[StreamSlice]:
        return [record.slice for record in self._records.jobs.values()]

    @property
    def path(self) -> Path:
        """The journal."""
        return self._journal.path

    # How the read goes on

    def resume(self, fingerprint: str, reuse_limit: float) -> Resumption:
        self._cut = fingerprint
        plan = self._records.plan
        if plan is not None:
            idle = (datetime.now(UTC) - plan.touched).total_seconds()
            if plan.cut != fingerprint or idle > reuse_limit:
                self._records.plan = None
        oldest = datetime.now(UTC) - max(_KEPT, timedelta(seconds=min(reuse_limit, _LONGEST)))
        jobs = self._records.jobs
        self._records.jobs = {key: one for key, one in jobs.items() if one.job.created >= oldest}
        return self

    @property
    def done(self) -> Sequence[Mapping[str, Any]]:
        plan = self._records.plan
        return [] if plan is None else [*plan.done.values()]

    def bounds(self, start: datetime, end: datetime) -> tuple[datetime, datetime]:
        plan = self._records.plan
        self._bounds = (start, end) if plan is None or plan.bounds is None else plan.bounds
        return self._bounds

    # The jobs

    def find(self, slice_: Mapping[str, Any] | None) -> KnownJob | None:
        record = self._records.jobs.get(slice_key(slice_))
        return None if record is None else record.job

    def note(self, slice_: Mapping[str, Any] | None, job: KnownJob, job_id: str | None = None) -> str | None:
        record = JobRecord(self._stream, as_slice(slice_), job, job_id)
        line = {"kind": "job", **record.written()}
        if len(dump(line)) > LARGEST_JOB:
            self.forget(slice_)
            return "The answer to the creation is too long to be written down: a later run can't follow the job."
        with self._journal.lock:
            problem = self._write([*self._planned(job.created), line])
            self._records.jobs.pop(record.key, None)  # not before: a file that is written anew has to hold the job
            if problem is None or job.started:  # one that runs is in the file as soon as that is written anew
                self._records.jobs[record.key] = record
        return problem

    def note_start(self, slice_: Mapping[str, Any] | None, start: httpx.Response | None) -> str | None:
        record = self._records.jobs.get(slice_key(slice_))
        if record is None:
            return None
        return self.note(slice_, replace(record.job, started=True, start=start), record.id)

    def keep(self, slice_: Mapping[str, Any] | None, polling: httpx.Response | None, *, kept: bool, over: bool) -> None:
        """A run goes through all stages, and polls a job that it follows."""

    def note_status(self, slice_: Mapping[str, Any] | None, status: str | None) -> None:
        with self._journal.lock:
            record = self._records.jobs.get(slice_key(slice_))
            if record is not None and record.status != status:
                self._records.jobs[record.key] = record.with_status(status)
                line = {"kind": "status", "stream": self._stream, "slice": written_slice(slice_), "status": status}
                self._write([line], durable=False)

    def failed(self, slice_: Mapping[str, Any] | None) -> None:
        self.forget(slice_)

    def forget(self, slice_: Mapping[str, Any] | None) -> None:
        with self._journal.lock:
            if self._records.jobs.pop(slice_key(slice_), None) is not None:
                self._write([_gone_line(self._stream, slice_)])

    # What the run tells

    def covered(self, slices: Sequence[Mapping[str, Any]], state: Mapping[str, Any]) -> None:
        """The records of slices are safe, and the state that covers them is about to be saved, or one that covers no
        more than the one before. Raises `OSError`.
        """
        found, now, mark = [as_slice(one) for one in slices], datetime.now(UTC), digest(state)
        if not self._cut:
            return
        with self._journal.lock:
            plan = self._records.plan
            if not found and (plan is None or plan.state == mark):
                return
            self._journal.append([*self._planned(now), _done_line(self._stream, found, mark, now)])
            plan = self._records.plan
            assert plan is not None
            plan.state = mark
            for one in found:
                self._records.jobs.pop(slice_key(one), None)
                plan.done[slice_key(one)] = one

    def end(self, *, complete: bool) -> None:
        """The read is over; `complete`: all slices were read. Raises `OSError`.

        A later run goes on with it as long as there are jobs that it may follow.
        """
        with self._journal.lock:
            if self._records.plan is not None and (complete or not self._records.jobs):
                self._records.plan = None
                self._journal.append([{"kind": "end", "stream": self._stream}])

    def _planned(self, now: datetime) -> list[dict[str, Any]]:
        """The line that comes before the first job of a read."""
        if self._records.plan is not None:
            self._records.plan.touched = now
            return []
        self._records.plan = Plan(self._cut, self._state, now, self._bounds)
        return [self._records.plan.written(self._stream)]

    def _write(self, lines: Iterable[Mapping[str, Any]], *, durable: bool = True) -> str | None:
        try:
            self._journal.append(lines, durable=durable)
        except OSError as error:
            return f"{OutputError.of(self._journal.path, error)} A later run can't follow the job."
        return None


class SavedSlices:
    """Tells the journal of a stream which of its slices are safe: those that were read when a state is to be saved.

    Without `jobs`, there is nobody to tell. All methods but `add` raise `OSError`.
    """

    def __init__(self, jobs: StreamJobs | None) -> None:
        self._jobs = jobs
        self._read: dict[bytes, Mapping[str, Any]] = {}
        self._told: set[bytes] = set()

    @property
    def place(self) -> str:
        """The file that is written."""
        return "" if self._jobs is None else str(self._jobs.path)

    def add(self, slice_: Mapping[str, Any] | None) -> None:
        """A slice was read; some are covered by a state already."""
        if self._jobs is not None and (key := slice_key(slice_)) not in self._told:
            self._read[key] = slice_ or {}
        self._told.discard(slice_key(slice_))

    def cover(self, slice_: Mapping[str, Any] | None, state: Mapping[str, Any]) -> None:
        """The records of all that was read, and of this slice, are safe, and the state is about to be saved."""
        if self._jobs is None:
            return
        read = [*self._read.values(), *([] if slice_ is None else [slice_])]
        self._jobs.covered(read, state)
        self._read.clear()
        if slice_ is not None:
            self._told.add(slice_key(slice_))

    def end(self, *, complete: bool) -> None:
        """The stream is over; `complete`: all of it was read."""
        if self._jobs is not None:
            self._jobs.end(complete=complete)


def _gone_line(stream: str, slice_: Mapping[str, Any] | None) -> dict[str, Any]:
    return {"kind": "gone", "stream": stream, "slice": written_slice(slice_)}


def _done_line(stream: str, slices: Iterable[StreamSlice], state: str, at: datetime) -> dict[str, Any]:
    written = [written_slice(one) for one in slices]
    return {"kind": "done", "stream": stream, "slices": written, "state": state, "at": at.isoformat()}


def _load(path: Path) -> Iterator[Mapping[str, Any]]:
    """The lines of a journal. Raises `OutputError`."""
    try:
        with open_to_read(path) as file:
            if os.fstat(file.fileno()).st_size > _LARGEST_FILE:
                raise OutputError(
                    f"The journal of jobs, {path}, is too large. Move it away, and jobs are created anew."
                )
            content = file.read()
    except FileNotFoundError:
        return
    except OSError as error:
        raise OutputError(f"The journal of jobs, {path}, can't be read: {(error.strerror or '').lower()}.") from error
    if content.startswith(_ANY_VERSION) and b"\n" in content and not content.startswith(_HEADER):
        raise OutputError(
            f"The journal of jobs, {path}, is of a later version of Longhaul. Run that one, or move the journal away, "
            "and jobs are created anew."
        )
    if not content.startswith(_HEADER) and not _HEADER.startswith(content.rstrip(b"\0")):
        raise OutputError(
            f"{path} is not a journal of jobs, and Longhaul needs this name for one. Move it away, or choose another "
            "--state."
        )
    for line in content.split(b"\n")[1:]:
        with suppress(ValueError):
            found = orjson.loads(line)
            if isinstance(found, dict):
                yield found
