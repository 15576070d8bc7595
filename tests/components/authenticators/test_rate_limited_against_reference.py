"""The same tokens for the same requests, and the same waits, as in the reference."""

from __future__ import annotations

from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from random import Random
from typing import Any

import pytest

from core.errors import ReadError
from tests.support.http_bench import Bench
from tests.support.oracle import Oracle
from tests.support.server import Asked, LoopbackServer, Reply

NOON = 1715947200
TOKENS = ["alpha-token", "beta-token", "gamma-token"]
CONFIG = {"tokens": ",".join(TOKENS)}
PATHS = ["/items", "/items", "/search/items"]
Answer = tuple[int, dict[str, str]]


class StillBench(Bench):
    """A bench on which no time passes between attempts, only while the authenticator waits."""

    async def sleep(self, seconds: float) -> None:
        pass

    async def authenticator_waits(self, seconds: float) -> None:
        self.waits.append(seconds)
        self.now += timedelta(seconds=seconds)


@pytest.fixture
async def still_bench() -> AsyncIterator[StillBench]:
    with ThreadPoolExecutor(1) as executor:
        bench = StillBench(executor, config=dict(CONFIG))
        async with bench.session:
            bench.run.sleep = bench.authenticator_waits
            yield bench


def quota(name: str, random: Random, **fields: Any) -> dict[str, Any]:
    written = {"type": "TokenQuota", "name": name, "remaining_path": [name, "left"], "reset_path": [name, "reset"]}
    optional = {
        "limit_path": [name, "limit"],
        "remaining_header": "X-Left",
        "reset_header": "X-Reset",
        "limit_header": "X-Limit",
        "exhaustion_status_codes": [429],
    }
    return {**written, **{key: value for key, value in optional.items() if random.random() < 0.7}, **fields}


def authenticator(url: str, random: Random) -> dict[str, Any]:
    matcher = {
        "type": "HttpRequestRegexMatcher",
        "method": "GET",
        "url_base": url + "/",
        "url_path_pattern": "^/search",
    }
    quotas = [quota("core", random)]
    if random.random() < 0.5:
        quotas.insert(random.randrange(2), quota("search", random, matchers=[matcher]))
    return {
        "type": "RateLimitedMultipleTokenAuthenticator",
        "tokens": "{{ config['tokens'] }}",
        "quota_status_source": {
            "type": "QuotaStatusSource",
            "url": url + "/status",
            "unavailable_status_codes": [404],
        },
        "quotas": quotas,
        "max_wait_time": random.choice(["PT1H", "PT20M", "PT15S"]),
        "budget_reserve_fraction": random.choice([0, 0.1, 0.5]),
        "budget_min_reserve": random.choice([0, 0, 3]),
    }


def status(random: Random) -> dict[str, Any]:
    def one() -> dict[str, Any]:
        reset = random.choice([NOON - 50, NOON + 600, NOON + 1000, "2024-05-17T12:15:00Z", "2024-05-17T14:20:00+02:00"])
        return {"left": random.choice([0, 1, 2, 30, 30, "2"]), "reset": reset, "limit": 30}

    return {"core": one(), "search": one()}


def answer(random: Random) -> Answer:
    headers = {
        "X-Left": random.choice(["0", "1", "2", "30", "some"]),
        "X-Reset": random.choice(
            [
                str(NOON + 600),
                str(NOON + 570),
                str(NOON + 560),
                str(NOON - 50),
                str(NOON + 2000),
                "2024-05-17T12:10:00Z",
            ]
        ),
        "X-Limit": random.choice(["30", "20", "0"]),
    }
    kept = {name: value for name, value in headers.items() if random.random() < 0.5}
    return random.choice([200, 200, 200, 200, 429]), kept


@pytest.mark.parametrize("seed", range(60))
async def test_requests_and_waits_are_the_same(
    still_bench: StillBench, server: LoopbackServer, oracle: Oracle, seed: int
) -> None:
    random = Random(seed)
    url = server.url()
    strategy = {"type": "ConstantBackoffStrategy", "backoff_time_in_seconds": 1}
    requester = {
        "type": "HttpRequester",
        "url": url,
        "authenticator": authenticator(url, random),
        "error_handler": {"type": "DefaultErrorHandler", "backoff_strategies": [strategy]},
    }
    script = {
        "paths": [random.choice(PATHS) for _ in range(12)],
        "statuses": {token: [status(random) for _ in range(3)] for token in TOKENS},
        "answers": [*(answer(random) for _ in range(12)), (200, {})],
    }
    theirs = oracle.ask("tokens", "turns", requester, CONFIG, NOON, script)
    assert await turns(still_bench, server, requester, script) == {
        **theirs,
        "waits": pytest.approx(theirs["waits"]),
    }


async def turns(
    bench: StillBench, server: LoopbackServer, requester: dict[str, Any], script: dict[str, Any]
) -> dict[str, Any]:
    """What the reference is asked for, done here (see tests/oracle_host/tokens.py)."""
    left = {token: list(bodies) for token, bodies in script["statuses"].items()}
    queue = [Reply("{}", *one) for one in script["answers"]]

    def of_token(asked: Asked) -> Reply:
        bodies = left[asked.headers["authorization"].removeprefix("Bearer ")]
        return Reply(bodies.pop(0) if len(bodies) > 1 else bodies[0])

    server.on("/status", of_token)
    for path in set(script["paths"]):
        server.on(path, lambda _: queue.pop(0) if len(queue) > 1 else queue[0])
    failed = 0
    for path in script["paths"]:
        try:
            await bench.send({**requester, "url": requester["url"] + path})
        except ReadError:
            failed += 1
    sent = [[asked.path, asked.headers["authorization"].removeprefix("Bearer ")] for asked in server.asked]
    return {"sent": sent, "waits": bench.waits, "failed": failed}
