"""A recorded HTTP exchange: what was sent and what came back, secrets masked, bodies capped."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

BODY_LIMIT = 1_000_000
"""Bytes of a request or response body that an exchange keeps, unless the session is told otherwise."""


class Role(StrEnum):
    """What a request is for."""

    PAGE = "page"
    PARENT = "parent"
    CREATE = "create"
    POLL = "poll"
    TARGET = "target"
    DOWNLOAD = "download"
    ABORT = "abort"
    DELETE = "delete"
    AUTH = "auth"
    SCHEMA = "schema"
    PROPERTIES = "properties"


@dataclass(frozen=True, slots=True)
class Exchange:
    """One request and its response, or the error in its place.

    Header values and bodies are text for people: secrets are masked, bytes that are no text are described, and a body
    is cut after so many bytes (`cut` says that the response's was; `response_size` is the whole size as transferred,
    None while unknown).
    `attempt` counts from 1 over the retries of one request. `seconds` lasts from sending to the last byte.
    """

    role: Role
    method: str
    url: str
    request_headers: tuple[tuple[str, str], ...]
    request_body: str | None
    started: datetime
    seconds: float
    attempt: int = 1
    status: int | None = None
    reason: str = ""
    http_version: str = "HTTP/1.1"
    response_headers: tuple[tuple[str, str], ...] = ()
    response_body: str | None = None
    response_size: int | None = None
    cut: bool = False
    error: str | None = None
