"""Choosing the type of a component: fresh ones are valid, others are remembered, authenticators bring their inputs."""

from __future__ import annotations

import re

import pytest

from core.connector.registry import component_types
from core.manifest.problems import Path
from core.runtime.pages import Paginator
from core.runtime.roles import Authenticator, BackoffStrategy, Decoder, ErrorHandler, RequestBody
from tui.model.inputs import Input
from tui.model.session import BuilderSession
from tui.model.specs import type_choices
from tui.model.type_memory import TEXT

CREATION: Path = ("streams", 0, "retriever", "creation_requester")
AUTHENTICATOR: Path = (*CREATION, "authenticator")
SLOTS: list[tuple[Path, type]] = [
    (AUTHENTICATOR, Authenticator),
    (("streams", 0, "retriever", "decoder"), Decoder),
    (("streams", 0, "retriever", "download_paginator"), Paginator),
    ((*CREATION, "request_body"), RequestBody),
    ((*CREATION, "error_handler"), ErrorHandler),
    ((*CREATION, "error_handler", "backoff_strategies", 0), BackoffStrategy),
]
TO_BE_FILLED_IN = {
    "AwsSignatureAuthenticator": "access_key|secret_key|region|service",
    "CompositeErrorHandler": "at least one error handler",
    "ConstantBackoffStrategy": "backoff_time_in_seconds",
    "JsonItemsDecoder": "items_path",
    "LegacySessionTokenAuthenticator": "header|login_url|session_token_response_key|validate_session_url",
    "RateLimitedMultipleTokenAuthenticator": "`url`|remaining_path|reset_path",
    "RequestBodyPlainText": "value",
    "SelectiveAuthenticator": "",
    "SessionTokenAuthenticator": "`url`|session_token_path",
    "WaitTimeFromHeader": "header",
    "WaitTimeFromResponse": "wait_time_in_seconds",
    "WaitUntilTimeFromHeader": "header",
}
"""Types that nobody can fill in by themselves, and what is asked for: a regular expression."""


def choices() -> list[tuple[Path, str]]:
    return [(path, choice.name) for path, role in SLOTS for choice in type_choices((role,))]


@pytest.mark.parametrize(("path", "name"), choices(), ids=[name for _, name in choices()])
def test_a_new_component_is_valid_or_lacks_only_what_the_user_has_to_enter(
    session: BuilderSession, path: Path, name: str
) -> None:
    if path[-1] == 0:
        session.add_component(path[:-1], name)
    else:
        session.choose_type(path, name)
    session.refresh()
    errors = [one.problem.message for one in session.problems(path, all_of_them=True) if one.is_error]
    if name in TO_BE_FILLED_IN:
        assert all(re.search(TO_BE_FILLED_IN[name], message) for message in errors)
    else:
        assert errors == []


def test_what_was_entered_under_another_type_comes_back(session: BuilderSession) -> None:
    session.choose_type(AUTHENTICATOR, "BasicHttpAuthenticator")
    session.set((*AUTHENTICATOR, "username"), "me")
    session.choose_type(AUTHENTICATOR, "NoAuth")
    session.choose_type(AUTHENTICATOR, "BasicHttpAuthenticator")
    assert session.value((*AUTHENTICATOR, "username")) == "me"


def test_what_was_entered_comes_back_after_the_stream_has_moved(session: BuilderSession) -> None:
    session.choose_type(AUTHENTICATOR, "BasicHttpAuthenticator")
    session.set((*AUTHENTICATOR, "username"), "me")
    session.choose_type(AUTHENTICATOR, "NoAuth")
    session.streams.move(0, 1)
    moved: Path = ("streams", 1, *AUTHENTICATOR[2:])
    session.choose_type(moved, "BasicHttpAuthenticator")
    assert session.value((*moved, "username")) == "me"


def test_fields_that_both_types_have_are_kept(session: BuilderSession) -> None:
    body: Path = (*CREATION, "request_body")
    session.choose_type(body, "RequestBodyJsonObject")
    session.set((*body, "value"), {"list": "all"})
    session.choose_type(body, "RequestBodyUrlEncodedForm")
    assert session.value(body) == {"type": "RequestBodyUrlEncodedForm", "value": {"list": "all"}}


def test_a_template_can_stand_in_place_of_a_component_and_come_back(session: BuilderSession) -> None:
    cursor: Path = ("streams", 0, "incremental_sync")
    session.choose_type(cursor, "DatetimeBasedCursor")
    session.choose_type((*cursor, "start_datetime"), TEXT)
    session.set((*cursor, "start_datetime"), "2024-01-01")
    session.choose_type((*cursor, "start_datetime"), "MinMaxDatetime")
    session.choose_type((*cursor, "start_datetime"), TEXT)
    assert session.value((*cursor, "start_datetime")) == "2024-01-01"


@pytest.mark.parametrize(
    ("name", "wires"),
    [
        ("BearerAuthenticator", {"api_token": "api_key"}),
        ("ApiKeyAuthenticator", {"api_token": "api_key"}),
        ("BasicHttpAuthenticator", {"username": "username", "password": "password"}),
        ("JwtAuthenticator", {"secret_key": "secret_key"}),
        (
            "LegacySessionTokenAuthenticator",
            {"session_token": "session_token", "username": "username", "password": "password"},
        ),
        ("RateLimitedMultipleTokenAuthenticator", {"tokens": "api_tokens"}),
        (
            "OAuthAuthenticator",
            {
                "client_id": "client_id",
                "client_secret": "client_secret",
                "refresh_token": "client_refresh_token",
                "access_token_value": "client_access_token",
            },
        ),
    ],
)
def test_an_authenticator_brings_its_inputs_and_refers_to_them(
    session: BuilderSession, name: str, wires: dict[str, str]
) -> None:
    session.choose_type(AUTHENTICATOR, name)
    assert {one.key for one in session.inputs.all()} == set(wires.values())
    for field, key in wires.items():
        assert session.value((*AUTHENTICATOR, field)) == f"{{{{ config['{key}'] }}}}"
    assert all(one.secret for one in session.inputs.all() if one.key != "username")
    session.undo()
    assert session.inputs.all() == ()
    assert session.value(AUTHENTICATOR) is None


def test_an_input_that_exists_is_used_and_stays(session: BuilderSession) -> None:
    session.inputs.add(Input("api_key", "My key"))
    session.choose_type(AUTHENTICATOR, "BearerAuthenticator")
    session.unset(AUTHENTICATOR)
    assert [one.title for one in session.inputs.all()] == ["My key"]


def test_inputs_that_came_along_go_when_nothing_uses_them_any_more(session: BuilderSession) -> None:
    session.choose_type(AUTHENTICATOR, "BearerAuthenticator")
    other: Path = ("streams", 1, "retriever", "requester", "authenticator")
    session.choose_type(other, "BearerAuthenticator")
    session.unset(AUTHENTICATOR)
    assert [one.key for one in session.inputs.all()] == ["api_key"]
    session.choose_type(other, "NoAuth")
    assert session.inputs.all() == ()


def test_an_unknown_type_is_refused(session: BuilderSession) -> None:
    assert "Nonsense" not in component_types()
    with pytest.raises(KeyError):
        session.choose_type(AUTHENTICATOR, "Nonsense")


def test_what_is_remembered_follows_the_stream_back_when_its_move_is_undone(session: BuilderSession) -> None:
    session.choose_type(AUTHENTICATOR, "BasicHttpAuthenticator")
    session.set((*AUTHENTICATOR, "username"), "me")
    session.choose_type(AUTHENTICATOR, "NoAuth")
    session.streams.move(0, 1)
    session.undo()
    session.choose_type(AUTHENTICATOR, "BasicHttpAuthenticator")
    assert session.value((*AUTHENTICATOR, "username")) == "me"


def test_references_in_what_is_remembered_lead_to_the_same_or_are_written_out(session: BuilderSession) -> None:
    parent: Path = ("streams", 0, "retriever", "partition_router")
    session.choose_type(parent, "SubstreamPartitionRouter")
    session.add_component((*parent, "parent_stream_configs"), "ParentStreamConfig")
    session.set((*parent, "parent_stream_configs", 0, "stream"), {"$ref": "#/streams/1"})
    session.choose_type(parent, "ListPartitionRouter")
    session.choose_type(parent, "SubstreamPartitionRouter")
    reference = (*parent, "parent_stream_configs", 0, "stream")
    assert session.document.get(reference) == {"$ref": "#/streams/1"}
    session.choose_type(parent, "ListPartitionRouter")
    session.streams.delete(1)
    session.streams.add("others")
    session.choose_type(parent, "SubstreamPartitionRouter")
    assert session.value((*reference, "name")) == "lists"
