"""Misbehaviour on command: which requests suffer what, and how many times."""

from __future__ import annotations

import threading
from fnmatch import fnmatchcase

from pydantic import BaseModel, ConfigDict, Field


class Fault(BaseModel):
    """What goes wrong with the requests that match `method` and `path` (shell patterns, path without query).

    `times` is how often it strikes (None: always). The parts can be combined; without any of them
    nothing goes wrong.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    method: str = "*"
    path: str = "*"
    times: int | None = Field(default=1, ge=1)

    delay: float = Field(default=0, ge=0, description="Seconds to wait before anything else.")
    drop: bool = Field(default=False, description="Close the connection before answering.")
    status: int | None = Field(default=None, description="Answer with this status; the API is not asked.")
    body: str = Field(default="", description="The body that goes with `status`.")
    headers: dict[str, str] = Field(default_factory=dict, description="Headers set on the answer.")
    cut_after: int | None = Field(default=None, ge=0, description="Break the connection after N body bytes.")
    truncate_after: int | None = Field(default=None, ge=0, description="End the body, cleanly, after N bytes.")

    job_status: str | None = Field(default=None, description="The job created by this request ends so.")
    job_never_ends: bool = Field(default=False, description="The job created by this request runs for ever.")
    link_seconds: float | None = Field(default=None, description="Life of the download links given out.")

    def matches(self, method: str, path: str) -> bool:
        """Whether a request is one of those that suffer."""
        return fnmatchcase(method, self.method) and fnmatchcase(path, self.path)


NO_FAULT = Fault()


class FaultBook:
    """The faults that still have to strike, in the order in which they were given."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._pending: list[tuple[Fault, int | None]] = []

    def add(self, fault: Fault) -> None:
        """Let `fault` strike from now on."""
        with self._lock:
            self._pending.append((fault, fault.times))

    def clear(self) -> None:
        """Behave well again."""
        with self._lock:
            self._pending.clear()

    def take(self, method: str, path: str) -> Fault:
        """The first fault that matches, used once; `NO_FAULT` when there is none."""
        with self._lock:
            for position, (fault, left) in enumerate(self._pending):
                if fault.matches(method, path):
                    if left == 1:
                        del self._pending[position]
                    elif left is not None:
                        self._pending[position] = (fault, left - 1)
                    return fault
        return NO_FAULT
