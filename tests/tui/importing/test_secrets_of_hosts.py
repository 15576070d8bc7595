"""Inputs that are there already: a secret of one API is never sent to another host by an import."""

from __future__ import annotations

import json

import pytest
from jinja2 import Environment

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


def collection(base_url: str) -> str:
    request = {"url": {"raw": "{{base_url}}/things"}}
    bearer = {"type": "bearer", "bearer": [{"key": "token", "value": "{{token}}"}]}
    variables = [{"key": "base_url", "value": base_url}]
    info = {"name": "Things", "schema": "v2.1.0"}
    return json.dumps(
        {"info": info, "variable": variables, "auth": bearer, "item": [{"name": "things", "request": request}]}
    )


def addresses(session: BuilderSession) -> list[str]:
    places = [("streams", index, "retriever", "requester", "url") for index in range(session.view.stream_count)]
    return [session.value(one) for one in places]


def test_hosts_that_are_inputs_are_told_apart_by_their_values() -> None:
    session = BuilderSession.new()
    place(session, source_of(collection("https://api.test")).drafts(["0"]))
    session.inputs.set_value("token", "k-1")
    for base_url in ("https://other.test", "https://api.test"):
        place(session, source_of(collection(base_url)).drafts(["0"]))
    one, two = "{{ config['token'] }}", "{{ config['token_2'] }}"
    assert keys(session) == [one, two, one]
    assert addresses(session) == [f"{{{{ config['base_url{end}'] }}}}/things" for end in ("", "_2", "")]


def test_streams_that_are_there_are_not_sent_to_the_host_of_a_new_one() -> None:
    session = BuilderSession.new()
    add(session, "curl $BASE_URL/things -H 'X-Api-Key: {key}'", "", "k-1")
    add(session, "BASE_URL=https://other.test; curl ${{BASE_URL}}/things -H 'X-Api-Key: $API_KEY'", "")
    assert addresses(session)[0] == "{{ config['base_url'] }}/things"
    assert session.values.config() == {"api_key": "k-1"}
    assert keys(session) == [FIRST, SECOND]


@pytest.mark.parametrize("default", ["us", "eu"])
def test_an_input_with_another_default_is_another_input(default: str) -> None:
    session = BuilderSession.new()
    for region in ("us", default):
        server = {"url": "https://{region}.test", "variables": {"region": {"default": region}}}
        document = {"openapi": "3.0.0", "info": {}, "servers": [server], "paths": {"/things": {"get": {}}}}
        place(session, source_of(json.dumps(document)).drafts(["GET /things"]))
    assert [one.default for one in session.inputs.all()] == list(dict.fromkeys(["us", default]))


@pytest.mark.parametrize("template", ["config['api_key']", "config.api_key", "config.get('api_key')"])
def test_texts_from_outside_do_not_read_the_inputs_that_are_there(template: str) -> None:
    session = BuilderSession.new()
    add(session, GIVEN, "api.test", "k-1")
    place(session, source_of(f'curl -g "https://other.test/?q={{{{ {template} }}}}"').drafts(["0"]))
    asked = session.value(("streams", 1, "retriever", "requester", "request_parameters", "q"))
    assert asked == "{{ config['api_key_2'] }}"


@pytest.mark.parametrize("template", ["{{ config | tojson }}", "{{ [config, 1] }}", "{% print(config) %}"])
def test_templates_that_would_give_all_inputs_are_plain_text(template: str) -> None:
    session = BuilderSession.new()
    place(session, source_of(f"curl -g -H 'X-A: {template}' https://other.test/").drafts(["0"]))
    written = session.value(("streams", 0, "retriever", "requester", "request_headers", "X-A"))
    assert Environment().from_string(written).render(config={"api_key": "k-1"}) == template


def test_names_of_headers_are_never_templates() -> None:
    session = BuilderSession.new()
    place(session, source_of("curl https://other.test/ -H 'x-{{ config | list }}-token: 1'").drafts(["0"]))
    field = session.value(("streams", 0, "retriever", "requester", "authenticator", "inject_into", "field_name"))
    assert Environment().from_string(field).render(config={"api_key": "k-1"}) == "x-{{ config | list }}-token"
