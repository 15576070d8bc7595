"""The journal of jobs on disk: what it holds after a crash, on a full disk, beside a state that was changed."""

from __future__ import annotations

import os
import resource
import signal
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from core.jobs.known import KnownJob
from core.outputs.durable import OutputError
from core.outputs.job_journal import JobJournal, StreamJobs, beside
from core.runtime.slices import StreamSlice

HOUR = 3600.0
A, B, C = (StreamSlice({"part": part}) for part in "abc")


def job(identity: str) -> KnownJob:
    request = httpx.Request("POST", "http://api.test/jobs", headers={"authorization": "Bearer secret"})
    return KnownJob(httpx.Response(201, json={"id": identity}, request=request))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return beside(tmp_path / "state.json")


def opened(path: Path, state: Mapping[str, Any] | None = None) -> tuple[JobJournal, StreamJobs]:
    """A run begins to read the stream from a state."""
    journal = JobJournal(path, lambda _: state)
    jobs = journal.of("events")
    jobs.resume("cut", HOUR)
    return journal, jobs


def ids(journal: JobJournal) -> list[str | None]:
    return [record.id for record in journal.records]


@contextmanager
def no_room_after(size: int) -> Iterator[None]:
    """Files may grow up to a size, as on a full disk: a write beyond it is cut."""
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, limits[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)


def in_process_killed_when_it_writes_beyond(size: int, step: Callable[[], object]) -> None:
    """Do a step in a process of its own, which the system kills as soon as a file grows beyond a size."""
    child = os.fork()
    if not child:
        signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        with no_room_after(size):
            step()
        os._exit(0)
    os.waitpid(child, 0)


def test_what_comes_after_a_full_disk_is_not_lost_in_a_torn_line(path: Path) -> None:
    _, jobs = opened(path)
    jobs.note(A, job("a"), "a")
    with no_room_after(path.stat().st_size + 30):
        said = jobs.note(B, job("b"), "b")
    assert said is not None
    assert "A later run can't follow the job." in said
    assert jobs.find(B) is None

    jobs.note(C, job("c"), "c")
    jobs.covered([A], {"time": 1})

    assert ids(opened(path, {"time": 1})[0]) == ["c"]


def test_a_start_that_a_full_disk_does_not_take_is_told_and_written_later(path: Path) -> None:
    _, jobs = opened(path)
    jobs.note(A, job("a"), "a")
    with no_room_after(path.stat().st_size + 30):
        said = jobs.note_start(A, None)
    assert said is not None
    assert "A later run can't follow the job." in said

    jobs.note(B, job("b"), "b")

    found = opened(path)[1].find(A)
    assert found is not None
    assert found.started, "else the next run starts it once more"


def test_a_crash_leaves_what_was_written_before_it(path: Path) -> None:
    _, jobs = opened(path)
    steps: list[Callable[[], object]] = [
        lambda: jobs.note(A, job("a"), "a"),
        lambda: jobs.note(B, job("b"), "b"),
        lambda: jobs.forget(A),
        lambda: jobs.covered([B], {"time": 1}),
    ]
    sizes = []
    for step in steps:
        step()
        sizes.append(path.stat().st_size)
    whole = path.read_bytes()
    for length in range(len(whole)):
        path.write_bytes(whole[:length])
        written = sum(size <= length + 1 for size in sizes)  # the last line feed may be missing
        assert ids(opened(path, {"time": 1})[0]) == [[], ["a"], ["a", "b"], ["b"], []][written]


@pytest.mark.parametrize("room", range(0, 900, 30))
def test_a_job_is_written_down_at_every_moment_in_which_its_start_is_noted(path: Path, room: int) -> None:
    _, jobs = opened(path)
    jobs.note(A, job("a"), "a")

    in_process_killed_when_it_writes_beyond(room, lambda: opened(path)[1].note_start(A, None))

    assert ids(opened(path)[0]) == ["a"]


def test_slices_are_done_as_far_as_the_saved_state_covers_them(path: Path) -> None:
    _, jobs = opened(path)
    for number, slice_ in enumerate((A, B, C)):
        jobs.note(slice_, job(str(number)), str(number))
    jobs.covered([A], {"time": 1})
    jobs.covered([B], {"time": 2})
    for state, done, left in (
        ({"time": 2}, [A, B], ["2"]),
        ({"time": 1}, [A], ["2", "1"]),
        (None, [], ["2", "0", "1"]),
        ({"time": 7}, [], ["2", "0", "1"]),
    ):
        journal, again = opened(path, state)
        assert list(again.done) == done
        assert ids(journal) == left


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b'{"longhaul":"jobs","version":2}\n', "is of a later version of Longhaul"),
        (b"my notes\n", "is not a journal of jobs"),
    ],
)
def test_another_file_is_left_alone(path: Path, content: bytes, said: str) -> None:
    path.write_bytes(content)
    with pytest.raises(OutputError, match=said):
        opened(path)
    assert path.read_bytes() == content


@pytest.mark.parametrize("content", [b"", b'{"longhaul":"jobs","ver', b"\0" * 40])
def test_a_journal_that_was_about_to_be_begun_is_empty(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    assert ids(opened(path)[0]) == []
