"""BigQuery: query jobs (https://cloud.google.com/bigquery/docs/reference/rest/v2/jobs)."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from sample_configs.demo_api.data import Data, parse_day
from sample_configs.demo_api.exchange import ApiError, Request, Response, json_response
from sample_configs.demo_api.jobs import Job, States
from sample_configs.demo_api.routing import Api, Backend

CLIENT_ID = "demo.apps.googleusercontent.com"
CLIENT_SECRET = "demo-google-secret"
REFRESH_TOKEN = "1//demo-refresh-token"
PROJECT = "demo-project"
LOCATION = "EU"
STATES = States(waiting="PENDING", running="RUNNING", done="DONE", aborted="DONE")
PROJECTS = "/bigquery/v2/projects/{project}"
COLUMNS = {"id": "INTEGER", "customer": "STRING", "country": "STRING", "total": "NUMERIC", "day": "DATE"}
_REASONS = {400: "invalidQuery", 401: "authError", 404: "notFound", 429: "rateLimitExceeded"}


def _error(status: int, message: str) -> Response:
    errors = [{"message": message, "domain": "global", "reason": _REASONS.get(status, "invalid")}]
    return json_response({"error": {"code": status, "message": message, "errors": errors}}, status)


def _authenticate(backend: Backend, request: Request) -> None:
    if request.bearer() not in backend.tokens:
        raise ApiError(401, "Request had invalid authentication credentials.")


def _inputs(url: str) -> dict[str, Any]:
    config = {
        "api_url": url,
        "token_url": f"{url}/token",
        "project": PROJECT,
        "client_id": CLIENT_ID,
        "client_secret": CLIENT_SECRET,
        "refresh_token": REFRESH_TOKEN,
        "start_date": "2024-01-01",
        "end_date": "2024-01-31",
        "page_size": 500,
    }
    return {"bigquery": config}


API = Api("bigquery", _error, _authenticate, _inputs)


@API.route("POST", "/token", public=True)
def token(backend: Backend, request: Request) -> Response:
    """An access token for a refresh token."""
    form = request.form()
    known = (form.get("client_id"), form.get("client_secret"), form.get("refresh_token"))
    if known != (CLIENT_ID, CLIENT_SECRET, REFRESH_TOKEN) or form.get("grant_type") != "refresh_token":
        return json_response({"error": "invalid_grant", "error_description": "Bad Request"}, 400)
    access_token = f"ya29.{uuid.uuid4().hex}"
    backend.tokens.add(access_token)
    return json_response({"access_token": access_token, "token_type": "Bearer", "expires_in": 3599})


@API.route("POST", PROJECTS + "/jobs")
def insert(backend: Backend, request: Request, project: str) -> Response:
    """Start a query."""
    configuration = request.json_object().get("configuration")
    query = configuration.get("query") if isinstance(configuration, dict) else None
    if project != PROJECT:
        raise ApiError(404, f"Not found: Project {project}")
    if not isinstance(query, dict) or "shop.orders" not in str(query.get("query")) or query.get("useLegacySql"):
        raise ApiError(400, "this demo knows SELECT ... FROM shop.orders, in GoogleSQL")
    first, last = _days(query)
    job = backend.jobs.create(request, API.name, STATES, 3.0, first=first, last=last)
    return json_response(_info(job))


@API.route("GET", PROJECTS + "/jobs/{job_id}")
def poll(backend: Backend, request: Request, project: str, job_id: str) -> Response:
    """A job with its status; of one that failed, the state is DONE as well."""
    job = _job(backend, request, job_id)
    job.polls += 1
    return json_response(_info(job))


@API.route("POST", PROJECTS + "/jobs/{job_id}/cancel")
def cancel(backend: Backend, request: Request, project: str, job_id: str) -> Response:
    """Cancel a job; one that has ended stays as it is."""
    job = _job(backend, request, job_id)
    job.aborted = job.aborted or job.busy
    return json_response({"kind": "bigquery#jobCancelResponse", "job": _info(job)})


@API.route("GET", PROJECTS + "/queries/{job_id}")
def results(backend: Backend, request: Request, project: str, job_id: str) -> Response:
    """A page of rows, with the schema; without `rows` when there are none."""
    job = _job(backend, request, job_id)
    answer: dict[str, Any] = {
        "kind": "bigquery#getQueryResultsResponse",
        "jobReference": _info(job)["jobReference"],
        "jobComplete": not job.busy,
    }
    if job.busy:
        return json_response(answer)
    if _failure(job):
        raise ApiError(400, _failure(job))
    found = backend.data.between(job.details["first"], job.details["last"] + timedelta(days=1, seconds=-1))
    first, size = _natural(request, "pageToken", "0"), _natural(request, "maxResults", "1000")
    page = found[first : first + size]
    answer["schema"] = {"fields": [{"name": name, "type": kind} for name, kind in COLUMNS.items()]}
    answer["totalRows"] = str(len(found))
    if page:
        answer["rows"] = [{"f": [{"v": cell} for cell in row]} for row in rows(backend.data, page)]
    if first + size < len(found):
        answer["pageToken"] = str(first + size)
    return json_response(answer)


def rows(data: Data, indexes: range) -> Iterator[list[str | None]]:
    """Orders: every value is a text or null."""
    for index in indexes:
        person, total = data.person(index), f"{data.cents(index) / 100:.2f}"
        country = None if index % 10 == 9 else person.country
        yield [str(5000 + index), f"{person.first} {person.last}", country, total, f"{data.moment(index):%Y-%m-%d}"]


def _natural(request: Request, name: str, default: str) -> int:
    text = request.query.get(name, default)
    if not text.isdecimal():
        raise ApiError(400, f"Invalid value for {name}: {text}")
    return int(text)


def _days(query: dict[str, Any]) -> tuple[datetime, datetime]:
    """The first and the last day that the query asks for."""
    try:
        given = {each["name"]: each["parameterValue"]["value"] for each in query.get("queryParameters", [])}
        return parse_day(given["first"]), parse_day(given["last"])
    except (KeyError, TypeError, ValueError):
        raise ApiError(400, "the query parameters @first and @last have to be given as dates") from None


def _job(backend: Backend, request: Request, job_id: str) -> Job:
    if request.query.get("location") != LOCATION:
        raise ApiError(404, f"Not found: Job {PROJECT}:{job_id}; the location of a job has to be named")
    return backend.jobs.find(API.name, job_id)


def _failure(job: Job) -> str:
    """Why a job came to nothing; empty where it has not."""
    if job.aborted:
        return "Job execution was cancelled: User requested cancellation"
    return "The query could not be run" if not job.busy and job.outcome is not None else ""


def _info(job: Job) -> dict[str, Any]:
    status: dict[str, Any] = {"state": STATES.done if _failure(job) else job.state}
    if _failure(job):
        status["errorResult"] = {"reason": "stopped" if job.aborted else "invalidQuery", "message": _failure(job)}
    reference = {"projectId": PROJECT, "jobId": job.id, "location": LOCATION}
    return {"kind": "bigquery#job", "jobReference": reference, "status": status}
