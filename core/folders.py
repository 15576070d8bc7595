"""Where Longhaul keeps what belongs to the person and not to a project."""

from __future__ import annotations

import hashlib
import os
import sys
from collections.abc import Mapping
from pathlib import Path

from core.environment import CONFIG_DIR, STATE_DIR


def config_folder(environment: Mapping[str, str] = os.environ) -> Path:
    """The folder of the settings; `LONGHAUL_CONFIG_DIR` names another one."""
    if named := environment.get(CONFIG_DIR):
        return Path(named)
    return _base(environment, "XDG_CONFIG_HOME", ".config", "APPDATA") / "longhaul"


def state_folder(environment: Mapping[str, str] = os.environ) -> Path:
    """The folder of drafts, test values and tokens; `LONGHAUL_STATE_DIR` names another one."""
    if named := environment.get(STATE_DIR):
        return Path(named)
    return _base(environment, "XDG_STATE_HOME", ".local/state", "LOCALAPPDATA") / "longhaul"


def _base(environment: Mapping[str, str], variable: str, usual: str, windows: str) -> Path:
    if named := environment.get(variable):
        return Path(named)
    try:
        home = Path.home()
    except RuntimeError:  # nobody is at home, as in some containers: no folder can be made there, and that is said
        home = Path(os.devnull)
    if sys.platform == "win32":
        return Path(environment.get(windows) or home)
    if sys.platform == "darwin":
        return home / "Library" / "Application Support"
    return home / usual


def key_of(path: Path | str) -> str:
    """A short name for a file, unique by where it is."""
    return hashlib.sha256(str(Path(path).resolve()).encode(errors="surrogateescape")).hexdigest()[:20]
