"""Where the builder keeps what belongs to the person and not to a project, and files that only they may read."""

from __future__ import annotations

import hashlib
import os
import secrets
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

CONFIG_VARIABLE = "LONGHAUL_CONFIG_DIR"
STATE_VARIABLE = "LONGHAUL_STATE_DIR"


def config_folder(environment: Mapping[str, str] = os.environ) -> Path:
    """The folder of the settings; `LONGHAUL_CONFIG_DIR` names another one."""
    if named := environment.get(CONFIG_VARIABLE):
        return Path(named)
    return _base(environment, "XDG_CONFIG_HOME", ".config", "APPDATA") / "longhaul"


def state_folder(environment: Mapping[str, str] = os.environ) -> Path:
    """The folder of drafts and test values; `LONGHAUL_STATE_DIR` names another one."""
    if named := environment.get(STATE_VARIABLE):
        return Path(named)
    return _base(environment, "XDG_STATE_HOME", ".local/state", "LOCALAPPDATA") / "longhaul"


def troubles() -> list[str]:
    """Why nothing can be kept in these folders, each said once; none when something can."""
    found = []
    for folder, is_config in ((config_folder(), True), (state_folder(), False)):
        try:
            probe = folder / f".{secrets.token_hex(4)}.probe"
            write_private(probe, b"")
            probe.unlink()
        except OSError as error:
            found.append(said_once(folder, error, settings=is_config))
    return [told for told in found if told]


def said_once(folder: Path, error: OSError, *, settings: bool = False) -> str | None:
    """The words for a folder, of the settings or of the rest, that can't be written to; None when they were given."""
    if folder in _told:
        return None
    _told.add(folder)
    what = "Settings and recent files" if settings else "Drafts, values of inputs and what is copied"
    variable = CONFIG_VARIABLE if settings else STATE_VARIABLE
    reason = error.strerror or str(error)
    return f"{what} can't be kept in {folder}: {reason}. The builder works without; {variable} names another folder."


_told: set[Path] = set()
"""The folders of which a person knows that they can't be written to."""


def _base(environment: Mapping[str, str], variable: str, usual: str, windows: str) -> Path:
    if named := environment.get(variable):
        return Path(named)
    try:
        home = Path.home()
    except RuntimeError:  # nobody's home: nothing can be written below it, which is said as of any other folder
        home = Path(os.devnull)
    if sys.platform == "win32":
        return Path(environment.get(windows) or home)
    if sys.platform == "darwin":
        return home / "Library" / "Application Support"
    return home / usual


def key_of(path: Path | str) -> str:
    """A short name for a file, unique by where it is."""
    return hashlib.sha256(str(Path(path).resolve()).encode()).hexdigest()[:20]


def write_private(path: Path, content: bytes) -> None:
    """Write a file that only its owner can read, at once or not at all. Raises OSError."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    part = path.with_name(f".{path.name}.{secrets.token_hex(4)}.part")
    try:
        with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    except BaseException:
        with suppress(OSError):
            part.unlink()
        raise
