"""An API that can be made to wait, and the command that reads from it in a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import yaml

from tests.support.threaded_api import Call, ThreadedApi

PATIENCE = 30.0


class SlowApi(ThreadedApi):
    """Gives a record or two for each path but waits for `gate` first. `asked` holds what it was asked for.

    `/token` gives a new refresh token for the one before, which is void then.
    """

    def __init__(self) -> None:
        self.gate = threading.Event()
        self.asked: list[str] = []
        self.arrived = threading.Condition()
        self.renewals: list[str] = []
        super().__init__()

    def reply(self, call: Call) -> tuple[int, Any]:
        if call.method == "POST":
            return self.renew(parse_qs(call.body.decode())["refresh_token"][0])
        self.note(call.path)
        self.gate.wait(PATIENCE)
        return 200, [{"id": 1}, {"id": 2}]

    def release(self) -> None:
        self.gate.set()

    def note(self, path: str) -> None:
        with self.arrived:
            self.asked.append(path)
            self.arrived.notify_all()

    def renew(self, refresh_token: str) -> tuple[int, dict[str, Any]]:
        self.renewals.append(refresh_token)
        number = len(self.renewals)
        if refresh_token != f"refresh-token-{number - 1}":
            return 400, {"error": "invalid_grant"}
        tokens = {"access_token": f"access-token-{number}", "refresh_token": f"refresh-token-{number}"}
        return 200, {**tokens, "expires_in": 0.01}

    def was_asked(self, times: int) -> None:
        with self.arrived:
            assert self.arrived.wait_for(lambda: len(self.asked) >= times, PATIENCE)


def manifest(path: Path, url: str, *streams: str, authenticator: dict[str, Any] | None = None) -> Path:
    """A manifest with streams that are read from the API, one record after the other."""
    path.write_text(
        yaml.safe_dump(
            {
                "version": "7.0.0",
                "type": "DeclarativeSource",
                "check": {"type": "CheckStream", "stream_names": list(streams)},
                "streams": [_stream(name, url, authenticator) for name in streams],
            }
        )
    )
    return path


def _stream(name: str, url: str, authenticator: dict[str, Any] | None) -> dict[str, Any]:
    requester = {"type": "HttpRequester", "url_base": url, "path": "/things"}
    extractor = {"type": "DpathExtractor", "field_path": []}
    return {
        "type": "DeclarativeStream",
        "name": name,
        "retriever": {
            "type": "SimpleRetriever",
            "requester": requester | ({"authenticator": authenticator} if authenticator else {}),
            "record_selector": {"type": "RecordSelector", "extractor": extractor},
        },
    }


def start(
    *arguments: object, folder: Path | None = None, code: str = "", environment: Mapping[str, str] | None = None
) -> subprocess.Popen[str]:
    """Start the command in a process of its own; `code` runs in it first."""
    program = f"{code}\nimport sys\nfrom core.command.cli import main\nsys.exit(main())"
    return subprocess.Popen(
        [sys.executable, "-c", program, *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2]), **(environment or {})},
    )


def end(process: subprocess.Popen[str]) -> tuple[int, str]:
    """The exit code of the command and what it printed; a traceback is never part of that."""
    _, output = process.communicate(timeout=PATIENCE)
    assert "Traceback" not in output, output
    assert "internal error of Longhaul" not in output, output
    return process.returncode, output


def run(
    *arguments: object, folder: Path | None = None, code: str = "", environment: Mapping[str, str] | None = None
) -> tuple[int, str]:
    """Run the command to its end."""
    return end(start(*arguments, folder=folder, code=code, environment=environment))
