"""The HTTP server of the demo API, on loopback and in threads of its own."""

from __future__ import annotations

import contextlib
import socket
import sys
import threading
from collections.abc import Iterable
from dataclasses import dataclass
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import parse_qsl, urlsplit

from pydantic import ValidationError

from sample_configs.demo_api import (
    ads,
    amazon_sp_api,
    athena,
    bigquery,
    braze,
    crm,
    databricks,
    github,
    iterable,
    marketo,
    microsoft_ads,
    qualtrics,
    salesforce,
    sendgrid,
    shop,
    shopify,
    snowflake,
    stripe,
    trino,
)
from sample_configs.demo_api.data import Data
from sample_configs.demo_api.exchange import Request, Response, json_response
from sample_configs.demo_api.faults import Fault, FaultBook
from sample_configs.demo_api.files import FileStore
from sample_configs.demo_api.jobs import Job, JobStore
from sample_configs.demo_api.routing import Api, Backend, RateLimit

_MODULES = (
    *(sendgrid, stripe, salesforce, shopify, qualtrics, ads, shop, crm),
    *(snowflake, bigquery, databricks, athena, trino),
    *(marketo, microsoft_ads, amazon_sp_api, braze, github, iterable),
)
APIS: list[Api] = [module.API for module in _MODULES]
CONTROL = "/_demo/faults"
CALLS_PER_SECOND = 500


@dataclass(frozen=True)
class Logged:
    """A request that was answered; `status` is None where the connection was dropped instead."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes
    status: int | None


class DemoApi:
    """A real HTTP/1.1 server on 127.0.0.1 that behaves like the APIs of the samples.

    Args:
        pace: How long jobs take: 1 is a few seconds each, 0 makes them ready at the first poll.
        rows: Records in each full data set; they lie evenly in January 2024.
        seed: Another seed gives other data.
        port: 0 takes any free port.

    """

    def __init__(self, pace: float = 1.0, rows: int = 2000, seed: int = 7, port: int = 0) -> None:
        self._faults = FaultBook()
        self._requests: list[Logged] = []
        self._closing = threading.Event()
        self._server = _Server(self, port)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        self._backend = Backend(
            url=self.url,
            data=Data(rows, seed),
            jobs=JobStore(pace),
            files=FileStore(seed),
            limits={api.name: RateLimit(CALLS_PER_SECOND, 1.0) for api in APIS},
            tokens=set(),
        )
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()

    def close(self) -> None:
        """Stop serving, break the connections that are open, delete the files."""
        self._closing.set()
        self._server.shutdown()
        self._server.server_close()
        self._server.hang_up()
        self._thread.join()
        self._backend.files.close()

    def inputs(self, sample: str) -> dict[str, Any]:
        """The inputs with which a sample's manifest reads from this server.

        Raises:
            KeyError: There is no such sample.

        """
        return self.all_inputs()[sample]

    def all_inputs(self) -> dict[str, dict[str, Any]]:
        """The inputs of all samples, by sample name."""
        return {name: config for api in APIS for name, config in api.inputs(self.url).items()}

    @property
    def requests(self) -> list[Logged]:
        """Every request so far, oldest first (those to `/_demo` are not among them)."""
        return list(self._requests)

    @property
    def jobs(self) -> list[Job]:
        """Every job so far, oldest first, deleted ones too."""
        return self._backend.jobs.all()

    def misbehave(self, *faults: Fault) -> None:
        """Let faults strike; of those that match a request, the first given strikes first."""
        for fault in faults:
            self._faults.add(fault)

    def behave(self) -> None:
        """Forget the faults that have not struck yet."""
        self._faults.clear()

    def limit(self, api: str, calls: int, seconds: float) -> None:
        """Allow an API (`sendgrid`, `stripe`, ...) only so many calls in so many seconds."""
        self._backend.limits[api] = RateLimit(calls, seconds)

    def revoke_tokens(self) -> None:
        """Make every OAuth access token handed out so far invalid."""
        self._backend.tokens.clear()

    def answer(self, method: str, target: str, headers: Message, body: bytes) -> Response:
        """The answer to a request, faults included; this is what the HTTP handler asks."""
        url = urlsplit(target)
        query = dict(parse_qsl(url.query, keep_blank_values=True))
        if url.path == CONTROL:
            return self._control(method, body)
        fault = self._faults.take(method, url.path)
        response = self._suffer(Request(method, url.path, query, headers, body, fault))
        status = None if response.drop else response.status
        self._requests.append(Logged(method, url.path, query, dict(headers.items()), body, status))
        return response

    def _suffer(self, request: Request) -> Response:
        fault = request.fault
        self._closing.wait(fault.delay)
        if fault.drop:
            return Response(drop=True)
        if fault.status is None:
            response = self._dispatch(request)
        else:
            response = Response(fault.status, fault.body.encode(), {"Content-Type": "text/plain"})
        response.headers.update(fault.headers)
        response.cut_after = fault.cut_after
        return response if fault.truncate_after is None else response.truncated(fault.truncate_after)

    def _dispatch(self, request: Request) -> Response:
        if request.path.startswith("/files/"):
            return self._backend.files.by_link(request)
        for api in APIS:
            response = api.answer(self._backend, request)
            if response is not None:
                return response
        return json_response({"error": f"no API of this demo has the path {request.path}"}, 404)

    def _control(self, method: str, body: bytes) -> Response:
        """Faults given over HTTP: POST one as JSON, DELETE them all."""
        if method == "DELETE":
            self.behave()
            return Response(204)
        if method != "POST":
            return json_response({"error": "POST a fault or DELETE them all"}, 405, {"Allow": "POST, DELETE"})
        try:
            self.misbehave(Fault.model_validate_json(body))
        except ValidationError as error:
            return json_response({"error": error.errors(include_url=False, include_input=False)}, 400)
        return Response(204)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, demo: DemoApi, port: int) -> None:
        self.demo = demo
        self._connections: set[socket.socket] = set()
        super().__init__(("127.0.0.1", port), _Handler)

    def process_request(self, request: Any, client_address: Any) -> None:
        self._connections.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        self._connections.discard(request)
        super().shutdown_request(request)

    def hang_up(self) -> None:
        """Break the connections that clients keep open."""
        for connection in list(self._connections):
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def handle_error(self, request: Any, client_address: Any) -> None:
        expected = isinstance(sys.exception(), ConnectionError) or self.demo._closing.is_set()
        if not expected:
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1
    server: _Server

    def _serve(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self._send(self.server.demo.answer(self.command, self.path, self.headers, body))

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = _serve  # noqa: N815 - http.server's names

    def _send(self, response: Response) -> None:
        if response.drop:
            self.close_connection = True
            return
        self.send_response(response.status)
        for name, value in response.headers.items():
            self.send_header(name, value)
        if response.status != 204:
            self.send_header("Content-Length", str(response.length))
        self.end_headers()
        if self.command != "HEAD":
            self._send_body(response.chunks(), response.cut_after)

    def _send_body(self, chunks: Iterable[bytes], cut_after: int | None) -> None:
        left = cut_after
        for chunk in chunks:
            self.wfile.write(chunk if left is None else chunk[:left])
            if left is not None:
                left = max(0, left - len(chunk))
        if cut_after is not None:
            self.close_connection = True

    def log_message(self, format: str, *args: Any) -> None:
        """Stay quiet: `DemoApi.requests` is the log."""
