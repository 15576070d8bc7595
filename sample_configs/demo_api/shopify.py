"""Shopify: bulk operations of the Admin GraphQL API (https://shopify.dev/docs/api/usage/bulk-operations)."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

from sample_configs.demo_api.data import Data, json_lines
from sample_configs.demo_api.exchange import ApiError, Request, Response, json_response
from sample_configs.demo_api.files import plain
from sample_configs.demo_api.jobs import Job, States
from sample_configs.demo_api.routing import Api, Backend

TOKEN = "shpat_demo_token"
STATES = States(waiting="CREATED", running="RUNNING", done="COMPLETED", aborted="CANCELED")
BUSY = "A bulk query operation for this app and shop is already in progress: {id}."
_PREFIX = "gid://shopify/BulkOperation/"


def _error(status: int, message: str) -> Response:
    if status == 429:  # Shopify says so in the body of a 200
        throttled = {"message": "Throttled", "extensions": {"code": "THROTTLED"}}
        return json_response({"errors": [throttled]})
    return json_response({"errors": message}, status)


def _authenticate(_backend: Backend, request: Request) -> None:
    if request.header("X-Shopify-Access-Token") != TOKEN:
        message = "[API] Invalid API key or access token (unrecognized login or wrong password)"
        raise ApiError(401, message)


def _inputs(url: str) -> dict[str, Any]:
    return {"shopify_bulk_operation": {"api_url": url, "access_token": TOKEN}}


API = Api("shopify", _error, _authenticate, _inputs)


@API.route("POST", "/admin/api/{version}/graphql.json")
def graphql(backend: Backend, request: Request, version: str) -> Response:
    """The three GraphQL calls that a bulk operation needs."""
    body = request.json_object()
    query = str(body.get("query", ""))
    variables = body.get("variables") or {}
    if "bulkOperationRunQuery" in query:
        return _create(backend, request, str(variables.get("query", query)))
    if "bulkOperationCancel" in query:
        return _cancel(backend, str(variables.get("id", "")))
    if "BulkOperation" in query:
        return _poll(backend, request, str(variables.get("id", "")))
    return json_response({"errors": [{"message": "this demo knows bulk operations only"}]})


def _create(backend: Backend, request: Request, query: str) -> Response:
    running = backend.jobs.busy(API.name)
    if running:
        return _refused("bulkOperationRunQuery", "OPERATION_IN_PROGRESS", BUSY.format(id=_gid(running[0])))
    if "products" not in query:
        return _refused("bulkOperationRunQuery", "INVALID", "Invalid bulk query: this demo knows products only")
    job = backend.jobs.create(request, API.name, STATES, 3.0)
    return _payload("bulkOperationRunQuery", {"id": _gid(job), "status": STATES.waiting}, [])


def _cancel(backend: Backend, gid: str) -> Response:
    job = backend.jobs.find(API.name, gid.removeprefix(_PREFIX))
    if not job.busy:
        return _refused("bulkOperationCancel", "INVALID", f"A bulk operation cannot be canceled when {job.state}")
    job.aborted = True
    return _payload("bulkOperationCancel", {"id": gid, "status": "CANCELING"}, [])


def _poll(backend: Backend, request: Request, gid: str) -> Response:
    try:
        job = backend.jobs.find(API.name, gid.removeprefix(_PREFIX))
    except ApiError:
        return json_response({"data": {"node": None}})
    job.polls += 1
    status = job.state
    url = _link(backend, request) if status == STATES.done else None
    node = {
        "id": gid,
        "status": status,
        "errorCode": "INTERNAL_SERVER_ERROR" if status == "FAILED" else None,
        "objectCount": str(int(backend.data.rows * job.progress)),
        "url": url,
        "partialDataUrl": None,
    }
    return json_response({"data": {"node": node}})


def _gid(job: Job) -> str:
    return _PREFIX + job.id


def _payload(mutation: str, operation: dict[str, Any] | None, errors: list[dict[str, Any]]) -> Response:
    return json_response({"data": {mutation: {"bulkOperation": operation, "userErrors": errors}}})


def _refused(mutation: str, code: str, message: str) -> Response:
    return _payload(mutation, None, [{"field": None, "code": code, "message": message}])


def _link(backend: Backend, request: Request) -> str:
    name = "shopify/products.jsonl"
    backend.files.offer(name, "application/jsonl", plain(partial(_products, backend.data)))
    return backend.url + backend.files.link(request, name)


def _products(data: Data) -> Iterator[bytes]:
    return json_lines(_product(data, index) for index in range(data.rows))


def _product(data: Data, index: int) -> dict[str, Any]:
    title, vendor = data.product(index)
    moment = f"{data.moment(index):%Y-%m-%dT%H:%M:%SZ}"
    return {
        "id": f"gid://shopify/Product/{8_000_000_000 + index}",
        "title": title,
        "vendor": vendor,
        "status": "ACTIVE",
        "totalInventory": data.number(index, salt=3) % 500,
        "createdAt": moment,
        "updatedAt": moment,
    }
