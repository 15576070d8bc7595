"""A read keeps to the API budget of its manifest: whatever is sent waits for it, and answers correct it."""

from __future__ import annotations

import asyncio
import time
from textwrap import indent
from typing import Any

import pytest

from core.errors import InputError
from core.events import BudgetWait, Event, ExchangeFinished, Log, Outcome
from core.reading import Reader, open_reader
from tests.support import jobs_api
from tests.support.reading import Told, connector, no_wait, read_all
from tests.support.server import Asked, LoopbackServer, Reply

USED_UP = "The API budget is used up"


def budget(*policies: str, **headers: object) -> str:
    """The budget of a manifest, in YAML."""
    lines = "".join(f"\n    - {{{policy}}}" for policy in policies)
    more = "".join(f"\n  {name}: {value}" for name, value in headers.items())
    return f"api_budget:\n  type: HTTPAPIBudget\n  policies:{lines}{more}\n"


def fixed(calls: int, period: str = "PT1H", matchers: str = "[]") -> str:
    return f"type: FixedWindowCallRatePolicy, call_limit: {calls}, period: {period}, matchers: {matchers}"


def moving(calls: object, interval: str, matchers: str = "[]") -> str:
    rate = f"{{type: Rate, limit: {calls}, interval: {interval}}}"
    return f"type: MovingWindowCallRatePolicy, rates: [{rate}], matchers: {matchers}"


def stream(server: LoopbackServer, name: str = "items", *, requester: str = "", partitions: int = 0) -> str:
    values = ", ".join(f"'{number}'" for number in range(partitions))
    router = f"partition_router: {{type: ListPartitionRouter, values: [{values}], cursor_field: part}}"
    return f"""\
- type: DeclarativeStream
  name: {name}
  retriever:
    type: SimpleRetriever
    requester:
      type: HttpRequester
      url: "{server.url(f"/{name}")}"
{indent(requester, "      ")}
    record_selector: {{type: RecordSelector, extractor: {{type: DpathExtractor, field_path: []}}}}
    {router if partitions else ""}
"""


def manifest(top: str, *streams: str) -> str:
    return f"""
version: 7.0.0
type: DeclarativeSource
check: {{type: CheckStream, stream_names: [items]}}
concurrency_level: {{type: ConcurrencyLevel, default_concurrency: 20}}
{top}
streams:
{indent("".join(streams), "  ")}
"""


async def read_until(reader: Reader, name: str, server: LoopbackServer, calls: int) -> Told:
    """Read a stream, and cancel all reads when it waits and so many requests have arrived in all."""
    told = Told()
    async for event in reader.read(name):
        told.events.append(event)
        if waits(event):
            await server.was_asked(calls)
            reader.cancel()
    return told


def waits(event: Event) -> bool:
    return isinstance(event, Log) and USED_UP in event.message


async def until_it_waits(
    server: LoopbackServer, calls: int, written: str, config: dict[str, Any] | None = None
) -> Told:
    """Read the first stream until the budget makes it wait for long; that is when so many calls have been made."""
    loaded = connector(written)
    async with asyncio.timeout(20), open_reader(loaded, config or {}, sleep=no_wait) as reader:
        told = await read_until(reader, loaded.stream_names[0], server, calls)
    assert told.outcome is Outcome.CANCELLED
    return told


# Many requests


async def test_many_slices_at_once_keep_to_the_rate(server: LoopbackServer) -> None:
    arrived: list[float] = []

    def note(_asked: Asked) -> Reply:
        arrived.append(time.monotonic())
        return Reply([{"n": 1}])

    server.on("/items", note)
    began = time.monotonic()
    told = await read_all(manifest(budget(moving(5, "PT0.2S")), stream(server, partitions=31)))

    assert (told.outcome, len(told.records)) == (Outcome.COMPLETE, 31)
    for number, at in enumerate(arrived):
        assert at - began >= 0.2 * (number // 5)
    assert USED_UP not in told.logs


async def test_no_more_than_the_limit_goes_out_and_the_wait_is_told_once(server: LoopbackServer) -> None:
    server.on("/items", Reply([{"n": 1}]))

    told = await until_it_waits(server, 7, manifest(budget(fixed(7)), stream(server, partitions=50)))

    assert len(server.asked) == 7
    assert [log.message for log in told.of(Log) if waits(log)] == [
        f"{USED_UP} (7 calls in 60 minutes). The next request goes out in 60 minutes."
    ]
    begun, ended = (event.wait for event in told.of(BudgetWait))
    assert (round(begun.seconds), begun.terms, ended.seconds) == (3600, "7 calls in 60 minutes", 0)


async def test_cancelling_ends_the_wait_at_once(server: LoopbackServer) -> None:
    server.on("/items", Reply([]))
    loaded = connector(manifest(budget(fixed(1)), stream(server, partitions=9)))
    async with asyncio.timeout(20), open_reader(loaded, {}) as reader:
        cancelled = 0.0
        async for event in reader.read("items"):
            if waits(event):
                cancelled = time.monotonic()
                reader.cancel()
        assert time.monotonic() - cancelled < 1


async def test_all_streams_share_the_budget(server: LoopbackServer) -> None:
    for path in ("/items", "/others"):
        server.on(path, Reply([{"id": 1}]))
    both = (stream(server, partitions=9), stream(server, "others", partitions=9))
    loaded = connector(manifest(budget(fixed(4)), *both))
    async with asyncio.timeout(20), open_reader(loaded, {}) as reader:
        told = await asyncio.gather(*(read_until(reader, name, server, 4) for name in ("items", "others")))
    assert len(server.asked) == 4
    assert sum(log.message.startswith(USED_UP) for each in told for log in each.of(Log)) == 1


async def test_each_test_of_a_stream_begins_with_a_fresh_budget(server: LoopbackServer) -> None:
    server.on("/items", Reply([{"n": 1}]))
    written = manifest(budget(fixed(2)), stream(server, partitions=2))
    for _ in range(2):
        assert (await read_all(written)).outcome is Outcome.COMPLETE


async def test_an_input_may_give_the_limit(server: LoopbackServer) -> None:
    server.on("/items", Reply([]))
    written = manifest(budget(moving("\"{{ config['calls'] }}\"", "PT1H")), stream(server, partitions=9))
    await until_it_waits(server, 3, written, {"calls": 3})
    assert len(server.asked) == 3
    with pytest.raises(InputError, match="at least 1"):
        await read_all(written, {"calls": 0})


# Which requests


async def test_only_requests_that_a_policy_is_about_wait_for_it(server: LoopbackServer) -> None:
    server.on("/items", Reply([{"n": 1}]))
    server.on("/others", Reply([{"n": 1}]))
    few = fixed(2, matchers="[{type: HttpRequestRegexMatcher, url_path_pattern: ^/items}]")
    both = (stream(server, partitions=5), stream(server, "others", partitions=5))
    loaded = connector(manifest(budget(few), *both))
    async with asyncio.timeout(20), open_reader(loaded, {}) as reader:
        assert (await read_until(reader, "others", server, 0)).outcome is Outcome.COMPLETE
        await read_until(reader, "items", server, 7)
    assert len(server.to("/items")) == 2


async def test_heavy_requests_use_up_more(server: LoopbackServer) -> None:
    server.on("/items", Reply([]))
    heavy = fixed(10, matchers="[{type: HttpRequestRegexMatcher, method: get, weight: 3}]")
    await until_it_waits(server, 3, manifest(budget(heavy), stream(server, partitions=9)))
    assert len(server.asked) == 3


async def test_repetitions_and_redirects_count(server: LoopbackServer) -> None:
    server.on("/items", Reply("busy", 503), Reply("", 302, {"Location": "/elsewhere"}))
    server.on("/elsewhere", Reply("busy", 503))
    await until_it_waits(server, 4, manifest(budget(fixed(4)), stream(server)))
    assert [asked.path for asked in server.asked] == ["/items", "/items", "/elsewhere", "/items"]


@pytest.mark.parametrize(
    ("calls", "paths"),
    [
        (1, ["/jobs"]),
        (3, ["/jobs", "/jobs/j1", "/jobs/j1"]),
        (4, ["/jobs", "/jobs/j1", "/jobs/j1", "/jobs/j1"]),
    ],
)
async def test_all_requests_of_a_job_count_but_its_abort_does_not_wait(
    server: LoopbackServer, calls: int, paths: list[str]
) -> None:
    jobs_api.serve_job(server, "busy", "busy", "done")
    written = jobs_api.manifest(server, top=budget(fixed(calls)), retriever=jobs_api.ABORT % server.url())
    await until_it_waits(server, calls, written)
    asked = [asked.path for asked in server.asked]
    aborted = [] if calls == 4 else ["/jobs/j1/abort"]  # after three polls the job is over
    assert asked == paths + aborted


async def test_a_download_that_goes_on_counts_again(server: LoopbackServer) -> None:
    jobs_api.serve_job(server, "done")
    body = [{"n": number} for number in range(1000)]
    server.on("/result", Reply(body, headers={"Accept-Ranges": "bytes", "ETag": '"1"'}, cut=500))
    written = jobs_api.manifest(server, top=budget(fixed(5)))
    await until_it_waits(server, 5, written)
    assert [asked.path for asked in server.asked] == ["/jobs", "/jobs/j1", "/result", "/result", "/result"]


LOGIN = """\
authenticator:
  type: SessionTokenAuthenticator
  login_requester: {type: HttpRequester, url: "%s", http_method: POST}
  session_token_path: [token]
  request_authentication: {type: Bearer}
"""
OAUTH = """\
authenticator:
  type: OAuthAuthenticator
  token_refresh_endpoint: "%s"
  client_id: me
  client_secret: x
  refresh_token: y
"""


@pytest.mark.parametrize(("authenticator", "asked"), [(LOGIN, 1), (OAUTH, 2)])
async def test_logins_count_and_requests_for_oauth_tokens_do_not(
    server: LoopbackServer, authenticator: str, asked: int
) -> None:
    """The reference sends the latter past its budget."""
    server.on("/token", Reply({"token": "t", "access_token": "t", "expires_in": 3600}))
    server.on("/items", Reply([]))
    one = stream(server, requester=authenticator % server.url("/token"), partitions=5)
    await until_it_waits(server, 1 + asked, manifest(budget(fixed(2)), one))
    assert (len(server.to("/token")), len(server.to("/items"))) == (1, asked)


async def test_credentials_are_added_anew_after_a_wait(server: LoopbackServer) -> None:
    server.on("/items", Reply([]))
    key = '"{{ now_utc().timestamp() }}"'
    option = "{type: RequestOption, inject_into: header, field_name: x-at}"
    signed = f"authenticator: {{type: ApiKeyAuthenticator, api_token: {key}, inject_into: {option}}}\n"
    written = manifest(budget(moving(1, "PT0.4S")), stream(server, requester=signed, partitions=3))
    assert (await read_all(written)).outcome is Outcome.COMPLETE
    times = [float(asked.headers["x-at"]) for asked in server.asked]
    assert all(at - times[0] > 0.39 * number for number, at in enumerate(times[1:], 1))


# What answers say


async def test_headers_hold_back_what_the_manifest_would_allow(server: LoopbackServer) -> None:
    server.on("/items", Reply([], headers={"X-Left": "1", "X-Reset": "7200"}))
    names = budget(fixed(100), ratelimit_remaining_header="x-left", ratelimit_reset_header="x-reset")
    one_by_one = manifest(names, stream(server, partitions=50)).replace("concurrency: 20", "concurrency: 1")
    told = await until_it_waits(server, 2, one_by_one)
    assert len(server.asked) == 2
    assert "goes out in 2 hours" in told.logs


async def test_a_status_that_says_so_holds_back_until_the_window_ends(server: LoopbackServer) -> None:
    server.on("/items", Reply("slow down", 418), Reply([{"n": 1}]))
    began = time.monotonic()
    retry = """\
error_handler:
  type: DefaultErrorHandler
  response_filters: [{type: HttpResponseFilter, http_codes: [418], action: RATE_LIMITED}]
"""
    top = budget(fixed(100, "PT0.5S"), status_codes_for_ratelimit_hit="[418]")
    told = await read_all(manifest(top, stream(server, requester=retry)))
    assert [one.exchange.status for one in told.of(ExchangeFinished)] == [418, 200]
    assert time.monotonic() - began >= 0.5
