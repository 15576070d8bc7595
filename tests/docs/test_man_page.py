"""The man page says what the command takes. LONGHAUL_WRITE_GOLDENS writes it anew."""

from __future__ import annotations

import os
import shutil
import subprocess
import tomllib
from pathlib import Path

import pytest

from core.command.options import parser
from docs.man_page import PAGE, man_page

ROOT = Path(__file__).parents[2]


def test_it_is_up_to_date() -> None:
    if os.environ.get("LONGHAUL_WRITE_GOLDENS"):
        PAGE.write_text(man_page(), encoding="utf-8")
    assert PAGE.read_text(encoding="utf-8") == man_page(), "write it again: python docs/man_page.py"


def test_it_has_every_option() -> None:
    page = PAGE.read_text(encoding="utf-8").replace("\\", "")
    options = [option for action in parser()._actions for option in action.option_strings if action.dest != "help"]
    assert options
    assert [option for option in options if f"fB{option}fR" not in page] == []


def test_it_is_installed_where_man_looks() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    assert project["tool"]["setuptools"]["data-files"] == {"share/man/man1": [str(PAGE.relative_to(ROOT))]}


@pytest.mark.skipif(shutil.which("groff") is None, reason="groff is not installed")
def test_it_reads_well() -> None:
    command = ["groff", "-ww", "-man", "-Tascii", "-P-cbou", str(PAGE)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=30)
    assert done.stderr == ""
    assert "EXIT STATUS" in done.stdout
    assert [line for line in done.stdout.splitlines() if len(line) > 80] == []


def test_the_help_fits_a_terminal_of_80_columns(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    assert [line for line in parser().format_help().splitlines() if len(line) > 80] == []
