"""Thousands of recorded requests are found in no time, whatever is different in each of them."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta

import pytest

from core.cases.alike import Comparison
from core.cases.case import RecordedExchange
from core.cases.recorded import RecordedRequests
from core.cases.requests import request_value

BEGAN = datetime(2024, 5, 1, 10, tzinfo=UTC)
MANY = 3_000


@pytest.mark.parametrize(
    ("url", "numbered"),
    [
        ("https://api.test/x?page={number}&asked={moment}", True),
        ("https://api.test/x?asked={moment}", False),
        ("https://api.test/x?page={number}&key=****", True),
        ("https://api.test/x", False),
    ],
    ids=["numbers and times", "times", "masked", "the same"],
)
def test_each_request_finds_its_own(url: str, *, numbered: bool) -> None:
    def asked(number: int, seconds: float) -> str:
        moment = BEGAN + timedelta(seconds=seconds)
        return url.format(number=number, moment=f"{moment:%Y-%m-%dT%H:%M:%SZ}")

    exchanges = [RecordedExchange("GET", asked(number, number / 100), status=200) for number in range(MANY)]
    recorded = RecordedRequests(exchanges)
    comparison = Comparison(BEGAN, 60.0)
    began = time.perf_counter()
    for number in reversed(range(MANY)):
        found = recorded.find(request_value("GET", asked(number, 3 + number / 100), "", b""), (), comparison)
        assert found is not None
        assert not found.used
        assert not numbered or found.exchange is exchanges[number]
        found.used += 1
    assert time.perf_counter() - began < 20  # comparing each with each takes minutes
