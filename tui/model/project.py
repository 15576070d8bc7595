"""What is open in the builder: a session, the demo API behind it if there is one, and drafts of what is not saved."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import orjson
from filelock import FileLock, Timeout

from core.environment import state_folder
from core.errors import ManifestError
from core.manifest.document import Document
from sample_configs import SIMPLEST, sample
from sample_configs.demo_api import DemoApi
from tui.model.editor_schema import MODELINE
from tui.model.files import FileStamp, write_private
from tui.model.session import NEW, BuilderSession


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
        _remove(self.file)


class DraftKeeper:
    """Keeps the draft of one session: `keep` now and then, `drop` when it was saved or is not wanted any more."""

    def __init__(self, session: BuilderSession) -> None:
        self._session = session
        self._file = _folder() / f"{uuid4().hex}.json"
        self._lock: FileLock | None = None
        self._kept: tuple[str, FileStamp | None] | None = None

    def adopt(self, draft: Draft) -> None:
        """Go on with the draft from which the session was recovered, unless another process has it. Raises OSError."""
        self._lock = _locked(draft.file)
        if self._lock is not None:
            self._file = draft.file
            self._kept = (self._session.text, self._session.stamp)

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
    """The drafts of crashed sessions, the latest first. Raises OSError when they can't be listed."""
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


class Project:
    """A session with what belongs to it.

    `title` names it where it has no file; `sample` is what it is a copy of; `notes` are said when it is opened.
    """

    then = ""
    """The id of the action to perform once it is on the screen."""
    begins_from: Path | None = None
    """The document to choose streams from once it is on the screen."""

    def __init__(
        self,
        session: BuilderSession,
        *,
        title: str = "New connector",
        demo: DemoApi | None = None,
        sample: str | None = None,
        notes: Sequence[str] = (),
    ) -> None:
        self.session = session
        self.demo = demo
        self.sample = sample
        self.notes = notes
        self._title = title
        self._draft = DraftKeeper(session)

    @classmethod
    def new(cls, *, modeline: bool = False) -> Project:
        """An empty manifest; with a `modeline`, editors find the schema that is kept beside it (`editor_schema`)."""
        return cls(BuilderSession.new(MODELINE if modeline else ""))

    @classmethod
    def from_text(cls, text: str, *, title: str, notes: Sequence[str] = ()) -> Project:
        """A manifest that has no file yet, such as that of a published connector. Raises ManifestError."""
        return cls(BuilderSession.from_text(text), title=title, notes=notes)

    @classmethod
    def open(cls, path: Path) -> Project:
        """A file; one that is text but no manifest is opened as text, an empty one begins a new manifest.

        Raises ManifestError.
        """
        try:
            return cls(BuilderSession.open(path))
        except ManifestError:
            text = _text_of(path)
            if text is None:
                raise
        session = BuilderSession.from_text(NEW, path)
        if not text.strip():
            return cls(session, notes=[f"{path.name} is empty: a new manifest is begun in it. Saving writes it."])
        session.open_text(text)
        return cls(session)

    @classmethod
    def recover(cls, draft: Draft) -> Project:
        """What a crashed session had not saved, which goes on with its draft. Raises OSError."""
        try:
            session = BuilderSession.from_text(draft.text, draft.path, based_on=draft.based_on)
        except ManifestError:
            session = BuilderSession.from_text(NEW, draft.path, based_on=draft.based_on)
            session.edit_text(draft.text)
        project = cls(session, title="Recovered draft")
        project._draft.adopt(draft)
        return project

    @classmethod
    def try_demo(cls, name: str | None = None, *, modeline: bool = False, then: str = "") -> Project:
        """A copy of the simplest sample, or of the named one, and the demo API running for it. `then` is the id of the
        action to perform once it is on the screen.

        Raises KeyError when there is no sample of this name.
        """
        chosen = sample(name or SIMPLEST)
        text = chosen.path.read_text(encoding="utf-8")
        text = text if modeline else text.removeprefix(MODELINE)
        session = BuilderSession(Document.parse(text), problems_visible=True)
        demo = DemoApi()
        session.values.lend(demo.inputs(chosen.name))
        project = cls(session, title=f"Demo: {chosen.title}", demo=demo, sample=chosen.name)
        project.then = then
        return project

    @property
    def path(self) -> Path | None:
        """The file."""
        return self.session.path

    @property
    def title(self) -> str:
        """The name of the file, or what stands for it."""
        return str(self.path) if self.path else self._title

    @property
    def is_untouched(self) -> bool:
        """Whether it is an empty manifest in which nothing was done."""
        return self.path is None and self.demo is None and not self.session.dirty

    def keep_draft(self) -> None:
        """Write the draft of what is not saved. Raises OSError."""
        self._draft.keep()

    def drop_draft(self) -> None:
        """Delete the draft: its content was saved, or is not wanted."""
        self._draft.drop()

    def close(self) -> None:
        """Stop the demo API."""
        if self.demo is not None:
            self.demo.close()


def drafts_for(path: Path | None) -> list[Draft]:
    """The drafts worth offering when a file is opened, or (None) when the builder is started without one."""
    found = []
    with suppress(OSError):
        found = pending_drafts()
    if path is not None:
        found = [draft for draft in found if draft.path == path.resolve()]
    return [draft for draft in found if draft.path is None or draft.text != _text_of(draft.path)]


def _text_of(path: Path) -> str | None:
    """The text of a file, None when it is not text."""
    try:
        return path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError):
        return None
