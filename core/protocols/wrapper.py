"""`longhaul --make-source`: a command for one manifest, for tools that can't say where the manifest is."""

from __future__ import annotations

import os
import shlex
import sys
from pathlib import Path

from core.connector import load_connector
from core.environment import MANIFEST
from core.errors import ManifestError
from core.manifest.document import Document
from core.outputs.durable import OutputError, replacing
from core.outputs.paths import NamedPath, check_distinct, check_file, resolved

_BEGIN = f"#!/bin/sh\nexec env {MANIFEST}="
_MODE = 0o755


def make_source(manifest: Path, output: Path) -> None:
    """Write a command that is `source-longhaul` with this manifest, wherever it is called from.

    It names the manifest and this interpreter by their absolute paths. An earlier one is replaced, other files stay.
    Raises `ManifestError` for a manifest that can't be read, `OutputError`.
    """
    connector = load_connector(Document.load(manifest))
    if connector.source is None or not connector.readable():
        raise ManifestError(connector.errors or connector.problems)
    place = resolved(output)
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError.of(place.parent, error) from error
    check_file(NamedPath("--output", place))
    check_distinct([NamedPath("--output", place), NamedPath("the manifest", manifest, written=False)])
    _check_earlier(place)
    try:
        with replacing(place, mode=_MODE, keep=False) as file:
            file.write(_text(manifest).encode(errors="surrogateescape"))
            os.chmod(file.fileno(), _MODE)
    except OSError as error:
        raise OutputError.of(output, error) from error


def _text(manifest: Path) -> str:
    python, path = shlex.quote(sys.executable), shlex.quote(str(resolved(manifest)))
    return f'{_BEGIN}{path} {python} -P -m core.protocols "$@"\n'


def _check_earlier(place: Path) -> None:
    """Raises `OutputError` for a file that is there and was not written by this command."""
    try:
        with place.open("rb") as file:
            is_ours = file.read(len(_BEGIN)) == _BEGIN.encode()
    except FileNotFoundError:
        return
    except OSError as error:
        raise OutputError.of(place, error) from error
    if not is_ours:
        raise OutputError(
            f"{place} is there already, and is no command that --make-source has written: move it away, or choose "
            "another name."
        )
