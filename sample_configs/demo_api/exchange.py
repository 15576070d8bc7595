"""Requests and responses as the demo API's handlers see them: plain data, no sockets."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from email.message import Message
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

from sample_configs.demo_api.faults import Fault

CHUNK = 64 * 1024


class ApiError(Exception):
    """A request that an API refuses; the API's own error body is made of the status and the message."""

    def __init__(self, status: int, message: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.headers = dict(headers or {})


@dataclass(frozen=True)
class Request:
    """One request as it arrived; `fault` is what it was told to suffer, if anything."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Message
    body: bytes
    fault: Fault

    def header(self, name: str) -> str:
        """The value of a header whatever its case, or an empty string."""
        return str(self.headers.get(name, ""))

    def bearer(self) -> str:
        """The token of `Authorization: Bearer <token>`, or an empty string."""
        scheme, _, token = self.header("Authorization").partition(" ")
        return token if scheme.lower() == "bearer" else ""

    def basic_user(self) -> str:
        """The user name of `Authorization: Basic <base64>`, or an empty string."""
        scheme, _, encoded = self.header("Authorization").partition(" ")
        if scheme.lower() != "basic":
            return ""
        try:
            return base64.b64decode(encoded).decode().partition(":")[0]
        except (binascii.Error, UnicodeDecodeError):
            return ""

    def json_object(self) -> dict[str, Any]:
        """The body as a JSON object.

        Raises:
            ApiError: 400 when it is anything else.

        """
        try:
            value = json.loads(self.body)
        except ValueError:
            raise ApiError(400, "the request body is not valid JSON") from None
        if not isinstance(value, dict):
            raise ApiError(400, "the request body has to be a JSON object")
        return value

    def form(self) -> dict[str, str]:
        """The body as an URL-encoded form; of a repeated key the last value."""
        return {key: values[-1] for key, values in parse_qs(self.body.decode("utf-8", "replace")).items()}


@dataclass(frozen=True)
class FileSlice:
    """Bytes of a file on disk, `start` (inclusive) to `stop` (exclusive)."""

    path: Path
    start: int
    stop: int


@dataclass
class Response:
    """An answer. `cut_after` closes the connection after so many body bytes, `drop` before the first one."""

    status: int = 200
    body: bytes | FileSlice = b""
    headers: dict[str, str] = field(default_factory=dict)
    cut_after: int | None = None
    drop: bool = False

    @property
    def length(self) -> int:
        """Bytes of the body."""
        return len(self.body) if isinstance(self.body, bytes) else self.body.stop - self.body.start

    def chunks(self) -> Iterator[bytes]:
        """The body in pieces of at most 64 KiB."""
        if isinstance(self.body, bytes):
            yield self.body
            return
        with self.body.path.open("rb") as file:
            file.seek(self.body.start)
            left = self.length
            while left > 0:
                chunk = file.read(min(CHUNK, left))
                left -= len(chunk)
                yield chunk

    def truncated(self, length: int) -> Response:
        """The same answer, complete as HTTP goes, with a body that stops too early."""
        if isinstance(self.body, bytes):
            self.body = self.body[:length]
        else:
            self.body = FileSlice(self.body.path, self.body.start, min(self.body.stop, self.body.start + length))
        return self


def json_response(value: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """A JSON answer."""
    body = json.dumps(value).encode()
    return Response(status, body, {"Content-Type": "application/json; charset=utf-8", **(headers or {})})
