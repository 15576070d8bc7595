"""The state file: how far each stream was read, in the shape that Airbyte uses."""

from __future__ import annotations

from codecs import BOM_UTF8
from collections.abc import Mapping
from pathlib import Path
from threading import Lock
from typing import Any

import orjson

from core.outputs.durable import OutputError, replacing
from core.outputs.paths import check_writable


class StateFile:
    """A JSON file with one entry per stream.

    It reads Airbyte's list of STREAM state messages or a plain mapping from stream name to state, and writes the list.
    The entries of other streams, and whatever else an entry contains, are preserved.
    """

    def __init__(self, path: Path, *, to_write: bool = True) -> None:
        """Read the file; a missing one counts as empty. Raises `OutputError`, also where it can't be written."""
        self.path = path
        self._place = path.resolve()
        self._lock = Lock()
        self._entries = [_entry(path, item) for item in _load(path, to_write)]

    def of(self, stream: str) -> Mapping[str, Any] | None:
        """The state of a stream; None when it has none."""
        for entry in self._entries:
            if entry["stream"]["stream_descriptor"]["name"] == stream:
                state: Mapping[str, Any] | None = entry["stream"].get("stream_state")
                return state
        return None

    def save(self, stream: str, state: Mapping[str, Any]) -> None:
        """Write the state of a stream, atomically and durably; any thread may call. Raises `OSError`."""
        with self._lock:
            for entry in self._entries:
                if entry["stream"]["stream_descriptor"]["name"] == stream:
                    entry["stream"]["stream_state"] = state
                    break
            else:
                self._entries.append(_stream_entry(stream, state))
            with replacing(self._place, mode=0o600) as file:
                file.write(orjson.dumps(self._entries, str, orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE))


def _load(path: Path, to_write: bool) -> list[Any]:
    try:
        text = path.read_bytes().removeprefix(BOM_UTF8)
    except FileNotFoundError:
        if not path.parent.is_dir():
            raise OutputError(f"The directory of the state file, {path.parent}, does not exist; create it.") from None
        text = b""
    except OSError as error:
        raise OutputError(f"The state file {path} can't be read: {(error.strerror or '').lower()}.") from error
    if to_write:
        check_writable(path.parent)
    if not text.strip():
        return []
    try:
        content = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise OutputError(
            f"{path}:{error.lineno}:{error.colno}: the state file is not JSON. "
            "Correct it, or move it away to start over."
        ) from None
    if isinstance(content, dict) and "type" not in content:
        return [_stream_entry(name, state) for name, state in content.items()]
    return content if isinstance(content, list) else [content]


def _entry(path: Path, item: Any) -> dict[str, Any]:
    try:
        stream = item["stream"]
        valid = isinstance(stream["stream_descriptor"]["name"], str)
        valid = valid and isinstance(stream.get("stream_state"), dict | None)
    except (TypeError, KeyError, AttributeError):
        valid = False
    if not valid:
        raise OutputError(
            f"{path} is not a state file: it holds something that is no state of a stream. Expected is "
            'a list of Airbyte\'s state messages ({"type": "STREAM", "stream": {"stream_descriptor": '
            '{"name": ...}, "stream_state": {...}}}) or a mapping from stream names to states.'
        )
    entry: dict[str, Any] = item
    return entry


def _stream_entry(name: str, state: Any) -> dict[str, Any]:
    return {"type": "STREAM", "stream": {"stream_descriptor": {"name": name}, "stream_state": state}}
