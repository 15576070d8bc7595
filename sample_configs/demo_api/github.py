"""GitHub: migration archives of organizations (https://docs.github.com/en/rest/migrations/orgs)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import partial
from typing import Any

from sample_configs.demo_api.data import Data, json_array
from sample_configs.demo_api.exchange import ApiError, Request, Response, json_response
from sample_configs.demo_api.files import Chunks, tarred
from sample_configs.demo_api.jobs import Job, States
from sample_configs.demo_api.routing import Api, Backend

TOKEN = "ghp_demo"
ORGANIZATION = "octo-org"
REPOSITORY = "octo-org/octo-repo"
STATES = States(waiting="pending", running="exporting", done="exported")
MIGRATIONS = "/orgs/{organization}/migrations"
PARTS = 3


def _error(status: int, message: str) -> Response:
    return json_response({"message": message, "documentation_url": "https://docs.github.com/rest"}, status)


def _authenticate(_backend: Backend, request: Request) -> None:
    if request.bearer() != TOKEN:
        raise ApiError(401, "Bad credentials")


def _inputs(url: str) -> dict[str, Any]:
    config = {"api_url": url, "token": TOKEN, "organization": ORGANIZATION, "repositories": [REPOSITORY]}
    return {"github_migrations": config}


API = Api("github", _error, _authenticate, _inputs)


@API.route("POST", MIGRATIONS)
def create(backend: Backend, request: Request, organization: str) -> Response:
    """Start a migration."""
    if organization != ORGANIZATION:
        raise ApiError(404, "Not Found")
    if request.json_object().get("repositories") != [REPOSITORY]:
        raise ApiError(422, "Validation Failed: repositories")
    return json_response(_info(backend.jobs.create(request, API.name, STATES, 3.0)), 201)


@API.route("GET", MIGRATIONS + "/{number}")
def poll(backend: Backend, _request: Request, organization: str, number: str) -> Response:
    """A migration with its state."""
    job = _job(backend, number)
    job.polls += 1
    return json_response(_info(job))


@API.route("GET", MIGRATIONS + "/{number}/archive")
def archive(backend: Backend, request: Request, organization: str, number: str) -> Response:
    """A redirect to the archive on another host, which must not get the token."""
    job = _job(backend, number)
    if not job.ready:
        raise ApiError(404, "Not Found")
    name = f"github/{job.id}.tar.gz"
    backend.files.offer(name, "application/gzip", tarred(_members(backend.data)))
    elsewhere = backend.url.replace("127.0.0.1", "localhost")
    return Response(302, b"", {"Location": elsewhere + backend.files.link(request, name, 300)})


@API.route("DELETE", MIGRATIONS + "/{number}/archive")
def delete(backend: Backend, _request: Request, organization: str, number: str) -> Response:
    """Delete the archive."""
    _job(backend, number).deleted = True
    return Response(204)


def issues(data: Data, indexes: range) -> Iterator[dict[str, Any]]:
    """Issues, as they are in the archive."""
    for index in indexes:
        title, author = data.product(index)[0], data.person(index).first.lower()
        url = f"https://github.com/{REPOSITORY}/issues/{index + 1}"
        yield {"type": "issue", "url": url, "title": f"{title} is broken", "user": f"https://github.com/{author}"}


def _members(data: Data) -> dict[str, Chunks]:
    """The files of the archive: issues among others."""
    parts = [range(data.rows * part // PARTS, data.rows * (part + 1) // PARTS) for part in range(PARTS)]
    files: dict[str, Chunks] = {
        f"issues_{number:06d}.json": partial(lambda part: json_array(issues(data, part)), part)
        for number, part in enumerate(parts, 1)
    }
    users = [{"type": "user", "login": f"user-{number}"} for number in range(3)]
    return {
        "schema.json": lambda: [b'{"version": "1.2.0"}'],
        "users_000001.json": lambda: [json.dumps(users).encode()],
        **files,
        f"repositories/{REPOSITORY}.git/HEAD": lambda: [b"ref: refs/heads/main\n"],
    }


def _number(job: Job) -> int:
    return int(job.id[:8], 16)


def _job(backend: Backend, number: str) -> Job:
    for job in backend.jobs.all():
        if job.api == API.name and str(_number(job)) == number and not job.deleted:
            return job
    raise ApiError(404, "Not Found")


def _info(job: Job) -> dict[str, Any]:
    return {"id": _number(job), "guid": job.id, "state": job.state, "exclude_git_data": True}
