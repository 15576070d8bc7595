"""What Longhaul finds around it: the variables and the folders that are its own."""

from __future__ import annotations

import hashlib
import os
import sys
from collections.abc import Mapping
from pathlib import Path

DEBUG = "LONGHAUL_DEBUG"
"""Set to 1, it shows the traceback when Longhaul stops because of a fault of its own."""
CONFIG_DIR = "LONGHAUL_CONFIG_DIR"
"""Names the folder of the settings."""
STATE_DIR = "LONGHAUL_STATE_DIR"
"""Names the folder of what is kept from one start to the next."""
MANIFEST = "LONGHAUL_MANIFEST"
"""Names the manifest of `source-longhaul`."""
CUSTOM_PYTHON = "LONGHAUL_CUSTOM_PYTHON"
"""Names the Python that runs custom components: one of an environment with airbyte-cdk in it."""
CUSTOM_SECONDS = "LONGHAUL_CUSTOM_SECONDS"
"""The seconds that custom components have for an answer."""

OWN = frozenset({DEBUG, CONFIG_DIR, STATE_DIR, MANIFEST, CUSTOM_PYTHON, CUSTOM_SECONDS})
"""All other variables that begin with `LONGHAUL_` are inputs."""


def config_folder(environment: Mapping[str, str] = os.environ) -> Path:
    """The folder of the settings."""
    if named := environment.get(CONFIG_DIR):
        return Path(named)
    return _base(environment, "XDG_CONFIG_HOME", ".config", "APPDATA") / "longhaul"


def state_folder(environment: Mapping[str, str] = os.environ) -> Path:
    """The folder of drafts, the values of trials and tokens."""
    if named := environment.get(STATE_DIR):
        return Path(named)
    return _base(environment, "XDG_STATE_HOME", ".local/state", "LOCALAPPDATA") / "longhaul"


def _base(environment: Mapping[str, str], variable: str, usual: str, windows: str) -> Path:
    if named := environment.get(variable):
        return Path(named)
    try:
        home = Path.home()
    except RuntimeError:  # no home directory, as in some containers: creating a folder there fails with a message
        home = Path(os.devnull)
    if sys.platform == "win32":
        return Path(environment.get(windows) or home)
    if sys.platform == "darwin":
        return home / "Library" / "Application Support"
    return home / usual


def key_of(path: Path | str) -> str:
    """A short key for a file, unique by its path."""
    return hashlib.sha256(str(Path(path).resolve()).encode(errors="surrogateescape")).hexdigest()[:20]
