"""Files of the builder that only the person may read, and the folders that they are in."""

from __future__ import annotations

import secrets
from pathlib import Path

from core.environment import CONFIG_DIR, STATE_DIR
from core.folders import config_folder, key_of, state_folder
from core.outputs.durable import replacing

__all__ = ["config_folder", "key_of", "state_folder", "write_private"]


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
    variable = CONFIG_DIR if settings else STATE_DIR
    reason = error.strerror or str(error)
    return f"{what} can't be kept in {folder}: {reason}. The builder works without; {variable} names another folder."


_told: set[Path] = set()
"""The folders of which a person knows that they can't be written to."""


def write_private(path: Path, content: bytes) -> None:
    """Write a file that only its owner can read, at once or not at all. Raises OSError."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with replacing(path, mode=0o600, keep=False) as file:
        file.write(content)
