"""A source that is asked in this process or in one of its own, manifests for it, and what it answers."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from core.protocols.entry import answer
from core.protocols.options import parse
from core.protocols.writer import MessageWriter

ROOT = Path(__file__).parents[2]
PATIENCE = 30.0

Message = dict[str, Any]


def stream(name: str, url: str, path: str, **more: Any) -> dict[str, Any]:
    """A stream whose answer is the list of its records."""
    return {
        "type": "DeclarativeStream",
        "name": name,
        "retriever": {
            "type": "SimpleRetriever",
            "requester": {"type": "HttpRequester", "url_base": url, "path": path, **more.pop("requester", {})},
            "record_selector": {
                "type": "RecordSelector",
                "extractor": {"type": "DpathExtractor", "field_path": []},
            },
        },
        "schema_loader": {
            "type": "InlineSchemaLoader",
            "schema": {"type": "object", "properties": {"id": {"type": "integer"}}},
        },
        **more,
    }


BY_DAY = {
    "type": "DatetimeBasedCursor",
    "cursor_field": "day",
    "datetime_format": "%Y-%m-%d",
    "start_datetime": "2024-01-01",
    "end_datetime": "2024-01-31",
    "start_time_option": {"type": "RequestOption", "inject_into": "request_parameter", "field_name": "since"},
}


def manifest(*streams: Mapping[str, Any], check: Any = None, **more: Any) -> dict[str, Any]:
    """A manifest that takes an API key, a secret."""
    inputs = {"key": {"type": "string", "airbyte_secret": True}, "pages": {"type": "integer", "default": 3}}
    return {
        "version": "7.0.0",
        "type": "DeclarativeSource",
        "check": check or {"type": "CheckStream", "stream_names": [streams[0]["name"]]},
        "streams": [*streams],
        "spec": {
            "type": "Spec",
            "documentation_url": "https://example.com/docs",
            "connection_specification": {"type": "object", "required": ["key"], "properties": inputs},
        },
        **more,
    }


def catalog(*names: str) -> dict[str, Any]:
    """A configured catalog that asks for streams as PyAirbyte does, incrementally whatever they are."""
    modes = ["full_refresh", "incremental"]
    return {
        "streams": [
            {
                "stream": {"name": name, "json_schema": {}, "supported_sync_modes": modes},
                "sync_mode": "incremental",
                "destination_sync_mode": "append",
            }
            for name in names
        ]
    }


def state(name: str, value: Mapping[str, Any]) -> dict[str, Any]:
    return {"type": "STREAM", "stream": {"stream_descriptor": {"name": name}, "stream_state": value}}


class Asking:
    """The command line for a source, with its files in a folder; `None` leaves one out."""

    def __init__(
        self, folder: Path, content: Mapping[str, Any] | None, config: Mapping[str, Any] | None = None
    ) -> None:
        self.folder = folder
        self._content = content
        self._config = {"key": "s3cret-key"} if config is None else config
        self.catalog: Mapping[str, Any] | None = None
        """What is asked for in place of the streams that are named."""

    def words(self, command: str, *streams: str, states: Any = None) -> list[str]:
        """The words of the command line, for any source that speaks the protocol."""
        words = [command]
        if command != "spec":
            words += ["--config", self._file("config.json", self._config)]
        if self._content is not None:
            words += ["--manifest-path", self._file("manifest.yaml", self._content)]
        if command == "read":
            words += ["--catalog", self._file("catalog.json", self.catalog or catalog(*streams))]
        if states is not None:
            words += ["--state", self._file("state.json", states)]
        return words

    def __call__(self, command: str, *streams: str, states: Any = None, options: Iterable[str] = ()) -> Answer:
        """What the source answers in this process."""
        output = self.folder / "output.jsonl"
        with output.open("wb") as file:
            writer = MessageWriter(file.fileno())
            code = answer(parse([*self.words(command, *streams, states=states), *options]), writer)
            writer.close()
        return Answer(code, output.read_text())

    def start(self, command: str, *streams: str, states: Any = None) -> subprocess.Popen[bytes]:
        """Start the source in a process of its own."""
        return subprocess.Popen(
            [sys.executable, "-P", "-m", "core.protocols", *self.words(command, *streams, states=states)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        )

    def _file(self, name: str, content: Any) -> str:
        path = self.folder / name
        path.write_text(json.dumps(content))
        return str(path)


class Answer:
    """The exit code of a source, and its messages."""

    def __init__(self, code: int, output: str) -> None:
        self.code = code
        self.output = output
        self.messages: list[Message] = [json.loads(line) for line in output.splitlines()]

    def of(self, kind: str) -> list[Any]:
        """What the messages of a type say."""
        names = {"CONNECTION_STATUS": "connectionStatus"}
        return [one[names.get(kind, kind.lower())] for one in self.messages if one["type"] == kind]

    def records(self, name: str) -> list[Any]:
        return [record["data"] for record in self.of("RECORD") if record["stream"] == name]

    def states(self, name: str) -> list[Any]:
        return [one for one in self.of("STATE") if one["stream"]["stream_descriptor"] == {"name": name}]

    def statuses(self, name: str) -> list[str]:
        found = [trace["stream_status"] for trace in self.of("TRACE") if trace["type"] == "STREAM_STATUS"]
        return [one["status"] for one in found if one["stream_descriptor"] == {"name": name}]

    @property
    def errors(self) -> list[Any]:
        return [trace["error"] for trace in self.of("TRACE") if trace["type"] == "ERROR"]

    @property
    def logs(self) -> list[str]:
        return [f"{log['level']} {log['message']}" for log in self.of("LOG")]
