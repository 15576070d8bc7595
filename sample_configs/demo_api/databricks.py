"""Databricks: statements on a SQL warehouse (https://docs.databricks.com/api/workspace/statementexecution)."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

import orjson

from sample_configs.demo_api.data import Data, csv_chunks
from sample_configs.demo_api.exchange import ApiError, Request, Response, json_response
from sample_configs.demo_api.files import plain
from sample_configs.demo_api.jobs import Job, States
from sample_configs.demo_api.routing import Api, Backend

TOKEN = "dapi-demo"
WAREHOUSE = "abcdef0123456789"
STATES = States(waiting="PENDING", running="RUNNING", done="SUCCEEDED", aborted="CANCELED")
STATEMENTS = "/api/2.0/sql/statements"
COLUMNS = ["customer_id", "name", "city"]
CHUNKS = 3
LINK_SECONDS = 900
_CODES = {400: "INVALID_PARAMETER_VALUE", 404: "NOT_FOUND", 429: "REQUEST_LIMIT_EXCEEDED"}


def _error(status: int, message: str) -> Response:
    return json_response({"error_code": _CODES.get(status, str(status)), "message": message}, status)


def _authenticate(_backend: Backend, request: Request) -> None:
    if request.bearer() != TOKEN:
        raise ApiError(403, "Invalid access token.")


def _inputs(url: str) -> dict[str, Any]:
    return {"databricks": {"api_url": url, "token": TOKEN, "warehouse_id": WAREHOUSE}}


API = Api("databricks", _error, _authenticate, _inputs)


@API.route("POST", STATEMENTS)
def create(backend: Backend, request: Request) -> Response:
    """Run a statement, without waiting for its end."""
    body = request.json_object()
    if body.get("warehouse_id") != WAREHOUSE:
        raise ApiError(404, f"Endpoint was not found: {body.get('warehouse_id')}")
    if body.get("wait_timeout") != "0s" or body.get("disposition") != "EXTERNAL_LINKS":
        raise ApiError(400, "this demo wants wait_timeout 0s and the disposition EXTERNAL_LINKS")
    if body.get("format") not in ("JSON_ARRAY", "CSV"):
        raise ApiError(400, "format: this demo has JSON_ARRAY and CSV")
    job = backend.jobs.create(request, API.name, STATES, 3.0, format=body["format"])
    return json_response({"statement_id": job.id, "status": {"state": STATES.waiting}})


@API.route("GET", STATEMENTS + "/{job_id}")
def poll(backend: Backend, request: Request, job_id: str) -> Response:
    """A statement; once it has succeeded, with a manifest of its chunks and the link of the first."""
    job = backend.jobs.find(API.name, job_id)
    job.polls += 1
    answer: dict[str, Any] = {"statement_id": job.id, "status": {"state": job.state}}
    if job.ready:
        chunks = [_about(backend.data, number) for number in range(CHUNKS)]
        columns = [{"name": name, "position": n, "type_name": "STRING"} for n, name in enumerate(COLUMNS)]
        schema = {"column_count": len(COLUMNS), "columns": columns}
        about = {"format": job.details["format"], "schema": schema, "total_row_count": backend.data.rows}
        answer["manifest"] = {**about, "total_chunk_count": CHUNKS, "chunks": chunks}
        answer["result"] = _result(backend, request, job, 0)
    elif job.state == "FAILED":
        answer["status"]["error"] = {"error_code": "BAD_REQUEST", "message": "[TABLE_OR_VIEW_NOT_FOUND]"}
    return json_response(answer)


@API.route("GET", STATEMENTS + "/{job_id}/result/chunks/{number}")
def chunk(backend: Backend, request: Request, job_id: str, number: str) -> Response:
    """The link of one chunk."""
    job = backend.jobs.find(API.name, job_id)
    if not job.ready or not number.isdecimal() or int(number) >= CHUNKS:
        raise ApiError(404, f"there is no chunk {number}")
    return json_response(_result(backend, request, job, int(number)))


@API.route("POST", STATEMENTS + "/{job_id}/cancel")
def cancel(backend: Backend, _request: Request, job_id: str) -> Response:
    """Cancel a statement that runs."""
    job = backend.jobs.find(API.name, job_id)
    job.aborted = job.aborted or job.busy
    return json_response({})


def rows(data: Data, indexes: range) -> Iterator[list[str | None]]:
    """Customers: texts and nulls."""
    for index in indexes:
        person = data.person(index)
        yield [str(index + 1), f"{person.first} {person.last}", None if index % 10 == 4 else person.city]


def _indexes(data: Data, number: int) -> range:
    return range(data.rows * number // CHUNKS, data.rows * (number + 1) // CHUNKS)


def _about(data: Data, number: int) -> dict[str, int]:
    indexes = _indexes(data, number)
    return {"chunk_index": number, "row_offset": indexes.start, "row_count": len(indexes)}


def _result(backend: Backend, request: Request, job: Job, number: int) -> dict[str, Any]:
    """The link of a chunk, and where the next one is to be had."""
    name = f"databricks/{job.id}-{number}"
    indexes = _indexes(backend.data, number)
    if job.details["format"] == "CSV":
        backend.files.offer(name, "text/csv", plain(partial(_csv, backend.data, indexes)))
    else:
        backend.files.offer(name, "application/json", plain(lambda: [orjson.dumps(list(rows(backend.data, indexes)))]))
    own: dict[str, Any] = _about(backend.data, number)
    own["external_link"] = backend.url + backend.files.link(request, name, LINK_SECONDS)
    if number + 1 < CHUNKS:
        own["next_chunk_index"] = number + 1
        own["next_chunk_internal_link"] = f"{STATEMENTS}/{job.id}/result/chunks/{number + 1}"
    return {"external_links": [own]}


def _csv(data: Data, indexes: range) -> Iterator[bytes]:
    """A chunk as CSV: only the first has a line that names the columns, and null is the text null."""
    cells = ([cell if cell is not None else "null" for cell in row] for row in rows(data, indexes))
    chunks = csv_chunks(COLUMNS, cells)
    return chunks if indexes.start == 0 else _without_header(chunks)


def _without_header(chunks: Iterator[bytes]) -> Iterator[bytes]:
    yield next(chunks).partition(b"\n")[2]
    yield from chunks
