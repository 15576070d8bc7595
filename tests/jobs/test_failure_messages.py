"""What people are told of a job that fails: which one it is, how it stood, what the API said, and each cause once."""

from __future__ import annotations

import pytest

from core.events import JobChanged, JobPhase, Log, Outcome, SliceFinished
from core.levels import Level
from core.wording import keys_named
from tests.support.jobs_api import ABORT, manifest, serve_job
from tests.support.reading import Told, read_all
from tests.support.server import Asked, LoopbackServer, Reply

BODY = "request_body: {type: RequestBodyJsonObject, value: {x: \"{{ stream_partition['x'] }}\"}}"
PAGE = Reply("<html><title>Maintenance</title></html>", 200, {"Content-Type": "text/html"})


def slices(names: str) -> str:
    return f"partition_router: {{type: ListPartitionRouter, values: [{', '.join(names)}], cursor_field: x}}"


def serve_slices(server: LoopbackServer, names: str, failing: str, reply: Reply, phase: str = "download") -> None:
    """A job for each slice, of which some get `reply` in a phase: `poll`, `target` or `download`."""
    server.on("/jobs", lambda asked: Reply({"id": f"job-{asked.json['x']}"}))
    for name in names:
        fails = name in failing
        done = Reply({"state": "done", "url": server.url(f"/result/{name}")})
        server.on(f"/jobs/job-{name}", reply if fails and phase == "poll" else done)
        server.on(f"/files/job-{name}", reply if fails and phase == "target" else done)
        server.on(f"/result/{name}", reply if fails and phase == "download" else Reply([{"x": name}]))


TARGETS = 'download_target_requester: {type: HttpRequester, url: "%s/files/{{ creation_response.id }}"}'


@pytest.mark.parametrize(
    ("reply", "phase", "words"),
    [
        (PAGE, "download", ["GET", "/result/b", "an HTML page titled “Maintenance”", "last status `done`"]),
        (Reply("no such file", 400), "download", ["/result/b answered 400", "no such file"]),
        (PAGE, "target", ["/files/job-b", "an HTML page titled “Maintenance”", "mapped as completed"]),
        (Reply({"message": "gone"}, 422), "target", ["/files/job-b answered 422", "gone"]),
        (Reply({"files": 1}), "target", ["/files/job-b", "holds the keys files"]),
        (Reply({"state": "broken", "error": "disk is full"}), "poll", ["last status `broken`", "disk is full"]),
        (Reply({"state": "broken", "message": "OK", "data": {"message": "no rights"}}), "poll", ["says: no rights."]),
    ],
)
async def test_a_failure_behind_the_creation_names_the_slice_the_job_and_the_request(
    server: LoopbackServer, reply: Reply, phase: str, words: list[str]
) -> None:
    serve_slices(server, "abc", "b", reply, phase)
    retriever = slices("abc") + (f"\n{TARGETS % server.url()}" if phase == "target" else "")

    told = await read_all(manifest(server, retriever=retriever, creation=BODY))

    assert told.outcome is Outcome.FAILED
    assert sorted(record["x"] for record in told.records) == ["a", "c"]
    (error,) = told.end.errors
    for word in ["Stream `exports`", "slice x=b", "job `job-b`", *words]:
        assert word in error, error


async def test_a_cause_that_several_slices_share_is_one_error(server: LoopbackServer) -> None:
    serve_slices(server, "abcde", "bcde", PAGE)

    told = await read_all(manifest(server, retriever=slices("abcde"), creation=BODY))

    (error,) = told.end.errors
    assert "4 of 5 slices: x=" in error
    failed = [event for event in told.of(SliceFinished) if event.outcome is Outcome.FAILED]
    assert [event.like for event in failed] == [None, *[failed[0].slice] * 3]
    assert all(event.error for event in failed)


async def test_different_causes_stay_different_errors(server: LoopbackServer) -> None:
    serve_slices(server, "abc", "b", PAGE)
    server.on("/result/c", Reply("no such file", 400))

    told = await read_all(manifest(server, retriever=slices("abc"), creation=BODY))

    assert len(told.end.errors) == 2


@pytest.mark.parametrize(
    ("state", "words"),
    [("busy", "last status `busy`, mapped as running"), ("odd", "last status `odd`, which is not mapped")],
)
async def test_a_time_out_names_the_last_status_and_its_meaning(server: LoopbackServer, state: str, words: str) -> None:
    serve_job(server, state)
    text = manifest(server, retriever=f"polling_job_timeout: 0.001\npolling_interval: 0.01\n{ABORT % server.url()}")

    told = await read_all(text)

    assert "timed out" in told.errors
    assert words in told.errors
    timed_out = [event for event in told.of(JobChanged) if event.phase is JobPhase.TIMED_OUT]
    assert all(words in (event.detail or "") for event in timed_out)


async def test_a_retry_says_why(server: LoopbackServer) -> None:
    serve_job(server, "broken")
    server.on("/jobs/j1", Reply({"state": "broken", "message": "disk on fire"}), Reply({"state": "empty"}))

    told = await read_all(manifest(server))

    assert told.outcome is Outcome.COMPLETE
    (warning,) = [log.message for log in told.of(Log) if log.level is Level.WARNING]
    for word in ("failed", "`j1`", "last status `broken`, mapped as failed", "disk on fire", "2 more of 3 attempts"):
        assert word in warning


async def test_a_creation_that_fails_is_not_described_by_the_job_before(server: LoopbackServer) -> None:
    serve_job(server, "broken")
    server.on("/jobs", Reply({"id": "j1"}), Reply({"message": "quota is used up"}, 400))

    told = await read_all(manifest(server))

    assert "given up after 2 attempts" in told.errors
    assert "quota is used up" in told.errors
    assert "last status" not in told.errors
    assert "Stream `exports`: given up" in told.errors
    assert "The job `j1` before it" in told.errors
    second = [event for event in told.of(JobChanged) if event.attempt == 2]
    assert second
    assert {(event.job_id, event.api_status, event.polls) for event in second} == {(None, None, 0)}


async def test_a_job_created_again_for_its_download_is_reported_as_a_new_one(server: LoopbackServer) -> None:
    ids = iter(("j1", "j2"))
    server.on("/jobs", lambda _: Reply({"id": next(ids)}))
    for job in ("j1", "j2"):
        server.on(f"/jobs/{job}", Reply({"state": "done", "url": server.url(f"/{job}")}))
    server.on("/j1", Reply("gone", 410))
    server.on("/j2", Reply([{"n": 1}]))

    told = await read_all(manifest(server))

    assert told.records == [{"n": 1}]
    waiting = [event for event in told.of(JobChanged) if event.phase is JobPhase.WAITING]
    assert [event.job_id for event in waiting] == [None, None]
    assert {event.job_id for event in told.of(JobChanged) if event.attempt == 2} == {None, "j2"}


async def test_an_answer_that_is_no_error_and_is_to_be_ignored_is_explained_once(server: LoopbackServer) -> None:
    serve_job(server, "busy", "busy", "done")
    handler = (
        "{type: DefaultErrorHandler, response_filters: [{type: HttpResponseFilter, http_codes: [200], action: IGNORE}]}"
    )
    text = manifest(server).replace("/jobs/{{ creation_response['id'] }}\"}", f'/jobs/j1", error_handler: {handler}}}')

    told = await read_all(text)

    assert told.outcome is Outcome.COMPLETE
    (warning,) = [log.message for log in told.of(Log) if log.level is Level.WARNING]
    assert "ignore" in warning
    assert "200 OK" in warning
    assert "400 and above" in warning


async def test_slices_go_on_when_their_listing_fails(server: LoopbackServer) -> None:
    serve_slices(server, "ab", "", PAGE)
    server.on("/parents", Reply([{"x": "a"}, {"x": "b"}], headers={"Link": f'<{server.url("/more")}>; rel="next"'}))
    server.on("/more", Reply("no", 400))
    parent = f"""
partition_router:
  type: SubstreamPartitionRouter
  parent_stream_configs:
    - type: ParentStreamConfig
      parent_key: x
      partition_field: x
      stream:
        type: DeclarativeStream
        name: parents
        retriever:
          type: SimpleRetriever
          requester: {{type: HttpRequester, url: "{server.url("/parents")}"}}
          paginator:
            type: DefaultPaginator
            page_token_option: {{type: RequestPath}}
            pagination_strategy: {{type: CursorPagination, cursor_value: "{{{{ headers['link'].next.url }}}}"}}
          record_selector: {{type: RecordSelector, extractor: {{type: DpathExtractor, field_path: []}}}}
"""
    told: Told = await read_all(manifest(server, retriever=parent, creation=BODY))

    assert told.outcome is Outcome.FAILED
    assert sorted(record["x"] for record in told.records) == ["a", "b"]
    assert "parents" in told.errors


async def test_a_known_fault_of_one_target_names_it(server: LoopbackServer) -> None:
    def create(_asked: Asked) -> Reply:
        return Reply({"id": "j1"})

    server.on("/jobs", create)
    server.on("/jobs/j1", Reply({"state": "done", "url": [server.url("/good"), server.url("/bad")]}))
    server.on("/good", Reply([{"n": 1}]))
    server.on("/bad", PAGE)

    told = await read_all(manifest(server))

    assert "Expected a JSON document" in told.errors
    assert "/bad." in told.errors


@pytest.mark.parametrize("phase", ["poll", "download"])
async def test_what_the_api_quotes_in_backticks_is_no_field_of_the_manifest(server: LoopbackServer, phase: str) -> None:
    refused = Reply(
        {"state": "broken", "error": "set the `primary_key` of `my_table`"}, 400 if phase == "download" else 200
    )
    serve_slices(server, "a", "a", refused, phase)

    told = await read_all(manifest(server, retriever=slices("a"), creation=BODY))

    (error,) = told.end.errors
    assert "set the 'primary_key' of 'my_table'" in error
    assert "primary_key" not in keys_named(error)
