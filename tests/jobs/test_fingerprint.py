"""Whether a job of an earlier run was asked for by the request that would be sent now."""

from __future__ import annotations

from typing import Any

import pytest

from core.components.http_requester import HttpRequester
from core.jobs.fingerprint import fingerprint


def asked(written: str, **config: Any) -> str:
    requester = HttpRequester.model_validate({"url": "https://api.example.com", "request_parameters": {"a": written}})
    return fingerprint([requester], {"config": config})


@pytest.mark.parametrize(
    "account",
    [
        "{{ config['account'] }}",
        "{{ config.get('account') }}",
        "{{ config.get('account', 'none') | upper }}",
        "{{ config['acc' ~ 'ount'] }}",
        "{% for name, value in config.items() %}{{ value }}{% endfor %}",
        "{% set c = config %}{{ c.account }}",
    ],
)
def test_an_input_counts_however_the_request_looks_it_up(account: str) -> None:
    assert asked(account, account="a") == asked(account, account="a")
    assert asked(account, account="a") != asked(account, account="b")


def test_an_input_that_the_request_does_not_use_does_not_count() -> None:
    account = "{{ config.get('account') }}"
    assert asked(account, account="a", page=1) == asked(account, account="a", page=2)
