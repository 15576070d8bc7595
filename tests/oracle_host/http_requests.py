"""What the reference sends and decides: requests as they would go over the wire, and judgements of answers."""

import base64
import json

import requests
from airbyte_cdk.sources.declarative.models.declarative_component_schema import (
    CompositeErrorHandler,
    DefaultErrorHandler,
    HttpRequester,
)
from airbyte_cdk.sources.declarative.parsers.manifest_component_transformer import ManifestComponentTransformer
from airbyte_cdk.sources.declarative.parsers.model_to_component_factory import ModelToComponentFactory
from airbyte_cdk.sources.declarative.requesters.http_requester import HttpRequester as LiveRequester
from airbyte_cdk.sources.types import StreamSlice

ERROR_HANDLERS = {"DefaultErrorHandler": DefaultErrorHandler, "CompositeErrorHandler": CompositeErrorHandler}
BY_THE_CLIENT = {"user-agent", "accept", "accept-encoding", "connection", "content-length", "host"}


def _component(model, raw, config, **more):
    expanded = ManifestComponentTransformer().propagate_types_and_parameters("", raw, {})
    return ModelToComponentFactory().create_component(model, expanded, config, **more)


def send(raw, config, slice_, next_page_token=None, path=None):
    """Method, URL, headers and body of the request that a requester sends."""
    requester = _component(HttpRequester, raw, config, name="things", decoder=None)
    sent = []

    def capture(_session, request, **_):
        sent.append(request)
        response = requests.Response()
        response.status_code = 200
        response._content = b"{}"
        response.request = request
        return response

    original, requests.Session.send = requests.Session.send, capture
    try:
        requester.send_request(
            stream_slice=StreamSlice(partition=slice_, cursor_slice={}),
            next_page_token=next_page_token,
            path=path,
        )
    finally:
        requests.Session.send = original
    (request,) = sent
    headers = {name.lower(): _text(value) for name, value in request.headers.items()}
    return {
        "method": request.method,
        "url": request.url,
        "headers": {name: value for name, value in headers.items() if name not in BY_THE_CLIENT},
        "body": _text(request.body),
    }


def joined(pairs):
    """The URLs of pairs of a base and a path."""
    return [LiveRequester._join_url(base, path) for base, path in pairs]


def _text(value):
    return value.decode() if isinstance(value, bytes) else value


def decide(raw, config, answers):
    """Action, message and failure type for each answer (status, headers, body), with the retries and the waits."""
    handler = _component(ERROR_HANDLERS[raw["type"]], raw, config)
    return [_decision(handler, *answer) for answer in answers]


def _decision(handler, status, headers, body):
    response = requests.Response()
    response.status_code = status
    response.headers.update(headers)
    response._content = (body if isinstance(body, str) else json.dumps(body)).encode()
    response.url = "https://api.example.com/items"
    response.request = requests.Request("GET", response.url).prepare()
    resolution = handler.interpret_response(response)
    return {
        "action": resolution.response_action.name,
        "failure_type": resolution.failure_type.value if resolution.failure_type else None,
        "message": resolution.error_message,
        "max_retries": handler.max_retries,
        "waits": [_wait(handler, response, attempt) for attempt in (1, 2, 3)],
    }


def _wait(handler, response, attempt):
    for strategy in handler.backoff_strategies or []:
        try:
            wait = strategy.backoff_time(response, attempt)
        except Exception:
            return "refused"
        if wait:
            return wait
    return None


def jwt(raw, config):
    """The headers and the claims of a signed token (times as distances from `iat`), and what stands before it."""
    requester = {"type": "HttpRequester", "url": "https://api.example.com", "authenticator": raw}
    value = send(requester, config, {})["headers"]["authorization"]
    prefix, _, token = value.rpartition(" ")
    headers, claims = (
        json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))) for part in token.split(".")[:2]
    )
    issued = claims["iat"]
    for name in ("iat", "nbf", "exp"):
        claims[name] -= issued
    return {"prefix": prefix, "headers": headers, "claims": claims}
