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


def with_extension(folder: Path, module: str) -> Path:
    """A folder in which a package is installed whose module adds components."""
    info = folder / "installed" / "acme_components-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: acme-components\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(f"[longhaul.components]\nextension = {module}\n")
    return info.parent


def longhaul(installed: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "core.command.cli", *arguments],
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), str(installed)])},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.slow
async def test_a_component_of_ones_own_in_twenty_lines(server: LoopbackServer, tmp_path: Path) -> None:
    example = (ROOT / "docs" / "examples" / "masked_emails.py").read_text(encoding="utf-8")
    block = PAGE.split("```python\n")[1].split("```")[0]
    assert block in example
    installed = with_extension(tmp_path, "docs.examples.masked_emails")
    server.on("/items", Reply({"items": [{"email": "ada@example.com"}, {"email": None}]}))
    masked = {"transformations": [{"type": "MaskEmails", "fields": ["email"]}]}
    file = tmp_path / "connector.yaml"
    file.write_text(yaml.safe_dump(yaml.safe_load(manifest(server, stream=masked))), encoding="utf-8")
    done = await asyncio.to_thread(longhaul, installed, "--run", str(file))
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == ['{"email":"example.com"}', '{"email":null}']


@pytest.mark.slow
async def test_the_error_of_a_component_of_ones_own_names_its_line(server: LoopbackServer, tmp_path: Path) -> None:
    installed = with_extension(tmp_path, "acme_emails")
    example = (ROOT / "docs" / "examples" / "masked_emails.py").read_text(encoding="utf-8")
    (installed / "acme_emails.py").write_text(example.replace('rpartition("@")[2]', 'rpartition("@")[3]'))
    server.on("/items", Reply({"items": [{"email": "ada@example.com"}]}))
    masked = {"transformations": [{"type": "MaskEmails", "fields": ["email"]}]}
    file = tmp_path / "connector.yaml"
    text = yaml.safe_dump(yaml.safe_load(manifest(server, stream=masked)))
    file.write_text(text, encoding="utf-8")
    line = next(number for number, line in enumerate(text.splitlines(), 1) if line.strip().startswith("- fields:"))
    done = await asyncio.to_thread(longhaul, installed, "--run", str(file))
    assert done.returncode == 1
    assert f"The component MaskEmails at {file}:{line}:" in done.stderr
    assert "went wrong here (IndexError: tuple index out of range). Please report it to its authors." in done.stderr
    assert "Traceback" not in done.stderr


def test_a_package_whose_components_can_not_be_loaded_is_named(tmp_path: Path) -> None:
    installed = with_extension(tmp_path, "acme_faulty")
    (installed / "acme_faulty.py").write_text("import nosuch\n")
    file = tmp_path / "connector.yaml"
    file.write_text("version: 7.0.0\n", encoding="utf-8")
    done = longhaul(installed, "--validate", str(file))
    assert done.returncode == 2
    assert "The package `acme-components` adds components" in done.stderr
    assert "No module named 'nosuch'" in done.stderr
    assert "internal error" not in done.stderr
