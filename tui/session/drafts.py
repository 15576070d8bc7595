"""Drafts: what was not saved yet, written aside now and then, and offered after a crash."""

from __future__ import annotations

import fcntl
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import IO
from uuid import uuid4

import orjson

from tui.session.folders import state_folder, write_private
from tui.session.session import BuilderSession


@dataclass(frozen=True, slots=True)
class Draft:
    """What was not saved. `path` is the manifest it belongs to (None: it has no file yet), `written` when that was."""

    path: Path | None
    text: str
    written: datetime
    file: Path

    def discard(self) -> None:
        """Delete the draft."""
        _remove(self.file)


class DraftKeeper:
    """Keeps the draft of one session: `keep` now and then, `drop` when it was saved or is not wanted any more."""

    def __init__(self, session: BuilderSession) -> None:
        self._session = session
        self._file = _folder() / f"{uuid4().hex}.json"
        self._lock: IO[bytes] | None = None
        self._kept: str | None = None

    def keep(self) -> None:
        """Write what is not saved, if there is something new. Raises OSError when that is impossible."""
        if not self._session.dirty:
            self.drop()
            return
        text = self._session.text
        if text != self._kept:
            path = self._session.path
            content = {
                "path": str(path.resolve()) if path else None,
                "text": text,
                "written": datetime.now(UTC).isoformat(),
            }
            if self._lock is None:
                self._lock = _locked(self._file)
            write_private(self._file, orjson.dumps(content))
            self._kept = text

    def drop(self) -> None:
        """Delete the draft."""
        self._kept = None
        if self._lock is not None:
            _remove(self._file)
            self._lock.close()
            self._lock = None


def pending_drafts() -> list[Draft]:
    """The drafts of sessions that did not end well, the latest first."""
    found = []
    for file in _folder().glob("*.json"):
        lock = _locked(file)
        if lock is None:
            continue
        lock.close()
        with suppress(OSError, ValueError, KeyError, TypeError):
            content = orjson.loads(file.read_bytes())
            path = Path(content["path"]) if content["path"] else None
            found.append(Draft(path, content["text"], datetime.fromisoformat(content["written"]), file))
    return sorted(found, key=lambda draft: draft.written, reverse=True)


def _folder() -> Path:
    return state_folder() / "drafts"


def _locked(file: Path) -> IO[bytes] | None:
    """The lock of a draft, which ends with the process that has it; None when another has it."""
    file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    lock = file.with_suffix(".lock").open("ab")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        lock.close()
        return None
    return lock


def _remove(file: Path) -> None:
    for one in (file, file.with_suffix(".lock")):
        with suppress(OSError):
            one.unlink()
