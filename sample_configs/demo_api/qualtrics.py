"""Qualtrics: response exports (https://api.qualtrics.com, "Surveys Response Import/Export API")."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from functools import partial
from itertools import chain
from typing import Any

from sample_configs.demo_api.data import Data, csv_chunks
from sample_configs.demo_api.exchange import ApiError, Request, Response, json_response
from sample_configs.demo_api.files import zipped
from sample_configs.demo_api.jobs import States
from sample_configs.demo_api.routing import Api, Backend

TOKEN = "demo-qualtrics-token"
SURVEYS = ["SV_demo0customers", "SV_demo0employees"]
STATES = States(waiting="inProgress", running="inProgress", done="complete")
EXPORTS = "/API/v3/surveys/{survey}/export-responses"
HEADER = ["StartDate", "EndDate", "Finished", "RecordedDate", "ResponseId", "QID1", "QID2"]
QUESTIONS = ["Start Date", "End Date", "Finished", "Recorded Date", "Response ID", "How likely?", "Where?"]
_REASONS = {400: "Bad Request", 401: "Unauthorized", 404: "Not Found", 405: "Method Not Allowed"}


def _error(status: int, message: str) -> Response:
    http_status = f"{status} - {_REASONS.get(status, 'Too Many Requests')}"
    error = {"errorMessage": message, "errorCode": f"RP_{status}"}
    return json_response({"meta": {"httpStatus": http_status, "error": error}}, status)


def _authenticate(_backend: Backend, request: Request) -> None:
    if request.header("X-API-TOKEN") != TOKEN:
        raise ApiError(401, "Unrecognized X-API-TOKEN.")


def _inputs(url: str) -> dict[str, Any]:
    config = {"api_url": url, "api_token": TOKEN, "survey_ids": SURVEYS}
    return {"qualtrics_responses": config}


API = Api("qualtrics", _error, _authenticate, _inputs)


@API.route("POST", EXPORTS)
def create(backend: Backend, request: Request, survey: str) -> Response:
    """Start an export of a survey's responses."""
    if survey not in SURVEYS:
        raise ApiError(404, f"The survey {survey} was not found.")
    if request.json_object().get("format") != "csv":
        raise ApiError(400, "Invalid format: this demo exports csv only.")
    job = backend.jobs.create(request, API.name, STATES, 2.5, survey=survey)
    return _result({"progressId": job.id, "percentComplete": 0.0, "status": STATES.waiting})


@API.route("GET", EXPORTS + "/{job_id}")
def poll(backend: Backend, _request: Request, survey: str, job_id: str) -> Response:
    """The progress of an export, with the id of its file once it is complete."""
    job = backend.jobs.find(API.name, job_id)
    job.polls += 1
    status = job.state
    result: dict[str, Any] = {"percentComplete": round(100 * job.progress, 1), "status": status}
    if status == STATES.done:
        result["fileId"] = job.id
    return _result(result)


@API.route("GET", EXPORTS + "/{file_id}/file")
def download(backend: Backend, request: Request, survey: str, file_id: str) -> Response:
    """The export: a ZIP archive that holds one CSV file."""
    job = backend.jobs.find(API.name, file_id)
    if not job.ready or job.details["survey"] != survey:
        raise ApiError(404, f"The file {file_id} was not found.")
    name = f"qualtrics/{survey}.zip"
    rows = partial(_responses, backend.data, SURVEYS.index(survey))
    backend.files.offer(name, "application/zip", zipped({"Responses.csv": rows}))
    return backend.files.serve(request, name)


def _result(result: dict[str, Any]) -> Response:
    return json_response({"result": result, "meta": {"requestId": str(uuid.uuid4()), "httpStatus": "200 - OK"}})


def _responses(data: Data, survey: int) -> Iterator[bytes]:
    """A survey's CSV: below the header it repeats itself twice, as question texts and as import ids."""
    import_ids = [json.dumps({"ImportId": name}) for name in HEADER]
    answers = (_answer(data, survey, index) for index in range(data.rows))
    return csv_chunks(HEADER, chain([QUESTIONS, import_ids], answers))


def _answer(data: Data, survey: int, index: int) -> list[str]:
    number = data.number(index, salt=20 + survey)
    moment = f"{data.moment(index):%Y-%m-%d %H:%M:%S}"
    response_id = f"R_{number:016x}"
    return [moment, moment, "True", moment, response_id, str(number % 11), data.person(index).city]
