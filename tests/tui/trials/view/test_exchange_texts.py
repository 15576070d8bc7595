from __future__ import annotations

from typing import Any

import pytest

from core.http.exchange import Role
from tests.tui.trials.support import exchange
from tui.trials.picks import NodeUse, path_for, template_for, uses
from tui.trials.view.exchange_view import body, curl_command, first_line, headers_text, kind_of


def test_the_line_of_an_answer_has_status_type_size_and_time() -> None:
    assert first_line(exchange(Role.POLL), "response") == "✓ 200 OK · application/json · 2 B · 40 ms"
    slow = exchange(Role.PAGE, 404, "", seconds=12.3, response_headers=(), response_size=None)
    assert first_line(slow, "response") == "✗ 404 Not Found · 12 s"


def test_a_truncated_answer_says_how_much_is_shown() -> None:
    cut = exchange(Role.DOWNLOAD, body="x" * 1000, response_size=12_300_000, response_headers=(), cut=True)
    assert first_line(cut, "response") == "✓ 200 OK · 12.3 MB · 40 ms · only the first 1.0 kB are kept"


def test_a_request_without_an_answer_says_why() -> None:
    lost = exchange(Role.CREATE, None, error="no connection (Connection refused)", response_body=None)
    assert first_line(lost, "response") == "✗ No answer: no connection (Connection refused)"
    assert headers_text(lost, "response").startswith("There is no answer")
    assert body(lost, "response")[0] == ""


def test_headers_are_shown_as_they_go_over_the_wire() -> None:
    posted = exchange(Role.CREATE, url="https://api.example.com/v3?a=1&b=2")
    assert headers_text(posted, "request").split("\n") == [
        "POST /v3?a=1&b=2 HTTP/1.1",
        "Authorization: Bearer ****",
        "User-Agent: longhaul/0.1.0",
    ]


@pytest.mark.parametrize(
    ("text", "media_type", "kind"),
    [
        ("{}", "application/vnd.api+json", "json"),
        ("{}\n{}", "application/x-ndjson", "jsonl"),
        ("a,b", "text/csv", "csv"),
        ("<a/>", "application/xml", "xml"),
        (" [1]", "", "json"),
        ("<a/>", "", "xml"),
        ("<binary, 3.0 MB, application/gzip>", "application/gzip", "text"),
        ("hello", "text/plain", "text"),
    ],
)
def test_the_kind_of_a_body_follows_from_its_type_or_its_beginning(text: str, media_type: str, kind: str) -> None:
    assert kind_of(text, media_type) == kind


def test_a_request_becomes_a_curl_command_with_shell_quoting() -> None:
    posted = exchange(Role.CREATE, request_body="it's {}", url="https://api.example.com/?a=1&b=2")
    assert curl_command(posted) == (
        "curl 'https://api.example.com/?a=1&b=2' \\\n"
        "  -H 'Authorization: Bearer ****' \\\n"
        "  -H 'User-Agent: longhaul/0.1.0' \\\n"
        "  --data-raw 'it'\"'\"'s {}'"
    )


@pytest.mark.parametrize(
    ("use", "path", "field_path"),
    [
        (NodeUse.STATUS, ("job", 0, "state"), ("job", "0", "state")),
        (NodeUse.DOWNLOAD_TARGET, ("urls", 0), ("urls",)),
        (NodeUse.DOWNLOAD_TARGET, ("urls",), ("urls",)),
        (NodeUse.DOWNLOAD_TARGET, ("output", 0, "url"), ("output", "*", "url")),
        (NodeUse.RECORD_PATH, ("data", "items", 3, "id"), ("data", "items")),
        (NodeUse.RECORD_PATH, (0, "id"), ()),
        (NodeUse.PRIMARY_KEY, ("data", 3, "shop", "id"), ("shop", "id")),
        (NodeUse.CURSOR_FIELD, ("data", 3, "lines", 0, "at"), ("at",)),
        (NodeUse.PRIMARY_KEY, ("result", "id"), ("id",)),
    ],
)
def test_each_use_takes_its_part_of_a_path(use: NodeUse, path: tuple[Any, ...], field_path: tuple[str, ...]) -> None:
    assert path_for(use, path) == field_path


def test_the_uses_of_a_node_depend_on_the_request() -> None:
    assert list(uses(Role.POLL, asynchronous=True, value="ready")) == [
        NodeUse.STATUS,
        NodeUse.STATUS_MAPPING,
        NodeUse.DOWNLOAD_TARGET,
        NodeUse.TEMPLATE,
    ]
    assert list(uses(Role.POLL, asynchronous=True, value="https://files.example.com/1.csv")) == [
        NodeUse.DOWNLOAD_TARGET,
        NodeUse.TEMPLATE,
        NodeUse.STATUS,
        NodeUse.STATUS_MAPPING,
    ], "an address is no status"
    assert list(uses(Role.PAGE, asynchronous=False, value=[1])) == [NodeUse.RECORD_PATH]
    assert not list(uses(Role.AUTH, asynchronous=False, value="x"))


def test_a_node_is_a_template_for_later_requests() -> None:
    assert template_for(Role.CREATE, ("job", 0, "id")) == "{{ creation_response['job'][0]['id'] }}"
