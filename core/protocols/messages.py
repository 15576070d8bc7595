"""The messages of the Airbyte protocol as lines of bytes, in the shapes in which Airbyte's own runtime gives them."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from core.levels import Level

CONFIG_ERROR, SYSTEM_ERROR, TRANSIENT_ERROR = "config_error", "system_error", "transient_error"
"""Whose turn it is after a failure: the person's, the developer's, or nobody's, for it may pass."""
STARTED, RUNNING, COMPLETE, INCOMPLETE = "STARTED", "RUNNING", "COMPLETE", "INCOMPLETE"
NO_CURSOR = {"__ab_no_cursor_state_message": True}
"""The state of a stream that has none."""

_LEVELS = {Level.DEBUG: "DEBUG", Level.INFO: "INFO", Level.WARNING: "WARN", Level.ERROR: "ERROR"}


def milliseconds() -> float:
    """The time, as messages have it."""
    return time.time() * 1000


def log(level: Level, text: str) -> bytes:
    return _line("LOG", log={"level": _LEVELS[level], "message": text})


def spec(specification: Mapping[str, Any]) -> bytes:
    return _line("SPEC", spec=specification)


def connection_status(problem: str | None) -> bytes:
    """The outcome of a check: what is wrong, None when nothing is."""
    failed = {"status": "FAILED", "message": problem}
    return _line("CONNECTION_STATUS", connectionStatus={"status": "SUCCEEDED"} if problem is None else failed)


def catalog(streams: Sequence[Mapping[str, Any]]) -> bytes:
    return _line("CATALOG", catalog={"streams": streams})


def state(stream: str, value: Mapping[str, Any], records: int) -> bytes:
    """The state of a stream; `records` is the number of its records since the one before."""
    entry = {"stream_descriptor": {"name": stream}, "stream_state": value}
    return _line("STATE", state={"type": "STREAM", "stream": entry, "sourceStats": {"recordCount": float(records)}})


def stream_status(stream: str, status: str) -> bytes:
    told = {"stream_descriptor": {"name": stream}, "status": status}
    return _line("TRACE", trace={"type": "STREAM_STATUS", "emitted_at": milliseconds(), "stream_status": told})


def error(text: str, failure_type: str, *, stream: str | None = None, details: str | None = None) -> bytes:
    """A failure: `text` is for people, `details` for developers."""
    told: dict[str, Any] = {"message": text, "internal_message": details or text, "failure_type": failure_type}
    if stream is not None:
        told["stream_descriptor"] = {"name": stream}
    return _line("TRACE", trace={"type": "ERROR", "emitted_at": int(milliseconds()), "error": told})


def changed_config(config: Mapping[str, Any]) -> bytes:
    """The inputs that later runs are to be given."""
    content = {"type": "CONNECTOR_CONFIG", "emitted_at": milliseconds(), "connectorConfig": {"config": config}}
    return _line("CONTROL", control=content)


def without_nulls(value: Mapping[str, Any]) -> dict[str, Any]:
    """The same without keys that are null: Airbyte's runtime leaves them out at the top of what it sends."""
    return {key: one for key, one in value.items() if one is not None}


def _line(kind: str, **content: Any) -> bytes:
    message = {"type": kind, **content}
    try:
        return orjson.dumps(message, str, orjson.OPT_APPEND_NEWLINE | orjson.OPT_NON_STR_KEYS)
    except TypeError:  # integers of any size
        from core.outputs.encoders import json_text

        return json_text(message).encode() + b"\n"
