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


def _base(environment: Mapping[str, str], variable: str, usual: str, windows: str) -> Path:
    if named := environment.get(variable):
        return Path(named)
    if sys.platform == "win32":
        return Path(environment.get(windows) or Path.home())
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Application Support"
    return Path.home() / usual


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
