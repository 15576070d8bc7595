"""Trino: queries by its client protocol (https://trino.io/docs/current/develop/client-protocol.html)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sample_configs.demo_api.data import Data
from sample_configs.demo_api.exchange import ApiError, Request, Response, json_response
from sample_configs.demo_api.jobs import Job, States
from sample_configs.demo_api.routing import Api, Backend

USER = "demo"
PASSWORD = "demo-trino-password"
STATES = States(waiting="QUEUED", running="RUNNING", done="FINISHED", aborted="FAILED")
COLUMNS = {"custkey": "bigint", "name": "varchar", "nation": "varchar", "acctbal": "double"}
PAGES = 4
"""Answers with rows."""


def _error(status: int, message: str) -> Response:
    return Response(status, message.encode(), {"Content-Type": "text/plain"})


def _authenticate(_backend: Backend, request: Request) -> None:
    if request.basic_user() != USER or request.header("X-Trino-User") != USER:
        raise ApiError(401, "Unauthorized")


def _inputs(url: str) -> dict[str, Any]:
    return {"trino": {"api_url": url, "user": USER, "password": PASSWORD, "catalog": "tpch"}}


API = Api("trino", _error, _authenticate, _inputs)


@API.route("POST", "/v1/statement")
def create(backend: Backend, request: Request) -> Response:
    """Start a query, which is the body."""
    job = backend.jobs.create(request, API.name, STATES, 3.0)
    if not request.body.decode("utf-8", "replace").upper().startswith("SELECT "):
        job.outcome = "FAILED"
    return _answer(backend, job, 0)


@API.route("GET", "/v1/statement/executing/{job_id}/{token}")
def poll(backend: Backend, _request: Request, job_id: str, token: str) -> Response:
    """An answer of a query. Its rows are there when enough of the query is done; asked again, it is the same."""
    job = backend.jobs.find(API.name, job_id)
    job.polls += 1
    if not token.isdecimal() or int(token) > PAGES:
        raise ApiError(404, "Query not found")
    page = int(token)
    if job.progress * PAGES < page:
        return _answer(backend, job, page)
    columns = [{"name": name, "type": kind} for name, kind in COLUMNS.items()]
    indexes = range(backend.data.rows * page // PAGES, backend.data.rows * (page + 1) // PAGES)
    table = {"columns": columns, "data": list(rows(backend.data, indexes))} if page < PAGES else {}
    return _answer(backend, job, page + 1, table)


@API.route("DELETE", "/v1/query/{job_id}")
def cancel(backend: Backend, _request: Request, job_id: str) -> Response:
    """Cancel a query."""
    job = backend.jobs.find(API.name, job_id)
    job.aborted = job.aborted or job.busy
    return Response(204)


def rows(data: Data, indexes: range) -> Iterator[list[Any]]:
    """Customers, with numbers as numbers."""
    for index in indexes:
        person = data.person(index)
        nation = None if index % 10 == 7 else person.country
        yield [index + 1, f"{person.first} {person.last}", nation, data.cents(index) / 100]


def _answer(backend: Backend, job: Job, following: int, table: dict[str, Any] | None = None) -> Response:
    """An answer, with the address of the next one unless it is the last."""
    answer: dict[str, Any] = {"id": job.id, "stats": {"state": job.state}}
    if job.aborted or (job.outcome is not None and not job.busy):
        name = "USER_CANCELED" if job.aborted else "SYNTAX_ERROR"
        return json_response({**answer, "error": {"message": f"Query failed: {name}", "errorName": name}})
    if following <= PAGES:
        answer["nextUri"] = f"{backend.url}/v1/statement/executing/{job.id}/{following}"
    return json_response(answer | (table or {}))
