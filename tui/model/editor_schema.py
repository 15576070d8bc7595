"""What lets editors of YAML complete and check a manifest that begins here: its first line and the schema beside it."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from core.connector.schema import SCHEMA_MARK, schema_text
from core.manifest.files import write_text
from core.manifest.problems import ManifestError

SCHEMA = ".longhaul/manifest.schema.json"
"""Where the schema is kept, seen from the folder of the manifest: the same on every machine."""
MODELINE = f"# yaml-language-server: $schema={SCHEMA}\n"
"""The first line of a new manifest; a comment, so that nothing but editors minds it."""


def keep_schema(manifest: Path, text: str) -> bool:
    """Write the schema beside a manifest whose first line names it, unless it is there as this version makes it.

    Returns whether there is a file now that was not there before. Where it can't be written, editors do without: the
    manifest itself is saved.
    """
    if not text.startswith(MODELINE):
        return False
    file = manifest.parent / SCHEMA
    with suppress(OSError, ManifestError):
        is_new = not file.exists()
        if not _is_current(file):
            file.parent.mkdir(exist_ok=True)
            write_text(file, schema_text())
        return is_new
    return False


def _is_current(file: Path) -> bool:
    try:
        with file.open("rb") as kept:
            return SCHEMA_MARK.encode() in kept.read(200)
    except FileNotFoundError:
        return False
