"""Which call rate policy of an API budget the reference takes for a request, and how many calls it leaves."""

import requests
from airbyte_cdk.sources.declarative.models.declarative_component_schema import HTTPAPIBudget
from airbyte_cdk.sources.declarative.parsers.model_to_component_factory import ModelToComponentFactory
from airbyte_cdk.sources.streams.call_rate import CallRateLimitHit


def _budget(raw, config):
    return ModelToComponentFactory().create_component(HTTPAPIBudget, raw, config)


def takes(raw, config):
    """Nothing, when the budget can be built."""
    _budget(raw, config)


def claims(raw, config, sent):
    """For each request (method, URL, headers) the index of its policy and its weight; None without a policy."""
    budget = _budget(raw, config)
    found = []
    for method, url, headers in sent:
        request = requests.Request(method, url, headers=headers).prepare()
        policy = budget.get_matching_policy(request)
        found.append(policy and [budget._policies.index(policy), policy.get_weight(request)])
    return found


def calls_left(raw, config, status, headers, most):
    """The calls, at most so many, that the first policy lets go without a wait after an answer."""
    budget = _budget(raw, config)
    request = requests.Request("GET", "https://api.example.com/").prepare()
    response = requests.Response()
    response.status_code = status
    response.headers.update(headers)
    budget.update_from_response(request, response)
    for count in range(most):
        try:
            budget.acquire_call(request, block=False)
        except CallRateLimitHit:
            return count
    return most
