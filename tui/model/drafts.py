"""Drafts: what was not saved yet, written aside now and then, and offered after a crash."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import orjson
from filelock import FileLock, Timeout

from tui.model.files import FileStamp, state_folder, write_private
from tui.model.session import BuilderSession


@dataclass(frozen=True, slots=True)
class Draft:
    """What was not saved. `path` is the manifest it belongs to (None: it has no file yet), `written` when that was.

    `based_on` is the file as it was when the manifest was read from it, `file` holds the draft.
    """

    path: Path | None
    text: str
    written: datetime
    based_on: FileStamp
    file: Path

    def discard(self) -> None:
        """Delete the draft."""
        _remove(self.file)


class DraftKeeper:
    """Keeps the draft of one session: `keep` now and then, `drop` when it was saved or is not wanted any more."""

    def __init__(self, session: BuilderSession) -> None:
        self._session = session
        self._file = _folder() / f"{uuid4().hex}.json"
        self._lock: FileLock | None = None
        self._kept: tuple[str, FileStamp | None] | None = None

    def keep(self) -> None:
        """Write what is not saved, if there is something new. Raises OSError when that is impossible."""
        if not self._session.dirty:
            self.drop()
            return
        text, stamp = self._session.text, self._session.stamp
        if (text, stamp) != self._kept:
            path = self._session.path
            content = {
                "path": str(path.resolve()) if path else None,
                "text": text,
                "written": datetime.now(UTC).isoformat(),
                "based_on": stamp.digest if stamp else "",
            }
            if self._lock is None:
                self._lock = _locked(self._file)
            write_private(self._file, orjson.dumps(content))
            self._kept = (text, stamp)

    def drop(self) -> None:
        """Delete the draft."""
        self._kept = None
        if self._lock is not None:
            self._lock.release()
            _remove(self._file)
            self._lock = None


def pending_drafts() -> list[Draft]:
    """The drafts of sessions that did not end well, the latest first. Raises OSError when they can't be looked for."""
    found = []
    for file in _folder().glob("*.json"):
        lock = _locked(file)
        if lock is None:
            continue
        lock.release()
        with suppress(OSError, ValueError, KeyError, TypeError):
            found.append(_read(file))
    return sorted(found, key=lambda draft: draft.written, reverse=True)


def _read(file: Path) -> Draft:
    content = orjson.loads(file.read_bytes())
    return Draft(
        Path(content["path"]) if content["path"] else None,
        str(content["text"]),
        datetime.fromisoformat(content["written"]),
        FileStamp(str(content.get("based_on", ""))),
        file,
    )


def _folder() -> Path:
    return state_folder() / "drafts"


def _locked(file: Path) -> FileLock | None:
    """The lock of a draft, which ends with the process that has it; None when another has it. Raises OSError."""
    file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    lock = FileLock(file.with_suffix(".lock"), timeout=0, thread_local=False)
    try:
        lock.acquire()
    except Timeout:
        return None
    return lock


def _remove(file: Path) -> None:
    for one in (file, file.with_suffix(".lock")):
        with suppress(OSError):
            one.unlink()
