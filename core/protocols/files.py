"""The JSON files that a source is given: catalog and state."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import orjson

from core.protocols.errors import SourceError
from core.runtime.cursor import NO_CURSOR

IGNORED = "__ab_"
"""How the keys of a state begin that Airbyte's tools keep there for themselves."""
_LARGEST = 500_000_000
_SYNC_MODES = ("full_refresh", "incremental")
_CATALOG = (
    'Expected is a configured catalog: {"streams": [{"stream": {"name": ...}, "sync_mode": "incremental", '
    '"destination_sync_mode": "append"}]}; `discover` gives the streams.'
)

States = dict[str, Mapping[str, Any]]


def read_catalog(path: Path) -> tuple[str, ...]:
    """The streams that a configured catalog asks for, in its order. Raises `SourceError`."""
    content = _json(path, "catalog")
    entries = content.get("streams") if isinstance(content, dict) else None
    if not isinstance(entries, list):
        raise SourceError(f"{path} is no catalog: it has no list of `streams`. {_CATALOG}")
    return tuple(dict.fromkeys(_stream_name(path, number, entry) for number, entry in enumerate(entries, 1)))


def _stream_name(path: Path, number: int, entry: Any) -> str:
    try:
        name, mode = entry["stream"]["name"], entry.get("sync_mode", _SYNC_MODES[0])
    except (TypeError, KeyError, AttributeError):
        name, mode = None, None
    if not isinstance(name, str):
        raise SourceError(f"{path}: the stream {number} of the catalog has no `name`. {_CATALOG}")
    if mode not in _SYNC_MODES:
        raise SourceError(f"{path}: the `sync_mode` of {name} is none of {', '.join(_SYNC_MODES)}.")
    return name


def read_state(path: Path | None) -> tuple[States, list[str]]:
    """The state of each stream that has one, and what is said about states that are passed over.

    As Airbyte's runtime takes it: a list of STREAM messages, one GLOBAL message without shared state, nothing. States
    of the old LEGACY kind are passed over. Raises `SourceError`.
    """
    content = _json(path, "state") if path is not None else []
    if content in ([], {}, None):
        return {}, []
    if not isinstance(content, list) or not all(isinstance(message, dict) for message in content):
        raise _no_state(path)
    states: States = {}
    warnings: list[str] = []
    for message in content:
        match message.get("type", "STREAM"):
            case "STREAM":
                _add(states, message.get("stream"), path)
            case "GLOBAL" if len(content) == 1:
                _add_global(states, message.get("global"), path)
            case kind if isinstance(kind, str):
                warnings.append(f"A state of the type {kind} is passed over: the streams in it are read anew.")
            case _:
                raise _no_state(path)
    return states, warnings


def _add_global(states: States, content: Any, path: Path | None) -> None:
    if not isinstance(content, dict) or not isinstance(content.get("stream_states"), list):
        raise _no_state(path)
    if content.get("shared_state"):
        raise SourceError(
            f"The state file {path} holds a GLOBAL state that streams share; streams of a manifest have a state each. "
            "It is from another source: reset the state, or give that of this one."
        )
    for entry in content["stream_states"]:
        _add(states, entry, path)


def _add(states: States, entry: Any, path: Path | None) -> None:
    try:
        descriptor, state = entry["stream_descriptor"], entry.get("stream_state")
        name, namespace = descriptor["name"], descriptor.get("namespace")
    except (TypeError, KeyError, AttributeError):
        raise _no_state(path) from None
    if not isinstance(name, str) or not isinstance(state, dict | None):
        raise _no_state(path)
    state = state or {}
    own = {key: value for key, value in state.items() if not key.startswith(IGNORED)}
    if not own and state.get(NO_CURSOR):  # that there is a state at all decides what some streams read
        own = {NO_CURSOR: True}
    if own and namespace is None:  # streams of a manifest are in no namespace
        states[name] = own


def _no_state(path: Path | None) -> SourceError:
    return SourceError(
        f"{path} is no state of a source. Expected is a list of STATE messages, which may be empty: "
        '[{"type": "STREAM", "stream": {"stream_descriptor": {"name": ...}, "stream_state": {...}}}].'
    )


def _json(path: Path, what: str) -> Any:
    try:
        with path.open("rb") as file:
            content = file.read(_LARGEST + 1)
    except (OSError, ValueError) as error:
        reason = (error.strerror if isinstance(error, OSError) else None) or str(error)
        raise SourceError(f"The {what} {path} can't be read: {reason.lower()}.") from None
    if len(content) > _LARGEST:
        raise SourceError(f"The {what} {path} is larger than {_LARGEST // 1_000_000} MB.")
    try:
        return orjson.loads(content)
    except orjson.JSONDecodeError as error:
        raise SourceError(f"{path}:{error.lineno}:{error.colno}: the {what} is not valid JSON.") from None
