"""Braze: exports of the users of a segment
(https://www.braze.com/docs/api/endpoints/export/user_data/post_users_segment). There is no status: the address of the
file, which is signed for GET only, answers 403 until the file is there.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

from sample_configs.demo_api.data import Data, json_lines
from sample_configs.demo_api.exchange import ApiError, Request, Response, json_response
from sample_configs.demo_api.files import s3_error, zipped
from sample_configs.demo_api.jobs import States
from sample_configs.demo_api.routing import Api, Backend

KEY = "demo-braze-key"
SEGMENT = "demo-segment"
STATES = States(waiting="", running="", done="there")
FIELDS = {"external_id", "email", "custom_attributes"}
PARTS = 2


def _error(status: int, message: str) -> Response:
    return json_response({"message": message}, status)


def _authenticate(_backend: Backend, request: Request) -> None:
    if request.bearer() != KEY:
        raise ApiError(401, "Invalid API Key")


def _inputs(url: str) -> dict[str, Any]:
    return {"braze": {"api_url": url, "api_key": KEY, "segment_id": SEGMENT}}


API = Api("braze", _error, _authenticate, _inputs)


@API.route("POST", "/users/export/segment")
def create(backend: Backend, request: Request) -> Response:
    """Start an export; the answer names the file that it will be."""
    body = request.json_object()
    if body.get("segment_id") != SEGMENT:
        raise ApiError(400, "Invalid segment_id")
    if not body.get("fields_to_export") or set(body["fields_to_export"]) - FIELDS:
        raise ApiError(400, f"'fields_to_export' must be specified; this demo has {', '.join(sorted(FIELDS))}")
    job = backend.jobs.create(request, API.name, STATES, 3.0)
    url = f"{backend.url}/braze-bucket/{job.id}.zip?X-Amz-Signature={job.id[:8]}"
    return json_response({"message": "success", "object_prefix": job.id, "url": url}, 201)


@API.route("HEAD", "/braze-bucket/{name}", public=True)
def look(_backend: Backend, _request: Request, name: str) -> Response:
    """Refused: the signature is for another method."""
    return s3_error(403, "SignatureDoesNotMatch", "The request signature does not match.")


@API.route("GET", "/braze-bucket/{name}", public=True)
def download(backend: Backend, request: Request, name: str) -> Response:
    """The file, once it is there."""
    job = backend.jobs.find(API.name, name.removesuffix(".zip"))
    job.polls += 1
    if request.header("Authorization"):
        return s3_error(400, "InvalidArgument", "Only one auth mechanism allowed.")
    if not job.ready:
        return s3_error(403, "AccessDenied", "Access Denied")
    parts = {f"{number}.txt": partial(_lines, backend.data, number) for number in range(PARTS)}
    backend.files.offer(f"braze/{name}", "application/zip", zipped(parts))
    return backend.files.serve(request, f"braze/{name}")


def users(data: Data, part: int) -> Iterator[dict[str, Any]]:
    """The users in one of the files of an export."""
    for index in range(part, data.rows, PARTS):
        person = data.person(index)
        attributes = {"city": person.city, "visits": data.number(index, salt=3) % 50}
        yield {"external_id": f"user-{index + 1}", "email": person.email, "custom_attributes": attributes}


def _lines(data: Data, part: int) -> Iterator[bytes]:
    return json_lines(users(data, part))
