from __future__ import annotations

from dataclasses import replace
from typing import Any

import httpx
import pytest

from core.components.error_handlers import HttpResponseFilter, RetryingErrorHandler
from core.errors import ReadError
from core.http.policy import Action, Decision, FailureType
from core.manifest.problems import Severity
from tests.support.http_bench import Bench, build, build_with_problems

REQUEST = httpx.Request("GET", "https://me:pw@api.example.com/items?key=1")


def answer(status: int, body: Any = "", **headers: str) -> httpx.Response:
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    if isinstance(body, str):
        return httpx.Response(status, text=body, headers=sent, request=REQUEST)
    return httpx.Response(status, json=body, headers=sent, request=REQUEST)


def default(*filters: dict[str, Any], **fields: Any) -> dict[str, Any]:
    rules = [{"type": "HttpResponseFilter", **rule} for rule in filters]
    return {"type": "DefaultErrorHandler", "response_filters": rules, **fields}


def composite(*handlers: dict[str, Any]) -> dict[str, Any]:
    return {"type": "CompositeErrorHandler", "error_handlers": list(handlers)}


def decide(bench: Bench, handler: dict[str, Any], response: httpx.Response, attempt: int = 1) -> Decision:
    built: RetryingErrorHandler = build(handler, RetryingErrorHandler)
    return built.decide(response, attempt, bench.context)


def test_the_first_filter_that_matches_decides(bench: Bench) -> None:
    handler = default({"http_codes": [404], "action": "IGNORE"}, {"http_codes": [404, 409], "action": "RETRY"})
    assert decide(bench, handler, answer(404)).action is Action.IGNORE
    assert decide(bench, handler, answer(409)).action is Action.RETRY
    assert decide(bench, handler, answer(400)).action is Action.FAIL


def test_a_predicate_sees_body_headers_and_url(bench: Bench) -> None:
    handler = default(
        {"predicate": "{{ response.code == 'busy' }}", "action": "RETRY"},
        {"predicate": "{{ headers['x-state'] == 'gone' }}", "action": "IGNORE"},
        {"predicate": "{{ request_url == 'https://api.example.com/items' }}", "action": "RATE_LIMITED"},
    )
    assert decide(bench, handler, answer(200, {"code": "busy"})).action is Action.RETRY
    assert decide(bench, handler, answer(200, {}, x_state="gone")).action is Action.IGNORE
    assert decide(bench, handler, answer(200, "no json")).action is Action.RATE_LIMITED


def test_a_text_in_the_error_message_matches_a_response(bench: Bench) -> None:
    handler = default({"error_message_contains": "try later", "action": "RETRY"})
    assert decide(bench, handler, answer(400, {"errors": [{"detail": "please try later"}]})).action is Action.RETRY
    assert decide(bench, handler, answer(400, "try later, please")).action is Action.RETRY
    assert decide(bench, handler, answer(400, {"other": "try later"})).action is Action.FAIL


def test_a_response_without_an_error_can_fail(bench: Bench) -> None:
    handler = default(
        {
            "predicate": "{{ 'error' in response }}",
            "action": "FAIL",
            "error_message": "It says {{ response.error }}",
            "failure_type": "config_error",
        }
    )
    decision = decide(bench, handler, answer(200, {"error": "no"}))
    assert (decision.action, decision.message) == (Action.FAIL, "It says no")
    assert decision.failure_type is FailureType.CONFIG_ERROR


def test_a_message_that_cannot_be_evaluated_does_not_hide_the_failure(bench: Bench) -> None:
    handler = default({"http_codes": [400], "action": "FAIL", "error_message": "{{ response.x + 1 }}"})
    assert decide(bench, handler, answer(400, {"x": "text"})) == replace(
        decide(bench, default(), answer(400)), unplaced=False, default=False
    )


def test_a_filter_without_an_action_has_no_effect_and_is_warned_about(bench: Bench) -> None:
    raw = {"type": "HttpResponseFilter", "http_codes": [404], "error_message": "not here"}
    rule, problems = build_with_problems(raw, HttpResponseFilter)
    assert rule is not None
    assert rule.decide(answer(404), bench.context) is None
    assert [problem.severity for problem in problems] == [Severity.WARNING]


def test_a_filter_that_matches_nothing_is_a_problem() -> None:
    _, problems = build_with_problems({"type": "HttpResponseFilter", "action": "FAIL"}, HttpResponseFilter)
    assert "matches nothing" in problems[0].message


@pytest.mark.parametrize(("written", "attempts"), [(0, 1), (3, 4), ("{{ config['tries'] }}", 8), (-1, 1)])
def test_retries_do_not_include_the_first_attempt(bench: Bench, written: Any, attempts: int) -> None:
    bench.config["tries"] = 7
    assert decide(bench, default(max_retries=written), answer(500)).max_attempts == attempts


def test_an_invalid_number_of_retries_is_named(bench: Bench) -> None:
    with pytest.raises(ReadError, match="`max_retries` must give a whole number"):
        decide(bench, default(max_retries="{{ 'many' }}"), answer(500))


def test_several_handlers_are_asked_in_turn(bench: Bench) -> None:
    handler = composite(
        default({"http_codes": [403], "action": "FAIL"}), default({"http_codes": [403, 410], "action": "IGNORE"})
    )
    assert decide(bench, handler, answer(403)).action is Action.IGNORE
    assert decide(bench, handler, answer(410)).action is Action.IGNORE
    assert decide(bench, handler, answer(404)).action is Action.FAIL


def test_the_message_of_an_earlier_handler_is_kept(bench: Bench) -> None:
    """In Airbyte the last handler's own, general message wins."""
    handler = composite(default({"http_codes": [403], "action": "FAIL", "error_message": "Ask your admin"}), default())
    assert decide(bench, handler, answer(403)).message == "Ask your admin"


def test_waits_belong_to_the_handler_that_decides(bench: Bench) -> None:
    """In Airbyte the first strategy of all counts for every answer."""

    def constant(seconds: int) -> list[dict[str, Any]]:
        return [{"type": "ConstantBackoffStrategy", "backoff_time_in_seconds": seconds}]

    first = default({"http_codes": [418], "action": "RETRY"}, backoff_strategies=constant(60), max_retries=2)
    second = default({"http_codes": [409], "action": "RETRY"}, backoff_strategies=constant(3), max_retries=9)
    handler = composite(first, second)
    assert decide(bench, handler, answer(418)).wait == 60
    assert decide(bench, handler, answer(409)).wait == 3
    assert decide(bench, handler, answer(409)).max_attempts == 3
    assert decide(bench, composite(default(), second), answer(500)).wait == 3
