"""Amazon Selling Partner API: reports, version 2021-06-30
(https://developer-docs.amazon.com/sp-api/docs/reports-api-v2021-06-30-reference).

The first link of a document has expired when it is given out, as it may have after a long queue.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sample_configs.demo_api.ads import CLIENT_ID, CLIENT_SECRET, REFRESH_TOKEN
from sample_configs.demo_api.data import Data
from sample_configs.demo_api.exchange import ApiError, Request, Response, json_response
from sample_configs.demo_api.files import gzipped, plain
from sample_configs.demo_api.jobs import States
from sample_configs.demo_api.routing import Api, Backend

UNITED_STATES, GERMANY, BRAZIL = "ATVPDKIKX0DER", "A1PA6795UKMFR9", "A2Q3Y263D00KWC"
MARKETPLACES = [UNITED_STATES, GERMANY, BRAZIL]
"""Nothing is listed in the last one."""
STATES = States(waiting="IN_QUEUE", running="IN_PROGRESS", done="DONE", aborted="CANCELLED")
REPORTS = "/reports/2021-06-30/reports"
DOCUMENTS = "/reports/2021-06-30/documents"
COLUMNS = ["seller-sku", "item-name", "price"]
LINK_SECONDS = 300


def _error(status: int, message: str) -> Response:
    code = {401: "Unauthorized", 403: "Unauthorized", 404: "NotFound", 429: "QuotaExceeded"}.get(status, "InvalidInput")
    return json_response({"errors": [{"code": code, "message": message, "details": ""}]}, status)


def _authenticate(backend: Backend, request: Request) -> None:
    if request.header("x-amz-access-token") not in backend.tokens:
        raise ApiError(403, "Access to requested resource is denied.")


def _inputs(url: str) -> dict[str, Any]:
    config = {"client_id": CLIENT_ID, "client_secret": CLIENT_SECRET, "refresh_token": REFRESH_TOKEN}
    return {"amazon_sp_api": {"api_url": url, **config, "marketplaces": MARKETPLACES}}


API = Api("amazon_sp_api", _error, _authenticate, _inputs)
"""Its tokens come from Login with Amazon, which is beside the reports of Amazon Ads."""


@API.route("POST", REPORTS)
def create(backend: Backend, request: Request) -> Response:
    """Ask for a report about one marketplace."""
    body = request.json_object()
    marketplaces = body.get("marketplaceIds")
    if body.get("reportType") != "GET_MERCHANT_LISTINGS_ALL_DATA":
        raise ApiError(400, "reportType: this demo makes GET_MERCHANT_LISTINGS_ALL_DATA only")
    if not isinstance(marketplaces, list) or len(marketplaces) != 1 or marketplaces[0] not in MARKETPLACES:
        raise ApiError(400, f"marketplaceIds: this demo wants one of {', '.join(MARKETPLACES)}")
    job = backend.jobs.create(request, API.name, STATES, 2.5, marketplace=marketplaces[0], links=0)
    if marketplaces[0] == BRAZIL and job.outcome is None:
        job.outcome = STATES.aborted
    return json_response({"reportId": job.id}, 202)


@API.route("GET", REPORTS + "/{job_id}")
def poll(backend: Backend, _request: Request, job_id: str) -> Response:
    """A report with its status and, once it is done, the id of its document."""
    job = backend.jobs.find(API.name, job_id)
    job.polls += 1
    report = {
        "reportId": job.id,
        "reportType": "GET_MERCHANT_LISTINGS_ALL_DATA",
        "processingStatus": job.state,
        "createdTime": f"{job.created:%Y-%m-%dT%H:%M:%SZ}",
    }
    return json_response(report | ({"reportDocumentId": f"amzn1.spdoc.{job.id}"} if job.ready else {}))


@API.route("DELETE", REPORTS + "/{job_id}")
def cancel(backend: Backend, _request: Request, job_id: str) -> Response:
    """Cancel a report that has not ended."""
    job = backend.jobs.find(API.name, job_id)
    if not job.busy:
        raise ApiError(400, f"a report that is {job.state} cannot be cancelled")
    job.aborted = True
    return json_response({})


@API.route("GET", DOCUMENTS + "/{document}")
def link(backend: Backend, request: Request, document: str) -> Response:
    """A link to a document, which lives for five minutes; the document may be compressed."""
    job = backend.jobs.find(API.name, document.removeprefix("amzn1.spdoc."))
    if not job.ready:
        raise ApiError(404, f"there is no document {document}")
    marketplace = job.details["marketplace"]
    name, answer = f"amazon_sp_api/{job.id}", {"reportDocumentId": document}
    if marketplace == GERMANY:
        backend.files.offer(name, "text/plain;charset=Cp1252", gzipped(lambda: _lines(backend.data, GERMANY)))
        answer["compressionAlgorithm"] = "GZIP"
    else:
        backend.files.offer(name, "text/plain;charset=UTF-8", plain(lambda: _lines(backend.data, marketplace)))
    seconds = LINK_SECONDS if job.details["links"] else 0
    job.details["links"] += 1
    return json_response(answer | {"url": backend.url + backend.files.link(request, name, seconds)})


def rows(data: Data, marketplace: str) -> Iterator[list[str]]:
    """The listings of a marketplace; the titles have bare quotation marks, and letters beyond ASCII."""
    for index in range(data.rows):
        number, (title, maker) = data.number(index, salt=6) % 20, data.product(index)
        if marketplace == GERMANY:
            yield [f"DE-{index + 1}", f"{title} für Käse & Größe €{number}", f"{data.cents(index) / 100:.2f}"]
        else:
            yield [f"US-{index + 1}", f'"{maker}" {number}" {title}', f"{data.cents(index) / 100:.2f}"]


def _lines(data: Data, marketplace: str) -> Iterator[bytes]:
    encoding = "cp1252" if marketplace == GERMANY else "utf-8"
    for cells in (COLUMNS, *rows(data, marketplace)):
        yield ("\t".join(cells) + "\r\n").encode(encoding)
