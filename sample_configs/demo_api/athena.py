"""Amazon Athena: queries (https://docs.aws.amazon.com/athena/latest/APIReference). Every request is a signed POST to /.

The signature is that of https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import re
from collections.abc import Iterator
from functools import reduce
from typing import Any

from sample_configs.demo_api.data import Data
from sample_configs.demo_api.exchange import ApiError, Request, Response
from sample_configs.demo_api.jobs import Job, States
from sample_configs.demo_api.routing import Api, Backend

ACCESS_KEY = "AKIADEMODEMODEMODEMO"
SECRET_KEY = "demo/secret+key/of+forty+characters/1234"
REGION = "eu-central-1"
STATES = States(waiting="QUEUED", running="RUNNING", done="SUCCEEDED", aborted="CANCELLED")
MEDIA_TYPE = "application/x-amz-json-1.1"
COLUMNS = ["id", "name", "amount"]
PAGE = 100
"""Rows that a page has at most (Athena: 1000)."""
_SIGNED = re.compile(
    r"AWS4-HMAC-SHA256 Credential=([^/]+)/(\d{8}/[\w-]+/athena/aws4_request),\s*"
    r"SignedHeaders=([\w;-]+),\s*Signature=([0-9a-f]{64})"
)
_CODES = {403: "UnrecognizedClientException", 429: "TooManyRequestsException"}


def _error(status: int, message: str) -> Response:
    return _answer({"__type": _CODES.get(status, "InvalidRequestException"), "Message": message}, status)


def _authenticate(_backend: Backend, request: Request) -> None:
    signed = _SIGNED.fullmatch(request.header("Authorization"))
    if signed is None:
        raise ApiError(403, "Missing Authentication Token")
    access_key, scope, names, signature = signed.groups()
    if access_key != ACCESS_KEY or f"/{REGION}/" not in scope:
        raise ApiError(403, "The security token included in the request is invalid.")
    if not hmac.compare_digest(_signature(request, scope, names), signature):
        raise ApiError(403, "The request signature we calculated does not match the signature you provided.")


def _inputs(url: str) -> dict[str, Any]:
    keys = {"access_key": ACCESS_KEY, "secret_key": SECRET_KEY}
    return {"athena": {"api_url": url, **keys, "region": REGION, "work_group": "primary"}}


API = Api("athena", _error, _authenticate, _inputs)


@API.route("POST", "/")
def call(backend: Backend, request: Request) -> Response:
    """What the header X-Amz-Target names."""
    action = request.header("X-Amz-Target").removeprefix("AmazonAthena.")
    body = request.json_object()
    if request.header("Content-Type") != MEDIA_TYPE:
        raise ApiError(400, f"the Content-Type has to be {MEDIA_TYPE}")
    if action == "StartQueryExecution":
        return _start(backend, request, body)
    job = backend.jobs.find(API.name, str(body.get("QueryExecutionId")))
    if action == "GetQueryExecution":
        job.polls += 1
        return _answer({"QueryExecution": {"QueryExecutionId": job.id, "Status": {"State": job.state}}})
    if action == "GetQueryResults":
        return _results(backend.data, job, body)
    if action == "StopQueryExecution":
        job.aborted = job.aborted or job.busy
        return _answer({})
    raise ApiError(400, f"X-Amz-Target: this demo does not know {action}")


def rows(data: Data) -> Iterator[list[str | None]]:
    """Customers: texts and nulls."""
    for index in range(data.rows):
        amount = None if index % 10 == 3 else f"{data.cents(index) / 100:09.2f}"
        yield [str(index + 1), data.person(index).first, amount]


def _start(backend: Backend, request: Request, body: dict[str, Any]) -> Response:
    if not str(body.get("QueryString", "")).upper().startswith("SELECT "):
        raise ApiError(400, "QueryString: this demo knows SELECT")
    if len(str(body.get("ClientRequestToken", ""))) < 32:
        raise ApiError(400, "ClientRequestToken has to have 32 to 128 characters")
    return _answer({"QueryExecutionId": backend.jobs.create(request, API.name, STATES, 2.5).id})


def _results(data: Data, job: Job, body: dict[str, Any]) -> Response:
    """A page of rows; the first row of the first page names the columns."""
    if not job.ready:
        raise ApiError(400, f"Query has not yet finished. Current state: {job.state}")
    wanted, token = body.get("MaxResults", PAGE), str(body.get("NextToken", "row-0")).removeprefix("row-")
    if not isinstance(wanted, int) or not token.isdecimal():
        raise ApiError(400, "MaxResults or NextToken is not valid")
    first, size = int(token), min(wanted, PAGE)
    table: list[list[str | None]] = [[*COLUMNS], *rows(data)]
    cells = [[{} if cell is None else {"VarCharValue": cell} for cell in row] for row in table[first : first + size]]
    about = {"ColumnInfo": [{"Name": name, "Type": "varchar"} for name in COLUMNS]}
    page: dict[str, Any] = {"ResultSet": {"Rows": [{"Data": row} for row in cells], "ResultSetMetadata": about}}
    if first + size < len(table):
        page["NextToken"] = f"row-{first + size}"
    return _answer(page)


def _answer(value: dict[str, Any], status: int = 200) -> Response:
    return Response(status, json.dumps(value).encode(), {"Content-Type": MEDIA_TYPE})


def _signature(request: Request, scope: str, names: str) -> str:
    """The signature that a POST to / without query has to carry."""
    headers = "".join(f"{name}:{' '.join(request.header(name).split())}\n" for name in names.split(";"))
    canonical = f"{request.method}\n/\n\n{headers}\n{names}\n{hashlib.sha256(request.body).hexdigest()}"
    digest = hashlib.sha256(canonical.encode()).hexdigest()
    key = reduce(_hmac, scope.split("/"), f"AWS4{SECRET_KEY}".encode())
    return _hmac(key, f"AWS4-HMAC-SHA256\n{request.header('X-Amz-Date')}\n{scope}\n{digest}").hex()


def _hmac(key: bytes, text: str) -> bytes:
    return hmac.digest(key, text.encode(), "sha256")
