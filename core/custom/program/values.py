"""The values of messages: JSON, what airbyte-cdk's classes expect in their place, and what they give."""

import io
import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from datetime import date, datetime, time
from decimal import Decimal
from itertools import islice

import orjson
import requests
import urllib3
from airbyte_cdk.sources.types import StreamSlice
from frames import ITEMS, ITEMS_SIZE, LARGEST, encoded
from requests.structures import CaseInsensitiveDict

MOST_SIZE = LARGEST // 4
"""Bytes of items in a message that has several."""


def dumped(value):
    """A value as JSON, in bytes."""
    with suppress(TypeError):  # a key that is no text
        return orjson.dumps(value, plain)
    try:
        return orjson.dumps(value, plain, orjson.OPT_NON_STR_KEYS)
    except TypeError:  # a number that is too large for it, or half a character
        return encoded(json.dumps(value, default=plain, ensure_ascii=False))


def plain(value):
    """A value as JSON has it."""
    if isinstance(value, (datetime, date, time)):
        return value.isoformat()
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() and abs(value) < 2**53 else float(value)
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, (bytes, bytearray)):
        return bytes(value).decode(errors="replace")
    if isinstance(value, (set, frozenset, tuple)) or hasattr(value, "__iter__"):
        return list(value)
    return str(value)


def record_of(value):
    """The data of a record; a message of Airbyte that is none is left out (None)."""
    data = getattr(value, "data", value)
    if isinstance(data, Mapping):
        return data
    record = getattr(value, "record", None)
    if record is not None:
        return record.data
    return None if hasattr(value, "type") else value


def slice_of(written):
    """The slice of a message, for airbyte-cdk."""
    if written is None:
        return None
    return StreamSlice(
        partition=written.get("partition") or {},
        cursor_slice=written.get("cursor_slice") or {},
        extra_fields=written.get("extra_fields") or {},
    )


def written_slice(found):
    """A slice of airbyte-cdk, or a mapping in its place, for a message."""
    if isinstance(found, StreamSlice):
        return {"partition": found.partition, "cursor_slice": found.cursor_slice, "extra_fields": found.extra_fields}
    return {"partition": dict(found or {}), "cursor_slice": {}, "extra_fields": {}}


def response_of(written, body):
    """The response of a message as `requests` has it, with the request that led to it."""
    response = requests.Response()
    response.status_code = written["status"]
    response.reason = written.get("reason") or ""
    # the body comes decompressed
    headers = [(name, value) for name, value in written["headers"] if name.lower() != "content-encoding"]
    response.headers = CaseInsensitiveDict(headers)
    response.encoding = requests.utils.get_encoding_from_headers(response.headers)
    response.url = written["url"]
    response._content = body
    response._content_consumed = True
    response.raw = urllib3.HTTPResponse(
        body=io.BytesIO(body), headers=dict(headers), status=response.status_code, preload_content=False
    )
    response.request = request_of(written["request"]) if written["request"] else None
    return response


def request_of(written):
    """The request of a message as `requests` prepares it."""
    request = requests.PreparedRequest()
    request.method = written["method"]
    request.prepare_url(written["url"], None)
    request.headers = CaseInsensitiveDict(written["headers"])
    content = written.get("body")
    request.body = content.encode() if content else None
    request.prepare_hooks(None)
    return request


def outcome_of(written, body):
    """A response, or the exception of a request that got none."""
    if "error" not in written:
        return response_of(written, body)
    kind = requests.exceptions.Timeout if written.get("timeout") else requests.exceptions.ConnectionError
    return kind(written["error"], request=request_of(written["request"]) if written.get("request") else None)


def written_response(response):
    """A response of `requests` for a message, with its body and the request that led to it."""
    request = response.request
    body = request.body
    facts = {
        "status": response.status_code,
        "reason": response.reason or "",
        "headers": [
            (name, value)
            for name, value in response.headers.items()
            if name.lower() not in ("content-encoding", "transfer-encoding", "content-length")
        ],
        "url": response.url,
        "request": {
            "method": request.method,
            "url": request.url,
            "headers": list(request.headers.items()),
            "body": body.decode(errors="replace") if isinstance(body, bytes) else body,
        },
        "seconds": response.elapsed.total_seconds(),
    }
    return facts, response.content


def batches(items: Iterable) -> Iterator:
    """JSON arrays of the items, as many in each as go into one message by the size of the first; and whether it is
    known to be the last.
    """
    waiting = iter(items)
    for first in waiting:
        most = max(1, min(ITEMS, ITEMS_SIZE // len(dumped(first))))
        found = [first, *islice(waiting, most - 1)]
        text = dumped(found)
        if len(text) <= MOST_SIZE:
            yield text, len(found) < most
        else:
            yield from ((b"[" + dumped(item) + b"]", False) for item in found)
