"""`curl` commands as people paste them, and requests as `curl` commands."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.manifest.problems import Path
from tests.tui.importing.support import imported, source_of
from tui.importing.curl import CurlRequest, parse_curl, to_curl
from tui.importing.drafts import ImportRefused
from tui.importing.requests import import_curl
from tui.model.session import BuilderSession

JSON = [("Content-Type", "application/json"), ("Accept", "application/json")]
FORM = [("Content-Type", "application/x-www-form-urlencoded")]
CREATION: Path = ("streams", 0, "retriever", "creation_requester")


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        ("curl https://e.com/a", CurlRequest("GET", "https://e.com/a")),
        ("$ curl e.com", CurlRequest("GET", "https://e.com")),
        ("curl 'https://e.com/a?x=1&y=a%20b#top'", CurlRequest("GET", "https://e.com/a", [("x", "1"), ("y", "a b")])),
        ("curl -I https://e.com", CurlRequest("HEAD", "https://e.com")),
        ("curl --request=DELETE --url https://e.com", CurlRequest("DELETE", "https://e.com")),
        (
            "curl -XPUT https://e.com -H'X-A: b' -H 'Empty:'",
            CurlRequest("PUT", "https://e.com", headers=[("X-A", "b")]),
        ),
        ("curl https://e.com -u me:pa:ss", CurlRequest("GET", "https://e.com", user=("me", "pa:ss"))),
        (
            "curl https://e.com -d a=1 -d 'b=x y'",
            CurlRequest("POST", "https://e.com", body_kind="form", body=[("a", "1"), ("b", "x y")]),
        ),
        (
            "curl https://e.com -d a=1 --data-urlencode 'b=x y'",
            CurlRequest("POST", "https://e.com", body_kind="form", body=[("a", "1"), ("b", "x y")]),
        ),
        (
            "curl -G 'https://e.com?z=0' -d a=1 --data-urlencode 'q=x&y'",
            CurlRequest("GET", "https://e.com", [("z", "0"), ("a", "1"), ("q", "x&y")]),
        ),
        (
            "curl https://e.com --json '{\"a\": [1]}'",
            CurlRequest("POST", "https://e.com", headers=JSON, body_kind="json", body={"a": [1]}),
        ),
        (
            'curl https://e.com/graphql --data-raw \'{"query":"{me}"}\'',
            CurlRequest("POST", "https://e.com/graphql", body_kind="graphql", body={"query": "{me}"}),
        ),
        (
            "curl https://e.com --data-raw 'plain text'",
            CurlRequest("POST", "https://e.com", headers=FORM, body_kind="text", body="plain text"),
        ),
        (
            "curl https://e.com \\\n  --compressed -sSL \\\r\n -b 'sid=1' | jq .",
            CurlRequest("GET", "https://e.com", headers=[("Cookie", "sid=1")]),
        ),
        (
            r"""curl https://e.com --data-raw $'{"a": "it\'s \u00fc\\n"}'""",
            CurlRequest("POST", "https://e.com", body_kind="json", body={"a": "it's ü\n"}),
        ),
        ("curl {{base}}/a?x=1", CurlRequest("GET", "{{base}}/a", [("x", "1")])),
    ],
)
def test_commands_are_understood(command: str, expected: CurlRequest) -> None:
    assert parse_curl(command) == expected


@pytest.mark.parametrize(
    ("command", "said"),
    [
        ("wget https://e.com", "not a curl command"),
        ("", "not a curl command"),
        ("curl", "no URL"),
        ("curl 'https://e.com", "a closing ' is missing"),
    ],
)
def test_a_text_that_is_no_command_is_refused(command: str, said: str) -> None:
    with pytest.raises(ImportRefused, match=said):
        parse_curl(command)


def test_what_is_left_out_is_listed() -> None:
    notes = parse_curl("curl https://e.com -F file=@a.csv -d @body.json --max-time 5").notes
    assert len(notes) == 3
    assert any("body.json" in note for note in notes)


TEXT = st.text(st.characters(exclude_categories=("Cs", "Cc")), min_size=1)


@given(TEXT, st.sampled_from(["GET", "POST", "PUT"]), TEXT.map(str.strip).filter(bool))
def test_a_request_that_was_copied_can_be_pasted(body: str, method: str, value: str) -> None:
    headers = [("Content-Type", "text/plain"), ("X-Value", value)]
    pasted = parse_curl(to_curl(method, "https://e.com/a?b=1", headers, body))
    assert pasted == CurlRequest(method, "https://e.com/a", [("b", "1")], headers, body_kind="text", body=body)


def test_a_copied_request_is_readable() -> None:
    assert to_curl("GET", "https://e.com/a?b=c&d", [("Accept", "text/csv")]) == (
        "curl 'https://e.com/a?b=c&d' \\\n  -H 'Accept: text/csv'"
    )


@pytest.mark.parametrize(
    ("options", "authenticator", "secret"),
    [
        (
            "-H 'Authorization: Bearer abc123'",
            {"type": "BearerAuthenticator", "api_token": "{{ config['api_key'] }}"},
            {"api_key": "abc123"},
        ),
        (
            "-u me:pw",
            {
                "type": "BasicHttpAuthenticator",
                "username": "{{ config['username'] }}",
                "password": "{{ config['password'] }}",
            },
            {"username": "me", "password": "pw"},
        ),
        (
            "-H 'X-Api-Key: abc123'",
            {
                "type": "ApiKeyAuthenticator",
                "api_token": "{{ config['api_key'] }}",
                "inject_into": {"type": "RequestOption", "inject_into": "header", "field_name": "X-Api-Key"},
            },
            {"api_key": "abc123"},
        ),
        (
            "--url-query x=1 -G -d api_key=abc123",
            {
                "type": "ApiKeyAuthenticator",
                "api_token": "{{ config['api_key'] }}",
                "inject_into": {"type": "RequestOption", "inject_into": "request_parameter", "field_name": "api_key"},
            },
            {"api_key": "abc123"},
        ),
        (
            "-H 'Authorization: Token abc123'",
            {
                "type": "ApiKeyAuthenticator",
                "api_token": "{{ config['api_key'] }}",
                "inject_into": {"type": "RequestOption", "inject_into": "header", "field_name": "Authorization"},
            },
            {"api_key": "Token abc123"},
        ),
    ],
)
def test_credentials_become_an_authenticator_with_inputs(
    session: BuilderSession, options: str, authenticator: dict[str, Any], secret: dict[str, str]
) -> None:
    imported = import_curl(session, CREATION, f"curl https://e.com/a {options}")
    assert session.value((*CREATION, "authenticator")) == authenticator
    assert session.values.config() == secret
    assert imported.inputs == tuple(secret)
    assert not any(value in session.text for key, value in secret.items() if key != "username")


def test_a_requester_is_filled_in_one_step(session: BuilderSession) -> None:
    session.set((*CREATION, "request_headers", "X-Old"), "1")
    session.set((*CREATION, "use_cache"), True)
    before = session.text
    import_curl(
        session,
        CREATION,
        "curl 'https://e.com/a?tag=x&tag=y&page_token=5' -H 'Accept: text/csv' -H 'sec-ch-ua: x' "
        "-H 'Content-Type: application/json' -d '{\"list\": \"all\"}'",
    )
    assert session.value(CREATION) == {
        "type": "HttpRequester",
        "http_method": "POST",
        "url": "https://e.com/a",
        "use_cache": True,
        "request_parameters": {"tag": ["x", "y"], "page_token": "5"},
        "request_headers": {"Accept": "text/csv"},
        "request_body": {"type": "RequestBodyJsonObject", "value": {"list": "all"}},
    }
    session.undo()
    assert session.text == before


SLACK_TOKEN = "aB3dE5gH7jK9mN1pQ3sT5vX7"


@pytest.mark.parametrize(
    ("path", "secret", "url", "name"),
    [
        (
            "/bot123456789:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw/getUpdates",
            "123456789:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw",
            "/bot{{ config['bot_token'] }}/getUpdates",
            "getUpdates",
        ),
        (
            f"/services/T00000000/B00000000/{SLACK_TOKEN}",
            SLACK_TOKEN,
            "/services/T00000000/B00000000/{{ config['webhook_token'] }}",
            "B00000000",
        ),
        (
            "/hooks/q8Zr3LmX0vT7yBn2KdWc5HsJ9pEfGa1u/events",
            "q8Zr3LmX0vT7yBn2KdWc5HsJ9pEfGa1u",
            "/hooks/{{ config['url_token'] }}/events",
            "events",
        ),
    ],
)
def test_a_secret_in_the_path_becomes_an_input(
    session: BuilderSession, path: str, secret: str, url: str, name: str
) -> None:
    command = f"curl https://api.example.com{path}"
    found = import_curl(session, CREATION, command)
    assert session.value((*CREATION, "url")) == f"https://api.example.com{url}"
    assert session.values.secret(found.inputs[0]) == secret
    assert secret not in session.text
    source = source_of(command)
    draft = source.drafts([source.offers()[0].key])[0]
    assert secret not in str(draft.definition)
    assert draft.name == name


@pytest.mark.parametrize(
    "path",
    [
        "/v3/marketing/contacts/exports",
        "/jobs/0b5f2a3c-6f0e-4d1b-9a53-2f6f1f0c7a11/result",
        "/Commits/da39a3ee5e6b4b0d3255bfef95601890afd80709",
        "/GetReportForTheCustomerAccount2024-And-More",
        "/A1a1A1a1A1a1A1a1A1a1A1a1A1a1A1a1",
    ],
)
def test_ids_and_names_in_a_path_stay(session: BuilderSession, path: str) -> None:
    assert import_curl(session, CREATION, f"curl https://api.example.com{path}").inputs == ()


@pytest.mark.parametrize(
    ("options", "advice"),
    [
        ("--digest -u me:pw", "where the API answers 401, use a token or an API key"),
        ("-F name=x -F file=@y", "these fields were left out: name, file. Many APIs take them as an ordinary form"),
    ],
)
def test_what_can_not_be_sent_comes_with_what_to_do(options: str, advice: str) -> None:
    assert advice in " ".join(parse_curl(f"curl https://e.com {options}").notes)


def test_another_secret_gets_an_input_of_its_own(session: BuilderSession) -> None:
    import_curl(session, CREATION, "curl https://e.com -H 'Authorization: Bearer one'")
    polling: Path = ("streams", 0, "retriever", "polling_requester")
    import_curl(session, polling, "curl https://e.com -H 'Authorization: Bearer one'")
    assert session.value((*polling, "authenticator", "api_token")) == "{{ config['api_key'] }}"
    import_curl(session, polling, "curl https://e.com -H 'Authorization: Bearer two'")
    assert session.value((*polling, "authenticator", "api_token")) == "{{ config['api_key_2'] }}"


def test_every_secret_in_a_command_becomes_an_input(session: BuilderSession) -> None:
    import_curl(session, CREATION, "curl 'https://e.com?api_key=k1' -H 'Authorization: Bearer k2' -b 'sid=k3'")
    assert set(session.values.config().values()) == {"k1", "k2", "sid=k3"}
    assert not any(secret in session.text for secret in ("k1", "k2", "k3"))


@pytest.mark.parametrize(
    "options",
    [
        """--json '{"user": "u", "password": "hunter2", "otp": ""}'""",
        """--json '[{"refreshToken": "hunter2"}, {"x": null}]'""",
        "-d 'user=u&password=hunter2&otp='",
        "-H 'Content-Type: text/plain' -d '[{\"api_key\": [\"hunter2\"]}]'",
        "-H 'Ocp-Apim-Subscription-Key: hunter2' -H 'Authorization: Basic abc'",
        "-H 'Proxy-Authorization: Basic hunter2'",
        "-G -d token=hunter2 -d token=hunter3",
        "-G -d sig=hunter2 -d clientSecret=hunter2 -d api_key=1",
    ],
)
def test_no_secret_of_a_command_stands_in_the_manifest(session: BuilderSession, options: str) -> None:
    import_curl(session, CREATION, f"curl https://e.com {options}")
    assert "hunter" not in session.text
    assert "hunter2" in str(session.values.config())
    assert all(one.secret for one in session.inputs.all())


def test_notes_name_variables_as_they_are_written() -> None:
    notes = parse_curl('curl https://e.com -d "@$FILE" -b ${JAR}').notes
    assert notes == ["The data comes from the file $FILE, which was not read."]


def test_places_in_a_query_are_asked_for() -> None:
    _, placed = imported("curl 'https://e.com/x?account={account_id}&q={a}b'")
    assert placed.missing == ("account_id",)


def test_line_breaks_are_those_of_terminals_too() -> None:
    lines = ["KEY=k1", "curl https://api.test/x \\", "  -H 'X-Api-Key: '$KEY # all", "# done"]
    for end in ("\n", "\r", "\r\n"):
        request = parse_curl(end.join(lines))
        assert (request.url, [name for name, _ in request.headers]) == ("https://api.test/x", ["X-Api-Key"])


@pytest.mark.parametrize(
    ("command", "url", "asked"),
    [
        ("curl https://api.test/<account id>/x -H X-Api-Key:<your key>", "/{{ config['account_id'] }}/x", "account_id"),
        ('get() { curl -s "https://api.test/$1/x" "$@"; }', "/{{ config['argument_1'] }}/x", "argument_1"),
        ("https://api.test/x?since=2024-01-01", "/x", ""),
    ],
)
def test_places_of_documentation_and_arguments_are_asked_for(command: str, url: str, asked: str) -> None:
    session, placed = imported(command, "0")
    assert session.value(("streams", 0, "retriever", "requester", "url")) == f"https://api.test{url}"
    assert session.view.stream_count == 1
    assert asked in ("", *placed.missing)


def test_a_password_that_curl_would_ask_for_is_asked_for() -> None:
    _, placed = imported("curl -u me https://api.test/x", "0")
    assert placed.missing == ("password",)


def test_a_user_without_a_password_is_a_key() -> None:
    session, _ = imported("curl https://api.test/x -u sk_test_1:", "0")
    authenticator = session.value(("streams", 0, "retriever", "requester", "authenticator"))
    assert authenticator == {"type": "BasicHttpAuthenticator", "username": "{{ config['api_key'] }}"}
    assert session.values.secret("api_key") == "sk_test_1"
    assert [one.key for one in session.inputs.all() if one.secret] == ["api_key"]


def test_a_signature_of_aws_is_one() -> None:
    session, _ = imported("curl --aws-sigv4 aws:amz:us-east-2:es -u AK1A:s3cr3t https://search.api.test/x", "0")
    authenticator = session.value(("streams", 0, "retriever", "requester", "authenticator"))
    assert authenticator == {
        "type": "AwsSignatureAuthenticator",
        "access_key": "{{ config['access_key'] }}",
        "secret_key": "{{ config['secret_key'] }}",
        "region": "us-east-2",
        "service": "es",
    }
    assert session.values.secret("secret_key") == "s3cr3t"


def test_arrays_of_the_shell_are_refused_rather_than_left_out() -> None:
    with pytest.raises(ImportRefused, match="Arrays"):
        source_of("args=(-H 'X-A: b')\ncurl \"${args[@]}\" https://api.test/x")
