"""The trace is a HAR 1.2 file at any moment."""

from __future__ import annotations

import json
import os
import stat
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from core.events import ExchangeFinished
from core.http.exchange import Exchange, Role
from core.outputs.durable import OutputError
from core.outputs.har import HarTrace
from tests.support.disk import full_disk

EXCHANGE = Exchange(
    role=Role.CREATE,
    method="POST",
    url="https://api.example.com/jobs?a=1&b=&a=2",
    request_headers=(("Authorization", "Bearer ****"), ("Content-Type", "application/json")),
    request_body='{"x": 1}',
    started=datetime(2024, 1, 2, 3, 4, 5, tzinfo=UTC),
    seconds=0.25,
    status=202,
    reason="Accepted",
    response_headers=(("content-type", "application/json"), ("location", "/jobs/1")),
    response_body='{"id": "1"}',
    response_size=11,
)


def finished(exchange: Exchange) -> ExchangeFinished:
    return ExchangeFinished(stream="contacts", slice={"day": "1"}, exchange=exchange)


def log(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(path.read_text())["log"]
    return found


def test_an_exchange_is_an_entry_with_everything_that_har_requires(tmp_path: Path) -> None:
    trace = HarTrace(tmp_path / "run.har")
    trace.add(finished(EXCHANGE))
    trace.close()
    found = log(tmp_path / "run.har")
    assert found["version"] == "1.2"
    assert set(found["creator"]) == {"name", "version"}
    (entry,) = found["entries"]
    assert entry["startedDateTime"] == "2024-01-02T03:04:05+00:00"
    assert entry["time"] == 250.0
    assert entry["timings"] == {"send": 0, "wait": 250.0, "receive": 0}
    assert entry["cache"] == {}
    assert entry["request"] == {
        "method": "POST",
        "url": "https://api.example.com/jobs?a=1&b=&a=2",
        "httpVersion": "HTTP/1.1",
        "cookies": [],
        "headers": [
            {"name": "Authorization", "value": "Bearer ****"},
            {"name": "Content-Type", "value": "application/json"},
        ],
        "queryString": [
            {"name": "a", "value": "1"},
            {"name": "b", "value": ""},
            {"name": "a", "value": "2"},
        ],
        "postData": {"mimeType": "application/json", "text": '{"x": 1}'},
        "headersSize": -1,
        "bodySize": 8,
    }
    assert entry["response"] == {
        "status": 202,
        "statusText": "Accepted",
        "httpVersion": "HTTP/1.1",
        "cookies": [],
        "headers": [
            {"name": "content-type", "value": "application/json"},
            {"name": "location", "value": "/jobs/1"},
        ],
        "content": {"size": 11, "mimeType": "application/json", "text": '{"id": "1"}'},
        "redirectURL": "/jobs/1",
        "headersSize": -1,
        "bodySize": 11,
    }
    assert (entry["_stream"], entry["_slice"], entry["_role"], entry["_attempt"]) == (
        "contacts",
        {"day": "1"},
        "create",
        1,
    )


def test_a_request_without_an_answer_says_why(tmp_path: Path) -> None:
    trace = HarTrace(tmp_path / "run.har")
    failed = replace(EXCHANGE, status=None, reason="", response_headers=(), response_body=None, error="timed out")
    trace.add(finished(replace(failed, response_size=None, request_body=None)))
    (entry,) = log(tmp_path / "run.har")["entries"]
    assert entry["response"]["status"] == 0
    assert entry["_error"] == "timed out"
    assert "text" not in entry["response"]["content"]
    assert "postData" not in entry["request"]


def test_the_file_is_valid_json_after_every_entry(tmp_path: Path) -> None:
    trace = HarTrace(tmp_path / "run.har")
    for number in range(5):
        assert len(log(tmp_path / "run.har")["entries"]) == number
        trace.add(finished(EXCHANGE))
    assert len(log(tmp_path / "run.har")["entries"]) == 5


def test_an_earlier_trace_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "run.har").write_text("x" * 10_000)
    HarTrace(tmp_path / "run.har").close()
    assert log(tmp_path / "run.har")["entries"] == []


def test_a_trace_that_can_not_be_written_is_refused_at_once(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="the directory is gone or does not exist"):
        HarTrace(tmp_path / "missing" / "run.har")


def test_when_the_disk_is_full_the_earlier_entries_stay_intact(tmp_path: Path) -> None:
    path = tmp_path / "run.har"
    trace = HarTrace(path)
    trace.add(finished(EXCHANGE))
    with full_disk(path.stat().st_size + 100), pytest.raises(OSError, match="too large"):
        trace.add(finished(EXCHANGE))
    assert len(log(path)["entries"]) == 1
    trace.add(finished(EXCHANGE))
    trace.close()
    assert len(log(path)["entries"]) == 2


def test_an_earlier_trace_stays_when_there_is_no_room_to_begin(tmp_path: Path) -> None:
    path = tmp_path / "run.har"
    path.write_text("the run before")
    with full_disk(0), pytest.raises(OutputError, match="the file grew larger than the system allows"):
        HarTrace(path)
    assert path.read_text() == "the run before"
    assert os.listdir(tmp_path) == ["run.har"]


def test_only_its_owner_can_read_a_trace_even_where_an_earlier_one_was_open_to_all(tmp_path: Path) -> None:
    path = tmp_path / "run.har"
    for before, after in ((None, 0o600), (0o640, 0o640)):
        if before is not None:
            path.chmod(before)
        HarTrace(path).close()
        assert stat.S_IMODE(path.stat().st_mode) == after


def test_a_trace_through_a_link_leaves_the_link(tmp_path: Path) -> None:
    link = tmp_path / "link.har"
    link.symlink_to("run.har")
    trace = HarTrace(link)
    trace.add(finished(EXCHANGE))
    trace.close()
    assert link.is_symlink()
    assert len(log(tmp_path / "run.har")["entries"]) == 1
