"""What the APIs have in common: their routes, their errors, their authentication and their rate limits."""

from __future__ import annotations

import math
import re
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sample_configs.demo_api.data import Data
from sample_configs.demo_api.exchange import ApiError, Request, Response
from sample_configs.demo_api.files import FileStore
from sample_configs.demo_api.jobs import JobStore


class RateLimit:
    """At most `calls` requests in any `seconds`."""

    def __init__(self, calls: int, seconds: float) -> None:
        self.calls = calls
        self.seconds = seconds
        self._lock = threading.Lock()
        self._times: deque[float] = deque()

    def wait(self) -> int:
        """Count a request: 0 when it may pass, else the whole seconds to wait before trying again."""
        now = time.monotonic()
        with self._lock:
            while self._times and self._times[0] <= now - self.seconds:
                self._times.popleft()
            if len(self._times) < self.calls:
                self._times.append(now)
                return 0
            return max(1, math.ceil(self._times[0] + self.seconds - now))


@dataclass
class Backend:
    """What all APIs of one running server share."""

    url: str
    data: Data
    jobs: JobStore
    files: FileStore
    limits: dict[str, RateLimit]
    tokens: set[str]
    """Access tokens handed out."""


Handler = Callable[..., Response]
Render = Callable[[int, str], Response]
Authenticate = Callable[[Backend, Request], None]


@dataclass(frozen=True)
class _Route:
    method: str
    pattern: re.Pattern[str]
    handler: Handler
    public: bool


class Api:
    """One imitated API.

    `error` makes its error bodies, `authenticate` raises `ApiError` for a request without good credentials,
    `inputs` gives, for the server's URL, the inputs of the samples that read from it, by sample name.
    """

    def __init__(
        self, name: str, error: Render, authenticate: Authenticate, inputs: Callable[[str], dict[str, Any]]
    ) -> None:
        self.name = name
        self.inputs = inputs
        self._error = error
        self._authenticate = authenticate
        self._routes: list[_Route] = []

    def route(self, method: str, path: str, *, public: bool = False) -> Callable[[Handler], Handler]:
        """Register a handler; `{name}` in the path is one segment, given to the handler by that name."""
        pattern = re.compile(re.sub(r"\\{(\w+)\\}", r"(?P<\1>[^/]+)", re.escape(path)))

        def register(handler: Handler) -> Handler:
            self._routes.append(_Route(method, pattern, handler, public))
            return handler

        return register

    def answer(self, backend: Backend, request: Request) -> Response | None:
        """The answer of this API, or None when the path is none of its own."""
        routes = [route for route in self._routes if route.pattern.fullmatch(request.path)]
        if not routes:
            return None
        try:
            return self._handle(backend, request, routes)
        except ApiError as refusal:
            response = self._error(refusal.status, refusal.message)
            response.headers.update(refusal.headers)
            return response

    def _handle(self, backend: Backend, request: Request, routes: list[_Route]) -> Response:
        route = next((route for route in routes if route.method == request.method), None)
        if route is None:
            allowed = ", ".join(sorted({route.method for route in routes}))
            raise ApiError(405, f"{request.method} is not allowed here", {"Allow": allowed})
        if not route.public:
            self._authenticate(backend, request)
        if wait := backend.limits[self.name].wait():
            raise ApiError(429, "too many requests", {"Retry-After": str(wait)})
        match = route.pattern.fullmatch(request.path)
        return route.handler(backend, request, **(match.groupdict() if match else {}))
