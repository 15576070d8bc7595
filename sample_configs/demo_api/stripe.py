"""Stripe: report runs (https://docs.stripe.com/api/reporting/report_run)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from functools import partial
from typing import Any

from sample_configs.demo_api.data import Data, csv_chunks
from sample_configs.demo_api.exchange import ApiError, Request, Response, json_response
from sample_configs.demo_api.files import plain
from sample_configs.demo_api.jobs import Job, States
from sample_configs.demo_api.routing import Api, Backend

KEY = "sk_test_demo_key"
REPORT = "balance_change_from_activity.itemized.3"
STATES = States(waiting="pending", running="pending", done="succeeded")
HEADER = [
    "balance_transaction_id",
    "created",
    "currency",
    "gross",
    "fee",
    "net",
    "reporting_category",
    "description",
]


def _error(status: int, message: str) -> Response:
    return json_response({"error": {"message": message, "type": "invalid_request_error"}}, status)


def _authenticate(_backend: Backend, request: Request) -> None:
    if KEY not in (request.basic_user(), request.bearer()):
        raise ApiError(401, "Invalid API Key provided", {"WWW-Authenticate": 'Basic realm="Stripe"'})


def _inputs(url: str) -> dict[str, Any]:
    config = {"api_url": url, "secret_key": KEY, "start_date": "2024-01-01", "end_date": "2024-02-01"}
    return {"stripe_report_run": config}


API = Api("stripe", _error, _authenticate, _inputs)


@API.route("POST", "/v1/reporting/report_runs")
def create(backend: Backend, request: Request) -> Response:
    """Run a report over an interval; the body is a form."""
    form = request.form()
    if "report_type" not in form:
        raise ApiError(400, "Missing required param: report_type.")
    if form["report_type"] != REPORT:
        raise ApiError(400, f"No such reporting.report_type: '{form['report_type']}'")
    start, end = (_timestamp(form, f"parameters[{name}]") for name in ("interval_start", "interval_end"))
    if start >= end:
        raise ApiError(400, "`interval_start` must be before `interval_end`.")
    job = backend.jobs.create(request, API.name, STATES, 2.0, start=start, end=end)
    return json_response(_run(backend, job, STATES.waiting))


@API.route("GET", "/v1/reporting/report_runs/{job_id}")
def poll(backend: Backend, _request: Request, job_id: str) -> Response:
    """A report run, with its result once it has succeeded."""
    job = backend.jobs.find(API.name, job_id.removeprefix("frr_"))
    job.polls += 1
    return json_response(_run(backend, job, job.state))


@API.route("GET", "/v1/files/{file_id}/contents")
def download(backend: Backend, request: Request, file_id: str) -> Response:
    """The CSV file of a run; it asks for the key like everything else."""
    job = backend.jobs.find(API.name, file_id.removeprefix("file_"))
    if not job.ready:
        raise ApiError(404, f"No such file upload: '{file_id}'")
    start, end = job.details["start"], job.details["end"]
    name = f"stripe/{start}-{end}.csv"
    backend.files.offer(name, "text/csv", plain(partial(_transactions, backend.data, start, end)))
    return backend.files.serve(request, name)


def _timestamp(form: dict[str, str], name: str) -> int:
    try:
        return int(form[name])
    except KeyError:
        raise ApiError(400, f"Missing required param: {name}.") from None
    except ValueError:
        raise ApiError(400, f"Invalid integer: {form[name]}") from None


def _run(backend: Backend, job: Job, status: str) -> dict[str, Any]:
    file_id = f"file_{job.id}"
    url = f"{backend.url}/v1/files/{file_id}/contents"
    return {
        "id": f"frr_{job.id}",
        "object": "reporting.report_run",
        "created": int(job.created.timestamp()),
        "error": "The report could not be generated." if status == "failed" else None,
        "livemode": False,
        "parameters": {"interval_start": job.details["start"], "interval_end": job.details["end"]},
        "report_type": REPORT,
        "result": {"id": file_id, "object": "file", "type": "csv", "url": url} if status == STATES.done else None,
        "status": status,
    }


def _transactions(data: Data, start: int, end: int) -> Iterator[bytes]:
    """The transactions of an interval in Unix seconds; its end is not part of it."""
    wanted = data.between(datetime.fromtimestamp(start, UTC), datetime.fromtimestamp(end - 1, UTC))
    return csv_chunks(HEADER, (_transaction(data, index) for index in wanted))


def _transaction(data: Data, index: int) -> tuple[str, ...]:
    gross = data.cents(index)
    fee = 30 + gross * 29 // 1000
    created = f"{data.moment(index):%Y-%m-%d %H:%M:%S}"
    amounts = [f"{cents / 100:.2f}" for cents in (gross, fee, gross - fee)]
    title, _ = data.product(index)
    return (f"txn_{data.number(index, salt=9):016x}", created, "eur", *amounts, "charge", f"{title}, 1 piece")
