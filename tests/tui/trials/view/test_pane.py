from __future__ import annotations

import pytest

from core.events import Event, JobPhase, Outcome, SliceFinished, SliceStarted
from core.http.exchange import Role
from core.jobs.statuses import JobStatus
from core.reading import Limits
from tests.tui.trials.support import (
    READY,
    STREAM,
    Gate,
    ScriptedReader,
    asked,
    batch,
    contact,
    created,
    downloaded,
    ended,
    job,
    polled,
    started,
    success,
    unmapped,
    wait,
)
from tests.tui.trials.view.scripts import (
    NO_CONTACTS,
    failed_job,
    polling,
    refused_creation,
    refused_download,
    shops_refused,
    two_partitions,
)
from tests.tui.trials.view.support import Scene, scene
from tui.trials.trial import TrialSettings
from tui.trials.trials import Subject
from tui.trials.view.details import Details
from tui.trials.view.job_area import JobArea
from tui.trials.view.notice_cards import Card
from tui.trials.view.results import Results, Selectors


async def finished(stage: Scene) -> str:
    """The screen after a trial."""
    stage.start()
    return await stage.finish()


def mapped(stage: Scene, meaning: JobStatus) -> list[object]:
    """The statuses that have a meaning in the manifest."""
    found = stage.value("retriever", "status_mapping", meaning)
    assert isinstance(found, list)
    return found


# What is shown


async def test_before_the_first_trial_every_tab_says_what_to_do() -> None:
    async with scene(ScriptedReader([])) as stage:
        for key in "12345":
            assert "Not tested yet. Press F5" in await stage.press(key)
        assert await stage.press("f5")  # the key is the shell's
        await stage.pilot.click(".trial-header--start")
        assert stage.app.started == [(STREAM, False)]


async def test_a_job_is_shown_while_it_runs() -> None:
    gate, script = polling()
    async with scene(ScriptedReader([*script, *downloaded(contact(1)), *ended(Outcome.COMPLETE, 1)])) as stage:
        stage.start()
        text = await stage.at(gate)
        assert "● testing" in text
        assert "pending → running    next poll in 4 s" in text
        assert "1 poll · limit 30 min" in text
        assert "Waiting for records…" in text
        assert "6 Other requests (2)" in text
        stage.clock.now += 3
        stage.app.controller.publish()
        assert "next poll in 1 s" in await stage.settle()
        gate.opened.set()
        text = await stage.finish()
        assert "✓ 1 record in 3.0 s" in text
        assert "user1@example.com" in text


async def test_a_refused_creation_shows_the_answer_and_leads_to_the_authenticator() -> None:
    async with scene(ScriptedReader(refused_creation()), (80, 30)) as stage:
        text = await finished(stage)
        assert "creation failed" in text
        assert "answered 401 Unauthorized" in text
        assert "1  Async Job -- Create" in text
        assert '"message": "authorization required"' in text
        await stage.press("m")
        (place,) = stage.app.fields
        assert place.path == ("retriever", "creation_requester", "authenticator")


async def test_a_refused_download_brings_its_answer_to_the_front() -> None:
    async with scene(ScriptedReader(refused_download())) as stage:
        text = await finished(stage)
        assert "✗ 404 Not Found · text/html" in text
        assert "<html>gone</html>" in text
        assert "Go to Download, API Endpoint URL" in text
        assert "6 Other requests (2)" in text
        assert "No records. Fix what is said above" in await stage.press("1")


async def test_a_card_for_each_cause_leads_to_its_field_and_to_its_request() -> None:
    async with scene(ScriptedReader(shops_refused()), sample_name="orders_paginated", stream="orders") as stage:
        text = await finished(stage)
        assert "✗ 404 Not Found · 3 of 4 partitions" in text
        assert "✗ 401 Unauthorized · shop=a" in text
        gone, refused = stage.pane.query(Card)
        text = await stage.press("x")
        assert "✗ 404 Not Found · application/json" in text
        assert stage.pane.query_one(Selectors).partition == 2
        refused.focus()
        await stage.press("m")
        assert [str(place) for place in stage.app.fields] == ["Configuration, Authenticator"]
        await stage.press("x")
        assert stage.pane.query_one(Selectors).partition == 1
        gone.focus()
        await stage.press("m")
        assert str(stage.app.fields[-1]) == "Configuration, API Endpoint URL"
        stage.pane.query_one(Results).strip.focus()
        assert "Configuration, Authenticator" in await stage.press("m")  # asks which


async def test_a_refused_request_that_gives_no_records_is_shown_below_the_results() -> None:
    async with scene(ScriptedReader(refused_creation()), (80, 24)) as stage:
        await finished(stage)
        await stage.press("6", "x")
        text = await stage.settle()
        assert stage.pane.query_one(Details).open == "others"
        assert "✗ 401 Unauthorized · application/json" in text


async def test_a_failed_job_shows_its_last_poll() -> None:
    async with scene(ScriptedReader(failed_job())) as stage:
        text = await finished(stage)
        assert "2 polls" in text
        assert "3  Async Job -- Polling 2" in text
        assert '"reason": "too many rows"' in text


async def test_no_records_lead_to_the_record_selector() -> None:
    events = [*started(), *created(), *polled(1, "ready", JobPhase.COMPLETED, READY), *NO_CONTACTS]
    async with scene(ScriptedReader([*events, *ended(Outcome.COMPLETE)])) as stage:
        text = await finished(stage)
        assert "▲ The API answered, but no record was found" in text
        assert "Go to Download, Record Selector" in text
        assert "No records. The Response tab shows what the API answered." in text


async def test_a_result_of_an_older_stream_is_marked_stale() -> None:
    async with scene(ScriptedReader(success())) as stage:
        await finished(stage)
        await stage.pane.show(Subject(STREAM, asynchronous=True, fingerprint="2"))
        assert "⟳ stale" in await stage.settle()


async def test_results_stay_with_their_stream() -> None:
    async with scene(ScriptedReader(success())) as stage:
        await finished(stage)
        await stage.pane.show(Subject("lists"))
        assert "not tested yet" in await stage.settle()
        await stage.pane.show(Subject(STREAM, asynchronous=True, fingerprint="1"))
        assert "✓ 40 records" in await stage.settle()


async def test_what_happens_while_the_pane_closes_is_not_shown_any_more() -> None:
    gate, script = polling()
    async with scene(ScriptedReader([*script, *ended(Outcome.COMPLETE)])) as stage:
        stage.start()
        await stage.at(gate)
        await stage.pane.remove()
        await stage.pane.show(Subject(STREAM, fingerprint="undone"))
        await stage.pane.catch_up()
        stage.pane.show_case(None)
        assert not stage.pane.has_records
        gate.opened.set()
        await stage.app.controller.wait(10)


async def test_a_trial_that_reaches_a_limit_says_which() -> None:
    events = [*started(), *(batch(contact(number)) for number in range(3)), *ended(Outcome.LIMITED, 3)]
    async with scene(ScriptedReader(events)) as stage:
        stage.app.controller.settings[STREAM] = TrialSettings(Limits(records=3))
        assert "The test ended at its limit of 3 records; there is more." in await finished(stage)


# Cancelling


async def test_cancelling_shows_at_once_and_reports_what_it_did() -> None:
    gate, script = polling()
    stop = [asked(Role.ABORT, 200), job(JobPhase.ABORTED, 1, "pending"), *ended(Outcome.CANCELLED)]
    hanging = Gate()
    reader = ScriptedReader(script, stop)
    async with scene(reader) as stage:
        stage.start()
        await stage.at(gate)
        reader.cancel = hanging.opened.set  # type: ignore[method-assign]  # the abort takes its time
        assert "■ cancelling…" in await stage.press("escape")
        reader.cancelled.set()
        text = await stage.finish()
        assert "■ cancelled after" in text
        assert "1 job was aborted on the server." in " ".join(text.split())
        assert "6 Other requests (3)" in text


async def test_a_second_escape_does_not_wait_for_the_end() -> None:
    gate, script = polling()
    reader = ScriptedReader(script)
    reader.cancel = lambda: None  # type: ignore[method-assign]  # nothing ever answers
    async with scene(reader) as stage:
        stage.start()
        await stage.at(gate)
        text = await stage.press("escape", "escape")
        assert "■ cancelled" in text
        assert "left without" in text


# Statuses


async def test_one_key_maps_an_unmapped_status_and_the_job_goes_on() -> None:
    gate = Gate()
    before = [*started(), *created(), asked(Role.POLL, 200, '{"status": "queued"}'), unmapped("queued")]
    after = [*polled(2, "ready", JobPhase.COMPLETED, READY), *downloaded(contact(1)), *ended(Outcome.COMPLETE, 1)]
    reader = ScriptedReader([*before, job(JobPhase.RUNNING, 1, "queued"), wait(4, 1), gate, *after])
    async with scene(reader) as stage:
        stage.start()
        text = await stage.at(gate)
        assert "reports the status “queued” at `status`" in text
        assert "queued → not mapped" in text
        stage.clock.now += 1
        text = await stage.press("r")
        assert "queued → running" in text
        assert "What does it mean?" not in text
        assert reader.mapped == [(STREAM, "queued", JobStatus.RUNNING)]
        assert "queued" in mapped(stage, JobStatus.RUNNING)
        gate.opened.set()
        assert "✓ 1 record" in await stage.finish()


async def test_the_question_can_be_answered_with_the_mouse() -> None:
    gate = Gate()
    async with scene(ScriptedReader([*started(), *created(), unmapped("odd"), gate])) as stage:
        stage.start()
        lines = (await stage.at(gate)).split("\n")
        row = next(y for y, line in enumerate(lines) if "Timeout" in line)
        stage.clock.now += 1
        await stage.pilot.click(offset=(lines[row].index("Timeout") + 2, row))
        await stage.pilot.pause()
        assert "odd" in mapped(stage, JobStatus.TIMEOUT)
        gate.opened.set()


async def test_a_question_stays_while_the_job_moves_on_to_another_unmapped_status() -> None:
    first, second = Gate(), Gate()
    before = [*started(), *created(), unmapped("queued"), *polled(1, "queued", JobPhase.RUNNING)]
    reader = ScriptedReader([*before, first, unmapped("ready"), *polled(2, "ready", JobPhase.RUNNING), second])
    async with scene(reader) as stage:
        stage.start()
        assert "the status “queued”" in await stage.at(first)
        stage.clock.now += 1
        first.opened.set()
        text = await stage.at(second)
        assert "ready → not mapped" in text
        assert "reported the status “queued”" in text
        assert "another status by now" in " ".join(text.split()).replace("█ ", "")
        text = await stage.press("r", "r")
        assert "the status “ready”" in text, "the second key came too early to be an answer to it"
        assert reader.mapped == [(STREAM, "queued", JobStatus.RUNNING)]
        stage.clock.now += 1
        await stage.press("c")
        assert reader.mapped[1:] == [(STREAM, "ready", JobStatus.COMPLETED)]
        second.opened.set()


async def test_a_key_pressed_before_a_question_can_be_read_is_no_answer() -> None:
    gate = Gate()
    async with scene(ScriptedReader([*started(), *created(), unmapped("odd"), gate])) as stage:
        stage.start()
        await stage.at(gate)
        stage.clock.now += 0.2
        await stage.press("f")
        assert "odd" not in mapped(stage, JobStatus.FAILED)
        stage.clock.now += 0.4
        await stage.press("f")
        assert "odd" in mapped(stage, JobStatus.FAILED)
        gate.opened.set()


async def test_a_new_trial_asks_a_new_question() -> None:
    script = [*started(), *created(), unmapped("odd"), *ended(Outcome.FAILED, error="It took too long.")]
    async with scene(ScriptedReader(script)) as stage:
        await finished(stage)
        stage.clock.now += 1
        assert "the status “odd”" in await finished(stage)
        await stage.press("f")
        assert "odd" not in mapped(stage, JobStatus.FAILED)


# Other requests


async def test_the_other_requests_are_listed_and_shown_one_by_one() -> None:
    async with scene(ScriptedReader(success())) as stage:
        await finished(stage)
        text = await stage.press("6")
        assert "3  Async Job -- Polling 2" in text
        assert "✓ 200  ready → completed" in text
        text = await stage.press("enter")
        assert "1  Async Job -- Create" in text
        assert "2  Async Job -- Polling 1" in text
        assert "pending → running" in text
        await stage.press("escape")
        assert '"status": "pending"' in await stage.press("comma")
        await stage.press("comma", "tab", "left")
        assert "POST /v3/exports HTTP/1.1" in await stage.settle()
        assert "Authorization: Bearer ****" in await stage.settle()


async def test_only_the_requests_of_the_chosen_partition_and_the_global_ones_are_listed() -> None:
    async with scene(ScriptedReader(two_partitions()), (100, 40)) as stage:
        text = await finished(stage)
        assert "2 partitions:  ✓ 2 done" in text
        assert "Records 4" in text
        assert "6 Other requests (5)" in text
        await stage.press("p", "down", "down", "enter")
        text = await stage.settle()
        assert "2  list=b" in text
        assert "c010" in text
        assert "c000" not in text
        assert "6 Other requests (3)" in text
        await stage.press("6", "enter")
        text = await stage.settle()
        assert "Refresh token" in text
        assert "4  Async Job -- Create" in text
        assert "1  Async Job -- Create" not in text


async def test_a_partition_is_opened_from_the_chart_by_key_and_by_mouse() -> None:
    async with scene(ScriptedReader(two_partitions()), (100, 40)) as stage:
        await finished(stage)
        jobs = stage.app.query_one(JobArea)
        jobs.focus()
        await stage.press("down", "enter")
        text = await stage.settle()
        assert "ready  download ███" in text
        assert "c010" in text
        assert "c000" not in text
        await stage.press("enter")
        assert "2 partitions:  ✓ 2 done" in await stage.settle()
        await stage.pilot.click(JobArea, offset=(30, 0))
        text = await stage.settle()
        assert "c000" in text
        assert "c010" not in text


async def test_records_have_the_room_on_a_low_screen() -> None:
    failed: list[Event] = [SliceStarted(stream=STREAM, slice={"list": "c"}), *created({"list": "c"})]
    error = "GET https://api/orders answered 404 Not Found. " + "Check the URL, and the path that follows it. " * 5
    failed.append(SliceFinished(stream=STREAM, slice={"list": "c"}, outcome=Outcome.FAILED, records=0, error=error))
    *events, end = two_partitions()
    async with scene(ScriptedReader([*events, *failed, end]), (60, 17)) as stage:
        text = await finished(stage)
        assert "3 partitions:  ✓ 2 done  1 failed" in text
        assert "404 Not Found" in text
        assert all(f"c00{row}" in text for row in (0, 1))
        assert "c010" in text
        assert "c011" in text
        assert "◆" not in text
        stage.app.query_one(JobArea).focus()
        assert "✗" in await stage.settle()


async def test_the_jobs_take_two_lines_where_there_are_few() -> None:
    async with scene(ScriptedReader(two_partitions()), (80, 24)) as stage:
        await finished(stage)
        assert stage.app.query_one(JobArea).size.height == 2
    async with scene(ScriptedReader(success()), (60, 20)) as stage:
        await finished(stage)
        assert stage.app.query_one(JobArea).size.height == 2


@pytest.mark.parametrize(
    ("width", "shown"),
    [
        (120, "northern-europe-and-the-baltics, 2024-01-01 → 2024-01-07 ✓"),
        (60, "northern-e…2024-01-07 ✓"),
    ],
)
async def test_names_of_partitions_are_shortened_only_where_there_is_no_room(width: int, shown: str) -> None:
    region = {"region": "northern-europe-and-the-baltics"}
    weeks = [
        {**region, "start_time": "2024-01-01", "end_time": "2024-01-07"},
        {**region, "start_time": "2024-01-08", "end_time": "x"},
    ]
    events = [one for week in weeks for one in (*created(week), *polled(1, "pending", JobPhase.RUNNING, slice_=week))]
    async with scene(ScriptedReader([*started(weeks[0]), *events, *ended(Outcome.COMPLETE)]), (width, 40)) as stage:
        assert shown in await finished(stage)


async def test_a_chosen_request_stays_while_others_arrive() -> None:
    gate, script = polling()
    rest = [*polled(2, "ready", JobPhase.COMPLETED, READY), *downloaded(contact(1)), *ended(Outcome.COMPLETE, 1)]
    async with scene(ScriptedReader([*script, *rest])) as stage:
        stage.start()
        await stage.at(gate)
        await stage.press("6", "left")
        gate.opened.set()
        assert "1  Async Job -- Create" in await stage.finish()


async def test_a_cancelled_request_is_not_shown_as_failed() -> None:
    gate, script = polling()
    cancelled = asked(Role.POLL, None, error="cancelled", response_size=None)
    stop = [cancelled, asked(Role.ABORT, 200), job(JobPhase.ABORTED, 1, "pending"), *ended(Outcome.CANCELLED)]
    async with scene(ScriptedReader(script, stop)) as stage:
        stage.start()
        await stage.at(gate)
        await stage.press("escape")
        await stage.finish()
        await stage.press("6")
        text = await stage.press("enter")
        assert "■ cancelled" in text
        assert "✗" not in text


async def test_the_first_request_that_failed_for_good_is_shown_after_a_trial() -> None:
    events = [
        *started(),
        job(JobPhase.CREATING, job_id=None),
        asked(Role.AUTH, 503, "later", url="https://login", slice_=None),
        asked(Role.AUTH, 200, "{}", url="https://login", attempt=2, slice_=None),
        asked(Role.CREATE, 401, '{"reason": "who are you"}'),
        asked(Role.CREATE, None, error="cancelled", response_size=None),
        *ended(Outcome.FAILED, error="It answered 401."),
    ]
    async with scene(ScriptedReader(events), (100, 40)) as stage:
        assert "who are you" in await finished(stage)


async def test_a_truncated_body_says_where_it_ends() -> None:
    for body, kind in (('{"a": [1, 2, 3', "application/json"), ("a,b\n1,2\n3", "text/csv")):
        answer = asked(Role.DOWNLOAD, 200, body, cut=True, response_headers=(("Content-Type", kind),))
        events = [*started(), answer, *ended(Outcome.COMPLETE)]
        async with scene(ScriptedReader(events)) as stage:
            await finished(stage)
            await stage.press("3")
            assert "… cut here" in await stage.settle()


async def test_errors_name_fields_as_the_form_does_and_lead_to_them() -> None:
    text = "Nothing is found: `download_target_extractor` needs a path."
    script = [
        *started(),
        *created(),
        *polled(1, "ready", JobPhase.COMPLETED, READY),
        *ended(Outcome.FAILED, error=text),
    ]
    async with scene(ScriptedReader(script), (120, 40)) as stage:
        shown = await finished(stage)
        assert "“Download Target Extractor” needs a path" in shown
        assert "Go to Polling, Download Target Extractor" in shown
        await stage.press("m")
        (place,) = stage.app.fields
        assert place.path == ("retriever", "download_target_extractor")
