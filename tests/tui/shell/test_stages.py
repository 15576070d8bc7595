"""A stream of jobs is built stage by stage: each can be tried before the next is described, on the same job."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pytest

from core.events import Outcome, Stage
from core.http.exchange import Role
from tests.support.jobs_api import ABORT, manifest, serve_job
from tests.support.server import LoopbackServer, Reply
from tests.tui.shell.support import Shell, opened
from tui.model.inputs import Input
from tui.model.streams import StreamKind
from tui.trials.trial import Trial
from tui.trials.view.results import Results
from tui.trials.view.status_question import StatusQuestion

RETRIEVER = ("streams", 0, "retriever")
CREATION_URL = (*RETRIEVER, "creation_requester", "url")
POLLING_URL = (*RETRIEVER, "polling_requester", "url")
STATUS_PATH = (*RETRIEVER, "status_extractor", "field_path")
COMPLETED = (*RETRIEVER, "status_mapping", "completed")
TARGET_PATH = (*RETRIEVER, "download_target_extractor", "field_path")


def roles(trial: Trial) -> list[Role]:
    return [entry.head.role for entry in trial.exchanges.entries]


async def after(shell: Shell, key: str) -> Trial:
    """Press a key that starts a test, and wait for the end of that test."""
    before = shell.run("exports")
    await shell.press(key)
    await shell.until(lambda: shell.run("exports") is not before, "a test")
    trial = await shell.tested("exports")
    await shell.settled()
    return trial


def _is_another(shell: Shell, before: Trial | None) -> bool:
    return shell.run("exports") is not before


def _is_asked_for(trial: Trial, status: str, expected: bool) -> bool:
    return (status in trial.state.unmapped) == expected


async def with_new_stream(shell: Shell, server: LoopbackServer) -> None:
    shell.session.streams.add("exports", StreamKind.ASYNC)
    shell.session.set(CREATION_URL, server.url("/jobs"))
    await shell.checked()
    await shell.go_to(*CREATION_URL)


async def write(shell: Shell, *edits: tuple[tuple[str | int, ...], object]) -> None:
    for path, value in edits:
        shell.session.set(path, value)
    await shell.checked()
    await shell.go_to(*edits[0][0])


@pytest.fixture
def saved(server: LoopbackServer, tmp_path: Path) -> Path:
    path = tmp_path / "exports.yaml"
    path.write_text(manifest(server, retriever=f"polling_interval: 0.05\n{ABORT % server.url()}"))
    return path


async def test_a_stream_is_built_from_nothing_stage_by_stage_with_one_job(server: LoopbackServer) -> None:
    serve_job(server, "busy", "done")
    async with opened() as shell:
        await with_new_stream(shell, server)
        created = await after(shell, "f4")
        assert (created.state.outcome, roles(created)) == (Outcome.LIMITED, [Role.CREATE])
        results = shell.app.screen.query_one(Results)
        assert results.strip.active == "response"
        assert "j1" in str(shell.text)

        await write(shell, (POLLING_URL, f"{server.url()}/jobs/{{{{ creation_response['id'] }}}}"))
        polled = await after(shell, "f4")
        assert roles(polled) == [Role.POLL]
        assert "busy" in shell.text
        assert polled.state.missing is not None  # there is no path to the status yet

        await write(shell, (STATUS_PATH, ["state"]), (COMPLETED, ["done"]))
        polled = await after(shell, "f4")
        assert (roles(polled), polled.state.partitions[0].meaning) == ([Role.POLL], "completed")

        await write(shell, ((*RETRIEVER, "download_requester", "http_method"), "GET"), (TARGET_PATH, ["url"]))
        downloaded = await after(shell, "f4")
        assert (downloaded.state.outcome, downloaded.state.records) == (Outcome.COMPLETE, 2)
        assert roles(downloaded) == [Role.DOWNLOAD]
        assert len(server.to("/jobs")) == 1


async def test_the_whole_test_runs_up_to_the_first_stage_that_is_not_described(server: LoopbackServer) -> None:
    serve_job(server, "busy", "done")
    async with opened() as shell:
        await with_new_stream(shell, server)
        trial = await after(shell, "f5")
        assert roles(trial) == [Role.CREATE]
        await shell.until_shown("Tested up to the creation: the polling is not described yet.")
        assert [one.path for one in shell.session.problems() if one.is_error] == []  # nobody nags about polling yet

        polling = f"{server.url()}/jobs/{{{{ creation_response['id'] }}}}"
        await write(shell, (POLLING_URL, polling), (STATUS_PATH, ["state"]), (COMPLETED, ["done"]))
        shell.session.set((*RETRIEVER, "polling_interval"), 0.05)
        await shell.checked()
        trial = await after(shell, "f5")
        assert roles(trial) == [Role.CREATE, Role.POLL, Role.POLL]
        await shell.until_shown("Tested up to the polling: the download is not described yet.")

        await write(shell, (TARGET_PATH, ["url"]))
        trial = await after(shell, "f5")
        assert (trial.state.outcome, trial.state.records) == (Outcome.COMPLETE, 2)


async def test_mistakes_of_later_stages_do_not_stop_an_earlier_one(server: LoopbackServer, saved: Path) -> None:
    serve_job(server, "done")
    async with opened(saved) as shell:
        shell.session.set((*RETRIEVER, "record_selector", "extractor", "field_path"), 5)
        shell.session.unset((*RETRIEVER, "status_mapping"))
        await shell.checked()
        trial = await after(shell, "f5")
        assert roles(trial) == [Role.CREATE]
        await shell.press("m")
        await shell.until(lambda: shell.field == (*RETRIEVER, "status_mapping"))


async def test_the_way_on_leads_to_the_field_that_is_still_missing(server: LoopbackServer) -> None:
    """The URL of the polling is filled in, and that of the download is so in any new stream."""
    serve_job(server, "done")
    polling = f"{server.url()}/jobs/{{{{ creation_response['id'] }}}}"
    async with opened() as shell:
        await with_new_stream(shell, server)
        await after(shell, "f5")
        await shell.press("m")
        await shell.until(lambda: shell.field == POLLING_URL)
        await write(shell, (POLLING_URL, polling))
        await after(shell, "f5")
        await shell.press("m")
        await shell.until(lambda: shell.field == STATUS_PATH)
        await write(shell, (STATUS_PATH, ["state"]), (COMPLETED, ["done"]))
        await after(shell, "f5")
        await shell.until_shown("Go to Polling, Download Target Extractor")
        await shell.press("m")
        await shell.until(lambda: shell.field == TARGET_PATH)


async def test_the_creation_itself_must_be_right(server: LoopbackServer, saved: Path) -> None:
    async with opened(saved) as shell:
        shell.session.unset(CREATION_URL)
        await shell.press("f4")
        await shell.until_said("Fix this first")
        assert shell.field == CREATION_URL
        assert shell.run("exports") is None


async def test_polling_alone_needs_a_job(server: LoopbackServer, saved: Path) -> None:
    async with opened(saved) as shell:
        await shell.go_to(*POLLING_URL)
        await shell.press("f4")
        await shell.until_said("There is no job yet")
        assert server.asked == []


async def test_the_commands_test_a_stage_from_anywhere(server: LoopbackServer, saved: Path) -> None:
    serve_job(server, "done")
    async with opened(saved) as shell:
        for stage, role in zip(Stage, (Role.CREATE, Role.POLL, Role.DOWNLOAD), strict=True):
            before = shell.run("exports")
            await shell.perform(f"test.{stage.lower()}")
            await shell.until(partial(_is_another, shell, before))
            assert roles(await shell.tested("exports")) == [role]


async def test_a_job_that_was_kept_is_aborted_when_another_is_created(server: LoopbackServer, saved: Path) -> None:
    serve_job(server, "done")
    async with opened(saved) as shell:
        await after(shell, "f4")
        again = await after(shell, "f4")
        assert roles(again) == [Role.ABORT, Role.CREATE]
        assert len(again.state.partitions) == 1
        whole = await after(shell, "f5")
        assert roles(whole) == [Role.ABORT, Role.CREATE, Role.POLL, Role.DOWNLOAD]


async def test_a_job_that_was_kept_is_aborted_when_the_builder_closes(server: LoopbackServer, saved: Path) -> None:
    serve_job(server, "busy")
    async with opened(saved) as shell:
        await after(shell, "f4")
        assert server.to("/jobs/j1/abort") == []
        await shell.builder.trials.close(5)
        assert len(server.to("/jobs/j1/abort")) == 1


async def test_a_job_that_was_kept_is_aborted_as_the_stream_says_when_the_builder_closes(
    server: LoopbackServer, saved: Path
) -> None:
    """The abort request was described after the test, and the stream was renamed; the download is not right yet."""
    serve_job(server, "busy")
    saved.write_text(manifest(server))
    abort = {"type": "HttpRequester", "url": f"{server.url()}/jobs/{{{{ creation_response['id'] }}}}/abort"}
    async with opened(saved) as shell:
        await after(shell, "f4")
        shell.session.set((*RETRIEVER, "abort_requester"), abort)
        shell.session.unset((*RETRIEVER, "record_selector"))
        shell.session.streams.rename(0, "renamed")
        await shell.checked()
        await shell.builder.trials.close(5)
        assert len(server.to("/jobs/j1/abort")) == 1


async def test_a_test_of_one_stage_does_not_count_as_a_test_of_the_stream(server: LoopbackServer, saved: Path) -> None:
    serve_job(server, "done")
    async with opened(saved) as shell:
        await after(shell, "f4")
        assert shell.session.trial_marks.get("exports") is None
        await after(shell, "f5")
        assert shell.session.trial_marks.get("exports") is not None


async def test_the_answer_to_the_creation_can_be_picked_from(server: LoopbackServer) -> None:
    serve_job(server, "busy")
    async with opened() as shell:
        await with_new_stream(shell, server)
        await after(shell, "f4")
        await shell.press("3", "down", "enter")
        await shell.until_dialog("ChoiceDialog")
        assert "Use id for" in shell.text


async def test_a_status_that_is_mapped_in_the_form_counts_for_the_running_test(
    server: LoopbackServer, saved: Path
) -> None:
    serve_job(server, "odd")
    async with opened(saved) as shell:
        await shell.press("f5")
        await shell.until(lambda: (run := shell.run("exports")) is not None and "odd" in run.state.unmapped)
        await shell.go_to(*RETRIEVER, "status_mapping")
        shell.session.set(COMPLETED, ["done", "odd"])
        trial = await shell.tested("exports")
        assert (trial.state.outcome, trial.state.records) == (Outcome.COMPLETE, 2)
        assert trial.state.unmapped == {}
        assert not is_stale(shell)


async def test_a_status_that_is_taken_out_of_the_mapping_means_nothing_to_the_running_test_any_more(
    server: LoopbackServer, saved: Path
) -> None:
    serve_job(server, "busy")
    async with opened(saved) as shell:
        await shell.press("f5")
        await shell.until(lambda: (run := shell.run("exports")) is not None and run.state.partitions[0].polls)
        trial = shell.run("exports")
        assert trial is not None
        assert trial.state.unmapped == {}
        for running in ([], ["busy"], []):  # undone and done again
            shell.session.set((*RETRIEVER, "status_mapping", "running"), running)
            await shell.until(partial(_is_asked_for, trial, "busy", not running))
            assert not is_stale(shell)
        shell.session.set(TARGET_PATH, ["link"])
        assert is_stale(shell)


def is_stale(shell: Shell) -> bool:
    """Whether the stream is not what was tested any more."""
    trial = shell.run("exports")
    subject = shell.builder.trials.subject(0)
    assert trial is not None
    return trial.state.fingerprint != subject.fingerprint


async def test_a_status_that_is_not_mapped_is_not_said_to_mean_anything(server: LoopbackServer, saved: Path) -> None:
    serve_job(server, "odd")
    async with opened(saved) as shell:
        await after(shell, "f4")
        await shell.go_to(*POLLING_URL)
        await after(shell, "f4")
        await shell.until_shown("Its status “odd” is not in the status mapping.")
        assert "cut at the limit" not in shell.text


async def test_a_stage_is_tested_after_an_input_was_given_for_it(server: LoopbackServer, saved: Path) -> None:
    serve_job(server, "busy")
    async with opened(saved) as shell:
        shell.session.inputs.add(Input("token", required=True))
        shell.session.set(CREATION_URL, server.url("/jobs?token={{ config['token'] }}"))
        await shell.checked()
        await shell.press("f4")
        await shell.until_said("Fix this first")
        await shell.until(lambda: shell.builder.editor.stream_form is None)
        shell.session.inputs.set_value("token", "t")
        trial = await after(shell, "f4")
        assert roles(trial) == [Role.CREATE]


async def test_the_remark_about_a_missing_status_leads_to_the_field_that_lists_what_was_seen(
    server: LoopbackServer, saved: Path
) -> None:
    serve_job(server, "busy")
    async with opened(saved) as shell:
        shell.session.set(STATUS_PATH, ["status"])
        await shell.checked()
        await after(shell, "f4")
        await shell.go_to(*POLLING_URL)
        await after(shell, "f4")
        await shell.press("m")
        await shell.until_dialog("ChoiceDialog")
        await shell.press("enter")
        await shell.until(lambda: shell.field == STATUS_PATH)
        await shell.until_shown("F9 lists 2 suggestions.")


async def test_a_field_without_suggestions_does_not_speak_of_a_list(server: LoopbackServer, saved: Path) -> None:
    async with opened(saved) as shell:
        await shell.go_to(*STATUS_PATH)
        await shell.until_shown("The keys that lead there")
        assert "F9 lists" not in shell.text


async def test_the_key_of_a_stage_is_not_shown_where_there_is_no_stream() -> None:
    async with opened() as shell:
        await shell.until_shown("Build a connector")
        await shell.until(lambda: "F4" not in shell.lines[-1])
        assert "F5 Test" in shell.lines[-1]


async def test_only_what_can_be_a_status_is_offered_for_it(server: LoopbackServer, saved: Path) -> None:
    async with opened(saved) as shell:
        await shell.go_to(*RETRIEVER, "status_extractor")
        await shell.press("enter")
        await shell.until_dialog("ChoiceDialog")
        assert "Field path" in shell.text
        assert "Table" not in shell.text


async def test_the_meaning_that_the_name_of_a_status_suggests_is_confirmed_with_one_key(
    server: LoopbackServer, saved: Path
) -> None:
    serve_job(server, "SUCCEEDED")
    async with opened(saved) as shell:
        await after(shell, "f4")
        await shell.go_to(*POLLING_URL)
        await after(shell, "f4")
        await shell.until_shown("Completed?")
        await shell.until(lambda: shell.app.screen.query_one(StatusQuestion).takes_answers)
        await shell.press("enter")
        await shell.until(lambda: shell.session.value(COMPLETED) == ["done", "SUCCEEDED"])
        await shell.until_shown("means completed")


async def offered(shell: Shell, *path: str | int) -> list[str]:
    """The lines of the list that a field offers."""
    await shell.go_to(*path)
    await shell.press("f9")
    await shell.until_dialog("ChoiceDialog")
    lines = shell.lines
    await shell.press("escape")
    await shell.until(lambda: shell.dialog is None)
    return lines


def first(lines: list[str], *words: str) -> str:
    """Which of the words comes first on the screen."""
    return min(words, key=lambda word: next((at for at, line in enumerate(lines) if word in line), len(lines)))


async def test_what_was_seen_is_offered_where_it_is_wanted(server: LoopbackServer) -> None:
    server.on("/jobs", Reply({"owner": "ann", "job_id": "j1"}, 201))
    server.on("/jobs/j1", Reply({"owner": "ann", "info": {"state": "DONE"}, "file": {"url": server.url("/result")}}))
    server.on("/result", Reply({"rows": [{"country": "de", "id": n} for n in range(3)]}))
    async with opened() as shell:
        await with_new_stream(shell, server)
        await after(shell, "f4")
        lines = await offered(shell, *POLLING_URL)
        assert any("/jobs/{{ creation_response['job_id'] }}" in line for line in lines)
        assert any("j1" in line for line in lines)

        await write(shell, (POLLING_URL, f"{server.url()}/jobs/{{{{ creation_response['job_id'] }}}}"))
        await after(shell, "f4")
        lines = await offered(shell, *STATUS_PATH)
        assert first(lines, "owner", "info.state", "file.url") == "info.state"
        assert any("info.state" in line and "DONE" in line for line in lines)
        lines = await offered(shell, *TARGET_PATH)
        assert first(lines, "owner", "info.state", "file.url") == "file.url"

        edits = [(STATUS_PATH, ["info", "state"]), (COMPLETED, ["DONE"]), (TARGET_PATH, ["file", "url"])]
        await write(shell, *edits)
        await after(shell, "f5")
        await shell.until_shown("The only record holds a list of 3 objects at `rows`")
        path = (*RETRIEVER, "record_selector", "extractor", "field_path")
        assert first(await offered(shell, *path), "rows", "country") == "rows"

        await write(shell, (path, ["rows"]))
        await after(shell, "f4")
        assert "The only record" not in shell.text
        await shell.go_to("streams", 0, "primary_key")
        await shell.press("a")
        await shell.press("f9")
        await shell.until_dialog("ChoiceDialog")
        assert first(shell.lines, "country", "differs in all 3 records") == "differs in all 3 records"
        await shell.press("escape", "escape")


async def test_a_stream_whose_records_come_with_the_polls_needs_no_download(server: LoopbackServer) -> None:
    server.on("/jobs", Reply({"next": server.url("/jobs/1"), "state": "busy"}))
    server.on("/jobs/1", Reply({"next": server.url("/jobs/2"), "state": "busy", "rows": [{"n": 1}]}))
    server.on("/jobs/2", Reply({"state": "done", "rows": [{"n": 2}]}))
    async with opened() as shell:
        await with_new_stream(shell, server)
        await write(
            shell,
            (POLLING_URL, "{{ polling_response['next'] }}"),
            (STATUS_PATH, ["state"]),
            ((*RETRIEVER, "status_mapping", "running"), ["busy"]),
            (COMPLETED, ["done"]),
            ((*RETRIEVER, "record_selector", "extractor", "field_path"), ["rows"]),
        )
        with_download = shell.session.value(RETRIEVER)
        await shell.go_to(*RETRIEVER, "records_while_polling")
        await shell.press("space")
        trial = await after(shell, "f5")
        assert (trial.state.outcome, trial.state.records) == (Outcome.COMPLETE, 2)

        await shell.go_to(*RETRIEVER, "records_while_polling")
        await shell.press("space")
        assert shell.session.value(RETRIEVER) == with_download
        await shell.press("ctrl+z", "ctrl+z")
        assert shell.session.value(RETRIEVER) == with_download
