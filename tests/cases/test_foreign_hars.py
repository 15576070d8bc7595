"""HAR files that browsers and proxies made can be read, and what is wrong with one is said in a sentence."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import httpx
import pytest

from core.cases.case import CaseError
from core.cases.check import check_case
from core.cases.reading import read_case
from core.cases.replay import NotRecorded, Replay
from tests.cases.support import load
from tests.cases.test_recorded_reads import PAGES


def entry(url: str, content: dict[str, Any], *, status: int = 200, **request: Any) -> dict[str, Any]:
    return {
        "startedDateTime": "2024-05-01T10:00:00.000Z",
        "time": 12.5,
        "request": {"method": "GET", "url": url, "headers": [], **request},
        "response": {"status": status, "statusText": "", "headers": [], "content": content},
    }


def write(path: Path, *entries: dict[str, Any], begin: bytes = b"") -> Path:
    path.write_bytes(begin + json.dumps({"log": {"version": "1.2", "entries": entries}}).encode())
    return path


def answer(path: Path, method: str, url: str, **more: Any) -> httpx.Response:
    return Replay(read_case(path)).answer(httpx.Request(method, url, **more))


async def test_a_browsers_recording_with_a_mark_and_pseudo_headers(tmp_path: Path) -> None:
    headers = [{"name": ":authority", "value": "api.test"}, {"name": "accept", "value": "*/*"}]
    path = write(
        tmp_path / "a.har", entry("https://api.test/x#top", {"text": "{}"}, headers=headers), begin=b"\xef\xbb\xbf"
    )
    case = read_case(path)
    assert [(one.url, list(one.request_headers)) for one in case.exchanges] == [
        ("https://api.test/x", [("accept", "*/*")])
    ]
    assert not case.is_ours
    assert case.began is not None


async def test_base64_and_compressed_content_are_what_they_were_unpacked(tmp_path: Path) -> None:
    packed = entry("https://api.test/x", {"text": base64.b64encode(b"\x00rows").decode(), "encoding": "base64"})
    packed["response"]["headers"] = [
        {"name": "content-encoding", "value": "br"},
        {"name": "content-length", "value": "3"},
        {"name": "set-cookie", "value": "a=1\nb=2"},
    ]
    response = answer(write(tmp_path / "a.har", packed), "GET", "https://api.test/x")
    assert await response.aread() == b"\x00rows"
    assert "content-encoding" not in response.headers
    assert response.headers.get_list("set-cookie") == ["a=1", "b=2"]


def test_form_parameters_instead_of_a_text(tmp_path: Path) -> None:
    data = {"mimeType": "application/x-www-form-urlencoded", "params": [{"name": "q", "value": "a b"}, {"name": "n"}]}
    headers = [{"name": "Content-Type", "value": "application/x-www-form-urlencoded"}]
    path = write(tmp_path / "a.har", entry("https://api.test/x", {}, method="POST", postData=data, headers=headers))
    assert answer(path, "POST", "https://api.test/x", data={"n": "", "q": "a b"}).status_code == 200


def test_null_and_texts_in_place_of_numbers_are_what_tools_write(tmp_path: Path) -> None:
    data = {"mimeType": "application/x-www-form-urlencoded", "params": [{"name": "q", "value": None}]}
    headers = [{"name": "Content-Type", "value": "application/x-www-form-urlencoded"}, {"name": "X-A", "value": None}]
    one = entry("https://api.test/x", {"text": "1"}, method="POST", postData=data, headers=headers)
    one |= {"startedDateTime": None, "time": None, "_role": [], "serverIPAddress": None}
    one["response"] |= {"status": "201", "statusText": None, "headers": None}
    path = write(tmp_path / "a.har", one)
    assert ("X-A", "") in read_case(path).exchanges[0].request_headers
    assert answer(path, "POST", "https://api.test/x", data={"q": ""}).status_code == 201


def test_what_is_no_request_over_http_is_left_out(tmp_path: Path) -> None:
    path = write(tmp_path / "a.har", entry("data:image/png;base64,AA", {}), entry("wss://api.test/s", {}))
    case = read_case(path)
    assert (case.exchanges, case.left_out) == ([], 2)


def test_a_body_that_was_not_saved_is_an_error_that_says_so(tmp_path: Path) -> None:
    path = write(tmp_path / "a.har", entry("https://api.test/x", {"size": 512, "mimeType": "application/json"}))
    with pytest.raises(NotRecorded, match=r"holds only its status \(200\), not its body"):
        answer(path, "GET", "https://api.test/x")


def test_the_last_answer_to_a_get_request_is_repeated_and_another_query_is_not_recorded(tmp_path: Path) -> None:
    replay = Replay(read_case(write(tmp_path / "a.har", entry("https://api.test/x?a=1&b=2", {"text": "1"}))))
    assert [replay.answer(httpx.Request("GET", "https://api.test/x?b=2&a=1")).status_code for _ in range(3)] == [
        200
    ] * 3
    with pytest.raises(NotRecorded, match=r'`query\.b`: recorded "2", now "3"'):
        replay.answer(httpx.Request("GET", "https://api.test/x?a=1&b=3"))
    assert len(replay.differences) == 1


async def test_nothing_is_expected_of_it(tmp_path: Path) -> None:
    case = read_case(write(tmp_path / "a.har", entry("https://api.test/x", {})))
    result = await check_case(load(PAGES, tmp_path / "connector.yaml"), case)
    assert result.passed
    assert result.skipped == "a recording that was made elsewhere: nothing is expected of it"


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "it is empty"),
        (b"{", "is no JSON"),
        (b"[]", "there is no object `log` in it"),
        (b'{"log": {}}', "there is no list `log.entries` in it"),
        (b'{"log": {"entries": [{}]}}', "entry 1 can't be read (there is no 'request')"),
        (b'{"log": {"entries": [{"request": {"url": 5, "method": "GET"}}]}}', "entry 1 can't be read"),
        (
            b'{"log": {"entries": ["x"]}}',
            "entry 1 can't be read (a part of it is not of the type that it has in HAR files",
        ),
        (
            b'{"log": {"entries": [{"request": {"url": "http://[::1", "method": "GET"}}]}}',
            "no valid URL",
        ),
        (b'{"log": {"entries": [], "_longhaul": {"streams": {"a": 1}}}}', "what `_longhaul` says can't be read"),
        (b'{"log": {"entries": [], "_longhaul": {"streams": {"a": {}}}}}', "there is no 'outcome'"),
        (b"\x89PNG\x00", "is no JSON"),
        (b"[" * 100_000, "is no JSON"),
    ],
)
def test_a_broken_file_is_explained(content: bytes, sentence: str, tmp_path: Path) -> None:
    path = tmp_path / "a.har"
    path.write_bytes(content)
    with pytest.raises(CaseError) as error:
        read_case(path)
    assert str(path) in str(error.value)
    assert sentence in str(error.value)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(CaseError, match="can't be read: no such file"):
        read_case(tmp_path / "a.har")
