"""Keeps what was recorded as a case: a HAR file without secrets, and the records that came of it."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx
import orjson

from core.cases.case import CaseError, Expectation, records_file
from core.cases.masking import mask_text, mask_value, masked_body
from core.cases.stand_ins import without_secrets
from core.http.bodies import unpacked
from core.http.charsets import charset_named
from core.http.policy import BodyRefused
from core.http.secrets import MASK, Secrets
from core.http.tape import Take, Tape
from core.outputs.durable import OutputError, replacing
from core.version import VERSION

LARGEST_RECORDS = 100_000_000
"""Bytes that the records of a case may have."""
_FRAMING = frozenset({"content-encoding", "content-length", "transfer-encoding"})


@dataclass(frozen=True, slots=True)
class Recording:
    """What a run left behind: its traffic, its inputs, when it was, and how each stream ended with which records (lines
    of JSON).
    """

    tape: Tape
    secrets: Secrets
    specification: Mapping[str, Any]
    config: Mapping[str, Any]
    began: datetime
    seconds: float
    streams: Mapping[str, tuple[Expectation, Iterable[bytes]]]


def keep_case(file: Path, manifest: Path, recording: Recording) -> None:
    """Write a case in place of an earlier one. Raises `CaseError` and `OutputError`."""
    _check(recording.tape)
    har = _har(manifest, recording)
    records = _record_lines(recording)
    try:
        file.parent.mkdir(exist_ok=True)
    except OSError as error:
        raise OutputError.of(file, error) from error
    write_case(file, har, records)


def write_case(file: Path, har: Mapping[str, Any], records: Iterable[bytes]) -> None:
    """Write the two files of a case. Raises `OutputError`."""
    try:
        with replacing(records_file(file)) as target:
            target.writelines(records)
        with replacing(file) as target:
            target.write(orjson.dumps(har, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE))
    except OSError as error:
        raise OutputError.of(file, error) from error


def _check(tape: Tape) -> None:
    """Raise `CaseError` for a recording that can't be replayed."""
    if tape.spoiled:
        raise CaseError(f"This can't be kept as a case: {tape.spoiled}. Read less, with limits or other inputs.")
    if not tape.takes:
        raise CaseError("There is nothing to keep: no request was sent.")
    for take in tape.takes:
        if take.status is None and take.error is None:
            raise CaseError(f"This can't be kept as a case: {_line(take)} was given up before it was answered.")
        if not take.whole and take.error is None and not _is_complete(take):
            raise CaseError(
                f"This can't be kept as a case: the answer of {_line(take)} was not read to its end. "
                "Limits stop a read in the middle: raise them, or ask for less, and read again."
            )


def _line(take: Take) -> str:
    return f"{take.method} {take.url}"


def _is_complete(take: Take) -> bool:
    """Whether all of a body is there although nobody looked for its end, or there is none to be read."""
    announced = {name.lower(): value for name, value in take.response_headers}.get("content-length", "")
    received = sum(length for _, length in take.parts)
    if announced.isdigit():
        return received >= int(announced)
    return take.method == "HEAD" or take.status in (204, 304) or (take.status or 0) >= 300


def _har(manifest: Path, recording: Recording) -> dict[str, Any]:
    tape, secrets = recording.tape, recording.secrets
    inputs = without_secrets(recording.specification, recording.config, secrets)
    streams = {name: _expectation(expected, secrets) for name, (expected, _) in recording.streams.items()}
    ours = {
        "manifest": manifest.name,
        "recorded": recording.began.astimezone(UTC).isoformat(),
        "seconds": round(recording.seconds, 3),
        "inputs": inputs,
        "streams": streams,
    }
    entries = [_entry(tape, take, secrets) for take in tape.takes]
    creator = {"name": "longhaul", "version": VERSION}
    return {"log": {"version": "1.2", "creator": creator, "_longhaul": ours, "entries": entries}}


def _expectation(expected: Expectation, secrets: Secrets) -> dict[str, Any]:
    limits = {name: limit for name, limit in asdict(expected.limits).items() if isinstance(limit, int)}
    said = {
        "outcome": expected.outcome,
        "records": expected.records,
        "limits": limits,
        "state": mask_value(expected.state, secrets) if expected.state is not None else None,
        "end_state": mask_value(expected.end_state, secrets) if expected.end_state is not None else None,
        "errors": [secrets.mask(error) for error in expected.errors],
    }
    return {name: value for name, value in said.items() if value or name in ("outcome", "records")}


def _entry(tape: Tape, take: Take, secrets: Secrets) -> dict[str, Any]:
    milliseconds = round(take.seconds * 1000, 3)
    body, damage = _unpacked(tape, take)
    entry = {
        "startedDateTime": take.started.astimezone(UTC).isoformat(),
        "time": milliseconds,
        "request": _request(take, secrets),
        "response": _response(take, body, secrets),
        "cache": {},
        "timings": {"send": 0, "wait": milliseconds, "receive": 0},
        "_role": str(take.role),
    }
    if take.error is not None:
        entry |= {"_error": secrets.mask(take.error), "_error_kind": take.error_kind}
    elif damage is not None:
        entry |= {"_error": str(damage), "_error_kind": type(damage).__name__}
    return entry


def _request(take: Take, secrets: Secrets) -> dict[str, Any]:
    url = secrets.mask(take.url)
    headers = secrets.mask_headers(take.headers)
    request: dict[str, Any] = {
        "method": take.method,
        "url": url,
        "httpVersion": take.http_version,
        "cookies": [],
        "headers": _named(headers),
        "queryString": _named(parse_qsl(urlsplit(url).query, keep_blank_values=True)),
        "headersSize": -1,
        "bodySize": len(take.body),
    }
    if take.body:
        request["postData"] = {"mimeType": _header(take.headers, "content-type")}
        try:
            request["postData"]["text"] = mask_text(take.body.decode(), secrets)
        except UnicodeDecodeError:
            body = masked_body(take.body, "", secrets)
            request["postData"] |= {"text": base64.b64encode(body).decode(), "_encoding": "base64"}
    return request


def _response(take: Take, body: bytes, secrets: Secrets) -> dict[str, Any]:
    kind = _header(take.response_headers, "content-type")
    body = masked_body(body, kind, secrets)
    masked = secrets.mask_headers([pair for pair in take.response_headers if pair[0].lower() not in _FRAMING])
    content: dict[str, Any] = {"size": len(body), "mimeType": kind or "x-unknown"}
    text = _text(body, kind)
    if text is not None:
        content["text"] = text
    else:
        content |= {"text": base64.b64encode(body).decode(), "encoding": "base64"}
    return {
        "status": take.status or 0,
        "statusText": secrets.mask(take.reason),
        "httpVersion": take.http_version,
        "cookies": [],
        "headers": _named(masked),
        "content": content,
        "redirectURL": _header(masked, "location"),
        "headersSize": -1,
        "bodySize": sum(length for _, length in take.parts),
    }


def _unpacked(tape: Tape, take: Take) -> tuple[bytes, httpx.DecodingError | None]:
    """The body of an answer without its content encodings; the begin of one that is damaged, with what is wrong."""
    raw = [(name.encode("latin-1"), value.encode(errors="replace")) for name, value in take.response_headers]
    try:
        return unpacked(httpx.Response(200, headers=raw), tape.body_of(take))
    except BodyRefused as error:
        raise CaseError(f"This can't be kept as a case: of the answer of {_line(take)}, {error}.") from None


def _text(body: bytes, content_type: str) -> str | None:
    """A body as the text of a HAR file; None where the text would not give the same bytes."""
    named = charset_named(content_type)
    if named not in (None, "utf-8", "ascii") or b"\0" in body:
        return None
    try:
        return body.decode()
    except UnicodeDecodeError:
        return None


def _named(pairs: Iterable[tuple[str, str]]) -> list[dict[str, str]]:
    return [{"name": name, "value": value} for name, value in pairs]


def _header(headers: Iterable[tuple[str, str]], wanted: str) -> str:
    return next((value for name, value in headers if name.lower() == wanted), "")


def _record_lines(recording: Recording) -> list[bytes]:
    """The records of all streams as lines, sorted: streams and slices that are read side by side have no order."""
    found: list[bytes] = []
    size = 0
    for name, (_, records) in recording.streams.items():
        lines: list[bytes] = []
        for data in records:
            hides = MASK in recording.secrets.mask(data.decode(errors="replace"))
            for line in data.splitlines():
                lines.append(_record_line(name, line, recording.secrets if hides else None))
                size += len(lines[-1])
            if size > LARGEST_RECORDS:
                limit = LARGEST_RECORDS // 1_000_000
                raise CaseError(f"This can't be kept as a case: there are more than {limit} MB of records.")
        found += sorted(lines)
    return found


def _record_line(stream: str, line: bytes, secrets: Secrets | None) -> bytes:
    data = json.loads(line)
    return record_line(stream, data if secrets is None else mask_value(data, secrets))


def record_line(stream: str, data: Any) -> bytes:
    """A record as a line of the file of expected records."""
    row = {"stream": stream, "data": data}
    return json.dumps(row, ensure_ascii=False, separators=(",", ":")).encode(errors="replace") + b"\n"
