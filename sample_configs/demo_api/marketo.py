"""Marketo: bulk lead extracts (https://experienceleague.adobe.com/en/docs/marketo-developer/marketo/rest/bulk-extract).

Its queue is short: one export at a time is processed, and nothing waits.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from sample_configs.demo_api.data import Data, csv_chunks
from sample_configs.demo_api.exchange import ApiError, Request, Response, json_response
from sample_configs.demo_api.files import plain
from sample_configs.demo_api.jobs import Job, States
from sample_configs.demo_api.routing import Api, Backend

CLIENT_ID = "demo-marketo-client"
CLIENT_SECRET = "demo-marketo-secret"
STATES = States(waiting="Queued", running="Processing", done="Completed", aborted="Cancelled", held="Created")
EXPORTS = "/bulk/v1/leads/export"
FIELDS = ["id", "email", "createdAt"]
QUEUE = 1
MAX_DAYS = 31
TOKEN_INVALID, BAD_REQUEST, QUEUE_FULL = 601, 1003, 1029
_CODES = {404: 610, 405: 610, 429: 606}


def _error(status: int, message: str) -> Response:
    """Errors are answered with status 200 and a number of Marketo's own."""
    code = str(_CODES.get(status, status))
    return json_response({"requestId": _request_id(), "success": False, "errors": [{"code": code, "message": message}]})


def _authenticate(backend: Backend, request: Request) -> None:
    if request.bearer() not in backend.tokens:
        raise ApiError(TOKEN_INVALID, "Access token invalid")


def _inputs(url: str) -> dict[str, Any]:
    config = {"client_id": CLIENT_ID, "client_secret": CLIENT_SECRET}
    dates = {"start_date": "2023-12-15T00:00:00Z", "end_date": "2024-02-15T00:00:00Z"}
    return {"marketo": {"api_url": url, **config, **dates}}


API = Api("marketo", _error, _authenticate, _inputs)


@API.route("GET", "/identity/oauth/token", public=True)
def token(backend: Backend, request: Request) -> Response:
    """An access token for the client credentials of a custom service."""
    if (request.query.get("client_id"), request.query.get("client_secret")) != (CLIENT_ID, CLIENT_SECRET):
        return json_response({"error": "invalid_client", "error_description": "Bad client credentials"}, 401)
    access_token = f"{uuid.uuid4()}:ab"
    backend.tokens.add(access_token)
    return json_response({"access_token": access_token, "token_type": "bearer", "expires_in": 3599})


@API.route("POST", EXPORTS + "/create.json")
def create(backend: Backend, request: Request) -> Response:
    """Describe an export; nothing happens until it is started."""
    body = request.json_object()
    try:
        bounds = body["filter"]["createdAt"]
        start, end = (datetime.strptime(bounds[name], "%Y-%m-%dT%H:%M:%S%z") for name in ("startAt", "endAt"))
    except (KeyError, TypeError, ValueError):
        raise ApiError(BAD_REQUEST, "filter.createdAt needs startAt and endAt") from None
    if end - start > timedelta(days=MAX_DAYS):
        raise ApiError(BAD_REQUEST, f"the date range exceeds {MAX_DAYS} days")
    if set(body.get("fields", [])) - set(FIELDS) or not body.get("fields"):
        raise ApiError(BAD_REQUEST, f"fields: this demo knows {', '.join(FIELDS)}")
    job = backend.jobs.create(request, API.name, STATES, 2.0, held=True, start=start, end=end)
    return _result(job)


@API.route("POST", EXPORTS + "/{job_id}/enqueue.json")
def enqueue(backend: Backend, _request: Request, job_id: str) -> Response:
    """Start an export, when the queue has room for it."""
    job = backend.jobs.find(API.name, job_id)
    if not job.held:
        raise ApiError(BAD_REQUEST, f"an export that is {job.state} cannot be started")
    if len(backend.jobs.busy(API.name)) >= QUEUE:
        raise ApiError(QUEUE_FULL, f"Too many jobs ({QUEUE}) in queue")
    job.start()
    return _result(job)


@API.route("GET", EXPORTS + "/{job_id}/status.json")
def poll(backend: Backend, _request: Request, job_id: str) -> Response:
    """How an export is doing."""
    job = backend.jobs.find(API.name, job_id)
    job.polls += 1
    return _result(job)


@API.route("POST", EXPORTS + "/{job_id}/cancel.json")
def cancel(backend: Backend, _request: Request, job_id: str) -> Response:
    """Cancel an export that has not ended."""
    job = backend.jobs.find(API.name, job_id)
    job.aborted = job.busy or job.held
    return _result(job)


@API.route("GET", EXPORTS + "/{job_id}/file.json")
def download(backend: Backend, request: Request, job_id: str) -> Response:
    """The leads, as CSV."""
    job = backend.jobs.find(API.name, job_id)
    if not job.ready:
        raise ApiError(BAD_REQUEST, "the export is not completed")
    name = f"marketo/{job.id}.csv"
    leads = partial(rows, backend.data, job.details["start"], job.details["end"])
    backend.files.offer(name, "text/csv;charset=UTF-8", plain(lambda: csv_chunks(FIELDS, leads())))
    return backend.files.serve(request, name)


def rows(data: Data, start: datetime, end: datetime) -> Iterator[list[str]]:
    """The leads created between two moments, both included."""
    for index in data.between(start, end):
        yield [str(1000 + index), data.person(index).email, f"{data.moment(index):%Y-%m-%dT%H:%M:%SZ}"]


def _result(job: Job) -> Response:
    result = {
        "exportId": job.id,
        "format": "CSV",
        "status": job.state,
        "createdAt": f"{job.created:%Y-%m-%dT%H:%M:%SZ}",
    }
    return json_response({"requestId": _request_id(), "result": [result], "success": True})


def _request_id() -> str:
    return f"{uuid.uuid4().hex[:4]}#{uuid.uuid4().hex[:11]}"
