"""Several tokens with quotas: which token goes with which request, and when it waits."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import pytest

from core.components.http_requester import HttpRequester
from core.errors import ReadError
from core.http.exchange import Role
from core.http.policy import RequestFailed
from tests.components.authenticators.quotas import quota
from tests.support.http_bench import Bench, build
from tests.support.server import Asked, LoopbackServer, Reply

NOON = 1715947200
"""The bench's clock at the start, in seconds since 1970."""


@dataclass
class Api:
    """An API that tells what each token has left; it does not count by itself unless `counts`."""

    server: LoopbackServer
    left: dict[str, int] = field(default_factory=lambda: {"alpha-token": 100, "beta-token": 100, "gamma-token": 100})
    limit: int = 100
    reset: int | str = NOON + 600
    refused: set[str] = field(default_factory=set)
    counts: bool = False
    after_reset: int | None = None

    def __post_init__(self) -> None:
        self.server.on("/status", self.status)
        self.server.on("/data", self.data)

    def status(self, asked: Asked) -> Reply:
        token = token_of(asked)
        if token in self.refused:
            return Reply({"error": "bad credentials"}, 401)
        core = {"remaining": self.left[token], "reset": self.reset, "limit": self.limit}
        return Reply({"resources": {"core": core, "search": {**core, "remaining": 7}}})

    def data(self, asked: Asked) -> Reply:
        token = token_of(asked)
        if token in self.refused:
            return Reply({"error": "bad credentials"}, 401)
        if self.counts:
            if self.left[token] <= 0:
                return Reply("enough", 429)
            self.left[token] -= 1
        return Reply("fine")


def token_of(asked: Asked) -> str:
    return asked.headers["authorization"].removeprefix("Bearer ")


def tokens(server: LoopbackServer, **fields: Any) -> dict[str, Any]:
    return {
        "type": "RateLimitedMultipleTokenAuthenticator",
        "tokens": "{{ config['tokens'] }}",
        "quota_status_source": {"type": "QuotaStatusSource", "url": server.url("/status")},
        "quotas": [quota()],
        "budget_reserve_fraction": 0,
        "budget_min_reserve": 0,
        **fields,
    }


def requester(server: LoopbackServer, path: str = "/data", **fields: Any) -> dict[str, Any]:
    return {"type": "HttpRequester", "url": server.url(path), "authenticator": tokens(server, **fields)}


def sent(server: LoopbackServer, path: str = "/data") -> list[str]:
    return [token_of(asked).removesuffix("-token") for asked in server.to(path)]


@pytest.fixture
def api(bench: Bench, server: LoopbackServer) -> Api:
    bench.config["tokens"] = "alpha-token, beta-token ,gamma-token,"
    return Api(server)


async def test_each_token_is_checked_once_and_the_first_is_used_first(
    bench: Bench, server: LoopbackServer, api: Api
) -> None:
    for _ in range(3):
        await bench.send(requester(server))
    assert sent(server, "/status") == ["alpha", "beta", "gamma"]
    assert sent(server) == ["alpha"] * 3
    assert bench.waits == []


async def test_the_next_token_is_used_when_the_calls_of_one_are_used_up(
    bench: Bench, server: LoopbackServer, api: Api
) -> None:
    api.left = {"alpha-token": 2, "beta-token": 0, "gamma-token": 3}
    for _ in range(4):
        await bench.send(requester(server))
    assert sent(server) == ["alpha", "alpha", "gamma", "gamma"]


async def test_when_all_are_used_up_it_waits_for_the_first_reset_and_asks_again(
    bench: Bench, server: LoopbackServer, api: Api
) -> None:
    api.left = dict.fromkeys(api.left, 1)
    for _ in range(3):
        await bench.send(requester(server))
    assert bench.waits == []
    await bench.send(requester(server))
    assert bench.waits == [600]
    assert sent(server, "/status") == ["alpha", "beta", "gamma"] * 2
    assert sent(server) == ["alpha", "beta", "gamma", "gamma"]
    (message,) = bench.log
    assert message.startswith(
        "All 3 tokens have no calls left in the quota `core`. Waiting 10 minutes: the first has calls again at"
    )


async def test_the_time_of_a_reset_is_shown_in_utc(bench: Bench, server: LoopbackServer, api: Api) -> None:
    api.left = dict.fromkeys(api.left, 0)
    api.reset = "2024-05-18T02:10:00+09:00"
    with pytest.raises(ReadError, match="at 2024-05-17 17:10:00 UTC"):
        await bench.send(requester(server))


async def test_a_reset_in_the_past_still_takes_the_shortest_wait(
    bench: Bench, server: LoopbackServer, api: Api
) -> None:
    api.left = dict.fromkeys(api.left, 0)
    api.reset = NOON - 100
    with pytest.raises(ReadError, match="longer than `max_wait_time`") as failed:
        await bench.send(requester(server, max_wait_time="PT12S"))
    assert bench.waits == [5, 5, 2]
    assert failed.value.retryable
    assert server.to("/data") == []


async def test_a_wait_that_is_too_long_fails_at_once(bench: Bench, server: LoopbackServer, api: Api) -> None:
    api.left = dict.fromkeys(api.left, 0)
    bench.config["minutes"] = 10
    with pytest.raises(ReadError, match=r"the first has calls again at 2024-05-17 12:10:00 UTC\. That is longer"):
        await bench.send(requester(server, max_wait_time="PT{{ config['minutes'] }}M"))
    assert bench.waits == []


async def test_200_requests_at_once_ask_once_and_wait_together(bench: Bench, server: LoopbackServer, api: Api) -> None:
    api.left = {"alpha-token": 40, "beta-token": 30, "gamma-token": 30}
    api.counts = True
    component: HttpRequester = build(requester(server), HttpRequester)

    async def sleep(seconds: float) -> None:
        bench.waits.append(seconds)
        await asyncio.sleep(0)
        api.left = dict.fromkeys(api.left, 100)

    bench.run.sleep = sleep
    await asyncio.gather(*[component.send(bench.context, Role.PAGE) for _ in range(200)])
    assert sent(server, "/status") == ["alpha", "beta", "gamma"] * 2
    assert Counter(sent(server)) == {"alpha": 40, "beta": 30, "gamma": 30 + 100}
    assert len(bench.waits) == 100
    assert len(bench.log) == 1


async def test_a_wait_can_be_cancelled(bench: Bench, server: LoopbackServer, api: Api) -> None:
    api.left = dict.fromkeys(api.left, 0)
    waiting = asyncio.Event()

    async def sleep(_seconds: float) -> None:
        waiting.set()
        await asyncio.Event().wait()

    bench.run.sleep = sleep
    sending = asyncio.create_task(bench.send(requester(server)))
    async with asyncio.timeout(20):
        await waiting.wait()
        sending.cancel()
        with pytest.raises(asyncio.CancelledError):
            await sending


async def test_requests_are_counted_where_a_matcher_matches(bench: Bench, server: LoopbackServer, api: Api) -> None:
    api.left = {"alpha-token": 1, "beta-token": 9, "gamma-token": 9}
    server.on("/search/items", Reply("fine"))
    search = quota("search", matchers=[{"method": "get", "url_path_pattern": "^/search"}])
    quotas = [search, quota()]
    await bench.send(requester(server, quotas=quotas))
    for _ in range(8):
        await bench.send(requester(server, "/search/items", quotas=quotas))
    await bench.send(requester(server, quotas=quotas))
    assert sent(server, "/search/items") == ["alpha"] * 7 + ["beta"]
    assert sent(server) == ["alpha", "beta"]


async def test_requests_that_no_quota_matches_count_in_the_first_and_are_reported_once(
    bench: Bench, server: LoopbackServer, api: Api
) -> None:
    quotas = [quota("search", matchers=[{"params": {"q": 1}}]), quota(matchers=[{"headers": {"X-Kind": "bulk"}}])]
    for _ in range(8):
        await bench.send(requester(server, quotas=quotas))
    assert sent(server) == ["alpha"] * 7 + ["beta"]
    assert bench.log == [
        f"No quota takes GET {server.url('/data')}, so it is counted in `search`. Add one without `matchers`."
    ]


async def test_the_last_calls_are_spread_out(bench: Bench, server: LoopbackServer, api: Api) -> None:
    api.left = {"alpha-token": 11, "beta-token": 10, "gamma-token": 10}
    fields: dict[str, Any] = {"budget_reserve_fraction": 0.1, "budget_min_reserve": 3}
    await bench.send(requester(server, **fields))
    await bench.send(requester(server, **fields))
    assert bench.waits == [10.0, 10.0]
    api.reset = NOON + 620  # for nothing: it asks again only when all are used up
    bench.now = bench.now.replace(minute=9)
    await bench.send(requester(server, **fields))
    assert bench.waits[2:] == [pytest.approx(40 / 28)]
    assert bench.log == [
        "All tokens are low on their quota `core`: requests are spread out until the reset, 10.0 s apart for now."
    ]


async def test_headers_correct_the_count(bench: Bench, server: LoopbackServer, api: Api) -> None:
    fields: dict[str, Any] = {
        "quotas": [quota(remaining_header="X-Left", reset_header="X-Reset", limit_header="X-Limit")]
    }
    headers = {"X-Left": "0", "X-Reset": str(NOON + 600), "X-Limit": "100"}
    server.on("/data", Reply("fine", headers=headers), Reply("fine"))
    for _ in range(2):
        await bench.send(requester(server, **fields))
    assert sent(server) == ["alpha", "beta"]


async def test_a_used_up_token_gives_way_at_once(bench: Bench, server: LoopbackServer, api: Api) -> None:
    server.on("/data", Reply("enough", 429, {"Retry-After": "500"}), Reply("fine"))
    strategy = {"type": "WaitTimeFromHeader", "header": "Retry-After", "max_waiting_time_in_seconds": 60}
    handler = {"type": "DefaultErrorHandler", "backoff_strategies": [strategy]}
    fields: dict[str, Any] = {"quotas": [quota(exhaustion_status_codes=[429])]}
    response = await bench.send(requester(server, **fields) | {"error_handler": handler})
    assert response is not None
    assert sent(server) == ["alpha", "beta"]
    assert bench.waits == [0.1]
    assert "going on at once with another token" in bench.log[0]


async def test_a_limit_that_is_not_the_tokens_is_waited_for(bench: Bench, server: LoopbackServer, api: Api) -> None:
    server.on("/data", Reply("slow down", 429, {"Retry-After": "7"}), Reply("fine"))
    await bench.send(requester(server, quotas=[quota(remaining_header="X-Left")]))
    assert sent(server) == ["alpha", "alpha"]
    assert bench.waits == [7]


async def test_where_the_api_does_not_count_tokens_take_turns(bench: Bench, server: LoopbackServer, api: Api) -> None:
    server.on("/status", Reply("rate limits are off", 404))
    source = {"type": "QuotaStatusSource", "url": server.url("/status"), "unavailable_status_codes": [404]}
    for _ in range(4):
        await bench.send(requester(server, quota_status_source=source))
    assert sent(server) == ["alpha", "beta", "gamma", "alpha"]
    assert len(server.to("/status")) == 3
    assert bench.log == ["The API doesn't count the calls of the tokens: they are used without a quota from now on."]


async def test_a_refused_token_is_set_aside(bench: Bench, server: LoopbackServer, api: Api) -> None:
    await bench.send(requester(server))
    api.refused = {"alpha-token"}
    for _ in range(3):
        assert await bench.send(requester(server)) is not None
    assert sent(server) == ["alpha", "alpha", "beta", "beta", "beta"]
    warnings = [line for line in bench.log if "set aside" in line]
    assert warnings == ["The API refused token 1 of 3: it is set aside. Replace it in the inputs."]


async def test_a_token_that_is_refused_from_the_start_is_set_aside(
    bench: Bench, server: LoopbackServer, api: Api
) -> None:
    api.refused = {"alpha-token", "gamma-token"}
    for _ in range(2):
        await bench.send(requester(server))
    assert sent(server) == ["beta", "beta"]
    assert [line[:30] for line in bench.log] == ["The API refused token 1 of 3: ", "The API refused token 3 of 3: "]


async def test_when_every_token_is_refused_the_answer_is_the_failure(
    bench: Bench, server: LoopbackServer, api: Api
) -> None:
    api.refused = set(api.left)
    with pytest.raises(RequestFailed, match="/status answered 401 Unauthorized: bad credentials"):
        await bench.send(requester(server))
    assert server.to("/data") == []


async def test_a_request_that_is_refused_with_every_token_fails_and_costs_no_token(
    bench: Bench, server: LoopbackServer, api: Api
) -> None:
    server.on("/admin", Reply({"error": "not for you"}, 401))
    for _ in range(2):
        with pytest.raises(RequestFailed, match="/admin answered 401 Unauthorized: not for you"):
            await bench.send(requester(server, "/admin"))
    assert sent(server, "/admin") == ["alpha", "beta", "gamma", "gamma", "alpha", "beta"]
    api.left = dict.fromkeys(api.left, 1)
    for _ in range(3):
        await bench.send(requester(server))
    assert len(sent(server)) == 3


async def test_many_requests_with_a_refused_token_lose_nothing(bench: Bench, server: LoopbackServer, api: Api) -> None:
    await bench.send(requester(server))
    api.refused = {"alpha-token", "beta-token"}
    component: HttpRequester = build(requester(server), HttpRequester)
    answers = await asyncio.gather(*[component.send(bench.context, Role.PAGE) for _ in range(50)])
    assert [answer.text for answer in answers if answer] == ["fine"] * 50
    assert sum("set aside" in line for line in bench.log) == 2


async def test_a_status_request_that_fails_is_a_failure_for_all_who_wait_for_it(
    bench: Bench, server: LoopbackServer, api: Api
) -> None:
    server.on("/status", Reply("forbidden", 403))
    component: HttpRequester = build(requester(server), HttpRequester)
    outcomes = await asyncio.gather(
        *[component.send(bench.context, Role.PAGE) for _ in range(50)], return_exceptions=True
    )
    assert all(isinstance(outcome, RequestFailed) for outcome in outcomes)
    assert len(server.to("/status")) == 1


async def test_no_token_is_ever_seen(bench: Bench, server: LoopbackServer, api: Api) -> None:
    server.on("/data", lambda asked: Reply({"you sent": token_of(asked), "all": list(api.left)}))
    api.refused = {"gamma-token"}
    await bench.send(requester(server))
    seen = bench.everything_seen()
    assert all(token not in seen for token in api.left)
    assert [exchange.role for exchange in bench.exchanges] == [Role.AUTH] * 3 + [Role.PAGE]
    assert dict(bench.exchanges[0].request_headers)["Authorization"] == "Bearer ****"


async def test_prefix_header_and_additional_headers_are_sent_as_written(
    bench: Bench, server: LoopbackServer, api: Api
) -> None:
    core = {"remaining": 5, "reset": "2024-05-17T12:10:00Z", "limit": 5}
    server.on("/status", Reply({"resources": {"core": core}}))
    source = {
        "type": "QuotaStatusSource",
        "url": server.url("/status"),
        "http_method": "POST",
        "request_headers": {"X-For": "{{ config['who'] }}"},
    }
    server.on("/data", Reply("fine"))
    bench.config |= {"who": "me", "other": " delta-token "}
    fields: dict[str, Any] = {
        "header": "X-Auth",
        "auth_method": "token",
        "tokens": ["{{ config['other'] }}", "{{ config['none'] }}"],
    }
    await bench.send(requester(server, quota_status_source=source, **fields))
    assert [asked.headers["x-auth"] for asked in server.asked] == ["token delta-token"] * 2
    assert (server.asked[0].method, server.asked[0].headers["x-for"]) == ("POST", "me")
    assert "delta-token" not in bench.everything_seen()


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (["one-token", "two-token"], ["one-token", "two-token"]),
        ("12345,67890", ["12345", "67890"]),
        ("same-token,same-token", ["same-token"]),
    ],
)
async def test_inputs_of_other_types_give_tokens_too(
    bench: Bench, server: LoopbackServer, api: Api, given: Any, expected: list[str]
) -> None:
    bench.config["tokens"] = given
    api.left = dict.fromkeys(expected, 1)
    await bench.send(requester(server))
    assert [token_of(asked) for asked in server.to("/status")] == expected


@pytest.mark.parametrize("given", ["", " , ", None])
async def test_inputs_without_a_token_are_named(bench: Bench, server: LoopbackServer, api: Api, given: Any) -> None:
    bench.config["tokens"] = given or ""
    with pytest.raises(ReadError, match="The inputs give no token: check `tokens`"):
        await bench.send(requester(server))


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (
            {"resources": {}},
            r"nothing at `resources\.core\.remaining`, where `remaining_path` of the quota `core` looks",
        ),
        ("<html>", r"nothing at `resources\.core\.remaining`"),
        (
            {"resources": {"core": {"remaining": None, "reset": 1, "limit": 1}}},
            "`remaining_path` of the quota `core` must lead to a whole number, but there is “None”",
        ),
        (
            {"resources": {"core": {"remaining": 1, "reset": "soon", "limit": 1}}},
            "`reset_path` of the quota `core` must lead to a date, or seconds since 1970, but there is “soon”",
        ),
    ],
)
async def test_an_invalid_status_response_is_explained(
    bench: Bench, server: LoopbackServer, api: Api, status: Any, words: str
) -> None:
    server.on("/status", Reply(status))
    with pytest.raises(ReadError, match=words):
        await bench.send(requester(server))


async def test_streams_share_their_counts_whatever_their_parameters(
    bench: Bench, server: LoopbackServer, api: Api
) -> None:
    api.left = {"alpha-token": 1, "beta-token": 9, "gamma-token": 9}
    for name in ("one", "two"):
        marked: dict[str, Any] = {"$parameters": {"stream": name}}
        quotas = [quota(matchers=[{**marked, "method": "GET"}], **marked)]
        await bench.send(requester(server, quotas=quotas, **marked))
    assert len(server.to("/status")) == 3
    assert sent(server) == ["alpha", "beta"]


async def test_an_input_can_choose_them_among_others(bench: Bench, server: LoopbackServer, api: Api) -> None:
    bench.config["kind"] = "tokens"
    fields: dict[str, Any] = {"quotas": [quota(exhaustion_status_codes=[429])]}
    selective = {
        "type": "SelectiveAuthenticator",
        "authenticator_selection_path": ["kind"],
        "authenticators": {"tokens": tokens(server, **fields), "none": {"type": "NoAuth"}},
    }
    server.on("/data", Reply("enough", 429), Reply("who?", 401), Reply("fine"))
    await bench.send(requester(server) | {"authenticator": selective})
    assert sent(server) == ["alpha", "beta", "gamma"]
    assert bench.waits == [0.1]
