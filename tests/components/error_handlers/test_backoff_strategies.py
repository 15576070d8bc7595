from __future__ import annotations

from typing import Any

import httpx
import pytest

from core.errors import ReadError
from core.http.policy import RequestFailed, WaitTooLongError
from core.runtime.roles import BackoffStrategy
from tests.support.http_bench import Bench, build
from tests.support.server import LoopbackServer, Reply

REQUEST = httpx.Request("GET", "https://api.example.com/")


def wait(
    bench: Bench, type_: str, attempt: int = 1, body: Any = None, headers: dict[str, str] | None = None, **fields: Any
) -> float | None:
    response = httpx.Response(429, json=body, headers=headers, request=REQUEST)
    strategy: BackoffStrategy = build({"type": type_, **fields}, BackoffStrategy)
    return strategy.wait(response, attempt, bench.context)


def test_a_constant_wait(bench: Bench) -> None:
    bench.config["wait"] = 7
    assert wait(bench, "ConstantBackoffStrategy", backoff_time_in_seconds=5.5) == 5.5
    assert wait(bench, "ConstantBackoffStrategy", backoff_time_in_seconds="{{ config['wait'] }}") == 7


def test_jitter_only_adds(bench: Bench) -> None:
    waits = [
        wait(bench, "ConstantBackoffStrategy", backoff_time_in_seconds=5, jitter_range_in_seconds=2) or 0
        for _ in range(50)
    ]
    assert all(5 <= seconds <= 9 for seconds in waits)
    assert len(set(waits)) > 1


def test_an_exponential_wait_doubles(bench: Bench) -> None:
    assert [wait(bench, "ExponentialBackoffStrategy", attempt) for attempt in (1, 2, 3, 4)] == [10, 20, 40, 80]
    assert wait(bench, "ExponentialBackoffStrategy", 3, factor="0.5") == 4


@pytest.mark.parametrize(
    ("value", "fields", "seconds"),
    [
        ("30", {}, 30),
        ("1.5", {}, 1.5),
        ("30 seconds", {"regex": "[0-9]+"}, 30),
        ("in 30 seconds", {"regex": "[0-9]+"}, None),
        ("Wed, 01 May 2024 10:00:00 GMT", {}, None),
        ("0", {}, None),
        ("-3", {}, None),
        ("inf", {}, None),
        (None, {}, None),
    ],
)
def test_a_wait_from_a_header(bench: Bench, value: str | None, fields: dict[str, Any], seconds: float | None) -> None:
    headers = {} if value is None else {"X-Wait": value}
    assert wait(bench, "WaitTimeFromHeader", headers=headers, header="x-wait", **fields) == seconds


@pytest.mark.parametrize(
    ("offset", "fields", "seconds"),
    [
        (90, {}, 90),
        (-90, {}, None),
        (90, {"min_wait": 120}, 120),
        (-90, {"min_wait": 5}, 5),
        (None, {"min_wait": 5}, 5),
        (None, {}, None),
    ],
)
def test_a_wait_until_the_time_in_a_header(
    bench: Bench, offset: int | None, fields: dict[str, Any], seconds: float | None
) -> None:
    headers = {} if offset is None else {"X-Reset": f"{bench.now.timestamp() + offset:.0f}"}
    assert wait(bench, "WaitUntilTimeFromHeader", headers=headers, header="X-Reset", **fields) == seconds


@pytest.mark.parametrize(
    ("body", "seconds"),
    [
        ({"retry_in": 12}, 12),
        ({"retry_in": "12.5"}, 12.5),
        ({"retry_in": "soon"}, None),
        ({}, None),
        ([], None),
        ({"retry_in": -1}, None),
    ],
)
def test_a_wait_from_the_body(bench: Bench, body: Any, seconds: float | None) -> None:
    template = "{{ response.retry_in }}"
    assert wait(bench, "WaitTimeFromResponse", body=body, wait_time_in_seconds=template) == seconds


def test_too_long_waits_are_refused(bench: Bench) -> None:
    with pytest.raises(WaitTooLongError):
        wait(bench, "WaitTimeFromHeader", headers={"W": "60"}, header="W", max_waiting_time_in_seconds=60)
    with pytest.raises(WaitTooLongError):
        wait(bench, "WaitUntilTimeFromHeader", header="W", min_wait=10, max_waiting_time_in_seconds="5")
    fields: dict[str, Any] = {"wait_time_in_seconds": "{{ response.s }}", "max_waiting_time_in_seconds": 5}
    with pytest.raises(WaitTooLongError):
        wait(bench, "WaitTimeFromResponse", body={"s": 6}, **fields)
    assert wait(bench, "WaitTimeFromHeader", headers={"W": "59"}, header="W", max_waiting_time_in_seconds=60) == 59


def test_a_template_that_gives_no_number_is_named(bench: Bench) -> None:
    with pytest.raises(ReadError, match="`factor` of the ExponentialBackoffStrategy must give a number"):
        wait(bench, "ExponentialBackoffStrategy", factor="{{ 'much' }}")


def test_an_invalid_regular_expression_is_named(bench: Bench) -> None:
    with pytest.raises(ReadError, match="is not a regular expression"):
        wait(bench, "WaitTimeFromHeader", headers={"W": "5"}, header="W", regex="[")


def test_without_a_response_there_is_no_wait_from_headers_and_bodies(bench: Bench) -> None:
    error = httpx.ConnectError("refused", request=REQUEST)
    for raw in (
        {"type": "WaitTimeFromHeader", "header": "W"},
        {"type": "WaitUntilTimeFromHeader", "header": "W"},
        {"type": "WaitTimeFromResponse", "wait_time_in_seconds": "{{ response.s }}"},
    ):
        assert build(raw, BackoffStrategy).wait(error, 1, bench.context) is None


async def test_the_first_strategy_that_gives_a_wait_is_used_between_attempts(
    bench: Bench, server: LoopbackServer
) -> None:
    server.on("/", Reply("", 500, {"W": "33"}), Reply("", 500), Reply("fine"))
    strategies = [{"type": "WaitTimeFromHeader", "header": "W"}, {"type": "ExponentialBackoffStrategy", "factor": 1}]
    handler = {"type": "DefaultErrorHandler", "backoff_strategies": strategies}
    await bench.send({"type": "HttpRequester", "url": server.url("/"), "error_handler": handler})
    assert bench.waits == [33, 4]


async def test_a_wait_that_is_too_long_fails_the_request(bench: Bench, server: LoopbackServer) -> None:
    server.on("/", Reply("", 429, {"W": "3600"}))
    strategy = {"type": "WaitTimeFromHeader", "header": "W", "max_waiting_time_in_seconds": 60}
    handler = {"type": "DefaultErrorHandler", "backoff_strategies": [strategy]}
    with pytest.raises(RequestFailed, match=r"wait 3600 s .* allows less than 60 s") as caught:
        await bench.send({"type": "HttpRequester", "url": server.url("/"), "error_handler": handler})
    assert caught.value.retryable
    assert bench.waits == []
