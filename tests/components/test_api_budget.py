"""Which requests a call rate policy is about, what they count for, and what is wrong with a budget."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from core.components.api_budget import HTTPAPIBudget
from core.errors import InputError, ReadError
from core.manifest.problems import Severity
from core.templates import TemplateError
from tests.support.clock import in_no_time
from tests.support.components import component
from tests.support.http_bench import build, build_with_problems
from tests.support.oracle import Oracle, OracleError

CONFIG = {"calls": 7, "weight": "3"}


def matcher(**fields: Any) -> dict[str, Any]:
    return {"type": "HttpRequestRegexMatcher", **fields}


def fixed(*matchers: dict[str, Any], **fields: Any) -> dict[str, Any]:
    given = {"call_limit": 10, "period": "PT1H", **fields}
    return {"type": "FixedWindowCallRatePolicy", "matchers": list(matchers), **given}


def moving(*matchers: dict[str, Any], rates: list[dict[str, Any]] | None = None) -> dict[str, Any]:
    given = [{"type": "Rate", "limit": 10, "interval": "PT1H"}] if rates is None else rates
    return {"type": "MovingWindowCallRatePolicy", "rates": given, "matchers": list(matchers)}


def unlimited(*matchers: dict[str, Any]) -> dict[str, Any]:
    return {"type": "UnlimitedCallRatePolicy", "matchers": list(matchers)}


def budget(*policies: dict[str, Any], **fields: Any) -> dict[str, Any]:
    return {"type": "HTTPAPIBudget", "policies": list(policies), **fields}


Sent = tuple[str, str, dict[str, str]]


def claims(raw: Mapping[str, Any], sent: list[Sent]) -> list[list[int] | None]:
    """For each request the index of its policy and what it counts for."""
    policies = [policy.policy(CONFIG) for policy in component(raw).policies]

    def claim(request: httpx.Request) -> list[int] | None:
        weights = ((index, policy.weigh(request)) for index, policy in enumerate(policies))
        return next(([index, weight] for index, weight in weights if weight is not None), None)

    return [claim(httpx.Request(method, url, headers=headers)) for method, url, headers in sent]


API = "https://api.example.com"
SENT: list[Sent] = [
    ("GET", f"{API}/v1/items?page=2&kind=a", {"X-Tier": "gold"}),
    ("GET", f"{API}/v1/items/", {}),
    ("POST", f"{API}/v1/reports", {"x-tier": "gold", "Authorization": "Bearer t"}),
    ("GET", f"{API}/v1/reports/17?kind=a&kind=b&empty=", {}),
    ("GET", f"{API}:8443/v1/reports/17", {"X-Tier": "Gold"}),
    ("DELETE", f"{API}/v2/a%20b/c", {}),
    ("GET", "http://api.example.com/", {}),
    ("GET", API, {}),
]


@pytest.mark.parametrize(
    "matchers",
    [
        [],
        [{}],
        [{"method": "post"}],
        [{"method": "GET", "weight": 3}],
        [{"url_base": API}],
        [{"url_base": f"{API}/"}],
        [{"url_base": f"{API}:8443"}],
        [{"url_base": f"{API}/v1"}],
        [{"url_base": "http://api.example.com"}],
        [{"url_path_pattern": "/items$"}],
        [{"url_path_pattern": r"^/v1/reports/\d+"}],
        [{"url_path_pattern": "a%20b"}],
        [{"url_path_pattern": "a b"}],
        [{"url_path_pattern": "^$"}],
        [{"url_path_pattern": "page=2"}],
        [{"params": {"kind": "a"}}],
        [{"params": {"kind": "b"}}],
        [{"params": {"page": 2, "kind": "a"}}],
        [{"params": {"empty": ""}}],
        [{"headers": {"X-TIER": "gold"}}],
        [{"headers": {"Authorization": "Bearer t", "x-tier": "gold"}}],
        [{"method": "POST", "weight": 5}, {"url_path_pattern": "reports", "weight": 2}, {"params": {"kind": "a"}}],
        [{"weight": "{{ config['weight'] }}"}],
    ],
)
def test_a_policy_applies_to_the_same_requests_as_in_the_reference(
    oracle: Oracle, matchers: list[dict[str, Any]]
) -> None:
    raw = budget(moving(*(matcher(**fields) for fields in matchers)))
    assert claims(raw, SENT) == oracle.ask("call_rates", "claims", raw, CONFIG, SENT)


def test_the_first_policy_decides_as_in_the_reference(oracle: Oracle) -> None:
    raw = budget(
        unlimited(matcher(headers={"X-Tier": "gold"})),
        fixed(matcher(url_path_pattern="^/v1/reports", weight=2), matcher(method="POST", weight=4)),
        moving(matcher(url_base=API)),
    )
    found = claims(raw, SENT)
    assert found == oracle.ask("call_rates", "claims", raw, CONFIG, SENT)
    assert {claim and claim[0] for claim in found} == {0, 1, 2, None}


@pytest.mark.parametrize("policy", [fixed(), moving()])
@pytest.mark.parametrize(
    ("status", "headers"),
    [
        (200, {}),
        (429, {}),
        (200, {"RateLimit-Remaining": "4"}),
        (200, {"RateLimit-Remaining": "40"}),
        (200, {"RateLimit-Remaining": "0"}),
        (429, {"RateLimit-Remaining": "4"}),
        (503, {}),
    ],
)
def test_the_calls_left_after_a_response_are_those_of_the_reference(
    oracle: Oracle, policy: dict[str, Any], status: int, headers: dict[str, str]
) -> None:
    raw, request = budget(policy), httpx.Request("GET", f"{API}/")

    async def calls_left() -> int:
        made: HTTPAPIBudget = component(raw)
        working, loop = made.budget({}), asyncio.get_running_loop()
        working.learn(request, httpx.Response(status, headers=headers), datetime.now(UTC))
        left = 0
        while left < 20:
            await working.admit(request, lambda _: None)
            if loop.time():
                break
            left += 1
        return left

    assert in_no_time(calls_left()) == oracle.ask("call_rates", "calls_left", raw, {}, status, headers, 20)


# Inputs


def test_an_input_may_give_limits_and_weights() -> None:
    rates = [{"type": "Rate", "limit": "{{ config['calls'] }}", "interval": "PT1M"}]
    made: HTTPAPIBudget = build(budget(moving(matcher(weight="{{ config['weight'] }}"), rates=rates)), HTTPAPIBudget)
    (policy,) = [policy.policy(CONFIG) for policy in made.policies]
    assert (policy.terms, policy.weigh(httpx.Request("GET", API))) == ("7 calls in 60 seconds", 3)


@pytest.mark.parametrize("value", ["0", "many", ""])
def test_an_input_that_is_not_a_valid_limit_is_refused(value: str) -> None:
    rates = [{"type": "Rate", "limit": "{{ config['calls'] }}", "interval": "PT1M"}]
    made: HTTPAPIBudget = build(budget(moving(rates=rates)), HTTPAPIBudget)
    with pytest.raises(TemplateError, match=r"In the template “\{\{ config\['calls'\] \}\}”"):
        made.budget({"calls": value})


def test_an_input_that_makes_a_request_too_heavy_is_refused() -> None:
    made: HTTPAPIBudget = build(budget(fixed(matcher(weight="{{ config['w'] }}"), call_limit=2)), HTTPAPIBudget)
    with pytest.raises(InputError, match="a weight above the limit of its policy"):
        made.budget({"w": 3})


# What is wrong with it


@pytest.mark.parametrize(
    ("written", "path", "message"),
    [
        (budget(), ("policies",), "the API budget has no policies, so it limits nothing"),
        (budget(fixed(call_limit=-5)), ("policies", 0, "call_limit"), "must be at least 1, but it is -5"),
        (budget(fixed(call_limit=0, period="an hour")), ("policies", 0, "call_limit"), "must be at least 1"),
        (budget(fixed(call_limit=0, period="an hour")), ("policies", 0, "period"), "is not a duration"),
        (budget(fixed(call_limit="ten")), ("policies", 0, "call_limit"), "`call_limit` must be a whole number"),
        (budget(fixed(period="1 hour")), ("policies", 0, "period"), "is not a duration in ISO-8601 form"),
        (budget(fixed(period="PT0S")), ("policies", 0, "period"), "it must be above 0"),
        (budget(fixed(period="-PT5M")), ("policies", 0, "period"), "it must be above 0"),
        (budget(fixed(period="P9999Y")), ("policies", 0, "period"), "'P9999Y' is too long"),
        (budget(fixed(period="P99999999999D")), ("policies", 0, "period"), "'P99999999999D' is too long"),
        (budget(moving(rates=[])), ("policies", 0, "rates"), "a moving window needs at least one rate"),
        (
            budget(moving(rates=[{"type": "Rate", "limit": -1, "interval": "PT1M"}])),
            ("policies", 0, "rates", 0, "limit"),
            "`limit` must be at least 1, but it is -1",
        ),
        (
            budget(moving(rates=[{"type": "Rate", "limit": "ten", "interval": "PT1M"}])),
            ("policies", 0, "rates", 0, "limit"),
            "`limit` must be a whole number",
        ),
        (
            budget(moving(rates=[{"type": "Rate", "limit": 1, "interval": "PT"}])),
            ("policies", 0, "rates", 0, "interval"),
            "it must be above 0",
        ),
        (
            budget(unlimited(matcher(url_path_pattern="(items"))),
            ("policies", 0, "matchers", 0, "url_path_pattern"),
            "`url_path_pattern` is no regular expression: missing ), unterminated subpattern at position 0",
        ),
        (
            budget(unlimited(matcher(url_base=f"{API}/v1"))),
            ("policies", 0, "matchers", 0, "url_base"),
            "no request matches `https://api.example.com/v1`",
        ),
        (
            budget(unlimited(matcher(url_base="{{ config['url'] }}"))),
            ("policies", 0, "matchers", 0, "url_base"),
            "no request matches",
        ),
        (
            budget(unlimited(matcher(method="FETCH"))),
            ("policies", 0, "matchers", 0, "method"),
            "`method` must be 'GET'",
        ),
        (
            budget(unlimited(matcher(weight=0))),
            ("policies", 0, "matchers", 0, "weight"),
            "`weight` must be at least 1, but it is 0",
        ),
        (
            budget(fixed(matcher(), matcher(weight=11))),
            ("policies", 0, "matchers", 1, "weight"),
            "a request of weight 11 could never be sent: the limit is 10",
        ),
        (
            budget(fixed(), status_codes_for_ratelimit_hit=[429, 7]),
            ("status_codes_for_ratelimit_hit", 1),
            "greater than or equal to 100",
        ),
        (budget({"type": "FixedWindowCallRatePolicy", "call_limit": 1}), ("policies", 0, "period"), "is required"),
    ],
)
def test_each_problem_is_reported_at_its_path(
    written: dict[str, Any], path: tuple[str | int, ...], message: str
) -> None:
    _, problems = build_with_problems(written, HTTPAPIBudget)
    assert any(problem.path == path and message in problem.message for problem in problems), problems


def test_a_policy_that_limits_nothing_but_loads_in_airbyte_is_a_warning(oracle: Oracle) -> None:
    for written in (budget(), budget(unlimited(matcher(url_base=f"{API}/v1")))):
        _, problems = build_with_problems(written, HTTPAPIBudget)
        assert [problem.severity for problem in problems] == [Severity.WARNING]
        oracle.ask("call_rates", "takes", written, {})


@pytest.mark.parametrize(
    "written",
    [
        budget(fixed(period="1 hour")),
        budget(fixed(call_limit="ten")),
        budget(moving(rates=[])),
        budget(unlimited(matcher(url_path_pattern="(items"))),
        budget(unlimited(matcher(weight=0))),
    ],
)
def test_the_reference_refuses_what_is_an_error_here(oracle: Oracle, written: dict[str, Any]) -> None:
    with pytest.raises(OracleError):
        oracle.ask("call_rates", "takes", written, {})


def test_a_policy_of_an_unknown_type_is_kept_and_a_run_says_so() -> None:
    made, problems = build_with_problems(budget(fixed(), {"type": "LeakyBucketPolicy"}), HTTPAPIBudget)
    assert [problem.severity for problem in problems] == [Severity.WARNING]
    with pytest.raises(ReadError, match="a call rate policy that Longhaul doesn't run: LeakyBucketPolicy"):
        made.budget({})
