"""The pages about components: they are up to date, and each type has an example that loads and is as the schema says.

LONGHAUL_WRITE_GOLDENS writes the pages anew. `tests/conformance` reads with each example.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest
import yaml
from jsonschema import Draft7Validator

from core.connector import load_connector
from core.connector.schema import manifest_schema
from core.manifest.document import Document
from docs.component_reference import (
    EXAMPLES,
    FOLDER,
    as_manifest,
    documented,
    example_code,
    example_names,
    example_text,
    pages,
    types_in_examples,
    write,
)

LINK = re.compile(r"\]\(([^)#]+)(?:#([^)]*))?\)")


def test_the_pages_are_up_to_date() -> None:
    if os.environ.get("LONGHAUL_WRITE_GOLDENS"):
        write()
    found = {path.name: path.read_text(encoding="utf-8") for path in FOLDER.glob("*.md")}
    assert found == pages(), "write them again: python docs/component_reference.py"


def test_every_component_type_has_an_example() -> None:
    missing = [cls.__name__ for cls in documented() if not types_in_examples().get(cls.__name__)]
    assert missing == [], f"write {EXAMPLES}/NAME.yaml, with a test API in tests/conformance/api.py"


def test_every_example_is_the_one_of_a_component_that_is_in_it() -> None:
    assert len(example_names()) > 50
    known = {cls.__name__ for cls in documented()}
    assert [name for name in example_names() if name not in known or name not in types_in_examples()] == []


@pytest.mark.parametrize("name", example_names())
def test_an_example_is_right(name: str) -> None:
    manifest = as_manifest(name)
    connector = load_connector(Document.parse(yaml.safe_dump(manifest, sort_keys=False)))
    code = [problem for problem in connector.problems if "is Python code for Airbyte" in problem.message]
    assert len(code) == bool(example_code(name))
    assert [str(problem) for problem in connector.problems if problem not in code] == []
    assert connector.stream_names
    assert [error.message for error in Draft7Validator(manifest_schema()).iter_errors(manifest)] == []


def test_the_examples_say_that_they_are_parts_and_lead_to_a_manifest_that_is_complete() -> None:
    pages_with_examples = [text for text in pages().values() if "## Example\n" in text]
    assert len(pages_with_examples) > 50
    parts = [text for text in pages_with_examples if "\nA part of a manifest: " in text]
    assert all("](README.md#the-smallest-manifest)" in text for text in parts)
    assert [text.splitlines()[0] for text in pages_with_examples if text not in parts] == ["# DeclarativeSource"]
    section = pages()["README.md"].partition("## The smallest manifest\n")[2]
    (manifest,) = re.findall(r"^```yaml\n(.*?)^```", section, re.MULTILINE | re.DOTALL)
    connector = load_connector(Document.parse(manifest))
    assert (connector.stream_names, connector.problems, connector.portability) == (("items",), (), ())


@pytest.mark.parametrize("name", example_names())
def test_an_example_begins_with_what_it_shows(name: str) -> None:
    text = example_text(name)
    first = text.splitlines()[0]
    assert not first.startswith("#") or (first.endswith(".") and len(first) < 120)
    assert name in re.findall(r"type: (\w+)", text)


def test_links_lead_somewhere() -> None:
    titles = {
        match.lower().replace(" ", "-")
        for match in re.findall(r"^## (.*)$", (FOLDER / "README.md").read_text(encoding="utf-8"), re.MULTILINE)
    }
    links = {link for text in pages().values() for link in LINK.findall(text)}
    assert len(links) > 100
    for target, title in links:
        assert (FOLDER / target).exists(), target
        assert not title or title in titles


@pytest.mark.parametrize("page", ["README.md", "docs/airbyte.md"])
def test_other_pages_lead_there(page: str) -> None:
    assert "reference/README.md" in (Path(__file__).parents[2] / page).read_text(encoding="utf-8")
