"""The HTTP status, or a header, of the answer to polling as the status of the job."""

from __future__ import annotations

import pytest

from core.events import Outcome
from core.http.exchange import Role
from tests.support.jobs_api import manifest
from tests.support.reading import read_all
from tests.support.server import LoopbackServer, Reply

NOT_YET = "running: ['403', '404'], completed: ['200'], failed: ['410'], timeout: []"


def by_status(server: LoopbackServer, handler: str = "", mapping: str = NOT_YET, path: str = "[status_code]") -> str:
    text = manifest(server, target="", mapping=mapping, polling="/result")
    text = text.replace("field_path: [state]", f"field_path: {path}").replace(
        "{{ download_target }}", server.url("/result")
    )
    polling = f'polling_requester: {{type: HttpRequester, url: "{server.url("/result")}"'
    return text.replace(polling, f"{polling}, {handler}") if handler else text


def serve(server: LoopbackServer, *polls: Reply) -> None:
    server.on("/jobs", Reply({"id": "j1"}, 201))
    server.on("/result", *polls, Reply([{"n": 1}]))


@pytest.mark.parametrize("path", ["[status_code]", "['status_code']"])
async def test_an_error_that_is_mapped_is_a_status(server: LoopbackServer, path: str) -> None:
    serve(server, Reply("<Error/>", 403), Reply("<Error/>", 404))

    told = await read_all(by_status(server, path=path))

    assert told.outcome is Outcome.COMPLETE, told.errors
    assert told.records == [{"n": 1}]
    assert told.asked(Role.POLL) == 3


async def test_a_mapped_error_can_be_the_end_of_an_attempt(server: LoopbackServer) -> None:
    serve(server, Reply({"message": "the file was removed"}, 410))

    told = await read_all(by_status(server))

    assert told.outcome is Outcome.COMPLETE, told.errors
    assert told.asked(Role.CREATE) == 2
    assert "the file was removed" in told.logs


async def test_an_error_that_is_not_mapped_stays_one(server: LoopbackServer) -> None:
    serve(server, Reply("<Error/>", 401))

    told = await read_all(by_status(server))

    assert told.outcome is Outcome.FAILED
    assert "Polling is refused" in told.errors


@pytest.mark.parametrize("status", [429, 503])
async def test_a_status_that_is_mapped_is_not_repeated_at_once(server: LoopbackServer, status: int) -> None:
    serve(server, *[Reply("", status, headers={"Retry-After": "9"})] * 8)

    told = await read_all(by_status(server, mapping=NOT_YET.replace("'404'", f"'{status}'")))

    assert told.outcome is Outcome.COMPLETE, told.errors
    assert "trying again" not in told.logs


async def test_a_filter_of_the_error_handler_wins(server: LoopbackServer) -> None:
    serve(server, Reply({"message": "no such segment"}, 403))
    handler = (
        "error_handler: {type: CompositeErrorHandler, error_handlers: ["
        "{type: DefaultErrorHandler, response_filters: [{type: HttpResponseFilter, http_codes: [403], action: FAIL, "
        'error_message: "The export is gone."}]}, {type: DefaultErrorHandler}]}'
    )

    told = await read_all(by_status(server, handler))

    assert told.outcome is Outcome.FAILED
    assert "The export is gone." in told.errors


async def test_a_header_can_be_the_status(server: LoopbackServer) -> None:
    serve(
        server,
        Reply("", 404, headers={"X-State": "working"}),
        Reply("", headers={"X-State": "working"}),
        Reply("", headers={"X-State": "ready"}),
    )
    mapping = "running: [working], completed: [ready], failed: [], timeout: []"

    told = await read_all(by_status(server, mapping=mapping, path="[headers, x-state]"))

    assert told.outcome is Outcome.COMPLETE, told.errors
    assert told.records == [{"n": 1}]


async def test_a_status_in_the_body_makes_no_error_a_status(server: LoopbackServer) -> None:
    serve(server, Reply({"state": "busy"}, 403))
    mapping = "running: [busy], completed: [done], failed: [], timeout: []"

    told = await read_all(by_status(server, mapping=mapping, path="[state]"))

    assert told.outcome is Outcome.FAILED
