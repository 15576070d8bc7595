"""Where the files of records go that a source is asked for."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from core.components.stream import ReadableStream
from core.connector import Connector
from core.outputs.durable import OutputError
from core.outputs.file_folder import FileFolder

STAGING = "AIRBYTE_STAGING_DIRECTORY"
"""The variable by which Airbyte's platform says where they go."""
_STAGED = Path("/staging/files")
_LOCAL = Path("/tmp/airbyte-file-transfer")


def staging_folder(connector: Connector) -> FileFolder | None:
    """The folder, where a stream has files. Airbyte: the one that is named, if it is there; else one in /tmp.

    Raises `OutputError`.
    """
    streams = [*connector.streams, *(template.definition.stream_template for template in connector.templates)]
    ways = [way for stream in streams if isinstance(stream, ReadableStream) for way in stream.ways]
    if not any(way.file_uploader for way in ways):
        return None
    named = Path(os.environ.get(STAGING) or _STAGED)
    if named.is_dir():
        return FileFolder(named, connector.stream_names)
    _check_own(_LOCAL)
    return FileFolder(_LOCAL, connector.stream_names)


def _check_own(path: Path) -> None:
    """Create a folder that only this user may write to. Raises `OutputError` where somebody else has put it there."""
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        found = path.lstat()
    except OSError as error:
        raise OutputError.of(path, error) from error
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid():
        raise OutputError(f"{path} belongs to somebody else: name a folder for files in the variable {STAGING}.")
