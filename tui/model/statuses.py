"""The status mapping of an asynchronous stream: which status of the API means what."""

from __future__ import annotations

from core.jobs.statuses import JobStatus
from core.manifest.problems import Path
from tui.model.session import BuilderSession

MEANINGS = (JobStatus.COMPLETED, JobStatus.FAILED, JobStatus.RUNNING, JobStatus.TIMEOUT, JobStatus.SKIPPED)
"""In the order in which the builder shows them."""


def status_mapping(session: BuilderSession, stream: int) -> dict[str, JobStatus]:
    """The meaning of each status, in the order of the meanings."""
    found: dict[str, JobStatus] = {}
    for meaning in MEANINGS:
        for status in _listed(session, stream, meaning):
            found.setdefault(status, meaning)
    return found


def map_status(session: BuilderSession, stream: int, status: str, meaning: JobStatus | None) -> None:
    """Say what a status means, in one step to undo; it means nothing else from then on. None: it means nothing.

    Raises ValueError for an empty status.
    """
    status = status.strip()
    if not status:
        raise ValueError("A status needs a text.")
    with session.group(_path(stream)):
        for other in MEANINGS:
            present = _listed(session, stream, other)
            wanted = [one for one in present if one != status or other is meaning]
            if other is meaning and status not in wanted:
                wanted.append(status)
            if wanted != present:
                session.set((*_path(stream), other.value), wanted)


def rename_status(session: BuilderSession, stream: int, status: str, new: str) -> None:
    """Write a status in another way; its meaning and its place stay. Raises ValueError when it is empty or taken."""
    meaning = status_mapping(session, stream).get(status)
    new = new.strip()
    if meaning is None or new == status:
        return
    if not new or new in status_mapping(session, stream):
        raise ValueError(f"The status {new} is mapped already." if new else "A status needs a text.")
    listed = [new if one == status else one for one in _listed(session, stream, meaning)]
    session.set((*_path(stream), meaning.value), listed)


def _path(stream: int) -> Path:
    return ("streams", stream, "retriever", "status_mapping")


def _listed(session: BuilderSession, stream: int, meaning: JobStatus) -> list[str]:
    found = session.value((*_path(stream), meaning.value))
    return [str(one) for one in found] if isinstance(found, list) else []
