"""What is found wrong with several tokens and their quotas when the manifest is loaded."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from core.manifest.problems import Severity
from core.runtime.roles import Authenticator
from tests.components.authenticators.quotas import quota
from tests.support.http_bench import build_with_problems
from tests.support.server import LoopbackServer


def problems(server: LoopbackServer | None = None, **fields: Any) -> Iterator[tuple[Any, Severity, str]]:
    written = {
        "type": "RateLimitedMultipleTokenAuthenticator",
        "tokens": "{{ config['tokens'] }}",
        "quota_status_source": {"type": "QuotaStatusSource", "url": "https://api.example.com/rate_limit"},
        "quotas": [quota()],
    }
    _, found = build_with_problems(written | fields, Authenticator)
    return iter((one.path, one.severity, one.message) for one in found)


SEARCH = {"method": "GET", "url_path_pattern": "^/search"}


@pytest.mark.parametrize(
    ("fields", "path", "words"),
    [
        ({"tokens": []}, ("tokens",), "at least one token"),
        ({"quotas": []}, ("quotas",), "must not be empty"),
        ({"quotas": [quota(), quota(matchers=[SEARCH])]}, ("quotas", 1, "name"), "named `core` already"),
        ({"quotas": [quota(), quota("search")]}, ("quotas", 1), "another quota takes every other request"),
        ({"quotas": [quota(remaining_path=[])]}, ("quotas", 0, "remaining_path"), "must not be empty"),
        (
            {"quotas": [quota(matchers=[{"url_path_pattern": "("}])]},
            ("quotas", 0, "matchers", 0, "url_path_pattern"),
            "regular",
        ),
        ({"quotas": [quota(matchers=[{"weight": 0}])]}, ("quotas", 0, "matchers", 0, "weight"), "must be at least 1"),
        ({"max_wait_time": "2 hours"}, ("max_wait_time",), "not a duration"),
        ({"max_wait_time": "P1M"}, ("max_wait_time",), "months or years"),
        (
            {
                "quota_status_source": {
                    "type": "QuotaStatusSource",
                    "url": "https://a.b",
                    "unavailable_status_codes": [404, 401],
                }
            },
            ("quota_status_source", "unavailable_status_codes", 1),
            "401 is what a refused token gets",
        ),
        ({"quota_status_source": {"type": "QuotaStatusSource"}}, ("quota_status_source", "url"), "`url` is required"),
    ],
    ids=lambda value: value if isinstance(value, str) else None,
)
def test_what_is_wrong_in_the_manifest_is_found_when_it_is_loaded(fields: Any, path: Any, words: str) -> None:
    ((where, _, message),) = problems(**fields)
    assert where == path
    assert words in message


def test_a_complete_one_has_no_problems() -> None:
    assert list(problems(quotas=[quota("search", matchers=[SEARCH]), quota()], max_wait_time="PT30M")) == []
