"""What a journal writes of a job: all that a later run needs to ask the API about it."""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import httpx
import orjson

from core.http.secrets import is_secret_header
from core.jobs.known import KnownJob
from core.runtime.slices import StreamSlice, slice_key

LARGEST_JOB = 2_000_000
"""Bytes that a journal writes of one job. The answer to a creation is a few hundred as a rule."""
_ABOUT_THE_TRANSFER = frozenset({"content-encoding", "transfer-encoding", "content-length", "connection"})
"""Headers of a body as it was sent; what is kept is what came of it."""


@dataclass(frozen=True, slots=True)
class JobRecord:
    """A job of a slice. `id` is the API's own, where it is known, `status` the last one that the API reported."""

    stream: str
    slice: StreamSlice
    job: KnownJob
    id: str | None = None
    status: str | None = None

    @property
    def key(self) -> bytes:
        """Equal for the jobs of one slice."""
        return slice_key(self.slice)

    def with_status(self, status: str | None) -> JobRecord:
        """The same job, with what the API said last."""
        return replace(self, status=status)

    def written(self) -> dict[str, Any]:
        """As it is in a line of a journal."""
        return {
            "stream": self.stream,
            "slice": written_slice(self.slice),
            "id": self.id,
            "status": self.status,
            "created": self.job.created.isoformat(),
            "request": self.job.fingerprint,
            "creation": _written_response(self.job.creation),
            "started": self.job.started,
            "way": self.job.way,
            "start": None if self.job.start is None else _written_response(self.job.start),
        }

    @classmethod
    def read(cls, line: Mapping[str, Any]) -> JobRecord:
        """The job of a line. Raises `KeyError`, `TypeError`, `ValueError` for a line that is none."""
        start = None if line["start"] is None else _read_response(line["start"])
        creation, created = _read_response(line["creation"]), read_moment(line["created"])
        way = str(line.get("way") or "")
        job = KnownJob(creation, created, str(line["request"]), bool(line["started"]), start, way=way)
        return cls(str(line["stream"]), read_slice(line["slice"]), job, line["id"], line["status"])


def written_slice(slice_: Mapping[str, Any] | None) -> dict[str, Any]:
    """A slice as it is in a line of a journal."""
    if isinstance(slice_, StreamSlice):
        parts = {"partition": slice_.partition, "cursor": slice_.cursor_slice, "extra": slice_.extra_fields}
        return {name: dict(part) for name, part in parts.items() if part}
    return {"partition": dict(slice_)} if slice_ else {}


def read_slice(written: Mapping[str, Any]) -> StreamSlice:
    """The slice that was written."""
    return StreamSlice(*(dict(written.get(name) or {}) for name in ("partition", "cursor", "extra")))


def read_moment(text: str) -> datetime:
    """A moment that was written. Raises `ValueError` for one without a time zone."""
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError(text)
    return moment.astimezone(UTC)


def dump(line: Mapping[str, Any]) -> bytes:
    """A line of a journal. Raises `TypeError` for what can't be written."""
    return orjson.dumps(line, str, orjson.OPT_NON_STR_KEYS | orjson.OPT_APPEND_NEWLINE)


def _written_response(response: httpx.Response) -> dict[str, Any]:
    """The answer of an API, without the credentials that were sent for it."""
    request, content = response.request, response.content
    try:
        body: Any = content.decode()
    except UnicodeDecodeError:
        body = {"base64": b64encode(content).decode()}
    headers = [pair for pair in response.headers.multi_items() if pair[0].lower() not in _ABOUT_THE_TRANSFER]
    sent = [pair for pair in request.headers.multi_items() if not is_secret_header(pair[0])]
    return {
        "status": response.status_code,
        "headers": headers,
        "body": body,
        "request": {"method": request.method, "url": str(request.url), "headers": sent},
    }


def _read_response(written: Mapping[str, Any]) -> httpx.Response:
    asked, body = written["request"], written["body"]
    request = httpx.Request(asked["method"], asked["url"], headers=_pairs(asked["headers"]))
    content = body.encode() if isinstance(body, str) else b64decode(body["base64"])
    return httpx.Response(int(written["status"]), headers=_pairs(written["headers"]), content=content, request=request)


def _pairs(written: Any) -> list[tuple[str, str]]:
    return [(str(name), str(value)) for name, value in written]
