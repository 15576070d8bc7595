"""Salesforce: query jobs of Bulk API 2.0 (https://developer.salesforce.com/docs/platform/api-asynch/guide)."""

from __future__ import annotations

import base64
import binascii
import re
import uuid
from datetime import UTC, datetime
from itertools import islice
from typing import Any

from sample_configs.demo_api.data import Data, csv_chunks
from sample_configs.demo_api.exchange import ApiError, Request, Response, json_response
from sample_configs.demo_api.jobs import Job, States
from sample_configs.demo_api.routing import Api, Backend

CLIENT_ID = "demo-client-id"
CLIENT_SECRET = "demo-client-secret"

STATES = States(waiting="UploadComplete", running="InProgress", done="JobComplete", aborted="Aborted")
FIELDS = ["Id", "Name", "BillingCity", "BillingCountry", "AnnualRevenue", "SystemModstamp"]
JOBS = "/services/data/{version}/jobs/query"
MAX_RECORDS = 10_000
_CODES = {400: "INVALIDJOB", 401: "INVALID_SESSION_ID", 404: "NOT_FOUND", 405: "METHOD_NOT_ALLOWED"}
_BOUND = re.compile(r"SystemModstamp\s*(>=|<=)\s*(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)Z")


def _error(status: int, message: str) -> Response:
    return json_response([{"errorCode": _CODES.get(status, "REQUEST_LIMIT_EXCEEDED"), "message": message}], status)


def _authenticate(backend: Backend, request: Request) -> None:
    if request.bearer() not in backend.tokens:
        raise ApiError(401, "Session expired or invalid")


def _inputs(url: str) -> dict[str, Any]:
    config = {"client_id": CLIENT_ID, "client_secret": CLIENT_SECRET, "start_date": "2024-01-01"}
    return {"salesforce_bulk_query": {"api_url": url, **config, "max_records": 500}}


API = Api("salesforce", _error, _authenticate, _inputs)


@API.route("POST", "/services/oauth2/token", public=True)
def token(backend: Backend, request: Request) -> Response:
    """An access token for the client credentials of a connected app."""
    form = request.form()
    if form.get("grant_type") != "client_credentials":
        return json_response({"error": "unsupported_grant_type", "error_description": "not supported"}, 400)
    if (form.get("client_id"), form.get("client_secret")) != (CLIENT_ID, CLIENT_SECRET):
        refusal = {"error": "invalid_client", "error_description": "invalid client credentials"}
        return json_response(refusal, 401)
    access_token = f"00Ddemo!{uuid.uuid4().hex}"
    backend.tokens.add(access_token)
    return json_response({"access_token": access_token, "instance_url": backend.url, "token_type": "Bearer"})


@API.route("POST", JOBS)
def create(backend: Backend, request: Request, version: str) -> Response:
    """Start a query job."""
    body = request.json_object()
    if body.get("operation") not in ("query", "queryAll"):
        raise ApiError(400, "operation has to be query or queryAll")
    query = str(body.get("query", ""))
    if not re.match(r"\s*SELECT\s.+\sFROM\s+Account\b", query, re.IGNORECASE | re.DOTALL):
        raise ApiError(400, "MALFORMED_QUERY: this demo knows SELECT ... FROM Account")
    start, end = _bounds(query)
    job = backend.jobs.create(request, API.name, STATES, 3.0, version=version, start=start, end=end)
    return json_response(_info(job, STATES.waiting))


@API.route("GET", JOBS + "/{job_id}")
def poll(backend: Backend, _request: Request, version: str, job_id: str) -> Response:
    """The job with its state."""
    job = backend.jobs.find(API.name, job_id)
    job.polls += 1
    return json_response(_info(job, job.state))


@API.route("PATCH", JOBS + "/{job_id}")
def abort(backend: Backend, request: Request, version: str, job_id: str) -> Response:
    """Abort a job that has not ended."""
    job = backend.jobs.find(API.name, job_id)
    if request.json_object().get("state") != STATES.aborted:
        raise ApiError(400, "the only change that can be made is state: Aborted")
    if not job.busy:
        raise ApiError(400, f"a job that is {job.state} cannot be aborted")
    job.aborted = True
    return json_response(_info(job, job.state))


@API.route("DELETE", JOBS + "/{job_id}")
def delete(backend: Backend, _request: Request, version: str, job_id: str) -> Response:
    """Delete a job that has ended."""
    job = backend.jobs.find(API.name, job_id)
    if job.busy:
        raise ApiError(400, f"a job that is {job.state} cannot be deleted")
    job.deleted = True
    return Response(204)


@API.route("GET", JOBS + "/{job_id}/results")
def results(backend: Backend, request: Request, version: str, job_id: str) -> Response:
    """A page of the result; the header `Sforce-Locator` leads to the next one and is `null` on the last."""
    job = backend.jobs.find(API.name, job_id)
    if not job.ready:
        raise ApiError(400, f"the results of a job that is {job.state} cannot be read")
    accounts = backend.data.between(job.details["start"], job.details["end"])
    first = _offset(request.query.get("locator", ""))
    size = _max_records(request)
    page = accounts[first : first + size]
    rest = first + len(page) < len(accounts)
    body = b"".join(csv_chunks(FIELDS, (_account(backend.data, index) for index in islice(page, size))))
    headers = {
        "Content-Type": "text/csv",
        "Sforce-NumberOfRecords": str(len(page)),
        "Sforce-Locator": _locator(first + len(page)) if rest else "null",
    }
    return Response(200, body, headers)


def _bounds(query: str) -> tuple[datetime, datetime]:
    """The first and the last moment that a query asks for; open sides reach far."""
    bounds = {">=": datetime(1970, 1, 1, tzinfo=UTC), "<=": datetime(2100, 1, 1, tzinfo=UTC)}
    for operator, moment in _BOUND.findall(query):
        bounds[operator] = datetime.fromisoformat(moment).replace(tzinfo=UTC)
    return bounds[">="], bounds["<="]


def _info(job: Job, state: str) -> dict[str, Any]:
    info = {
        "id": job.id,
        "operation": "query",
        "object": "Account",
        "createdDate": f"{job.created:%Y-%m-%dT%H:%M:%S.000+0000}",
        "state": state,
        "concurrencyMode": "Parallel",
        "contentType": "CSV",
        "apiVersion": float(job.details["version"].removeprefix("v")),
        "lineEnding": "LF",
        "columnDelimiter": "COMMA",
    }
    return info | ({"errorMessage": "the query could not be run"} if state == "Failed" else {})


def _max_records(request: Request) -> int:
    text = request.query.get("maxRecords", str(MAX_RECORDS))
    if not text.isdecimal() or int(text) < 1:
        raise ApiError(400, "maxRecords has to be a positive number")
    return min(int(text), MAX_RECORDS)


def _locator(offset: int) -> str:
    return base64.urlsafe_b64encode(f"row {offset}".encode()).decode().rstrip("=")


def _offset(locator: str) -> int:
    if not locator:
        return 0
    try:
        return int(base64.urlsafe_b64decode(locator + "==").decode().removeprefix("row "))
    except (binascii.Error, ValueError):
        raise ApiError(400, "the locator is not valid") from None


def _account(data: Data, index: int) -> tuple[str, ...]:
    person = data.person(index)
    modified = f"{data.moment(index):%Y-%m-%dT%H:%M:%S.000Z}"
    revenue = f"{data.cents(index) * 1000 / 100:.1f}"
    account_id = f"001{index:012d}AAA"
    return (account_id, f"{person.last} & Sons, Inc.", person.city, person.country, revenue, modified)
