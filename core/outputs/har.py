"""The trace of a run as a HAR 1.2 file, which browsers and HTTP tools open."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import suppress
from datetime import UTC
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import orjson

from core.events import ExchangeFinished
from core.http.exchange import Exchange
from core.http.secrets import mask_known
from core.outputs.durable import OutputError, open_to_change, replacing
from core.version import VERSION

_END = b"\n]}}\n"


class HarTrace:
    """A HAR file that grows with the run.

    The end of the JSON is written after every entry and overwritten by the next one, so that the file is valid at any
    moment, also after a crash. What HAR has no field for is in fields that begin with an underscore, as HAR requires:
    `_stream`, `_slice`, `_role`, `_attempt` and `_error`.
    """

    def __init__(self, path: Path) -> None:
        """Start the file, readable by its owner only, in place of an earlier one. Raises `OutputError`."""
        self.path = path
        creator = {"name": "longhaul", "version": VERSION}
        head = b'{"log":{"version":"1.2","creator":' + orjson.dumps(creator) + b',"entries":['
        try:
            place = path.resolve()
            with replacing(place, mode=0o600) as file:
                file.write(head + _END)
            self._file = open_to_change(place)
        except OSError as error:
            raise OutputError.of(path, error) from error
        self._position = len(head)
        self._comma = b""

    def add(self, event: ExchangeFinished) -> None:
        """Write an exchange; one that does not fit on the disk leaves those before it intact. Raises `OSError`."""
        entry = self._comma + b"\n" + orjson.dumps(_entry(event), str)
        try:
            self._put(entry + _END)
        except OSError:
            with suppress(OSError):
                self._put(_END)
                self._file.truncate(self._position + len(_END))
            raise
        self._position += len(entry)
        self._comma = b","

    def _put(self, data: bytes) -> None:
        self._file.seek(self._position)
        view = memoryview(data)
        while view:
            view = view[self._file.write(view) :]

    def close(self) -> None:
        self._file.close()


def _entry(event: ExchangeFinished) -> dict[str, Any]:
    exchange = event.exchange
    milliseconds = round(exchange.seconds * 1000, 3)
    entry = {
        "startedDateTime": exchange.started.astimezone(UTC).isoformat(),
        "time": milliseconds,
        "request": _request(exchange),
        "response": _response(exchange),
        "cache": {},
        "timings": {"send": 0, "wait": milliseconds, "receive": 0},
        "_stream": event.stream,
        "_slice": _masked(dict(event.slice)) if event.slice is not None else None,
        "_role": exchange.role,
        "_attempt": exchange.attempt,
    }
    if exchange.error is not None:
        entry |= {"_error": exchange.error, "comment": exchange.error}
    return entry


def _masked(value: Any) -> Any:
    """The values of a slice without secrets: a partition value may be one."""
    if isinstance(value, str):
        return mask_known(value)
    if isinstance(value, Mapping):
        return {str(key): _masked(item) for key, item in value.items()}
    return [_masked(item) for item in value] if isinstance(value, list) else value


def _request(exchange: Exchange) -> dict[str, Any]:
    query = parse_qsl(urlsplit(exchange.url).query, keep_blank_values=True)
    body = exchange.request_body
    request = {
        "method": exchange.method,
        "url": exchange.url,
        "httpVersion": exchange.http_version,
        "cookies": [],
        "headers": _named(exchange.request_headers),
        "queryString": _named(query),
        "headersSize": -1,
        "bodySize": len(body.encode(errors="replace")) if body else 0,
    }
    if body:
        request["postData"] = {"mimeType": _header(exchange.request_headers, "content-type"), "text": body}
    return request


def _response(exchange: Exchange) -> dict[str, Any]:
    size = -1 if exchange.response_size is None else exchange.response_size
    content: dict[str, Any] = {
        "size": size,
        "mimeType": _header(exchange.response_headers, "content-type") or "x-unknown",
    }
    if exchange.response_body is not None:
        content["text"] = exchange.response_body
    return {
        "status": exchange.status or 0,
        "statusText": exchange.reason,
        "httpVersion": exchange.http_version,
        "cookies": [],
        "headers": _named(exchange.response_headers),
        "content": content,
        "redirectURL": _header(exchange.response_headers, "location"),
        "headersSize": -1,
        "bodySize": size,
    }


def _named(pairs: Iterable[tuple[str, str]]) -> list[dict[str, str]]:
    return [{"name": name, "value": value} for name, value in pairs]


def _header(headers: Iterable[tuple[str, str]], wanted: str) -> str:
    return next((value for name, value in headers if name.lower() == wanted), "")
