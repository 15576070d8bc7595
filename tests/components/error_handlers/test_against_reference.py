"""The same error handler and answer give the decision of the reference, save for what is better on purpose."""

from __future__ import annotations

from math import inf
from typing import Any

import httpx
import pytest

from core.components.error_handlers import RetryingErrorHandler
from core.http.policy import Action, Decision
from tests.support.http_bench import Bench, build_with_problems
from tests.support.oracle import Oracle

Answer = tuple[int, dict[str, str], Any]

CONFIG = {"tries": 3, "wait": 7}
ANSWERS: list[Answer] = [
    (200, {}, {"ok": True}),
    (200, {"X-State": "busy"}, {"error": "quota", "retry_in": 5}),
    (204, {}, ""),
    (304, {}, ""),
    (400, {}, {"message": "bad filter"}),
    (400, {}, {"errors": [{"detail": "one"}, {"detail": "two"}]}),
    (400, {}, {"error": {"reason": "deep"}}),
    (401, {}, ""),
    (403, {}, "plain words: quota"),
    (404, {}, {"failure": {"other": 1}}),
    (405, {}, ""),
    (408, {}, ""),
    (429, {"Retry-After": "30"}, {"retry_in": 12.5}),
    (429, {"Retry-After": "30 s", "X-Reset": "99999999999"}, {"retry_in": "soon"}),
    (500, {}, []),
    (502, {"Retry-After": "600"}, "<html>"),
    (503, {"Retry-After": "Wed, 01 May 2024 10:00:00 GMT"}, {"retry_in": -1}),
    (504, {}, "null and void"),
]
LASTING = (402, 406, 409, 410, 422, 451, 501)


def default(*filters: dict[str, Any], **fields: Any) -> dict[str, Any]:
    rules = [{"type": "HttpResponseFilter", **rule} for rule in filters]
    return {"type": "DefaultErrorHandler", **({"response_filters": rules} if rules else {}), **fields}


def backing_off(**fields: Any) -> dict[str, Any]:
    return default(backoff_strategies=[fields])


HANDLERS: list[dict[str, Any]] = [
    default(),
    default(max_retries=2),
    default(max_retries="{{ config['tries'] }}"),
    default({"http_codes": [404, 429], "action": "IGNORE"}),
    default({"http_codes": [403], "action": "RATE_LIMITED"}, {"http_codes": [403], "action": "FAIL"}),
    default(
        {"predicate": "{{ 'error' in response }}", "action": "FAIL", "error_message": "It says {{ response.error }}"}
    ),
    default({"predicate": "{{ headers['X-State'] == 'busy' }}", "action": "RETRY"}),
    default({"predicate": "{{ response.retry_in }}", "action": "RATE_LIMITED"}),
    default({"predicate": "{{ 'items' in request_url }}", "action": "IGNORE"}),
    default({"error_message_contains": "quota", "action": "RATE_LIMITED", "failure_type": "config_error"}),
    default({"error_message_contains": "one, two", "action": "FAIL", "failure_type": "transient_error"}),
    default({"error_message_contains": "deep", "action": "RESET_PAGINATION"}),
    default({"http_codes": [400], "error_message": "without an action"}),
    default({"http_codes": [401], "action": "REFRESH_TOKEN_THEN_RETRY"}),
    default(
        {"http_codes": [400], "action": "REDUCE_PAGE_SIZE"}, {"http_codes": [404], "action": "SPLIT_REQUEST_WINDOW"}
    ),
    default({"http_codes": [400], "action": "SUCCESS"}),
    backing_off(type="ConstantBackoffStrategy", backoff_time_in_seconds="{{ config['wait'] }}"),
    backing_off(type="ConstantBackoffStrategy", backoff_time_in_seconds=2.5),
    backing_off(type="ExponentialBackoffStrategy"),
    backing_off(type="ExponentialBackoffStrategy", factor=0.5),
    backing_off(type="WaitTimeFromHeader", header="Retry-After"),
    backing_off(type="WaitTimeFromHeader", header="retry-after", regex="[-+]?\\d+", max_waiting_time_in_seconds=600),
    backing_off(type="WaitUntilTimeFromHeader", header="X-Reset", max_waiting_time_in_seconds=5),
    backing_off(type="WaitUntilTimeFromHeader", header="X-Reset", min_wait=99999999999),
    backing_off(type="WaitUntilTimeFromHeader", header="Retry-After"),
    backing_off(type="WaitTimeFromResponse", wait_time_in_seconds="{{ response.retry_in }}"),
    backing_off(
        type="WaitTimeFromResponse",
        wait_time_in_seconds="{{ headers['Retry-After'] }}",
        max_waiting_time_in_seconds=500,
    ),
]
COMPOSITES: list[dict[str, Any]] = [
    {
        "type": "CompositeErrorHandler",
        "error_handlers": [
            default({"http_codes": [403], "action": "FAIL"}, max_retries=1),
            default({"http_codes": [403, 404], "action": "IGNORE"}, max_retries=9),
        ],
    },
    {
        "type": "CompositeErrorHandler",
        "error_handlers": [
            default({"predicate": "{{ 'error' in response }}", "action": "RATE_LIMITED"}),
            default({"http_codes": [500], "action": "FAIL"}),
            default({"http_codes": [200], "action": "RETRY"}),
        ],
    },
]


def decided(bench: Bench, raw: dict[str, Any], answer: Answer, attempt: int = 1) -> Decision:
    bench.config |= CONFIG
    status, headers, body = answer
    request = httpx.Request("GET", "https://api.example.com/items?key=1")
    sent = {"text": body} if isinstance(body, str) else {"json": body}
    response = httpx.Response(status, headers=headers, request=request, **sent)
    handler, _ = build_with_problems(raw, RetryingErrorHandler)
    decision: Decision = handler.decide(response, attempt, bench.context)
    return decision


@pytest.mark.parametrize("raw", [*HANDLERS, *COMPOSITES], ids=str)
def test_responses_are_judged_alike(bench: Bench, oracle: Oracle, raw: dict[str, Any]) -> None:
    for answer, theirs in zip(ANSWERS, oracle.ask("http_requests", "decide", raw, CONFIG, ANSWERS), strict=True):
        ours = decided(bench, raw, answer)
        if "refused" in theirs["waits"] and theirs["action"] in ("RETRY", "RATE_LIMITED"):
            assert (ours.action.value, ours.wait) == (theirs["action"], inf), answer
            continue
        assert ours.action.value == theirs["action"], answer
        assert ours.max_attempts == theirs["max_retries"] + 1
        if ours.action is not Action.SUCCESS and theirs["failure_type"]:
            assert ours.failure_type.value == theirs["failure_type"], answer
        if ours.message is not None:
            assert ours.message == theirs["message"], answer
        if ours.action.repeats and raw["type"] == "DefaultErrorHandler":
            for attempt, wait in enumerate(theirs["waits"], 1):
                assert decided(bench, raw, answer, attempt).wait == wait


@pytest.mark.parametrize("status", LASTING)
def test_permanent_errors_are_not_retried_as_in_the_reference(bench: Bench, oracle: Oracle, status: int) -> None:
    (theirs,) = oracle.ask("http_requests", "decide", default(), CONFIG, [(status, {}, "")])
    assert theirs["action"] == "RETRY"
    assert decided(bench, default(), (status, {}, "")).action is Action.FAIL
