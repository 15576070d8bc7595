"""Inputs: their attributes, order and references, and their values in tests, which stay out of the manifest."""

from __future__ import annotations

import stat
import sys
from collections.abc import Callable
from pathlib import Path as FilePath
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.manifest.problems import Path
from core.templates import Template
from tui.model.config_references import inputs_in, rename
from tui.model.editor import ChangeKind
from tui.model.input_values import TrialValues
from tui.model.inputs import Input, Inputs, InputType
from tui.model.session import BuilderSession

PROPERTIES: Path = ("spec", "connection_specification", "properties")
CREATION: Path = ("streams", 0, "retriever", "creation_requester")


@pytest.mark.parametrize(
    ("one", "schema"),
    [
        (Input("a", "A", type=InputType.STRING), {"type": "string", "title": "A"}),
        (Input("a", secret=True, multiline=True), {"type": "string", "airbyte_secret": True, "multiline": True}),
        (Input("a", type=InputType.INTEGER, default=5), {"type": "integer", "default": 5}),
        (Input("a", type=InputType.ARRAY), {"type": "array", "items": {"type": "string"}}),
        (Input("a", type=InputType.ENUM, options=("x", "y")), {"type": "string", "enum": ["x", "y"]}),
        (Input("a", hint="Why.", hidden=True), {"type": "string", "description": "Why.", "airbyte_hidden": True}),
        (
            Input("a", type=InputType.DATE),
            {"type": "string", "format": "date", "pattern": r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$"},
        ),
    ],
    ids=lambda value: None if isinstance(value, dict) else str(value.type),
)
def test_an_input_is_written_as_a_property_and_read_again(
    session: BuilderSession, one: Input, schema: dict[str, object]
) -> None:
    session.inputs.add(one)
    assert session.value((*PROPERTIES, "a")) == {**schema, "order": 0}
    read = session.inputs.get("a")
    assert read is not None
    assert (read.type, read.secret, read.options, read.default, read.title) == (
        *(one.type, one.secret, one.options, one.default, one.title),
    )
    assert session.value(("spec", "connection_specification", "required")) == ["a"]


def test_what_the_builder_does_not_know_of_an_input_stays(session: BuilderSession) -> None:
    session.set((*PROPERTIES, "a"), {"type": "string", "examples": ["x"], "title": "A"})
    session.inputs.update(Input("a", "B", required=False))
    assert session.value((*PROPERTIES, "a")) == {"type": "string", "title": "B", "examples": ["x"]}


def test_objects_are_shown_and_left_alone(session: BuilderSession) -> None:
    schema = {"type": "object", "properties": {"b": {"type": "string"}}, "title": "A"}
    session.set((*PROPERTIES, "a"), schema)
    one = session.inputs.get("a")
    assert one is not None
    assert one.type is InputType.OTHER
    session.inputs.update(one)
    assert session.value((*PROPERTIES, "a")) == schema


def test_a_manifest_without_a_specification_gets_one() -> None:
    session = BuilderSession.from_text("version: 7.0.0\ntype: DeclarativeSource\nstreams: []\n")
    session.inputs.add(Input("a"))
    assert session.value(("spec", "type")) == "Spec"
    assert [one.key for one in session.inputs.all()] == ["a"]
    session.undo()
    assert session.inputs.all() == ()


def test_keys_are_unique_and_made_from_titles(session: BuilderSession) -> None:
    assert session.inputs.key_for("API key!") == "api_key"
    session.inputs.add(Input("api_key"))
    assert session.inputs.key_for("API key!") == "api_key_2"
    with pytest.raises(ValueError, match="already"):
        session.inputs.add(Input("api_key"))


def test_a_new_input_comes_last_whatever_orders_there_are(session: BuilderSession) -> None:
    session.set((*PROPERTIES, "late"), {"type": "string", "order": 7})
    session.inputs.add(Input("b"))
    session.set((*PROPERTIES, "without"), {"type": "string"})
    session.inputs.add(Input("c"))
    assert [one.key for one in session.inputs.all()] == ["late", "b", "without", "c"]


def test_inputs_are_asked_for_in_the_order_they_are_given(session: BuilderSession) -> None:
    for key in "abc":
        session.inputs.add(Input(key))
    session.inputs.move("c", 0)
    assert [one.key for one in session.inputs.all()] == ["c", "a", "b"]
    session.undo()
    assert [one.key for one in session.inputs.all()] == ["a", "b", "c"]


def test_renaming_an_input_changes_all_that_uses_it_in_one_step(session: BuilderSession) -> None:
    session.choose_type((*CREATION, "authenticator"), "BearerAuthenticator")
    session.set((*CREATION, "request_headers", "X-Key"), "{{ config.api_key }} and config.api_key")
    session.set(("definitions", "note"), "{% if config.get('api_key') %}yes{% endif %}")
    session.inputs.set_value("api_key", "s3cret")
    before = session.text
    assert session.inputs.rename("api_key", "api-token") == 3
    assert session.value((*CREATION, "authenticator", "api_token")) == "{{ config['api-token'] }}"
    assert session.value((*CREATION, "request_headers", "X-Key")) == "{{ config['api-token'] }} and config.api_key"
    assert "config.get('api-token')" in session.document.get(("definitions", "note"))
    assert session.value(("spec", "connection_specification", "required")) == ["api-token"]
    assert session.values.config() == {"api-token": "s3cret"}
    session.undo()
    assert session.text == before


def test_paths_into_the_inputs_follow_too(session: BuilderSession) -> None:
    session.inputs.add(Input("credentials"))
    path: Path = (*CREATION, "authenticator")
    session.choose_type(path, "SelectiveAuthenticator")
    session.set((*path, "authenticator_selection_path"), ["credentials", "auth_type"])
    session.inputs.rename("credentials", "login")
    assert session.value((*path, "authenticator_selection_path")) == ["login", "auth_type"]


@given(st.sampled_from(["{{ config['%s'] }}", '{{config["%s"]|upper}}', "{%% if config.get('%s') %%}{%% endif %%}"]))
def test_a_renamed_template_is_still_one(form: str) -> None:
    changed = rename(form % "old", "old", "new-name")
    Template(changed)
    assert inputs_in(changed) == ["new-name"]


@pytest.mark.parametrize("text", ["{{ 'config.old' }}", "{{ my.config.old }}", "{{ configold }}", "config.old"])
def test_what_only_looks_like_a_use_stays(text: str) -> None:
    assert rename(text, "old", "new") == text


def test_uses_are_found_before_an_input_is_deleted(session: BuilderSession) -> None:
    session.choose_type((*CREATION, "authenticator"), "BearerAuthenticator")
    assert session.inputs.uses("api_key") == ((*CREATION, "authenticator", "api_token"),)
    session.inputs.delete("api_key")
    assert session.inputs.all() == ()
    assert session.value(("spec", "connection_specification", "required")) == []


def test_values_for_tests_stay_out_of_the_manifest_and_survive_it(session: BuilderSession, tmp_path: FilePath) -> None:
    session.choose_type((*CREATION, "authenticator"), "BearerAuthenticator")
    session.inputs.add(Input("region", default="eu"))
    session.inputs.add(Input("days", type=InputType.INTEGER))
    kinds: list[ChangeKind] = []
    session.subscribe(lambda change: kinds.append(change.kind))
    session.inputs.set_value("api_key", "s3cret")
    assert kinds == [ChangeKind.INPUTS]
    assert [one.key for one in session.inputs.missing()] == ["days"]
    session.inputs.set_value("days", 5)
    file = tmp_path / "project" / "connector.yaml"
    file.parent.mkdir()
    session.save(file)
    assert [one.name for one in file.parent.iterdir()] == ["connector.yaml"]
    assert "s3cret" not in file.read_text()
    opened = BuilderSession.open(file)
    assert opened.values.config() == {"api_key": "s3cret", "days": 5}
    assert opened.inputs.missing() == ()
    assert opened.values.get("api_key") is None


def test_secrets_are_in_a_file_that_only_its_owner_reads(tmp_path: FilePath) -> None:
    values = TrialValues(tmp_path / "connector.yaml")
    values.set("api_key", "s3cret", secret=True)
    holding = [file for file in (tmp_path / "state").rglob("*") if file.is_file() and b"s3cret" in file.read_bytes()]
    assert [stat.S_IMODE(file.stat().st_mode) for file in holding] == [0o600]
    values.remove("api_key")
    assert not any(b"s3cret" in file.read_bytes() for file in (tmp_path / "state").rglob("*") if file.is_file())
    assert not TrialValues(tmp_path / "connector.yaml").has("api_key")


def test_an_input_that_becomes_secret_takes_its_value_along(session: BuilderSession, tmp_path: FilePath) -> None:
    session.save(tmp_path / "connector.yaml")
    session.inputs.add(Input("token"))
    session.inputs.set_value("token", "s3cret")
    session.inputs.update(Input("token", secret=True))
    assert session.values.get("token") is None
    assert session.values.config() == {"token": "s3cret"}
    session.inputs.update(Input("token", type=InputType.INTEGER))
    assert session.values.config() == {}


class Keyring:
    """Stands in for the `keyring` package, with or without a place to keep things."""

    def __init__(self, *, works: bool = True) -> None:
        self.kept: dict[tuple[str, str], str] = {}
        self.works = works

    def get_keyring(self) -> SimpleNamespace:
        return SimpleNamespace(priority=5)

    def get_password(self, service: str, name: str) -> str | None:
        return self.kept.get((service, name))

    def set_password(self, service: str, name: str, password: str) -> None:
        if not self.works:
            raise RuntimeError("locked")
        self.kept[service, name] = password

    def delete_password(self, service: str, name: str) -> None:
        del self.kept[service, name]


def test_the_systems_keyring_keeps_secrets_where_there_is_one(
    tmp_path: FilePath, monkeypatch: pytest.MonkeyPatch
) -> None:
    keyring = Keyring()
    monkeypatch.setitem(sys.modules, "keyring", keyring)
    TrialValues(tmp_path / "connector.yaml").set("api_key", "s3cret", secret=True)
    assert list(keyring.kept.values()) == ['"s3cret"']
    assert not any(b"s3cret" in file.read_bytes() for file in (tmp_path / "state").rglob("*") if file.is_file())
    assert TrialValues(tmp_path / "connector.yaml").secret("api_key") == "s3cret"


def test_a_keyring_that_is_locked_is_done_without(tmp_path: FilePath, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "keyring", Keyring(works=False))
    TrialValues(tmp_path / "connector.yaml").set("api_key", "s3cret", secret=True)
    assert TrialValues(tmp_path / "connector.yaml").secret("api_key") == "s3cret"


@pytest.mark.parametrize("value", [None, "", "other"])
@pytest.mark.parametrize("secret", [True, False])
def test_a_value_that_is_cleared_or_replaced_comes_back_with_undo(
    session: BuilderSession, tmp_path: FilePath, value: str | None, secret: bool
) -> None:
    session.inputs.add(Input("key", secret=secret))
    session.save(tmp_path / "connector.yaml")
    session.inputs.set_value("key", "hush")
    session.seal()
    session.inputs.set_value("key", value)
    assert session.values.config() == ({"key": value} if value else {})
    assert session.undo() == (*PROPERTIES, "key")
    assert session.values.config() == {"key": "hush"}
    assert BuilderSession.open(tmp_path / "connector.yaml").values.config() == {"key": "hush"}
    assert not session.dirty
    session.redo()
    assert session.values.config() == ({"key": value} if value else {})


def test_a_value_that_is_lent_comes_back_with_undo(session: BuilderSession) -> None:
    session.inputs.add(Input("key", secret=True))
    session.values.lend({"key": "demo"})
    session.inputs.set_value("key", None)
    assert not session.values.has("key")
    session.undo()
    assert session.values.secret("key") == "demo"


def test_typing_a_value_is_one_step_and_one_that_changes_nothing_none(session: BuilderSession) -> None:
    session.inputs.add(Input("key"))
    for text in ("a", "ab", "abc"):
        session.inputs.set_value("key", text)
    session.seal()
    session.inputs.set_value("key", "abc")
    session.undo()
    assert not session.values.has("key")
    session.undo()
    assert session.inputs.all() == ()


@pytest.mark.parametrize(
    "change",
    [
        lambda inputs: inputs.rename("key", "token"),
        lambda inputs: inputs.update(Input("key", type=InputType.INTEGER)),
        lambda inputs: inputs.update(Input("key", secret=False)),
        lambda inputs: inputs.delete("key"),
    ],
    ids=["renamed", "another type", "no secret any more", "deleted"],
)
def test_undo_brings_back_an_input_with_its_value(session: BuilderSession, change: Callable[[Inputs], object]) -> None:
    session.inputs.add(Input("key", secret=True))
    session.inputs.set_value("key", "hush")
    session.seal()
    change(session.inputs)
    session.undo()
    assert [(one.key, one.secret) for one in session.inputs.all()] == [("key", True)]
    assert session.values.secret("key") == "hush"
    assert session.values.get("key") is None, "a secret is kept as one"
    session.redo()
    session.undo()
    assert session.values.secret("key") == "hush"


def test_a_group_that_fails_leaves_values_as_they_were(session: BuilderSession) -> None:
    session.inputs.add(Input("key", secret=True))
    session.inputs.set_value("key", "hush")

    def fail() -> None:
        with session.group(PROPERTIES):
            session.inputs.set_value("key", None)
            session.remove(("streams", 7))

    with pytest.raises(LookupError):
        fail()
    assert session.values.secret("key") == "hush"


def test_a_snapshot_of_a_value_does_not_show_it(session: BuilderSession) -> None:
    session.inputs.add(Input("key", secret=True))
    session.inputs.set_value("key", "hush")
    assert "hush" not in repr(session.values.snapshot("key"))
