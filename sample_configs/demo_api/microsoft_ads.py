"""Microsoft Advertising: reports of the Reporting service, version 13
(https://learn.microsoft.com/en-us/advertising/reporting-service/reporting-service-reference).
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from typing import Any

from sample_configs.demo_api.data import Data
from sample_configs.demo_api.exchange import ApiError, Request, Response, json_response
from sample_configs.demo_api.files import zipped
from sample_configs.demo_api.jobs import States
from sample_configs.demo_api.routing import Api, Backend

TOKEN = "demo-microsoft-token"
DEVELOPER_TOKEN = "demo-developer-token"
CUSTOMER = "250000001"
ACCOUNTS = ["141000111", "141000222"]
EMPTY_ACCOUNT = "141000222"
"""Its reports have no data."""
STATES = States(waiting="Pending", running="Pending", done="Success")
REPORTS = "/Reporting/v13/GenerateReport"
COLUMNS = ["TimePeriod", "CampaignName", "Impressions", "Spend"]


def _error(status: int, message: str) -> Response:
    code = {401: (105, "InvalidCredentials"), 429: (117, "CallRateExceeded")}.get(status, (100, "InvalidRequest"))
    return json_response({"Errors": [{"Code": code[0], "ErrorCode": code[1], "Message": message}]}, status)


def _authenticate(_backend: Backend, request: Request) -> None:
    known = (request.bearer(), request.header("DeveloperToken"), request.header("CustomerId"))
    if known != (TOKEN, DEVELOPER_TOKEN, CUSTOMER) or request.header("CustomerAccountId") not in ACCOUNTS:
        raise ApiError(401, "Authentication failed. Either supplied credentials are invalid or the account is inactive")


def _inputs(url: str) -> dict[str, Any]:
    secrets = {"token": TOKEN, "developer_token": DEVELOPER_TOKEN}
    config = {"api_url": url, **secrets, "customer_id": CUSTOMER, "accounts": ACCOUNTS, "exclude": False}
    return {"microsoft_ads": config}


API = Api("microsoft_ads", _error, _authenticate, _inputs)


@API.route("POST", REPORTS + "/Submit")
def submit(backend: Backend, request: Request) -> Response:
    """Ask for a report."""
    report = request.json_object().get("ReportRequest")
    if not isinstance(report, dict) or report.get("Type") != "CampaignPerformanceReportRequest":
        raise ApiError(400, "ReportRequest.Type: this demo makes CampaignPerformanceReportRequest only")
    if report.get("Columns") != COLUMNS:
        raise ApiError(400, f"ReportRequest.Columns: this demo has {', '.join(COLUMNS)}")
    account = request.header("CustomerAccountId")
    job = backend.jobs.create(request, API.name, STATES, 2.5, account=account, report=report)
    return json_response({"ReportRequestId": _number(job.id)})


@API.route("POST", REPORTS + "/Poll")
def poll(backend: Backend, request: Request) -> Response:
    """The status of a report, with its link once it is made; the link is null when there is no data."""
    wanted = request.json_object().get("ReportRequestId")
    job = next((job for job in backend.jobs.all() if job.api == API.name and _number(job.id) == wanted), None)
    if job is None:
        raise ApiError(400, "The report request ID is not valid.")  # it is a text, though of digits
    job.polls += 1
    link = None
    if job.ready and job.details["account"] != EMPTY_ACCOUNT:
        name = f"microsoft_ads/{job.id}.zip"
        chunks = {f"{wanted}.csv": lambda: _file(backend.data, job.details["report"])}
        backend.files.offer(name, "application/x-zip-compressed", zipped(chunks))
        link = backend.url + backend.files.link(request, name, seconds=300)
    return json_response({"ReportRequestStatus": {"ReportDownloadUrl": link, "Status": job.state}})


def rows(data: Data) -> Iterator[list[str]]:
    """The lines of the report; some names have commas and quotation marks in them."""
    for index in range(data.rows):
        name, maker = data.product(index)
        impressions = str(data.number(index, salt=4) % 20_000)
        yield [f"{data.moment(index):%Y-%m-%d}", f'{name}, "{maker}"', impressions, f"{data.cents(index) / 100:.2f}"]


def _file(data: Data, report: dict[str, Any]) -> Iterator[bytes]:
    title = [
        ["Report Name: Campaigns"],
        ["Report Time: 1/1/2024,1/31/2024"],
        ["Time Zone: (GMT) UTC"],
        ["Last Completed Available Day: 1/31/2024 12:00:00 AM (GMT)"],
        ["Last Completed Available Hour: 1/31/2024 9:00:00 AM (GMT)"],
        ["Report Aggregation: Daily"],
        ["Report Filter: "],
        ["Potential Incomplete Data: true"],
        [f"Rows: {data.rows}"],
        [],
    ]
    footer = [[], ["©2024 Microsoft Corporation. All rights reserved. "]]
    yield b"\xef\xbb\xbf"
    yield from map(_line, [] if report.get("ExcludeReportHeader") else title)
    yield _line(COLUMNS)
    yield from map(_line, rows(data))
    yield from map(_line, [] if report.get("ExcludeReportFooter") else footer)


def _line(cells: list[str]) -> bytes:
    text = io.StringIO()
    csv.writer(text, quoting=csv.QUOTE_ALL).writerow(cells)
    return text.getvalue().encode()


def _number(job_id: str) -> str:
    """A report's id is a long number, written as a text."""
    return str(int(job_id.replace("-", ""), 16) % 10**17)
