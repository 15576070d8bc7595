"""The Python code of custom components, as Airbyte's tools give it to a source, and whether it may run."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from core.connector import Connector
from core.custom.permission import CustomCode, code_beside
from core.protocols.errors import SourceError

COMPONENTS = "__injected_components_py"
CHECKSUMS = "__injected_components_py_checksums"
ALLOWED = "AIRBYTE_ENABLE_UNSAFE_CODE"
"""The variable by which Airbyte allows custom code: its runtime does nothing else, whoever gives the code."""
_HASHES = {"md5": hashlib.md5, "sha256": hashlib.sha256}


def is_allowed() -> bool:
    """Whether the environment allows custom code."""
    return os.environ.get(ALLOWED, "").lower() == "true"


def custom_code(connector: Connector, file: Path | None, config: Mapping[str, Any]) -> CustomCode | None:
    """The code that may run: that of the config, of the file that is named, or of the one beside the manifest; None
    where none may run, or none is there.

    Raises `SourceError` for code in the config that may not run or is not what its checksums say, `InputError` for
    code that can't be read.
    """
    allowed = is_allowed()
    if text := config.get(COMPONENTS):
        if not allowed:
            raise SourceError(
                f"The config holds Python code (`{COMPONENTS}`), which may not run here: {ALLOWED}=true in the "
                "environment of the source allows it."
            )
        return CustomCode.of(_checked(text, config.get(CHECKSUMS)), "components.py")
    if not allowed or not connector.custom_components:
        return None
    file = file or (code_beside(Path(connector.file)) if connector.file else None)
    return CustomCode.load(file) if file is not None else CustomCode.of("", "components.py")


def _checked(text: Any, checksums: Any) -> str:
    """The code, if it is what its checksums say. Raises `SourceError`."""
    if not isinstance(text, str):
        raise SourceError(f"`{COMPONENTS}` in the config must be the code, a text.")
    if not isinstance(checksums, Mapping) or not checksums:
        raise SourceError(f"`{COMPONENTS}` needs its checksums: `{CHECKSUMS}` with `sha256` or `md5`.")
    for name, expected in checksums.items():
        if name not in _HASHES:
            raise SourceError(f"`{CHECKSUMS}` names `{name}`; known are {', '.join(_HASHES)}.")
        if _HASHES[name](text.encode()).hexdigest() != expected:
            raise SourceError(f"`{COMPONENTS}` is not the code of `{CHECKSUMS}`: its {name} is another one.")
    return text
