"""The page about custom components: its example works, and it names every kind that runs."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from core.components.custom.base import CustomComponent
from core.connector.registry import custom_types
from tests.custom.test_against_reference import manifest
from tests.support.server import LoopbackServer, Reply

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "custom-components.md").read_text(encoding="utf-8")


def test_the_page_names_every_kind_that_runs() -> None:
    missing = [name for name in custom_types() if f"`{name}`" not in PAGE]
    assert custom_types() is CustomComponent.kinds
    assert missing == []


@pytest.mark.slow
async def test_a_component_of_ones_own_in_twenty_lines(server: LoopbackServer, tmp_path: Path) -> None:
    example = (ROOT / "docs" / "examples" / "masked_emails.py").read_text(encoding="utf-8")
    block = PAGE.split("```python\n")[1].split("```")[0]
    assert block in example
    info = tmp_path / "installed" / "acme_components-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: acme-components\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[longhaul.components]\nmasked_emails = docs.examples.masked_emails\n")
    server.on("/items", Reply({"items": [{"email": "ada@example.com"}, {"email": None}]}))
    masked = {"transformations": [{"type": "MaskEmails", "fields": ["email"]}]}
    file = tmp_path / "connector.yaml"
    file.write_text(yaml.safe_dump(yaml.safe_load(manifest(server, stream=masked))), encoding="utf-8")
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), str(info.parent)])}
    done = await asyncio.to_thread(
        subprocess.run,
        [sys.executable, "-m", "core.command.cli", "--run", str(file)],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == ['{"email":"example.com"}', '{"email":null}']
