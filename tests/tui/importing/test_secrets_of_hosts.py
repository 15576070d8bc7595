"""Inputs that are there already: a secret of one API is never sent to another host by an import."""

from __future__ import annotations

import pytest

from tests.tui.importing.support import source_of
from tui.importing.placing import place
from tui.importing.requests import import_curl
from tui.model.session import BuilderSession

PLACEHOLDER = "curl https://{host}/things -H 'X-Api-Key: $API_KEY'"
GIVEN = "curl https://{host}/things -H 'X-Api-Key: {key}'"


def add(session: BuilderSession, command: str, host: str, key: str = "") -> None:
    place(session, source_of(command.replace("'", '"').format(host=host, key=key)).drafts(["0"]))


def keys(session: BuilderSession) -> list[str]:
    """The keys of the inputs, in the order of the streams that use them."""
    places = [("streams", index, "retriever", "requester") for index in range(session.view.stream_count)]
    return [str(session.value((*place, "authenticator", "api_token"))) for place in places]


FIRST, SECOND = "{{ config['api_key'] }}", "{{ config['api_key_2'] }}"


@pytest.mark.parametrize(
    ("before", "after", "host", "expected"),
    [
        (GIVEN, PLACEHOLDER, "api.test", FIRST),
        (PLACEHOLDER, PLACEHOLDER, "api.test", FIRST),
        (PLACEHOLDER, GIVEN, "api.test", FIRST),
        (GIVEN, PLACEHOLDER, "other.test", SECOND),
        (PLACEHOLDER, PLACEHOLDER, "other.test", SECOND),
        (PLACEHOLDER, GIVEN, "other.test", SECOND),
        (GIVEN, GIVEN, "other.test", FIRST),  # the person gives the same key to both
    ],
)
def test_a_secret_without_a_value_is_that_of_the_same_host_only(
    before: str, after: str, host: str, expected: str
) -> None:
    session = BuilderSession.new()
    add(session, before, "api.test", "k-1")
    add(session, after, host, "k-1")
    assert keys(session) == [FIRST, expected]


def test_a_request_that_is_filled_anew_gets_no_secret_of_the_host_that_it_went_to() -> None:
    session = BuilderSession.new()
    add(session, GIVEN, "api.test", "k-1")
    requester = ("streams", 0, "retriever", "requester")
    import_curl(session, requester, PLACEHOLDER.replace("'", '"').format(host="other.test"))
    assert keys(session) == [SECOND]
    assert session.values.config() == {"api_key": "k-1"}


def test_the_secret_of_a_deleted_stream_is_not_that_of_a_new_one() -> None:
    session = BuilderSession.new()
    add(session, GIVEN, "api.test", "k-1")
    session.streams.delete(0)
    add(session, PLACEHOLDER, "other.test")
    assert keys(session) == [SECOND]


def test_what_is_no_secret_is_shared_all_the_same() -> None:
    session = BuilderSession.new()
    for host in ("api.test", "other.test"):
        place(session, source_of(f"curl https://{host}/{{account_id}}/things").drafts(["0"]))
    assert [one.key for one in session.inputs.all()] == ["account_id"]
