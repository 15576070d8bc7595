"""Sections that streams share: one definition, two ways out of a conflict, and private copies again."""

from __future__ import annotations

import pytest

from core.manifest.problems import Path
from tui.session.session import BuilderSession

ONE: Path = ("streams", 0, "retriever", "creation_requester", "authenticator")
TWO: Path = ("streams", 1, "retriever", "requester", "authenticator")
HOME: Path = ("definitions", "linked", "HttpRequester", "authenticator")


@pytest.fixture
def sharing(session: BuilderSession) -> BuilderSession:
    """Both streams share one authenticator."""
    session.choose_type(ONE, "BearerAuthenticator")
    session.sharing.share(ONE)
    session.sharing.share(TWO)
    return session


def test_a_shared_section_moves_to_the_definitions(sharing: BuilderSession) -> None:
    assert sharing.document.get(ONE) == {"$ref": "#/definitions/linked/HttpRequester/authenticator"}
    assert sharing.sharing.target(TWO) == HOME
    assert sharing.sharing.users(ONE) == (ONE, TWO)
    sharing.set((*TWO, "api_token"), "{{ config['api_key'] | trim }}")
    assert sharing.value((*ONE, "api_token")) == "{{ config['api_key'] | trim }}"


def test_a_definition_that_a_person_has_made_is_shared_again(session: BuilderSession) -> None:
    session.set(("definitions", "auth"), {"type": "BearerAuthenticator", "api_token": "made by hand"})
    for path in (ONE, TWO):
        session.set(path, {"$ref": "#/definitions/auth"})
    before = session.text
    session.sharing.unshare(TWO)
    session.sharing.share(TWO)
    assert session.text == before


def test_choosing_another_type_changes_it_for_all(sharing: BuilderSession) -> None:
    sharing.choose_type(TWO, "NoAuth")
    assert sharing.value(ONE) == {"type": "NoAuth"}
    assert sharing.sharing.users(ONE) == (ONE, TWO)


def test_a_private_copy_is_changed_alone(sharing: BuilderSession) -> None:
    sharing.sharing.unshare(TWO)
    sharing.set((*TWO, "api_token"), "other")
    assert sharing.value((*ONE, "api_token")) == "{{ config['api_key'] }}"


def test_the_definition_goes_with_the_last_who_shares_it(sharing: BuilderSession) -> None:
    before = sharing.text
    sharing.sharing.unshare(TWO)
    sharing.sharing.unshare(ONE)
    assert not sharing.document.exists(("definitions",))
    assert sharing.value(ONE) == sharing.value(TWO)
    sharing.undo()
    sharing.undo()
    assert sharing.text == before


@pytest.mark.parametrize(("keep_own", "winner"), [(True, "two"), (False, "one")])
def test_a_conflict_is_told_and_decided(session: BuilderSession, keep_own: bool, winner: str) -> None:
    for path, token in ((ONE, "one"), (TWO, "two")):
        session.set(path, {"type": "BearerAuthenticator", "api_token": token})
    session.sharing.share(ONE)
    conflict = session.sharing.conflict(TWO)
    assert conflict is not None
    assert (conflict.shared["api_token"], conflict.own["api_token"]) == ("one", "two")
    session.sharing.share(TWO, keep_own=keep_own)
    assert session.value((*ONE, "api_token")) == session.value((*TWO, "api_token")) == winner


def test_equal_sections_are_no_conflict(session: BuilderSession) -> None:
    for path in (ONE, TWO):
        session.set(path, {"type": "BearerAuthenticator", "api_token": "same"})
    session.sharing.share(ONE)
    assert session.sharing.conflict(TWO) is None


def test_only_some_sections_can_be_shared_and_only_when_there_is_something(session: BuilderSession) -> None:
    assert not session.sharing.can_share(ONE)
    session.choose_type(ONE, "NoAuth")
    assert session.sharing.can_share(ONE)
    assert not session.sharing.can_share(("streams", 0, "retriever", "status_mapping"))
    session.sharing.share(ONE)
    assert session.sharing.can_share(TWO)
    assert not session.sharing.can_share(ONE)


def test_lists_are_shared_too(session: BuilderSession) -> None:
    for index in (0, 1):
        path: Path = ("streams", index, "transformations")
        if index == 0:
            session.add_component(path, "FlattenFields")
        session.sharing.share(path)
    session.add_component(("streams", 1, "transformations"), "KeysToLower")
    assert [one["type"] for one in session.value(("streams", 0, "transformations"))] == ["FlattenFields", "KeysToLower"]
    session.reveal()
    session.refresh()
    assert session.problems(("streams", 0, "transformations")) == []


def test_switching_a_shared_section_off_leaves_it_to_the_others(sharing: BuilderSession) -> None:
    sharing.unset(TWO)
    assert sharing.value(TWO) is None
    assert sharing.value(ONE) == {"type": "BearerAuthenticator", "api_token": "{{ config['api_key'] }}"}
    assert [one.key for one in sharing.inputs.all()] == ["api_key"]


def test_a_section_is_copied_to_other_places(session: BuilderSession) -> None:
    session.choose_type(ONE, "BearerAuthenticator")
    session.sharing.copy_to(ONE, (TWO,))
    assert session.value(TWO) == session.value(ONE)
    session.set((*TWO, "api_token"), "other")
    assert session.value((*ONE, "api_token")) != "other"


def test_references_that_people_wrote_are_shared_sections_too() -> None:
    session = BuilderSession.from_text(
        "definitions: {auth: {type: NoAuth}}\n"
        "streams:\n"
        "  - {type: DeclarativeStream, name: a, retriever: {type: SimpleRetriever, requester: "
        '{type: HttpRequester, authenticator: "#/definitions/auth"}}}\n'
    )
    path: Path = ("streams", 0, "retriever", "requester", "authenticator")
    assert session.sharing.target(path) == ("definitions", "auth")
    session.sharing.unshare(path)
    assert session.document.get(path) == {"type": "NoAuth"}
    assert session.document.exists(("definitions", "auth"))
