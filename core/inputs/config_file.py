"""Reads the file that inputs are given in, YAML or JSON, within bounds.

The messages never repeat what is written in the file, for it holds secrets.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson

from core.errors import InputError
from core.manifest.compose import NO_MAPPING, compose
from core.manifest.nodes import value_of
from core.manifest.problems import ManifestError

_MAX_BYTES = 10_000_000
_MAX_DEPTH = 100
"""Objects and lists that may be nested in each other."""


def read_config(file: Path) -> dict[str, Any]:
    """The inputs in a file; dates are texts, as the inputs of a connector are JSON. Raises `InputError`."""
    content = _parse(file, _text(file))
    if content is None:
        return {}
    if not isinstance(content, dict):
        raise InputError(f"The config file {file} must hold an object: one `name: value` for each input.")
    if _is_deep(content):
        raise InputError(f"The config file {file} is nested more than {_MAX_DEPTH} levels deep.")
    return {str(name): value for name, value in content.items()}


def _text(file: Path) -> str:
    try:
        with file.open("rb") as opened:
            content = opened.read(_MAX_BYTES + 1)
    except (OSError, ValueError) as error:
        reason = (error.strerror if isinstance(error, OSError) else None) or str(error)
        raise InputError(f"The config file {file} can't be read: {reason.lower()}.") from None
    if len(content) > _MAX_BYTES:
        raise InputError(f"The config file {file} is larger than {_MAX_BYTES // 1_000_000} MB.")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise InputError(f"The config file {file} is not text in UTF-8.") from None


def _parse(file: Path, text: str) -> Any:
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError as error:
        if file.suffix == ".json":
            raise InputError(f"{file}:{error.lineno}:{error.colno}: the config file is not valid JSON.") from None
    if not any(line.strip() and not line.lstrip().startswith(("#", "---", "...")) for line in text.splitlines()):
        return None
    try:
        return value_of(compose(text))
    except ManifestError as error:
        problem = error.problems[0]
    if problem.message == NO_MAPPING:
        return problem.message
    position = problem.position
    place = f"{file}:{position.line}:{position.column}" if position else str(file)
    raise InputError(f"{place}: the config file is not valid YAML. Values with special characters need quotes.")


def _is_deep(content: Any) -> bool:
    level = [content]
    for _ in range(_MAX_DEPTH):
        level = [
            inner
            for value in level
            if isinstance(value, (dict, list))
            for inner in (value.values() if isinstance(value, dict) else value)
        ]
    return bool(level)
