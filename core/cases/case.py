"""A case: recorded exchanges, and what a stream gave when they were recorded. Where its files are."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from core.errors import LonghaulError
from core.reading.plan import NO_LIMITS, Limits

FOLDER = "cases"
"""The folder of the cases, beside the manifest."""
SUFFIX = ".har"
RECORDS_SUFFIX = ".records.jsonl"
_NAME = re.compile(r"[\w][\w .+-]{0,99}")

Headers = Sequence[tuple[str, str]]


class CaseError(LonghaulError):
    """A case can't be read or kept."""


@dataclass(frozen=True, slots=True)
class RecordedExchange:
    """One request and its answer. `body` is without content encodings; None where the recording does not hold it.

    `role` is what the request was for, None in a recording that was made elsewhere. `error` is what broke it off,
    `error_kind` the name of the exception in httpx.
    """

    method: str
    url: str
    request_headers: Headers = ()
    request_body: bytes = b""
    status: int = 0
    reason: str = ""
    response_headers: Headers = ()
    body: bytes | None = b""
    role: str | None = None
    error: str = ""
    error_kind: str = ""
    started: datetime | None = None
    seconds: float = 0.0

    def header(self, name: str) -> str:
        """The value of a header of the request; empty without one."""
        return next((value for known, value in self.request_headers if known.lower() == name), "")

    def response_header(self, name: str) -> str:
        """The value of a header of the answer; empty without one."""
        return next((value for known, value in self.response_headers if known.lower() == name), "")


@dataclass(frozen=True, slots=True)
class Expectation:
    """How a stream was read, and what came of it. `state` is what the read began from, `end_state` what it came to."""

    outcome: str
    limits: Limits = NO_LIMITS
    state: Mapping[str, Any] | None = None
    end_state: Mapping[str, Any] | None = None
    errors: Sequence[str] = ()
    records: int = 0


@dataclass(frozen=True, slots=True)
class Case:
    """A recording. One that was made elsewhere, by a browser say, has no `streams`, and nothing is expected of it.

    `began` is the moment of the recording, which took `seconds`; `manifest` is the name of the file that it is about.
    """

    path: Path
    exchanges: Sequence[RecordedExchange]
    began: datetime | None = None
    seconds: float = 0.0
    manifest: str = ""
    inputs: Mapping[str, Any] = field(default_factory=dict)
    streams: Mapping[str, Expectation] = field(default_factory=dict)
    left_out: int = 0
    """Entries that are no requests over HTTP."""

    @property
    def name(self) -> str:
        """What it is called."""
        return self.path.name.removesuffix(SUFFIX)

    @property
    def is_ours(self) -> bool:
        """Whether it says what is expected."""
        return bool(self.streams)


def folder_of(manifest: Path) -> Path:
    """Where the cases of a manifest are."""
    return manifest.parent / FOLDER


def records_file(case: Path) -> Path:
    """Where the records are that a case expects."""
    return case.with_name(case.name.removesuffix(SUFFIX) + RECORDS_SUFFIX)


def problem_of_name(name: str) -> str | None:
    """What is wrong with a name for a case."""
    if not name.strip():
        return "A case needs a name."
    if not _NAME.fullmatch(name) or name.endswith((".", " ")):
        return "The name of a case becomes the name of a file: letters, digits, spaces and . _ + - can be in it."
    return None


def case_file(manifest: Path, name: str) -> Path:
    """The file of a case. Raises `CaseError` for a name that can't be one."""
    problem = problem_of_name(name)
    if problem is not None:
        raise CaseError(problem)
    return folder_of(manifest) / f"{name}{SUFFIX}"


def case_files(manifest: Path) -> list[Path]:
    """The recordings beside a manifest, in the order of their names. Raises `CaseError`."""
    folder = folder_of(manifest)
    try:
        return sorted(path for path in folder.iterdir() if path.suffix == SUFFIX and not path.name.startswith("."))
    except FileNotFoundError:
        return []
    except OSError as error:
        raise CaseError(f"The cases in {folder} can't be read: {(error.strerror or str(error)).lower()}.") from None
