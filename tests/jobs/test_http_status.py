"""The HTTP status, or a header, of the answer to polling as the status of the job."""

from __future__ import annotations

import pytest

from core.events import Outcome
from core.http.exchange import Role
from tests.support.jobs_api import manifest, serve_job
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


def by_body_of_errors(server: LoopbackServer, value: str) -> str:
    mapping = "running: [not_ready], completed: [done], failed: [report_failed], timeout: []"
    extractor = "{type: DpathExtractor, field_path: [status_code]}"
    return by_status(server, mapping=mapping).replace(extractor, f'{{type: TemplateExtractor, value: "{value}"}}')


async def test_an_error_whose_body_tells_the_status_is_a_status(server: LoopbackServer) -> None:
    serve(server, Reply({"error": "not_ready"}, 400), Reply({"error": "report_failed"}, 400))

    told = await read_all(by_body_of_errors(server, "{{ 'done' if status_code == 200 else response.error }}"))

    assert told.outcome is Outcome.COMPLETE, told.errors
    assert told.records == [{"n": 1}]
    assert (told.asked(Role.CREATE), told.asked(Role.POLL)) == (2, 3)


BY_BODY = [
    "{{ 'done' if status_code == 200 else response.error }}",
    "{{ response.error if 'error' in response else 'done' if status_code == 200 }}",
]


@pytest.mark.parametrize("value", BY_BODY)
@pytest.mark.parametrize("status", [429, 500, 503])
async def test_an_error_that_passes_is_asked_about_again_whatever_its_body_tells(
    server: LoopbackServer, status: int, value: str
) -> None:
    serve(server, Reply({"error": "report_failed", "message": "overloaded"}, status, headers={"Retry-After": "1"}))

    told = await read_all(by_body_of_errors(server, value))

    assert told.outcome is Outcome.COMPLETE, told.errors
    assert told.records == [{"n": 1}]
    assert (told.asked(Role.CREATE), told.asked(Role.POLL)) == (1, 2)


@pytest.mark.parametrize("value", BY_BODY)
@pytest.mark.parametrize("error", ["not_ready", "report_failed"])
@pytest.mark.parametrize("status", [401, 403])
async def test_a_refused_poll_is_no_status_whatever_its_body_tells(
    server: LoopbackServer, status: int, error: str, value: str
) -> None:
    serve(server, Reply({"error": error, "message": "no such key"}, status))

    told = await read_all(by_body_of_errors(server, value))

    assert told.outcome is Outcome.FAILED
    assert "no such key" in told.errors
    assert (told.asked(Role.CREATE), told.asked(Role.POLL)) == (1, 1)


@pytest.mark.parametrize("status", [403, 429, 503])
async def test_a_template_may_name_the_errors_whose_bodies_tell_the_status(server: LoopbackServer, status: int) -> None:
    serve(server, Reply({"error": "not_ready"}, status, headers={"Retry-After": "9"}))

    told = await read_all(by_body_of_errors(server, f"{{{{ response.error if status_code == {status} else 'done' }}}}"))

    assert told.outcome is Outcome.COMPLETE, told.errors
    assert (told.asked(Role.CREATE), told.asked(Role.POLL)) == (1, 2)
    assert "trying again" not in told.logs


@pytest.mark.parametrize("otherwise", ["'not_ready'", "response.state"])
async def test_what_is_said_of_every_error_is_no_status(server: LoopbackServer, otherwise: str) -> None:
    serve(server, *[Reply({"error": "no such report"}, 400)] * 3)

    told = await read_all(by_body_of_errors(server, f"{{{{ 'done' if status_code == 200 else {otherwise} }}}}"))

    assert told.outcome is Outcome.FAILED
    assert "no such report" in told.errors


async def test_a_poll_that_gets_the_result_itself_may_get_any_size(
    server: LoopbackServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("core.jobs.requests.LARGEST_ANSWER", 100_000)
    rows = [{"n": number, "text": "x" * 100} for number in range(20_000)]
    serve(server, Reply("<Error/>", 403), Reply(rows), Reply(rows))

    told = await read_all(by_status(server))

    assert told.outcome is Outcome.COMPLETE, told.errors
    assert len(told.records) == 20_000
    assert (told.asked(Role.POLL), told.asked(Role.DOWNLOAD)) == (2, 1)


async def test_the_answer_that_a_status_code_comes_with_can_hold_the_targets(server: LoopbackServer) -> None:
    serve(server, Reply("", 202, headers={"X-Progress": "searching"}), Reply({"files": [{"url": server.url("/file")}]}))
    server.on("/file", Reply([{"n": 7}]))
    text = by_status(server, mapping="running: ['202'], completed: ['200'], failed: [], timeout: []")
    download = f'download_requester: {{type: HttpRequester, url: "{server.url("/result")}"}}'
    text = text.replace(
        download,
        'download_requester: {type: HttpRequester, url: "{{ download_target }}"}\n'
        "      download_target_extractor: {type: DpathExtractor, field_path: [files, '*', url]}",
    )

    told = await read_all(text)

    assert told.outcome is Outcome.COMPLETE, told.errors
    assert told.records == [{"n": 7}]


async def test_a_template_that_an_error_page_does_not_fit_hides_no_error(server: LoopbackServer) -> None:
    serve(server, Reply("<html>Sign in</html>", 401))
    text = by_status(server).replace(
        "{type: DpathExtractor, field_path: [status_code]}",
        '{type: TemplateExtractor, value: "{{ response.jobs[0].state ~ status_code }}"}',
    )

    told = await read_all(text)

    assert told.outcome is Outcome.FAILED
    assert "Polling is refused" in told.errors


TEMPLATES = {
    "the code": ("{{ status_code }}", "running: ['404'], completed: ['200'], failed: [], timeout: []"),
    "cases": ("{{ 'busy' if status_code in (403, 404) else 'ready' }}", "running: [busy], completed: [ready]"),
    "a header": ("{{ 'busy' if headers['X-Busy'] else 'ready' }}", "running: [busy], completed: [ready]"),
}


def by_template(server: LoopbackServer, name: str) -> str:
    value, mapping = TEMPLATES[name]
    text = by_status(server, mapping=mapping if "timeout" in mapping else f"{mapping}, failed: [], timeout: []")
    return text.replace(
        "{type: DpathExtractor, field_path: [status_code]}", f'{{type: TemplateExtractor, value: "{value}"}}'
    )


@pytest.mark.parametrize("name", TEMPLATES)
async def test_an_error_that_a_template_means_is_a_status(server: LoopbackServer, name: str) -> None:
    serve(server, Reply("", 404, headers={"X-Busy": "yes"}))

    told = await read_all(by_template(server, name))

    assert told.outcome is Outcome.COMPLETE, told.errors
    assert (told.asked(Role.POLL), told.records) == (2, [{"n": 1}])


@pytest.mark.parametrize("name", TEMPLATES)
async def test_an_error_that_falls_under_the_rest_of_a_template_stays_one(server: LoopbackServer, name: str) -> None:
    serve(server, Reply("", 401))

    told = await read_all(by_template(server, name))

    assert told.outcome is Outcome.FAILED
    assert "Polling is refused" in told.errors


async def test_an_error_that_passes_is_not_the_end_of_a_job_whose_template_does_not_mean_it(
    server: LoopbackServer,
) -> None:
    serve(server, Reply("", 503))

    told = await read_all(by_template(server, "cases"))

    assert told.outcome is Outcome.COMPLETE, told.errors
    assert told.asked(Role.POLL) == 2


async def test_one_request_may_create_the_job_poll_it_and_give_its_result(server: LoopbackServer) -> None:
    server.on("/jobs", Reply("", 201), Reply("", 202), Reply("", 202), Reply([{"n": 1}]))
    creation = f'{{type: HttpRequester, url: "{server.url("/jobs")}", http_method: POST}}'
    mapping = "running: ['201', '202'], completed: ['200'], failed: [], timeout: []"
    text = by_status(server, mapping=mapping)
    for role in ("polling_requester", "download_requester"):
        (line,) = [line for line in text.splitlines() if line.strip().startswith(role)]
        text = text.replace(line, f"{line.partition(':')[0]}: {creation}")

    told = await read_all(text)

    assert told.outcome is Outcome.COMPLETE, told.errors
    assert told.records == [{"n": 1}]
    assert (told.asked(Role.CREATE), told.asked(Role.POLL), told.asked(Role.DOWNLOAD)) == (1, 3, 1)


async def test_a_job_that_is_there_already_can_be_followed(server: LoopbackServer) -> None:
    serve_job(server, "running", "done", job="8f2c")
    server.on("/jobs", Reply({"detail": "The Request is a duplicate of : 8f2c"}, 425))
    named = "{{ creation_response.get('id') or creation_response['detail'].split(' : ')[1] }}"
    filters = "[{type: HttpResponseFilter, http_codes: [425], action: SUCCESS}]"
    handler = f"error_handler: {{type: DefaultErrorHandler, response_filters: {filters}}}"

    told = await read_all(manifest(server, creation=handler, polling=f"/jobs/{named}"))

    assert told.outcome is Outcome.COMPLETE, told.errors
    assert told.records == [{"n": 1}, {"n": 2}]
    assert told.asked(Role.CREATE) == 1
