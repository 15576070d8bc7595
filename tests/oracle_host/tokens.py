"""Which tokens the reference sends and asks for, and how long it waits."""

import datetime
import json
import types
from unittest import mock

import requests
from airbyte_cdk.sources.declarative.auth import rate_limited_multiple_token as module
from airbyte_cdk.sources.declarative.models.declarative_component_schema import HttpRequester
from airbyte_cdk.sources.declarative.parsers.manifest_component_transformer import ManifestComponentTransformer
from airbyte_cdk.sources.declarative.parsers.model_to_component_factory import ModelToComponentFactory
from airbyte_cdk.sources.types import StreamSlice
from airbyte_cdk.utils.datetime_helpers import AirbyteDateTime


class _Clock:
    """A clock that only the authenticator's own waits move on."""

    def __init__(self, start):
        self.seconds = start
        self.waits = []

    def sleep(self, seconds):
        self.waits.append(seconds)
        self.seconds += seconds

    def monotonic(self):
        return self.seconds

    def now(self):
        return AirbyteDateTime.from_datetime(datetime.datetime.fromtimestamp(self.seconds, datetime.UTC))


def conversation(raw, config, answers):
    """The requests around one data request, each once: method, URL, headers and body.

    `answers` are [status, body] by method and path.
    """
    sent = []

    def send(_session, request, **_):
        body = request.body.decode() if isinstance(request.body, bytes) else request.body
        one = {"method": request.method, "url": request.url, "headers": dict(request.headers), "body": body}
        if one not in sent:
            sent.append(one)
        response = requests.Response()
        response.status_code, answer = answers[f"{request.method} {request.path_url.partition('?')[0]}"]
        response._content = json.dumps(answer).encode()
        response.request, response.url = request, request.url
        return response

    with mock.patch.object(requests.Session, "send", send), mock.patch("time.sleep"):
        try:
            _requester(raw, config).send_request(stream_slice=StreamSlice(partition={}, cursor_slice={}))
            failed = False
        except Exception:
            failed = True
    return {"sent": sent, "failed": failed}


def _requester(raw, config):
    expanded = ManifestComponentTransformer().propagate_types_and_parameters("", raw, {})
    return ModelToComponentFactory().create_component(HttpRequester, expanded, config, name="things", decoder=None)


def turns(raw, config, start, script):
    """The requests for the paths of a script one after the other: each sent [path, token], the waits, how many failed.

    `statuses` of the script are the bodies of the quota status for each token, `answers` [status, headers] of the data
    requests; the last one of each is for good.
    """
    clock, sent, failed = _Clock(start), [], 0
    left = {token: list(bodies) for token, bodies in script["statuses"].items()}
    queue = list(script["answers"])

    def send(_session, request, **_):
        path = request.path_url.partition("?")[0]
        token = request.headers["Authorization"].removeprefix("Bearer ")
        sent.append([path, token])
        response = requests.Response()
        response.status_code, response._content = 200, b"{}"
        if path == "/status":
            bodies = left[token]
            response._content = json.dumps(bodies.pop(0) if len(bodies) > 1 else bodies[0]).encode()
        else:
            response.status_code, headers = queue.pop(0) if len(queue) > 1 else queue[0]
            response.headers.update(headers)
        response.request, response.url = request, request.url
        return response

    factory = ModelToComponentFactory()
    with (
        mock.patch.object(requests.Session, "send", send),
        mock.patch.object(module, "time", types.SimpleNamespace(sleep=clock.sleep, monotonic=clock.monotonic)),
        mock.patch.object(module, "ab_datetime_now", clock.now),
        mock.patch.object(module.RateLimitedMultipleTokenAuthenticator, "HEARTBEAT_INTERVAL", float("inf")),
        mock.patch("time.sleep"),
    ):
        for path in script["paths"]:
            written = {**raw, "url": raw["url"] + path}
            expanded = ManifestComponentTransformer().propagate_types_and_parameters("", written, {})
            requester = factory.create_component(HttpRequester, expanded, config, name="things", decoder=None)
            try:
                requester.send_request(stream_slice=StreamSlice(partition={}, cursor_slice={}))
            except Exception:
                failed += 1
    return {"sent": sent, "waits": clock.waits, "failed": failed}
