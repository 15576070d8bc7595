"""SendGrid: exports of marketing contacts (https://www.twilio.com/docs/sendgrid/api-reference/contacts)."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

from sample_configs.demo_api.data import Data, csv_chunks
from sample_configs.demo_api.exchange import ApiError, Request, Response, json_response
from sample_configs.demo_api.files import gzipped, plain
from sample_configs.demo_api.jobs import Job, States
from sample_configs.demo_api.routing import Api, Backend

KEY = "SG.demo-key"
GZIP_KEY = "SG.demo-key-of-an-account-with-gzip-exports"
READ_ONLY_KEY = "SG.demo-key-without-export-permission"

STATES = States(waiting="pending", running="pending", done="ready")
PARTS = 2
HEADER = ["EMAIL", "FIRST_NAME", "LAST_NAME", "CITY", "COUNTRY", "CREATED_AT", "UPDATED_AT", "CONTACT_ID"]


def _error(status: int, message: str) -> Response:
    return json_response({"errors": [{"field": None, "message": message}]}, status)


def _authenticate(_backend: Backend, request: Request) -> None:
    if request.bearer() == READ_ONLY_KEY:
        raise ApiError(403, "access forbidden")
    if request.bearer() not in (KEY, GZIP_KEY):
        raise ApiError(401, "The provided authorization grant is invalid, expired, or revoked")


def _inputs(url: str) -> dict[str, Any]:
    return {
        "sendgrid_contacts": {"api_url": url, "api_key": KEY},
        "sendgrid_contacts_gzip": {"api_url": url, "api_key": GZIP_KEY},
    }


API = Api("sendgrid", _error, _authenticate, _inputs)


@API.route("POST", "/v3/marketing/contacts/exports")
def create(backend: Backend, request: Request) -> Response:
    """Start an export of all contacts."""
    if request.body:
        file_type = request.json_object().get("file_type", "csv")
        if file_type != "csv":
            raise ApiError(400, f"file_type {file_type} is not offered by this demo")
    job = backend.jobs.create(request, API.name, STATES, 3.0, gzip=request.bearer() == GZIP_KEY)
    own = f"{backend.url}{request.path}/{job.id}"
    return json_response({"id": job.id, "_metadata": {"self": own}}, 202)


@API.route("GET", "/v3/marketing/contacts/exports/{job_id}")
def poll(backend: Backend, request: Request, job_id: str) -> Response:
    """The status of an export, with its download links once it is ready."""
    job = backend.jobs.find(API.name, job_id)
    job.polls += 1
    status = job.state
    answer: dict[str, Any] = {
        "id": job.id,
        "status": status,
        "created_at": f"{job.created:%Y-%m-%dT%H:%M:%SZ}",
        "urls": [],
    }
    if status == STATES.done:
        answer |= {"urls": _links(backend, request, job), "contact_count": backend.data.rows}
    elif status == "failure":
        answer["message"] = "the export could not be written"
    return json_response(answer)


def _links(backend: Backend, request: Request, job: Job) -> list[str]:
    links = []
    for part in range(PARTS):
        chunks = partial(_contacts, backend.data, part)
        name = f"sendgrid/contacts-{part + 1}-of-{PARTS}.csv"
        if job.details["gzip"]:
            name += ".gz"
            backend.files.offer(name, "application/gzip", gzipped(chunks))
        else:
            backend.files.offer(name, "text/csv", plain(chunks))
        links.append(backend.files.link(request, name))
    return [backend.url + link for link in links]


def _contacts(data: Data, part: int) -> Iterator[bytes]:
    """The contacts of one of the files into which an export is split."""
    return csv_chunks(HEADER, (_contact(data, index) for index in range(part, data.rows, PARTS)))


def _contact(data: Data, index: int) -> tuple[str, ...]:
    person = data.person(index)
    created = f"{data.moment(index):%Y-%m-%dT%H:%M:%SZ}"
    contact_id = f"{data.number(index, salt=9):016x}"
    return (
        person.email,
        person.first,
        person.last,
        person.city,
        person.country,
        created,
        created,
        contact_id,
    )
