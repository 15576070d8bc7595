"""Each deliberate difference from Airbyte has a test that holds it."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LIST = ROOT / "docs" / "differences.md"
ENTRY = re.compile(r"^- \*\*(?P<title>.+?)\*\*(?P<text>(?:.|\n)+?)(?=^- |^#|\Z)", re.MULTILINE)
TEST = re.compile(r"`(tests/[\w/]+\.py)::(test_\w+)`")


def entries() -> dict[str, list[tuple[str, str]]]:
    """The tests that each entry names, by its title."""
    found = ENTRY.finditer(LIST.read_text(encoding="utf-8"))
    return {entry["title"]: TEST.findall(entry["text"]) for entry in found}


@cache
def names_in(file: str) -> frozenset[str]:
    tree = ast.parse((ROOT / file).read_text(encoding="utf-8"))
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef)
    return frozenset(node.name for node in ast.walk(tree) if isinstance(node, kinds))


def test_every_entry_of_the_list_is_read() -> None:
    assert len(entries()) == sum(line.startswith("- ") for line in LIST.read_text(encoding="utf-8").splitlines())


@pytest.mark.parametrize("title", entries())
def test_a_difference_names_tests_that_are_there(title: str) -> None:
    named = entries()[title]
    assert named
    assert [(file, name) for file, name in named if name not in names_in(file)] == []


@pytest.mark.parametrize("page", ["README.md", "docs/airbyte.md"])
def test_the_list_is_found(page: str) -> None:
    assert "differences.md" in (ROOT / page).read_text(encoding="utf-8")
