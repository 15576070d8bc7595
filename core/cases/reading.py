"""Reads a case from a HAR file: one of ours, or one that a browser or a proxy made."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

import httpx
import orjson

from core.cases.case import Case, CaseError, Expectation, RecordedExchange, records_file
from core.http.charsets import charset_named
from core.http.messages import shorten
from core.reading.plan import Limits
from core.wording import json_fault

LARGEST_FILE = 300_000_000
"""Bytes that a HAR file may have."""
_PSEUDO = ":"
"""Begins the names of headers that only HTTP/2 has."""
_FRAMING = frozenset({"content-encoding", "content-length", "transfer-encoding"})


def read_case(path: Path) -> Case:
    """Read a HAR file. Raises `CaseError`."""
    return case_of(read_har(path), path)


def case_of(har: Any, path: Path) -> Case:
    """What is in a HAR file, as a case; `path` is where it is from. Raises `CaseError`."""
    log = har.get("log") if isinstance(har, Mapping) else None
    if not isinstance(log, Mapping):
        raise CaseError(f"{path} is no HAR file: there is no object `log` in it.")
    entries = log.get("entries")
    if not isinstance(entries, list):
        raise CaseError(f"{path} is no HAR file: there is no list `log.entries` in it.")
    exchanges, left_out = [], 0
    for number, entry in enumerate(entries, 1):
        try:
            exchange = _exchange(entry)
        except (TypeError, ValueError, LookupError, AttributeError) as error:
            raise CaseError(f"{path}: entry {number} can't be read ({_reason(error)}).") from None
        if exchange is None:
            left_out += 1
        else:
            exchanges.append(exchange)
    ours = log.get("_longhaul")
    try:
        return _with_expectations(path, exchanges, left_out, ours if isinstance(ours, Mapping) else {})
    except (TypeError, ValueError, LookupError, AttributeError) as error:
        raise CaseError(f"{path}: what `_longhaul` says can't be read ({_reason(error)}).") from None


def read_records(case: Case) -> dict[str, list[Mapping[str, Any]]]:
    """The records that a case expects, by stream. Raises `CaseError`."""
    path, found = records_file(case.path), dict[str, list[Mapping[str, Any]]]()
    for number, line in enumerate(_bytes(path).splitlines(), 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)  # numbers of any size
            found.setdefault(row["stream"], []).append(row["data"])
        except (ValueError, TypeError, LookupError, RecursionError):
            what = '{"stream": ..., "data": {...}}'
            raise CaseError(f"{path}:{number}: this line is no record; each is {what}.") from None
    return found


def _reason(error: Exception) -> str:
    if isinstance(error, KeyError):
        return f"there is no {error}"
    return str(error) if isinstance(error, ValueError) else "a part of it is not of the type that it has in HAR files"


def _bytes(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            data = file.read(LARGEST_FILE + 1)
    except (OSError, ValueError) as error:
        reason = (error.strerror if isinstance(error, OSError) else None) or str(error)
        raise CaseError(f"{path} can't be read: {reason.lower()}.") from None
    if len(data) > LARGEST_FILE:
        raise CaseError(f"{path} is larger than {LARGEST_FILE // 1_000_000} MB.")
    return data


def read_har(path: Path) -> Any:
    """What is in a HAR file. Raises `CaseError`."""
    data = _bytes(path).removeprefix(b"\xef\xbb\xbf")
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        data = data.decode("utf-16", "replace").encode()
    try:
        return orjson.loads(data)
    except orjson.JSONDecodeError as error:
        what = "is empty" if not data.strip() else f"is no JSON: {json_fault(error)}"
        raise CaseError(f"{path} is no HAR file: it {what}.") from None


def _exchange(entry: Any) -> RecordedExchange | None:
    """An entry; None for one that is no request over HTTP, such as `data:` or a web socket."""
    request, response = entry["request"], entry.get("response") or {}
    url = request["url"]
    if not url.lower().startswith(("http://", "https://")):
        return None
    if not _is_valid(url):
        raise ValueError(f"{shorten(url)} is no valid URL")
    status = _status(response.get("status"))
    error = entry.get("_error") or response.get("_error") or ""
    if not status and not error:
        error = "there was no answer when it was recorded"
    headers = _headers(response)
    return RecordedExchange(
        method=str(request["method"]).upper(),
        url=url.partition("#")[0],
        request_headers=_headers(request),
        request_body=_request_body(request),
        status=status,
        reason=_text(response.get("statusText")),
        response_headers=[pair for pair in headers if pair[0].lower() not in _FRAMING],
        body=_body(response.get("content") or {}, headers, status),
        role=_text(entry.get("_role")) or None,
        error=str(error),
        error_kind=str(entry.get("_error_kind") or ""),
        started=_moment(entry.get("startedDateTime")),
        seconds=_seconds(entry.get("time")),
    )


def _is_valid(url: str) -> bool:
    try:
        return bool(httpx.URL(url).host and urlsplit(url))
    except (httpx.InvalidURL, ValueError):
        return False


def _status(said: Any) -> int:
    """The status of an answer; 0 where there was none."""
    number = float(said) if isinstance(said, int) or (isinstance(said, str) and said.isdecimal()) else said
    return int(number) if isinstance(number, float) and 100 <= number <= 999 else 0


def _text(said: Any) -> str:
    return said if isinstance(said, str) else ""


def _headers(message: Mapping[str, Any]) -> list[tuple[str, str]]:
    """The headers; Chrome joins those of a name with line breaks."""
    pairs = [(str(one["name"]), _value(one)) for one in message.get("headers") or ()]
    return [(name, line) for name, value in pairs if not name.startswith(_PSEUDO) for line in value.split("\n")]


def _request_body(request: Mapping[str, Any]) -> bytes:
    data = request.get("postData") or {}
    text, params = data.get("text"), data.get("params")
    if text:
        if data.get("_encoding", data.get("encoding")) == "base64":
            return _decoded(text)
        return str(text).encode(errors="surrogatepass")
    if params:
        return urlencode([(str(one["name"]), _value(one)) for one in params]).encode()
    return b""


def _value(pair: Mapping[str, Any]) -> str:
    """The value of a header or a parameter; some tools write none as null, or leave it out."""
    value = pair.get("value")
    return "" if value is None else str(value)


def _body(content: Mapping[str, Any], headers: list[tuple[str, str]], status: int) -> bytes | None:
    text = content.get("text")
    if text is None:
        size = content.get("size")
        holds_none = status in (204, 304) or 300 <= status < 400 or not isinstance(size, int) or size <= 0
        return b"" if holds_none else None
    if content.get("encoding") == "base64":
        return _decoded(text)
    named = next((value for name, value in headers if name.lower() == "content-type"), _text(content.get("mimeType")))
    try:
        return str(text).encode(charset_named(named) or "utf-8")
    except UnicodeEncodeError:
        return str(text).encode(errors="surrogatepass")


def _decoded(text: str) -> bytes:
    try:
        return base64.b64decode(text)
    except binascii.Error:
        raise ValueError("a body is said to be base64, but it is not") from None


def _moment(text: Any) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text)
    except (TypeError, ValueError):
        return None
    return moment.replace(tzinfo=moment.tzinfo or UTC)


def _seconds(milliseconds: Any) -> float:
    return max(0.0, milliseconds / 1000) if isinstance(milliseconds, int | float) else 0.0


def _with_expectations(path: Path, exchanges: list[RecordedExchange], left_out: int, ours: Mapping[str, Any]) -> Case:
    started = [one.started for one in exchanges if one.started is not None]
    began = _moment(ours.get("recorded")) or min(started, default=None)
    seconds = ours.get("seconds")
    if seconds is None:
        ends = [one.started.timestamp() + one.seconds for one in exchanges if one.started is not None]
        seconds = max(ends, default=0.0) - began.timestamp() if began is not None else 0.0
    return Case(
        path=path,
        exchanges=exchanges,
        began=began,
        seconds=float(seconds),
        manifest=str(ours.get("manifest") or ""),
        inputs=dict(ours.get("inputs") or {}),
        streams=dict(_expectations(ours.get("streams") or {})),
        left_out=left_out,
    )


def _expectations(streams: Mapping[str, Any]) -> Iterator[tuple[str, Expectation]]:
    for name, said in streams.items():
        limits = {key: value for key, value in (said.get("limits") or {}).items() if isinstance(value, int)}
        records, pages, slices, attempts = map(limits.get, ("records", "pages", "slices", "attempts"))
        yield (
            name,
            Expectation(
                outcome=said["outcome"],
                limits=Limits(records, pages, slices, attempts),
                state=said.get("state"),
                end_state=said.get("end_state"),
                errors=tuple(said.get("errors") or ()),
                records=int(said.get("records") or 0),
            ),
        )
