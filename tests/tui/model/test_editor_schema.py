"""What editors of YAML find beside a new manifest: a line in it, and the schema that the line names."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from jsonschema import Draft7Validator

from core.manifest.document import Document
from sample_configs import names, sample
from tui.model.editor_schema import MODELINE, SCHEMA, keep_schema
from tui.model.project import Project
from tui.model.settings import Settings


def test_a_new_manifest_names_the_schema_that_is_kept_beside_it(tmp_path: Path) -> None:
    session, plain = Project.new(modeline=True).session, Project.new().session
    for each in (session, plain):
        each.streams.add("contacts")
    path = tmp_path / "connector.yaml"
    session.save(path)
    assert keep_schema(path, session.text)
    text = path.read_text()
    assert text == MODELINE + plain.text
    assert not Path(SCHEMA).is_absolute()
    schema = json.loads((tmp_path / text.splitlines()[0].partition("$schema=")[2]).read_text())
    Draft7Validator.check_schema(schema)
    assert [error.message for error in Draft7Validator(schema).iter_errors(Document.load(path).root)] == []


def test_nothing_is_kept_for_manifests_that_do_not_ask_for_it(tmp_path: Path) -> None:
    session = Project.new().session
    session.save(tmp_path / "connector.yaml")
    assert not keep_schema(tmp_path / "connector.yaml", session.text)
    assert [path.name for path in tmp_path.iterdir()] == ["connector.yaml"]


def test_the_schema_of_another_version_is_replaced_and_that_of_this_one_stays(tmp_path: Path) -> None:
    file = tmp_path / SCHEMA
    file.parent.mkdir()
    file.write_text('{"$comment": "Made by Longhaul 0.0.1: longhaul --schema"}')
    assert not keep_schema(tmp_path / "a.yaml", MODELINE)
    made = file.read_text()
    assert '"definitions"' in made
    before = file.stat().st_ino
    keep_schema(tmp_path / "b.yaml", MODELINE)
    assert file.stat().st_ino == before


@pytest.mark.parametrize("in_the_way", [SCHEMA.partition("/")[0], SCHEMA])
def test_where_it_cannot_be_written_editors_do_without(tmp_path: Path, in_the_way: str) -> None:
    place = tmp_path / in_the_way
    place.parent.mkdir(exist_ok=True)
    if in_the_way == SCHEMA:
        place.mkdir()
    else:
        place.write_text("mine")
    assert not keep_schema(tmp_path / "a.yaml", MODELINE)
    assert place.is_dir() or place.read_text() == "mine"


def test_the_demo_is_a_new_manifest_too_and_settings_turn_it_off(tmp_path: Path) -> None:
    project, plain = Project.try_demo(modeline=True), Project.try_demo()
    project.close()
    plain.close()
    assert project.session.text == MODELINE + plain.session.text
    assert plain.session.text.startswith("#")
    file = tmp_path / "settings.yaml"
    assert Settings(file).modeline
    file.write_text("modeline: false\n")
    assert not Settings(file).modeline


@pytest.mark.parametrize("name", names())
def test_every_sample_says_where_its_schema_is(name: str) -> None:
    assert sample(name).path.read_text(encoding="utf-8").startswith(f"{MODELINE}# ")
