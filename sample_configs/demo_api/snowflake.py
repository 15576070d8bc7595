"""Snowflake: statements of the SQL API (https://docs.snowflake.com/en/developer-guide/sql-api/reference)."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from sample_configs.demo_api.data import Data
from sample_configs.demo_api.exchange import ApiError, Request, Response, json_response
from sample_configs.demo_api.jobs import Job, States
from sample_configs.demo_api.routing import Api, Backend

TOKEN = "demo-snowflake-jwt"
STATES = States(waiting="333334", running="333334", done="090001", aborted="000604")
STATEMENTS = "/api/v2/statements"
COLUMNS = {"ID": "fixed", "NAME": "text", "DAY": "date", "CODE": "text"}
PARTITIONS = 3
_CODES = {400: "390142", 401: "390144", 404: "390404", 405: "391903", 422: "391903", 429: "391902"}


def _error(status: int, message: str) -> Response:
    return json_response({"code": _CODES[status], "message": message}, status)


def _authenticate(_backend: Backend, request: Request) -> None:
    if request.bearer() != TOKEN or request.header("X-Snowflake-Authorization-Token-Type") != "KEYPAIR_JWT":
        raise ApiError(401, "JWT token is invalid.")


def _inputs(url: str) -> dict[str, Any]:
    return {"snowflake": {"api_url": url, "token": TOKEN}}


API = Api("snowflake", _error, _authenticate, _inputs)


@API.route("POST", STATEMENTS)
def create(backend: Backend, request: Request) -> Response:
    """Run a statement, without waiting for its end."""
    body = request.json_object()
    if request.query.get("async") != "true":
        raise ApiError(400, "this demo runs statements asynchronously only: ?async=true")
    if not str(body.get("statement", "")).upper().startswith("SELECT "):
        raise ApiError(422, "SQL compilation error: this demo knows SELECT")
    for number, binding in body.get("bindings", {}).items():
        if not isinstance(binding.get("value"), str):
            raise ApiError(422, f"Invalid binding {number}: the value must be a string")
    return _running(backend.jobs.create(request, API.name, STATES, 3.0))


@API.route("GET", STATEMENTS + "/{handle}")
def poll(backend: Backend, request: Request, handle: str) -> Response:
    """202 while the statement runs, then a partition of its result."""
    job = backend.jobs.find(API.name, handle)
    job.polls += 1
    if job.busy:
        return _running(job)
    if not job.ready:
        message = "SQL execution canceled" if job.aborted else "SQL compilation error"
        return json_response({"code": "000604" if job.aborted else "002003", "message": message}, 422)
    number = request.query.get("partition", "0")
    if not number.isdecimal() or int(number) >= PARTITIONS:
        raise ApiError(422, f"there is no partition {number}")
    return _partition(backend.data, job, int(number))


@API.route("POST", STATEMENTS + "/{handle}/cancel")
def cancel(backend: Backend, _request: Request, handle: str) -> Response:
    """Cancel a statement that runs."""
    job = backend.jobs.find(API.name, handle)
    if not job.busy:
        raise ApiError(422, "the statement is not running")
    job.aborted = True
    return json_response({"code": "000604", "message": "successfully canceled statement", "statementHandle": handle})


def rows(data: Data, indexes: range) -> Iterator[list[str | None]]:
    """Rows of the result: texts and nulls, a date as days since 1970."""
    for index in indexes:
        days = (data.moment(index) - datetime(1970, 1, 1, tzinfo=UTC)).days
        code = data.number(index, salt=5) % 1000
        name = None if code % 10 == 0 else data.person(index).first
        yield [str(index + 1), name, str(days), f"{code:03d}"]


def _running(job: Job) -> Response:
    own = f"{STATEMENTS}/{job.id}"
    message = "Asynchronous execution in progress. Use provided query id to perform query monitoring and management."
    body = {"code": "333334", "message": message, "statementHandle": job.id, "statementStatusUrl": own}
    return json_response(body, 202)


def _partition(data: Data, job: Job, number: int) -> Response:
    """A partition: the first one with the columns of all, the others with rows only and packed."""
    partitions = [range(data.rows * n // PARTITIONS, data.rows * (n + 1) // PARTITIONS) for n in range(PARTITIONS)]
    headers = {"Link": _links(job, number)}
    body = {"data": list(rows(data, partitions[number]))}
    if number:
        headers |= {"Content-Type": "application/json", "Content-Encoding": "gzip"}
        return Response(200, gzip.compress(json.dumps(body).encode(), mtime=0), headers)
    columns = [{"name": name, "type": kind, "nullable": name != "ID"} for name, kind in COLUMNS.items()]
    about = {
        "numRows": data.rows,
        "format": "jsonv2",
        "rowType": columns,
        "partitionInfo": [{"rowCount": len(each)} for each in partitions],
    }
    own = {"code": STATES.done, "statementHandle": job.id, "message": "Statement executed successfully."}
    return json_response(own | {"resultSetMetaData": about} | body, headers=headers)


def _links(job: Job, number: int) -> str:
    relations = {"first": 0, "last": PARTITIONS - 1, "prev": number - 1, "next": number + 1}
    own = f"{STATEMENTS}/{job.id}?requestId={job.id}&partition="
    return ", ".join(
        f'<{own}{there}>; rel="{relation}"' for relation, there in relations.items() if 0 <= there < PARTITIONS
    )
