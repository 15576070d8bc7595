"""The commands of `docs/airbyte.md`, word for word, on a sample against the demo API."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from sample_configs import sample
from sample_configs.demo_api import DemoApi

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "airbyte.md"
COMMANDS = {"longhaul": "core.command.cli", "source-longhaul": "core.protocols"}


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", PAGE.read_text(), re.MULTILINE | re.DOTALL)


def test_every_command_works_as_written(tmp_path: Path) -> None:
    binaries = tmp_path / "commands"
    binaries.mkdir()
    for name, module in COMMANDS.items():
        (binaries / name).write_text(f'#!/bin/sh\nexec "{sys.executable}" -P -m {module} "$@"\n')
        (binaries / name).chmod(0o755)
    (tmp_path / "connector.yaml").write_bytes(sample("sendgrid_contacts").path.read_bytes())
    (tmp_path / "catalog.json").write_text(blocks("json")[0])
    environment = {**os.environ, "PATH": f"{binaries}:{os.environ['PATH']}", "PYTHONPATH": str(ROOT)}
    told = []
    with DemoApi(pace=0, rows=20) as api:
        (tmp_path / "config.json").write_text(json.dumps(api.inputs("sendgrid_contacts")))
        for command in "".join(blocks("sh")).splitlines():
            if command == "pip install airbyte":
                continue
            ended = subprocess.run(
                command, shell=True, check=True, capture_output=True, text=True, cwd=tmp_path, env=environment
            )
            told.append([json.loads(line) for line in ended.stdout.splitlines() if line.startswith("{")])
    assert [messages[-1]["type"] for messages in told if messages] == [
        *("SPEC", "CONNECTION_STATUS", "CATALOG", "LOG", "CONNECTION_STATUS")
    ]
    assert sum(message["type"] == "RECORD" for message in told[3]) == 20
