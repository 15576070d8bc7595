"""Ads: reports after version 3 of Amazon's (https://advertising.amazon.com/API/docs, "Reporting").

One thing is taken from Amazon's Selling Partner reports: a report without data ends as CANCELLED.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from sample_configs.demo_api.data import Data, json_array, parse_day
from sample_configs.demo_api.exchange import ApiError, Request, Response, json_response
from sample_configs.demo_api.files import gzipped
from sample_configs.demo_api.jobs import Job, States
from sample_configs.demo_api.routing import Api, Backend

CLIENT_ID = "amzn1.application-oa2-client.demo"
CLIENT_SECRET = "demo-client-secret"
REFRESH_TOKEN = "Atzr|demo-refresh-token"
PROFILE_ID = "1234567890"

STATES = States(waiting="PENDING", running="PROCESSING", done="COMPLETED")
NO_DATA = "CANCELLED"
MEDIA_TYPE = "application/vnd.createasyncreportrequest.v3+json"
COLUMNS = {"date", "campaignId", "campaignName", "impressions", "clicks", "cost"}
MAX_DAYS = 31
DUPLICATE = "The Request is a duplicate of : {id}"


def _error(status: int, message: str) -> Response:
    return json_response({"code": str(status), "detail": message}, status)


def _authenticate(backend: Backend, request: Request) -> None:
    if request.bearer() not in backend.tokens:
        raise ApiError(401, "Not authorized to access this advertiser")
    if request.header("Amazon-Advertising-API-ClientId") != CLIENT_ID:
        raise ApiError(401, "Missing or wrong Amazon-Advertising-API-ClientId")
    if request.header("Amazon-Advertising-API-Scope") != PROFILE_ID:
        raise ApiError(403, "Not authorized to manage this profile. Check the permissions of the scope.")


def _inputs(url: str) -> dict[str, Any]:
    config = {
        "api_url": url,
        "token_url": f"{url}/auth/o2/token",
        "client_id": CLIENT_ID,
        "client_secret": CLIENT_SECRET,
        "refresh_token": REFRESH_TOKEN,
        "profile_id": PROFILE_ID,
        "start_date": "2023-12-25",  # the first week has no data
        "end_date": "2024-01-31",
    }
    return {"ads_report": config}


API = Api("ads", _error, _authenticate, _inputs)


@API.route("POST", "/auth/o2/token", public=True)
def token(backend: Backend, request: Request) -> Response:
    """An access token for a refresh token."""
    form = request.form()
    if form.get("grant_type") != "refresh_token":
        return json_response({"error": "unsupported_grant_type"}, 400)
    if (form.get("client_id"), form.get("client_secret")) != (CLIENT_ID, CLIENT_SECRET):
        return json_response({"error": "invalid_client", "error_description": "Client authentication failed"}, 401)
    if form.get("refresh_token") != REFRESH_TOKEN:
        return json_response({"error": "invalid_grant", "error_description": "The refresh token is invalid"}, 400)
    access_token = f"Atza|{uuid.uuid4().hex}"
    backend.tokens.add(access_token)
    return json_response({"access_token": access_token, "token_type": "bearer", "expires_in": 3600})


@API.route("POST", "/reporting/reports")
def create(backend: Backend, request: Request) -> Response:
    """Ask for a report; the same one cannot be asked for twice while it is being made."""
    if request.header("Content-Type") != MEDIA_TYPE:
        raise ApiError(415, f"Content-Type has to be {MEDIA_TYPE}")
    body = request.json_object()
    start, end = _dates(body)
    _check(body.get("configuration"))
    for other in backend.jobs.busy(API.name):
        if (other.details["start"], other.details["end"]) == (start, end):
            raise ApiError(425, DUPLICATE.format(id=other.id), {"Retry-After": "1"})
    job = backend.jobs.create(request, API.name, STATES, 2.0, start=start, end=end)
    if not backend.data.between(start, _end_of_day(end)) and job.outcome is None:
        job.outcome = NO_DATA
    return json_response(_report(job, STATES.waiting))


@API.route("GET", "/reporting/reports/{job_id}")
def poll(backend: Backend, request: Request, job_id: str) -> Response:
    """A report with its status and, once it is completed, its link."""
    job = backend.jobs.find(API.name, job_id)
    job.polls += 1
    status = job.state
    report = _report(job, status)
    if status == STATES.done:
        report |= {"url": _link(backend, request, job), "urlExpiresAt": f"{datetime.now(job.created.tzinfo)}"}
    elif status == "FAILED":
        report["failureReason"] = "Internal error"
    return json_response(report)


def _dates(body: dict[str, Any]) -> tuple[datetime, datetime]:
    try:
        start, end = parse_day(str(body.get("startDate"))), parse_day(str(body.get("endDate")))
    except ValueError:
        raise ApiError(400, "startDate and endDate have to be dates: YYYY-MM-DD") from None
    if not timedelta(0) <= end - start < timedelta(days=MAX_DAYS):
        raise ApiError(400, f"a report covers 1 to {MAX_DAYS} days")
    return start, end


def _check(configuration: Any) -> None:
    if not isinstance(configuration, dict) or configuration.get("reportTypeId") != "spCampaigns":
        raise ApiError(400, "configuration.reportTypeId: this demo makes spCampaigns only")
    unknown = set(configuration.get("columns", [])) - COLUMNS
    if unknown:
        raise ApiError(400, f"configuration columns includes invalid values: ({', '.join(sorted(unknown))})")
    if configuration.get("format") != "GZIP_JSON":
        raise ApiError(400, "configuration.format has to be GZIP_JSON")


def _end_of_day(day: datetime) -> datetime:
    return day + timedelta(days=1, seconds=-1)


def _report(job: Job, status: str) -> dict[str, Any]:
    return {
        "reportId": job.id,
        "status": status,
        "startDate": f"{job.details['start']:%Y-%m-%d}",
        "endDate": f"{job.details['end']:%Y-%m-%d}",
        "createdAt": f"{job.created:%Y-%m-%dT%H:%M:%SZ}",
        "failureReason": None,
        "url": None,
        "urlExpiresAt": None,
    }


def _link(backend: Backend, request: Request, job: Job) -> str:
    start, end = job.details["start"], job.details["end"]
    name = f"ads/report-{start:%Y%m%d}-{end:%Y%m%d}.json.gz"
    backend.files.offer(name, "application/octet-stream", gzipped(partial(_rows, backend.data, start, end)))
    return backend.url + backend.files.link(request, name)


def _rows(data: Data, start: datetime, end: datetime) -> Iterator[bytes]:
    return json_array(
        _row(data, day, campaign, index)
        for day in (start + timedelta(days=offset) for offset in range((end - start).days + 1))
        for campaign, index in enumerate(data.between(day, _end_of_day(day)))
    )


def _row(data: Data, day: datetime, campaign: int, index: int) -> dict[str, Any]:
    number, impressions = divmod(data.number(index, salt=4), 20_000)
    return {
        "date": f"{day:%Y-%m-%d}",
        "campaignId": 50_000_000 + campaign,
        "campaignName": data.product(campaign)[0],
        "impressions": impressions,
        "clicks": number % (impressions // 20 + 1),
        "cost": round(number % 30_000 / 100, 2),
    }
