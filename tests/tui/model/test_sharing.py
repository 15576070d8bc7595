"""Sections that streams share: one definition, two ways out of a conflict, and private copies again."""

from __future__ import annotations

import pytest

from core.manifest.problems import Path
from tui.model.session import BuilderSession

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
def test_a_conflict_is_reported_and_decided(session: BuilderSession, keep_own: bool, winner: str) -> None:
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


BASED = """\
version: 7.0.0
type: DeclarativeSource
check: {type: CheckStream, stream_names: [a]}
definitions:
  base:
    type: HttpRequester
    url: https://api.example.com
    authenticator: {type: BearerAuthenticator, api_token: "{{ config['api_key'] }}"}
streams:
  - {type: DeclarativeStream, name: a, retriever: {type: SimpleRetriever,
     requester: {$ref: "#/definitions/base", path: /a}}}
  - {type: DeclarativeStream, name: b, retriever: {type: SimpleRetriever,
     requester: {$ref: "#/definitions/base", path: /b}}}
  - {type: DeclarativeStream, name: c, retriever: {type: SimpleRetriever, requester: "#/definitions/base"}}
  - {type: DeclarativeStream, name: d, retriever: {type: SimpleRetriever,
     requester: {$ref: "#/definitions/base", path: /d, authenticator: {type: NoAuth}}}}
"""


def authenticator(stream: int) -> Path:
    return ("streams", stream, "retriever", "requester", "authenticator")


@pytest.fixture
def based() -> BuilderSession:
    """Three streams whose requesters, and authenticators with them, come from one definition, and one that differs."""
    return BuilderSession.from_text(BASED)


def tokens(session: BuilderSession) -> list[object]:
    return [(session.value(authenticator(stream)) or {}).get("api_token") for stream in range(4)]


@pytest.mark.parametrize("streams", [(0, 0), (0, 1), (1, 2, 0), (2, 2, 1)])
def test_sharing_what_comes_from_a_definition_twice_is_sharing_it_once(
    based: BuilderSession, streams: tuple[int, ...]
) -> None:
    before = tokens(based)
    for stream in streams:
        assert based.sharing.can_share(authenticator(stream)) or based.sharing.target(authenticator(stream)) == HOME
        based.sharing.share(authenticator(stream))
        assert tokens(based) == before
    assert [based.sharing.target(authenticator(stream)) for stream in range(3)] == [HOME] * 3
    assert not any(based.sharing.can_share(authenticator(stream)) for stream in range(3))
    based.set((*authenticator(1), "api_token"), "new")
    assert tokens(based) == ["new", "new", "new", None]


def test_a_private_copy_of_what_comes_from_a_definition_is_written_beside_the_reference(based: BuilderSession) -> None:
    based.sharing.share(authenticator(0))
    based.sharing.unshare(authenticator(1))
    assert based.document.get(authenticator(1)[:-1]).keys() == {"$ref", "path", "authenticator"}
    based.set((*authenticator(1), "api_token"), "one alone")
    based.set((*authenticator(2), "api_token"), "the others")
    assert tokens(based) == ["the others", "one alone", "the others", None]
    based.sharing.unshare(authenticator(2))
    based.set((*authenticator(2), "api_token"), "alone too")
    assert tokens(based) == ["the others", "one alone", "alone too", None]


def test_who_takes_the_shared_one_takes_it_alone(based: BuilderSession) -> None:
    token = "{{ config['api_key'] }}"
    based.sharing.share(authenticator(3))
    based.sharing.share(authenticator(1))
    assert tokens(based) == [token, None, token, None]
    based.sharing.share(authenticator(0), keep_own=True)
    assert tokens(based) == [token, token, token, token]


def test_a_copy_for_one_stream_leaves_the_others_theirs(based: BuilderSession) -> None:
    token = "{{ config['api_key'] }}"
    based.sharing.copy_to(authenticator(3), (authenticator(0),))
    assert based.value(authenticator(0)) == {"type": "NoAuth"}
    assert tokens(based) == [None, token, token, None]
    based.sharing.copy_to(authenticator(1), (authenticator(2), authenticator(3)))
    based.set((*authenticator(2), "api_token"), "alone")
    assert tokens(based) == [None, token, "alone", token]


def test_what_others_refer_to_in_another_stream_is_shared_without_a_circle(based: BuilderSession) -> None:
    based.set(authenticator(0), {"$ref": "#/streams/3/retriever/requester/authenticator"})
    assert based.sharing.target(authenticator(0)) == authenticator(3)
    based.sharing.share(authenticator(3))
    assert based.sharing.target(authenticator(3)) == HOME
    assert based.value(authenticator(0)) == {"type": "NoAuth"}


def test_a_shared_value_that_holds_the_definition_gets_a_copy_of_it(based: BuilderSession) -> None:
    based.set(("definitions", "auth"), {"type": "BearerAuthenticator", "api_token": "x"})
    based.sharing.copy_to(("definitions", "auth"), (authenticator(0),))
    based.write(authenticator(1), {"$ref": "#/definitions/auth"})
    selective = {"type": "SelectiveAuthenticator", "authenticators": {"one": {"$ref": "#/definitions/auth"}}}
    based.set(authenticator(3), selective)
    based.sharing.share(authenticator(3), keep_own=True)
    one = based.value((*authenticator(1), "authenticators", "one"))
    assert one == {"type": "BearerAuthenticator", "api_token": "x"}


def test_parameters_are_no_difference_between_a_shared_value_and_an_equal_one() -> None:
    session = BuilderSession.from_text(BASED.replace("name: b,", "$parameters: {name: b},"))
    session.sharing.share(authenticator(0))
    session.sharing.unshare(authenticator(1))
    assert session.sharing.conflict(authenticator(1)) is None
