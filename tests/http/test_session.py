from __future__ import annotations

import asyncio
import time
from email.utils import format_datetime
from http import HTTPStatus

import pytest

from core.components.http_requester import HttpRequester
from core.errors import ReadError
from core.http.exchange import Role
from core.http.policy import Action, FailureType, RequestFailed
from core.http.secrets import Secrets
from core.http.session import HttpSession
from tests.support.http_bench import Bench, build
from tests.support.server import LoopbackServer, Reply


def get(url: str, **fields: object) -> dict[str, object]:
    return {"type": "HttpRequester", "url": url, **fields}


async def failed(bench: Bench, requester: dict[str, object]) -> RequestFailed:
    with pytest.raises(RequestFailed) as caught:
        await bench.send(requester)
    return caught.value


async def test_a_request_says_who_sends_it(bench: Bench, server: LoopbackServer) -> None:
    server.on("/", Reply("hello"))
    response = await bench.send(get(server.url("/")))
    assert response is not None
    assert response.text == "hello"
    assert server.asked[0].headers["user-agent"].startswith("longhaul/")


async def test_an_exchange_is_recorded_once(bench: Bench, server: LoopbackServer) -> None:
    server.on("/jobs", Reply({"id": 7}, 201, {"X-Trace": "t1"}))
    body = {"type": "RequestBodyJsonObject", "value": {"kind": "report"}}
    await bench.send(get(server.url("/jobs"), http_method="POST", request_body=body))
    (exchange,) = bench.exchanges
    assert (exchange.method, exchange.url, exchange.attempt) == ("POST", server.url("/jobs"), 1)
    assert (exchange.status, exchange.reason, exchange.http_version) == (201, "Created", "HTTP/1.1")
    assert exchange.request_body == '{"kind":"report"}'
    assert exchange.response_body == '{"id": 7}'
    assert exchange.response_size == 9
    assert dict(exchange.response_headers)["x-trace"] == "t1"
    assert exchange.error is None


async def test_transient_errors_are_retried_with_growing_waits(bench: Bench, server: LoopbackServer) -> None:
    server.on("/", *[Reply("busy", 503)] * 5, Reply("fine"))
    response = await bench.send(get(server.url("/")))
    assert response is not None
    assert response.text == "fine"
    assert bench.waits == [1, 2, 4, 8, 16]
    assert [(exchange.attempt, exchange.status) for exchange in bench.exchanges][-2:] == [(5, 503), (6, 200)]
    assert bench.log[0] == (
        f"GET {server.url('/')} answered 503 Service Unavailable: busy; trying again in 1 s (attempt 2 of 6)."
    )


@pytest.mark.parametrize("status", [408, 423, 425, 429, 500, 502, 503, 504])
async def test_an_error_that_persists_fails(bench: Bench, server: LoopbackServer, status: int) -> None:
    server.on("/", Reply("busy", status))
    error = await failed(bench, get(server.url("/")))
    assert len(server.asked) == 6
    assert error.retryable
    assert error.failure_type is FailureType.TRANSIENT_ERROR
    assert "It was tried 6 times." in str(error)


@pytest.mark.parametrize("status", [400, 401, 402, 403, 404, 405, 406, 409, 410, 422, 451, 501])
async def test_a_permanent_error_fails_at_once(bench: Bench, server: LoopbackServer, status: int) -> None:
    server.on("/", Reply({"error": {"message": "no such luck"}}, status))
    error = await failed(bench, get(server.url("/")))
    assert len(server.asked) == 1
    assert not error.retryable
    assert error.status == status
    assert error.action is Action.FAIL
    assert error.exchange is bench.exchanges[0]
    assert error.body == '{"error": {"message": "no such luck"}}'


async def test_a_failure_names_the_request_the_response_and_what_to_do(bench: Bench, server: LoopbackServer) -> None:
    server.on("/jobs", Reply({"error": {"message": "name is required"}}, 422))
    error = await failed(bench, get(server.url("/jobs"), http_method="POST"))
    assert str(error) == (
        f"POST {server.url('/jobs')} answered 422 {HTTPStatus(422).phrase}: name is required. "
        "Check the parameters and the body of the request."
    )


async def test_the_title_of_an_error_page_is_shown(bench: Bench, server: LoopbackServer) -> None:
    page = "<html><head><title>Sign in &amp; go</title><style>x</style></head><body>" + "lots " * 999 + "</body></html>"
    server.on("/", Reply(page, 403, {"content-type": "text/html"}))
    assert "answered 403 Forbidden: Sign in & go." in str(await failed(bench, get(server.url("/"))))


async def test_a_malicious_error_page_does_not_take_long(bench: Bench, server: LoopbackServer) -> None:
    server.on("/", Reply("<html>" + "<script>" * 40_000 + "<title>" * 20_000, 403, {"content-type": "text/html"}))
    began = time.process_time()
    assert "answered 403 Forbidden" in str(await failed(bench, get(server.url("/"))))
    assert time.process_time() - began < 5


async def test_long_error_bodies_are_shortened(bench: Bench, server: LoopbackServer) -> None:
    server.on("/", Reply("oh no " * 10_000, 400))
    error = await failed(bench, get(server.url("/")))
    assert len(str(error)) < 600
    assert error.body is not None
    assert len(error.body) == 2_000


async def test_a_refused_connection_is_retried_and_then_explained(bench: Bench) -> None:
    async with LoopbackServer() as gone:
        url = gone.url("/jobs")
    error = await failed(bench, get(url))
    assert bench.waits == [1, 2, 4, 8, 16]
    assert str(error) == (
        f"GET {url} failed: no connection (Connection refused). It was tried 6 times. "
        "Check the URL and the network, or try again later."
    )
    assert [exchange.status for exchange in bench.exchanges] == [None] * 6
    assert error.retryable


async def test_a_request_is_retried_if_the_server_hangs_up(bench: Bench, server: LoopbackServer) -> None:
    server.on("/", Reply(cut=-1), Reply("0123456789", cut=4), Reply("fine"))
    response = await bench.send(get(server.url("/")))
    assert response is not None
    assert response.text == "fine"
    assert all("the server broke off" in str(exchange.error) for exchange in bench.exchanges[:2])


async def test_a_silent_server_is_given_up_after_the_read_timeout(bench: Bench, server: LoopbackServer) -> None:
    server.on("/", Reply("late", gate=asyncio.Event()))
    handler = {"type": "DefaultErrorHandler", "max_retries": 0}
    error = await failed(bench, get(server.url("/"), read_timeout_in_seconds=0.05, error_handler=handler))
    assert f"GET {server.url('/')} failed: no data for 0.05 s." in str(error)


@pytest.mark.parametrize("status", [429, 503])
async def test_the_server_sets_the_shortest_wait(bench: Bench, server: LoopbackServer, status: int) -> None:
    later = format_datetime(bench.now.replace(second=10), usegmt=True)
    server.on("/", Reply("", status, {"Retry-After": "7"}), Reply("", status, {"Retry-After": later}), Reply("fine"))
    await bench.send(get(server.url("/")))
    assert bench.waits == [7, 3]


async def test_a_shorter_wait_of_the_server_does_not_change_that_of_the_strategy(
    bench: Bench, server: LoopbackServer
) -> None:
    server.on("/", Reply("", 429, {"Retry-After": "7"}), Reply("fine"))
    strategy = {"type": "ConstantBackoffStrategy", "backoff_time_in_seconds": 20}
    await bench.send(
        get(server.url("/"), error_handler={"type": "DefaultErrorHandler", "backoff_strategies": [strategy]})
    )
    assert bench.waits == [20]


async def test_a_server_that_asks_for_hours_is_not_waited_for(bench: Bench, server: LoopbackServer) -> None:
    server.on("/", Reply("", 429, {"Retry-After": "86400"}))
    error = await failed(bench, get(server.url("/")))
    assert bench.waits == []
    assert "The API asks to wait 24 h 00 min before the next request." in str(error)
    assert error.retryable


async def test_secrets_are_in_no_event_and_no_error(bench: Bench, server: LoopbackServer) -> None:
    bench.config["key"] = "very-secret/key+1"
    server.on("/very-secret", Reply({"echo": "very-secret/key+1", "error": "bad key very-secret/key+1"}, 400))
    requester = get(
        server.url("/very-secret"),
        request_parameters={"key": "{{ config['key'] }}"},
        request_headers={"X-Custom": "key {{ config['key'] }}"},
        authenticator={"type": "BasicHttpAuthenticator", "username": "me", "password": "{{ config['key'] }}"},
    )
    error = await failed(bench, requester)
    seen = bench.everything_seen() + str(error) + str(error.body)
    assert "very-secret/key" not in seen
    assert "very-secret%2Fkey" not in seen
    assert server.asked[0].headers["authorization"].removeprefix("Basic ") not in seen
    assert "bad key ****" in str(error)


async def test_cancelling_stops_a_request_at_once(bench: Bench, server: LoopbackServer) -> None:
    server.on("/", Reply("late", gate=asyncio.Event()))
    task = asyncio.create_task(bench.send(get(server.url("/"))))
    await server.was_asked()
    began = time.monotonic()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert time.monotonic() - began < 1
    assert [exchange.error for exchange in bench.exchanges] == ["cancelled"]


async def test_cancelling_stops_a_wait_at_once(server: LoopbackServer, bench: Bench) -> None:
    waiting = asyncio.Event()

    async def wait(_seconds: float) -> None:
        waiting.set()
        await asyncio.Event().wait()

    server.on("/", Reply("busy", 503))
    async with HttpSession(Secrets(), sleep=wait) as session:
        bench.session = session
        task = asyncio.create_task(bench.send(get(server.url("/"))))
        await waiting.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    assert len(server.asked) == 1


async def test_many_requests_run_side_by_side(bench: Bench, server: LoopbackServer) -> None:
    gate = asyncio.Event()
    server.on("/", Reply("fine", gate=gate))
    requester: HttpRequester = build(get(server.url("/")), HttpRequester)
    tasks = [asyncio.create_task(requester.send(bench.context, Role.PAGE)) for _ in range(200)]
    await server.was_asked(200)
    gate.set()
    assert all(await asyncio.gather(*tasks))


async def test_cookies_are_returned(bench: Bench, server: LoopbackServer) -> None:
    server.on("/login", Reply("", 200, {"Set-Cookie": "session=abc; Path=/"}))
    server.on("/", Reply("fine"))
    await bench.send(get(server.url("/login")))
    await bench.send(get(server.url("/")))
    assert server.asked[1].headers["cookie"] == "session=abc"
    assert "session=abc" not in bench.everything_seen()


async def test_a_streamed_response_is_judged_by_its_body_only_if_a_filter_looks_at_it(
    bench: Bench, server: LoopbackServer
) -> None:
    server.on("/", Reply({"status": "denied"}))
    rule = {"type": "HttpResponseFilter", "predicate": "{{ response.status == 'denied' }}", "action": "FAIL"}
    judging = build(
        get(server.url("/"), error_handler={"type": "DefaultErrorHandler", "response_filters": [rule]}), HttpRequester
    )
    with pytest.raises(RequestFailed, match="answered 200 OK"):
        async with judging.open(bench.context, Role.DOWNLOAD):
            pass
    async with build(get(server.url("/")), HttpRequester).open(bench.context, Role.DOWNLOAD) as download:
        assert download is not None
        assert download.received == 0


async def test_a_judged_response_is_still_streamed_as_a_whole(bench: Bench, server: LoopbackServer) -> None:
    server.on("/", Reply({"status": "fine", "rows": [1, 2]}))
    rule = {"type": "HttpResponseFilter", "predicate": "{{ response.status == 'denied' }}", "action": "FAIL"}
    judging = build(
        get(server.url("/"), error_handler={"type": "DefaultErrorHandler", "response_filters": [rule]}), HttpRequester
    )
    async with judging.open(bench.context, Role.DOWNLOAD) as download:
        assert download is not None
        assert b"".join([chunk async for chunk in download.chunks()]) == b'{"status": "fine", "rows": [1, 2]}'
    assert len(bench.exchanges) == 1


async def test_proxies_come_from_the_environment(
    bench: Bench, server: LoopbackServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", server.url())
    monkeypatch.delenv("NO_PROXY", raising=False)
    server.on("/data", Reply("by proxy"))
    requester = build(get("http://api.invalid/data"), HttpRequester)
    async with HttpSession(Secrets()) as session:
        bench.session = session
        response = await requester.send(bench.context, Role.PAGE)
    assert response is not None
    assert response.text == "by proxy"
    assert server.asked[0].target == "http://api.invalid/data"


async def test_a_response_is_recorded_even_if_judging_it_fails(bench: Bench, server: LoopbackServer) -> None:
    server.on("/", Reply({"n": 1}))
    rule = {"type": "HttpResponseFilter", "predicate": "{{ response.n / 0 }}", "action": "FAIL"}
    with pytest.raises(ReadError, match=r"response\.n / 0"):
        await bench.send(
            get(server.url("/"), error_handler={"type": "DefaultErrorHandler", "response_filters": [rule]})
        )
    assert [exchange.status for exchange in bench.exchanges] == [200]


async def test_a_server_that_says_nothing_is_given_the_longest_wait_once(bench: Bench, server: LoopbackServer) -> None:
    server.on("/", Reply("late", gate=asyncio.Event()))
    requester = build(get(server.url("/")), HttpRequester)

    async with asyncio.timeout(20), HttpSession(Secrets(), longest_wait=0.3) as session:
        bench.session = session
        with pytest.raises(RequestFailed, match=r"no data for 0\.3 s"):
            await requester.send(bench.context, Role.PAGE)

    assert len(server.asked) == 1
