from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import format_datetime

import httpx
import pytest

from core.http.budget import Budget, FixedWindow, MovingWindow, RatePolicy, RateWindow, Wait
from tests.support.clock import in_no_time

NOW = datetime(2024, 5, 17, 12, tzinfo=UTC)
HOUR = 3600.0


def request(path: str = "/") -> httpx.Request:
    return httpx.Request("GET", f"https://api.example.com{path}")


def answer(status: int = 200, **headers: str) -> httpx.Response:
    return httpx.Response(status, headers={name.replace("_", "-"): value for name, value in headers.items()})


def one(window: RateWindow | None, weigh: Callable[[httpx.Request], int | None] = lambda _: 1) -> Budget:
    return Budget([RatePolicy("10 calls in 60 seconds", weigh, window)])


def silent(_: Wait) -> None: ...


def now() -> float:
    return asyncio.get_running_loop().time()


async def sent(budget: Budget, path: str = "/", report: Callable[[Wait], None] = silent) -> float:
    """When a request is admitted."""
    await budget.admit(request(path), report)
    return now()


# Waiting


def test_requests_wait_for_the_window() -> None:
    async def main() -> list[float]:
        budget = one(MovingWindow([(2, 10)]))
        return await asyncio.gather(*(sent(budget) for _ in range(5)))

    assert in_no_time(main()) == pytest.approx([0, 0, 10, 10, 20])


def test_requests_are_admitted_in_order_even_if_the_first_weighs_more() -> None:
    async def main() -> list[str]:
        budget = one(MovingWindow([(3, 10)]), lambda one: 3 if one.url.path == "/heavy" else 1)
        order: list[str] = []

        async def go(path: str) -> None:
            await sent(budget, path)
            order.append(path)

        await asyncio.gather(*map(go, ("/a", "/heavy", "/b", "/c")))
        return order

    assert in_no_time(main()) == ["/a", "/heavy", "/b", "/c"]


def test_the_first_matching_policy_decides_and_other_requests_are_not_limited() -> None:
    async def main() -> dict[str, float]:
        budget = Budget(
            [
                RatePolicy("free", lambda one: 1 if one.url.path == "/free" else None, None),
                RatePolicy("few", lambda one: 1 if one.url.path in ("/free", "/few") else None, FixedWindow(1, 60)),
            ]
        )
        paths = ("/free", "/few", "/other") * 2
        return dict(zip(paths, await asyncio.gather(*(sent(budget, path) for path in paths)), strict=True))

    assert in_no_time(main()) == {"/free": 0, "/few": pytest.approx(60), "/other": 0}


def test_a_cancelled_wait_neither_counts_nor_holds_up_the_others() -> None:
    async def main() -> list[float]:
        budget = one(FixedWindow(1, 60))
        await sent(budget)
        head, behind, last = [asyncio.create_task(sent(budget)) for _ in range(3)]
        await asyncio.sleep(10)
        head.cancel()
        behind.cancel()
        return [await last, await sent(budget)]

    assert in_no_time(main()) == pytest.approx([60, 120])


def test_a_request_that_does_not_wait_still_counts() -> None:
    async def main() -> list[float]:
        budget = one(FixedWindow(1, 60))
        await sent(budget)
        assert not await budget.admit(request(), silent, at_once=True)
        return [now(), await sent(budget)]

    assert in_no_time(main()) == pytest.approx([0, 60])


def test_a_wait_checks_the_clock_only_when_something_may_have_changed() -> None:
    class Counted(FixedWindow):
        looks = 0

        def wait(self, calls: int, now: float) -> float:
            self.looks += 1
            return super().wait(calls, now)

    async def main() -> int:
        window = Counted(1, HOUR)
        budget = one(window)
        await asyncio.gather(*(sent(budget) for _ in range(20)))
        return window.looks

    assert in_no_time(main()) < 20 * 4


# What the API says


def learned(budget: Budget, *answers: httpx.Response) -> float:
    """When a request goes out that comes after so many answers."""

    async def main() -> float:
        for one in answers:
            budget.learn(request(), one, NOW)
        return await sent(budget)

    return in_no_time(main())


IN_90 = str(int(NOW.timestamp()) + 90)


@pytest.mark.parametrize(
    ("response", "waited"),
    [
        (answer(200), 0),
        (answer(429), HOUR),
        (answer(200, ratelimit_remaining="0"), HOUR),
        (answer(429, ratelimit_remaining="3"), 0),
        (answer(200, ratelimit_remaining="0", ratelimit_reset=IN_90), 90),
        (answer(200, ratelimit_remaining="0", ratelimit_reset=f"{IN_90}000"), 90),
        (answer(200, ratelimit_remaining="0", ratelimit_reset="45"), 45),
        (answer(200, ratelimit_remaining="3", ratelimit_reset="45"), 0),
        (answer(200, ratelimit_remaining="0", ratelimit_reset=str(int(NOW.timestamp()) - 5)), 0),
        (answer(200, ratelimit_remaining="none", ratelimit_reset="soon"), 0),
        (answer(200, ratelimit_remaining="inf", ratelimit_reset="nan"), 0),
    ],
)
def test_headers_and_statuses_correct_the_count(response: httpx.Response, waited: float) -> None:
    assert learned(one(FixedWindow(10, HOUR)), response) == pytest.approx(waited)


def test_a_reset_time_is_measured_by_the_servers_own_clock() -> None:
    fast = datetime.fromtimestamp(NOW.timestamp() + 60, UTC)
    response = answer(429, ratelimit_reset=IN_90, date=format_datetime(fast, usegmt=True))
    assert learned(one(FixedWindow(10, HOUR)), response) == pytest.approx(30)


def test_headers_and_statuses_have_the_names_that_the_manifest_gives_them() -> None:
    def wait_after(response: httpx.Response) -> float:
        policy = RatePolicy("few", lambda _: 1, FixedWindow(10, HOUR))
        budget = Budget([policy], reset_header="X-Reset", remaining_header="X-Left", hit_statuses=[420])
        return learned(budget, response)

    assert wait_after(answer(429, ratelimit_remaining="0")) == 0
    assert wait_after(answer(420, x_reset="20")) == pytest.approx(20)
    assert wait_after(answer(200, x_left="0", x_reset="40")) == pytest.approx(40)


def test_a_response_corrects_only_the_policy_of_its_own_request() -> None:
    budget = one(FixedWindow(10, HOUR), lambda one: 1 if one.url.path == "/few" else None)
    assert learned(budget, answer(429)) == 0


def test_a_correction_to_an_earlier_reset_wakes_waiting_requests() -> None:
    async def main() -> float:
        budget = one(FixedWindow(1, HOUR))
        await sent(budget)
        waiting = asyncio.create_task(sent(budget))
        await asyncio.sleep(10)
        budget.learn(request(), answer(200, ratelimit_remaining="0", ratelimit_reset="20"), NOW)
        return await waiting

    assert in_no_time(main()) == pytest.approx(30)


# What is reported to people


def reported(window: RateWindow, requests: int) -> list[Wait]:
    async def main() -> list[Wait]:
        waits_reported: list[Wait] = []
        budget = one(window)
        await asyncio.gather(*(sent(budget, report=waits_reported.append) for _ in range(requests)))
        return waits_reported

    return in_no_time(main())


def test_a_long_wait_and_its_end_are_reported() -> None:
    begun, ended = reported(FixedWindow(10, 60), 13)
    assert (begun.seconds, begun.logged, ended.seconds, ended.logged) == (60, True, 0, False)
    assert str(begun) == (
        "The API budget is used up (10 calls in 60 seconds). The next request goes out in 60 seconds."
    )


def test_short_waits_are_not_reported() -> None:
    assert reported(MovingWindow([(1, 2)]), 20) == []


def test_successive_waits_are_logged_only_now_and_then() -> None:
    waits = reported(MovingWindow([(1, 10)]), 31)
    assert sum(wait.seconds > 0 for wait in waits) == 30
    assert sum(wait.logged for wait in waits) == pytest.approx(300 / 30, abs=2)


def test_a_wait_that_grows_considerably_is_logged_again() -> None:
    async def main() -> list[Wait]:
        waits_reported: list[Wait] = []
        budget = one(FixedWindow(1, 60))
        await sent(budget)
        waiting = asyncio.create_task(sent(budget, report=waits_reported.append))
        await asyncio.sleep(10)
        for reset in ("55", "600"):
            budget.learn(request(), answer(429, ratelimit_reset=reset), NOW)
            await asyncio.sleep(1)
        waiting.cancel()
        await asyncio.wait([waiting])
        return waits_reported

    assert [(round(wait.seconds), wait.logged) for wait in in_no_time(main())] == [
        (60, True),
        (55, False),
        (600, True),
        (0, False),
    ]
