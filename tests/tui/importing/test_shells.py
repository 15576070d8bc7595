"""Commands that were copied for other shells than bash, and what only a run of the shell would tell."""

from __future__ import annotations

import pytest

from tui.importing.curl import CurlRequest, curl_requests, parse_curl
from tui.importing.drafts import ImportRefused
from tui.importing.input_drafts import InputCollector
from tui.importing.requests import requester_of

URL = "https://api.test/items"


def requester(command: str) -> tuple[dict[str, object], dict[str, object]]:
    """The requester for a command, and its inputs with their values."""
    request = parse_curl(command)
    collector = InputCollector(request.known)
    return requester_of(request, collector), {one.key: one.value for one in collector.inputs}


def test_a_browser_copies_for_cmd() -> None:
    command = (
        'curl ^"https://api.test/items?a=1^&b=^%^22x^" ^\r\n  -H ^"authorization: Bearer t^" ^\r\n'
        '  --data-raw ^"^{^\\^"a^\\^": ^\\^"b c^\\^"^}^"'
    )
    assert parse_curl(command) == CurlRequest(
        "POST", URL, [("a", "1"), ("b", '"x')], [("authorization", "Bearer t")], body_kind="json", body={"a": "b c"}
    )


def test_documentation_is_written_for_cmd() -> None:
    command = 'curl "https://api.test/items?a=1&b=2" ^\r\n  -H "Accept: text/csv" ^\r\n  -d "{\\"a\\": 1}"'
    assert parse_curl(command) == CurlRequest(
        "POST", URL, [("a", "1"), ("b", "2")], [("Accept", "text/csv")], body_kind="json", body={"a": 1}
    )


def test_documentation_is_written_for_powershell() -> None:
    command = (
        f'$page = "3"\n$token = \'t-1\'\ncurl.exe -X POST "{URL}?page=$page" `\n  -H "Authorization: Bearer $token" `\n'
        '  -H "X-Team: $env:TEAM" `\n  -d \'{\\"a\\": 1}\''
    )
    found, inputs = requester(command)
    assert found["request_parameters"] == {"page": "3"}
    assert found["authenticator"] == {"type": "BearerAuthenticator", "api_token": "{{ config['token'] }}"}
    assert found["request_headers"] == {"X-Team": "{{ config['team'] }}"}
    assert inputs == {"token": "t-1", "team": None}


@pytest.mark.parametrize(
    ("command", "url"),
    [
        ("curl https://api.test/v1/{account_id}/items", "https://api.test/v1/{{ config['account_id'] }}/items"),
        ("curl https://api.test/v1/:account_id/items", "https://api.test/v1/{{ config['account_id'] }}/items"),
        ("curl {{base}}/items", "{{ config['base'] }}/items"),
        ("curl $HOST/items", "{{ config['host'] }}/items"),
        ("curl https://$(hostname)/items", "https://{{ config['value'] }}/items"),
    ],
)
def test_a_place_for_a_value_becomes_an_input(command: str, url: str) -> None:
    assert requester(command)[0]["url"] == url


def test_the_output_of_a_command_is_asked_for_and_the_command_in_it_is_offered() -> None:
    login, items = curl_requests(
        f'TOKEN=$(curl -s -u me:pw https://api.test/token | jq -r .t)\ncurl -H "Authorization: Bearer $TOKEN" {URL}'
    )
    assert (login.url, items.url) == ("https://api.test/token", URL)
    assert requester_of(items, InputCollector())["authenticator"]["api_token"] == "{{ config['token'] }}"


def test_an_example_of_a_secret_is_no_value() -> None:
    assert requester(f"curl {URL} -H 'X-Api-Key: YOUR_API_KEY'")[1] == {"api_key": None}


def test_what_cannot_be_taken_over_is_said_once() -> None:
    notes = parse_curl(f"curl -X POST {URL} -F file=@a.csv -F 'name=b' -b cookies.txt -k --digest -u a:b").notes
    assert any("cookies.txt" in note for note in notes)
    assert any("file, name" in note for note in notes)
    assert any("--insecure" in note for note in notes)
    assert len(notes) == len(set(notes)) == 4


@pytest.mark.parametrize(
    ("command", "said"),
    [
        ("curl 'https://api.test", "a closing ' is missing"),
        ('curl "https://api.test', 'a closing " is missing'),
        ("curl $(curl", "a closing \\) is missing"),
        ("curl https://api.test\n" * 300, "More than 200 requests"),
        ("curl" + " x" * 1_100_000, "not read as a command"),
        ("A=" + "x" * 1_000_000 + "\ncurl " + "$A" * 20, "too long"),
        ("curl 'http://[::1'", "can't be read"),
    ],
    ids=range(7),
)
def test_what_has_no_end_is_refused_in_words(command: str, said: str) -> None:
    with pytest.raises(ImportRefused, match=said):
        curl_requests(command)
