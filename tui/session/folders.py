"""Files of the builder that only the person may read, and the folders that they are in."""

from __future__ import annotations

from pathlib import Path

from core.folders import config_folder, key_of, state_folder
from core.outputs.durable import replacing

__all__ = ["config_folder", "key_of", "state_folder", "write_private"]


def write_private(path: Path, content: bytes) -> None:
    """Write a file that only its owner can read, at once or not at all. Raises OSError."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with replacing(path, mode=0o600, keep=False) as file:
        file.write(content)
