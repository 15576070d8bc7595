"""Iterable: export jobs (https://api.iterable.com/api/docs#export_startExport)."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

from sample_configs.demo_api.data import Data, csv_chunks
from sample_configs.demo_api.exchange import ApiError, Request, Response, json_response
from sample_configs.demo_api.files import plain
from sample_configs.demo_api.jobs import Job, States
from sample_configs.demo_api.routing import Api, Backend

KEY = "demo-iterable-key"
STATES = States(waiting="enqueued", running="running", done="completed", aborted="cancelled")
EXPORTS = "/api/export"
HEADER = ["messageId", "email", "createdAt"]
FILES = 5
FILES_OF_A_PAGE = 2


def _error(status: int, message: str) -> Response:
    code = {401: "BadApiKey", 404: "NotFound", 429: "RateLimitExceeded"}.get(status, "BadParams")
    return json_response({"code": code, "msg": message, "params": None}, status)


def _authenticate(_backend: Backend, request: Request) -> None:
    if request.header("Api-Key") != KEY:
        raise ApiError(401, "Invalid API key")


def _inputs(url: str) -> dict[str, Any]:
    return {"iterable": {"api_url": url, "api_key": KEY, "start_date": "2024-01-01T00:00:00Z"}}


API = Api("iterable", _error, _authenticate, _inputs)


@API.route("POST", EXPORTS + "/start")
def create(backend: Backend, request: Request) -> Response:
    """Start an export."""
    body = request.json_object()
    if body.get("dataTypeName") != "emailSend" or body.get("outputFormat") != "text/csv":
        raise ApiError(400, "this demo exports emailSend as text/csv")
    job = backend.jobs.create(request, API.name, STATES, 3.0)
    return json_response({"jobId": _number(job)})


@API.route("GET", EXPORTS + "/{number}/files")
def poll(backend: Backend, request: Request, number: str) -> Response:
    """The state of an export and a page of its files; there are more and more of them while it runs."""
    job = _job(backend, number)
    job.polls += 1
    written = range(FILES if job.ready else min(FILES - 1, int(FILES * job.progress)))
    after = request.query.get("startAfter", "")
    files = [_file(backend, request, job, part) for part in written if _name(part) > after]
    state = {"jobId": _number(job), "jobState": job.state, "exportTruncated": False}
    return json_response({**state, "files": files[:FILES_OF_A_PAGE]})


@API.route("DELETE", EXPORTS + "/{number}")
def cancel(backend: Backend, _request: Request, number: str) -> Response:
    """Cancel an export."""
    _job(backend, number).aborted = True
    return json_response({"code": "Success", "msg": "", "params": None})


def rows(data: Data, part: int) -> Iterator[list[str]]:
    """The sends in one of the files of an export."""
    for index in range(part, data.rows, FILES):
        message = f"{data.number(index, salt=8):016x}"
        yield [message, data.person(index).email, f"{data.moment(index):%Y-%m-%d %H:%M:%S +00:00}"]


def _name(part: int) -> str:
    return f"{part + 1:03d}_sends.csv"


def _file(backend: Backend, request: Request, job: Job, part: int) -> dict[str, str]:
    name = f"iterable/{job.id}/{_name(part)}"
    backend.files.offer(name, "text/csv", plain(partial(_lines, backend.data, part)))
    return {"file": _name(part), "url": backend.url + backend.files.link(request, name)}


def _lines(data: Data, part: int) -> Iterator[bytes]:
    return csv_chunks(HEADER, rows(data, part))


def _number(job: Job) -> int:
    return int(job.id[:8], 16)


def _job(backend: Backend, number: str) -> Job:
    for job in backend.jobs.all():
        if job.api == API.name and str(_number(job)) == number:
            return job
    raise ApiError(404, f"there is no export {number}")
