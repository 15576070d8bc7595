"""Trials in the builder: one key from anywhere, and what a trial leads to in the manifest."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from textual.widget import AwaitMount, Widget

from core.http.exchange import Role
from core.jobs.statuses import JobStatus
from sample_configs.demo_api import DemoApi, Fault
from tests.support.jobs_api import manifest as jobs_manifest
from tests.support.jobs_api import serve_job
from tests.support.server import LoopbackServer, Reply
from tests.tui.shell.support import Shell, opened, quickly_polled
from tui.model.declared_schema import declared_schema, set_automatic_import
from tui.model.session import BuilderSession
from tui.model.settings import Settings
from tui.model.streams import StreamKind
from tui.trials import picks
from tui.trials.picks import NodeUse
from tui.trials.remedies import where_to_fix
from tui.trials.trial import Trial, TrialSettings
from tui.trials.view.details import Details
from tui.trials.view.status_question import StatusQuestion

STREAM = ("streams", 0)
RETRIEVER = (*STREAM, "retriever")
URL = (*RETRIEVER, "creation_requester", "url")


@pytest.fixture
def api() -> Iterator[DemoApi]:
    with DemoApi(pace=0, rows=30) as demo:
        yield demo


@pytest.fixture
def manifest(tmp_path: Path) -> Path:
    return quickly_polled(tmp_path)


@pytest.mark.parametrize("place", ["f2", "ctrl+b", "ctrl+l"])
async def test_one_key_starts_a_trial_from_anywhere(manifest: Path, api: DemoApi, place: str) -> None:
    async with opened(manifest, values=api.inputs("sendgrid_contacts")) as shell:
        await shell.press(place)
        await shell.press("f5")
        trial = await shell.tested("contacts")
        assert trial.state.records == 30
        assert shell.builder.trial_actions.is_shown
        await shell.until(lambda: shell.entry("contacts").marks == "✓")


async def test_a_stream_with_errors_is_not_tried_and_the_first_error_is_shown(manifest: Path) -> None:
    async with opened(manifest) as shell:
        shell.session.unset((*RETRIEVER, "download_requester", "url"))
        shell.session.unset(URL)
        await shell.press("f5")
        await shell.until_said("Fix this first")
        assert shell.field == URL
        assert shell.run("contacts") is None


async def test_errors_of_another_stream_do_not_prevent_a_trial(manifest: Path, api: DemoApi) -> None:
    async with opened(manifest, values=api.inputs("sendgrid_contacts")) as shell:
        shell.session.streams.add("unfinished", StreamKind.ASYNC)
        await shell.pilot.pause()
        await shell.builder.navigation.show(0)
        await shell.press("f5")
        trial = await shell.tested("contacts")
        assert trial.state.errors == ()
        assert trial.state.records == 30


async def test_polling_and_download_are_tried_again_with_the_same_job(manifest: Path, api: DemoApi) -> None:
    async with opened(manifest, values=api.inputs("sendgrid_contacts")) as shell:
        assert not shell.builder.check_action("perform", ("test.follow",))
        status = (*RETRIEVER, "status_extractor", "field_path")
        shell.session.set(status, ["state"])
        await shell.checked()
        await shell.press("f5")
        await shell.until(lambda: (trial := shell.run("contacts")) is not None and trial.state.missing is not None)
        await shell.press("escape")
        await shell.tested("contacts")
        shell.session.set(status, ["status"])
        await shell.checked()
        await shell.press("J")
        trial = await shell.tested("contacts")
        assert trial.state.records == 30
        assert [one.head.role for one in trial.exchanges.entries if one.head.role is Role.CREATE] == []
        await shell.until_shown("follow ")
        assert shell.builder.check_action("perform", ("test.follow",))
        await shell.press("f5")
        trial = await shell.tested("contacts")
        assert [one.head.role for one in trial.exchanges.entries if one.head.role is Role.CREATE] == [Role.CREATE]


async def test_a_cursor_is_offered_the_dates_of_the_records_and_their_formats_first(
    manifest: Path, api: DemoApi
) -> None:
    async with opened(manifest, values=api.inputs("sendgrid_contacts")) as shell:
        await shell.press("f5")
        await shell.tested("contacts")
        cursor = (*STREAM, "incremental_sync")
        shell.session.choose_type(cursor, "DatetimeBasedCursor")
        await shell.go_to(*cursor, "cursor_field")
        await shell.press("f9")
        await shell.until_dialog("ChoiceDialog")
        offered = [shell.text.index(name) for name in ("CREATED_AT", "UPDATED_AT", "EMAIL")]
        assert offered == sorted(offered)
        await shell.choose("updated")
        await shell.go_to(*cursor, "cursor_datetime_formats")
        await shell.press("a", "f9")
        await shell.until_dialog("ChoiceDialog")
        formats = [line for line in shell.lines if "%Y" in line]
        assert "%Y-%m-%dT%H:%M:%SZ" in formats[0]


async def test_a_missing_input_prevents_a_trial_and_is_shown(manifest: Path) -> None:
    async with opened(manifest) as shell:
        await shell.press("f5")
        await shell.until_said("api_key")
        assert shell.builder.navigation.selection == "inputs"
        assert shell.field is not None
        assert shell.field[-1] == "api_key"


async def test_escape_cancels_the_trial_and_aborts_the_job(manifest: Path, api: DemoApi) -> None:
    text = manifest.read_text()
    abort = """      abort_requester:
        type: HttpRequester
        url: "{{ config['api_url'] }}/v3/marketing/contacts/exports/{{creation_response['id']}}/abort"
        http_method: POST
      download_requester:"""
    manifest.write_text(text.replace("      download_requester:", abort))
    api.misbehave(Fault(method="POST", path="*/exports", job_never_ends=True))
    async with opened(manifest, values=api.inputs("sendgrid_contacts")) as shell:
        await shell.press("f5")
        await shell.until(lambda: any(one.method == "GET" for one in api.requests))
        await shell.press("escape")
        await shell.tested("contacts")
        await shell.until_shown("Cancelled")
        assert any(one.path.endswith("/abort") for one in api.requests)
        assert not shell.entry("contacts").tested


async def test_a_trial_of_another_stream_asks_before_it_ends_the_running_one(manifest: Path, api: DemoApi) -> None:
    api.misbehave(Fault(method="POST", path="*/exports", job_never_ends=True))
    async with opened(manifest, values=api.inputs("sendgrid_contacts")) as shell:
        await polling(shell, api)
        shell.session.streams.duplicate(0)
        await shell.builder.navigation.show(1)
        await shell.press("f5")
        await shell.until_dialog("ConfirmDialog")
        await shell.until(lambda: "The test of contacts is still running" in dialog_text(shell))
        await shell.answer("End it and test")
        await shell.until(lambda: aborted(api))
        await shell.until(lambda: shell.run("contacts_2") is not None)
        assert not shell.notes, "that the test was ended is no news"


async def test_a_trial_that_waits_for_the_end_of_another_one_says_so(manifest: Path, api: DemoApi) -> None:
    api.misbehave(Fault(method="POST", path="*/exports", job_never_ends=True))
    api.misbehave(Fault(method="POST", path="*/abort", delay=1, status=204))
    async with opened(manifest, values=api.inputs("sendgrid_contacts")) as shell:
        await polling(shell, api)
        shell.session.streams.duplicate(0)
        await shell.builder.navigation.show(1)
        await shell.press("escape", "f5")
        await shell.until_said("The test of contacts is still being cancelled: one test runs at a time.")


async def test_a_second_trial_asks_before_it_aborts_the_job_and_says_what_becomes_of_it(
    manifest: Path, api: DemoApi
) -> None:
    api.misbehave(Fault(method="POST", path="*/exports", job_never_ends=True))
    async with opened(manifest, values=api.inputs("sendgrid_contacts")) as shell:
        trial = await polling(shell, api)
        await shell.press("f5", "f5")
        await shell.until_dialog("ConfirmDialog")
        await shell.until(lambda: "its job is aborted on the server" in dialog_text(shell))
        await shell.press("escape")
        await shell.until(lambda: shell.dialog is None)
        assert shell.run("contacts") is trial
        assert trial.state.running
        assert not trial.state.cancelling
        assert not aborted(api)
        await shell.press("f5")
        await shell.until_dialog("ConfirmDialog")
        await shell.press("enter")
        await shell.until(lambda: shell.dialog is None)
        assert not trial.state.cancelling, "the harmless answer is the first"
        await shell.press("f5")
        await shell.until_dialog("ConfirmDialog")
        await shell.answer("End it and test")
        await shell.until(lambda: shell.run("contacts") is not trial)
        await shell.until(lambda: aborted(api))


async def test_a_job_that_cannot_be_aborted_is_said_to_go_on(manifest: Path, api: DemoApi) -> None:
    api.misbehave(Fault(method="POST", path="*/exports", job_never_ends=True))
    async with opened(manifest, values=api.inputs("sendgrid_contacts")) as shell:
        await polling(shell, api, abort=False)
        await shell.press("f5")
        await shell.until_dialog("ConfirmDialog")
        await shell.until(
            lambda: "goes on running on the server: the stream has no abort request" in dialog_text(shell)
        )


@pytest.mark.parametrize("action", ["file.new", "file.reload", "app.quit"])
async def test_whatever_would_end_a_running_trial_asks_first(manifest: Path, api: DemoApi, action: str) -> None:
    api.misbehave(Fault(method="POST", path="*/exports", job_never_ends=True))
    async with opened(manifest, values=api.inputs("sendgrid_contacts")) as shell:
        trial, builder = await polling(shell, api), shell.builder
        await shell.perform(action)
        await shell.until_dialog("ConfirmDialog")
        await shell.until(lambda: "The test of contacts is still running" in dialog_text(shell))
        await shell.press("escape")
        await shell.until(lambda: shell.dialog is None)
        assert shell.builder is builder
        assert trial.state.running
        await shell.perform(action)
        await shell.until_dialog("ConfirmDialog")
        await shell.press("tab", "enter")
        await shell.until(lambda: aborted(api))
        await shell.until(lambda: not trial.state.running)


@pytest.mark.parametrize("action", ["test.run", "file.new", "app.quit"])
async def test_a_question_about_a_running_trial_is_withdrawn_when_it_ends(
    manifest: Path, api: DemoApi, action: str
) -> None:
    api.misbehave(Fault(method="POST", path="*/exports", job_never_ends=True))
    async with opened(manifest, values=api.inputs("sendgrid_contacts")) as shell:
        trial, builder = await polling(shell, api), shell.builder
        await shell.perform(action)
        await shell.until_dialog("ConfirmDialog")
        shell.builder.trials.controller.cancel()
        await shell.until(lambda: shell.dialog is None)
        await shell.until_said("The test has ended meanwhile.")
        assert not trial.state.running
        assert (shell.builder, shell.app.return_code) == (builder, None)
        assert shell.run("contacts") is trial


async def test_deleting_a_stream_with_a_running_trial_says_so_and_ends_the_trial(manifest: Path, api: DemoApi) -> None:
    api.misbehave(Fault(method="POST", path="*/exports", job_never_ends=True))
    async with opened(manifest, values=api.inputs("sendgrid_contacts")) as shell:
        trial = await polling(shell, api)
        await shell.perform("stream.delete")
        await shell.until_dialog("ConfirmDialog")
        await shell.until(lambda: "its job is aborted on the server" in dialog_text(shell))
        await shell.answer("Delete")
        await shell.until(lambda: not trial.state.running)
        await shell.until(lambda: aborted(api))


@pytest.mark.parametrize("action", ["app.quit", "stream.delete"])
async def test_what_follows_a_cancellation_waits_for_the_abort(manifest: Path, api: DemoApi, action: str) -> None:
    api.misbehave(Fault(method="POST", path="*/exports", job_never_ends=True))
    api.misbehave(Fault(method="POST", path="*/abort", delay=1, status=204))
    async with opened(manifest, values=api.inputs("sendgrid_contacts")) as shell:
        trial = await polling(shell, api)
        await shell.press("escape")
        await shell.perform(action)
        if action == "stream.delete":
            await shell.until_dialog("ConfirmDialog")
            await shell.answer("Delete")
        await shell.until(lambda: not trial.state.running)
        assert trial.state.jobs_aborted == 1
        assert not trial.state.abandoned


async def test_a_stream_renamed_during_its_trial_keeps_the_trial(manifest: Path, api: DemoApi) -> None:
    api.misbehave(Fault(method="POST", path="*/exports", job_never_ends=True))
    manifest.write_text(manifest.read_text().replace("completed: [ready]", "completed: []"))
    async with opened(manifest, values=api.inputs("sendgrid_contacts")) as shell:
        trial = await polling(shell, api)
        shell.session.streams.rename(0, "people")
        await shell.until(lambda: shell.entry("people").testing)
        assert shell.run("people") is trial
        await shell.until(lambda: "people  ● testing" in shell.text)
        await shell.press("escape")
        await shell.tested("people")


ABORT = {
    "type": "HttpRequester",
    "url": "{{ config['api_url'] }}/v3/marketing/contacts/exports/{{ creation_response['id'] }}/abort",
    "http_method": "POST",
}


async def polling(shell: Shell, api: DemoApi, *, abort: bool = True) -> Trial:
    """A trial with a job that is polled; with `abort` it can be aborted."""
    if abort:
        shell.session.set((*RETRIEVER, "abort_requester"), ABORT)
        shell.session.save()
        await shell.checked()
    await shell.press("f5")
    await shell.until(lambda: any(one.method == "GET" for one in api.requests))
    trial = shell.run("contacts")
    assert trial is not None
    await shell.until(lambda: trial.state.jobs_on_server == 1)
    return trial


def aborted(api: DemoApi) -> bool:
    """Whether the server was asked to abort a job."""
    return any(one.path.endswith("/abort") for one in api.requests)


def dialog_text(shell: Shell) -> str:
    """The text of a dialog, however it is wrapped."""
    return " ".join(re.sub(r"[│┃|▌▐█▊▎]", " ", shell.text).split())


async def test_an_edit_makes_a_trial_stale_and_undoing_it_makes_it_fresh_again(manifest: Path, api: DemoApi) -> None:
    async with opened(manifest, values=api.inputs("sendgrid_contacts")) as shell:
        await shell.press("f5")
        await shell.tested("contacts")
        shell.session.set((*RETRIEVER, "polling_job_timeout"), 40)
        await shell.until(lambda: shell.entry("contacts").stale)
        await shell.until_shown("stale")
        await shell.perform("edit.undo")
        await shell.until(lambda: not shell.entry("contacts").stale)


async def test_a_request_of_a_trial_is_copied_as_curl(manifest: Path, api: DemoApi) -> None:
    async with opened(manifest, values=api.inputs("sendgrid_contacts")) as shell:
        await shell.press("f5")
        await shell.tested("contacts")
        await shell.press("2", "c")
        await shell.until_said("Copied the curl command")
        assert shell.app.clipboard.startswith("curl")


async def test_a_status_that_is_not_mapped_is_mapped_by_one_key_while_the_job_runs(
    manifest: Path, api: DemoApi
) -> None:
    manifest.write_text(manifest.read_text().replace("running: [pending]", "running: []"))
    api.misbehave(Fault(method="POST", path="*/exports", job_never_ends=True))
    async with opened(manifest, values=api.inputs("sendgrid_contacts")) as shell:
        await shell.press("f5")
        await shell.until_shown("What does it mean?")
        await shell.until(lambda: shell.builder.query_one(StatusQuestion).takes_answers)
        await shell.press("r")
        await shell.until(lambda: shell.session.value((*RETRIEVER, "status_mapping", "running")) == ["pending"])
        trial = shell.run("contacts")
        assert trial is not None
        assert trial.state.running
        await shell.until(lambda: trial.state.partitions[0].meaning == "running")
        assert "stale" not in shell.text
        await shell.press("escape")
        await shell.tested("contacts")


async def test_a_question_that_was_left_open_has_the_focus_when_it_comes_again(manifest: Path, api: DemoApi) -> None:
    manifest.write_text(manifest.read_text().replace("running: [pending]", "running: []"))
    api.misbehave(Fault(method="POST", path="*/exports", job_never_ends=True))
    async with opened(manifest, values=api.inputs("sendgrid_contacts")) as shell:
        await shell.press("f5")
        await shell.until_shown("What does it mean?")
        await shell.press("escape")
        await shell.tested("contacts")
        before = shell.run("contacts")
        api.misbehave(Fault(method="POST", path="*/exports", job_never_ends=True))
        await shell.press("f5")
        await shell.until(lambda: shell.run("contacts") is not before)
        question = shell.builder.query_one(StatusQuestion)
        await shell.until(lambda: question.asking is not None and question.has_focus)
        await shell.until(lambda: question.takes_answers)
        await shell.press("r")
        await shell.until(lambda: shell.session.value((*RETRIEVER, "status_mapping", "running")) == ["pending"])
        await shell.press("escape")
        await shell.tested("contacts")


async def test_limits_and_input_state_are_saved_for_each_stream(manifest: Path, api: DemoApi) -> None:
    async with opened(manifest, values=api.inputs("sendgrid_contacts")) as shell:
        await shell.press("ctrl+b")
        await shell.until(lambda: shell.builder.trial_actions.is_shown)
        await shell.press("L")
        await shell.until_dialog("SettingsDialog")
        await shell.press("7", "enter")
        await shell.until(lambda: shell.dialog is None)
        await shell.until(lambda: Settings().limits(manifest, "contacts").get("records") is not None)
        records = shell.builder.trials.controller.settings_of("contacts").limits.records
    async with opened(manifest) as shell:
        settings = shell.builder.trials.controller.settings_of("contacts")
        assert settings.limits.records == records
        assert settings.limits == replace(TrialSettings().limits, records=records)
        assert settings.limits.records != TrialSettings().limits.records


async def test_importing_the_schema_does_not_make_the_trial_stale(manifest: Path, api: DemoApi) -> None:
    async with opened(manifest, values=api.inputs("sendgrid_contacts")) as shell:
        shell.session.set((*STREAM, "schema_loader", "schema", "properties"), {})
        await shell.press("f5")
        trial = await shell.tested("contacts")
        reporter = shell.builder.trials.reporter
        assert reporter.report(trial).actions == ("import",)
        await shell.press("4")
        await shell.until_shown("Detected in")
        await shell.press("i")
        await shell.until(lambda: "EMAIL" in (declared_schema(shell.session, 0) or {}).get("properties", {}))
        await shell.until(lambda: shell.entry("contacts").marks == "✓")
        shell.builder.trials.subject(0)
        assert reporter.report(trial).actions == ()


async def test_the_schema_is_imported_after_each_trial_where_that_is_wanted(manifest: Path, api: DemoApi) -> None:
    async with opened(manifest, values=api.inputs("sendgrid_contacts")) as shell:
        shell.session.set((*STREAM, "schema_loader", "schema", "properties"), {})
        set_automatic_import(shell.session, 0, on=True)
        await shell.press("f5")
        await shell.tested("contacts")
        await shell.until(lambda: "EMAIL" in (declared_schema(shell.session, 0) or {}).get("properties", {}))
        await shell.until(lambda: not shell.entry("contacts").stale)


LOADER = """\
type: DynamicSchemaLoader
retriever:
  type: SimpleRetriever
  requester: {type: HttpRequester, url: "%s"}
  record_selector: {type: RecordSelector, extractor: {type: DpathExtractor, field_path: []}}
schema_type_identifier: {schema_pointer: [fields], key_pointer: [name], type_pointer: [kind]}
"""


async def test_a_loaded_schema_is_compared_and_replaced_only_when_confirmed(manifest: Path, api: DemoApi) -> None:
    fields = [{"name": "CITY", "kind": "number"}, {"name": "EMAIL", "kind": "string"}]
    async with LoopbackServer() as server, opened(manifest, values=api.inputs("sendgrid_contacts")) as shell:
        server.on("/fields", Reply({"fields": fields}))
        loader = yaml.safe_load(LOADER % server.url("/fields"))
        shell.session.set((*STREAM, "schema_loader"), loader)
        set_automatic_import(shell.session, 0, on=True)
        await shell.press("f5")
        trial = await shell.tested("contacts")
        assert any("`CITY` must be null or a number" in words for words, _ in trial.inspector.mismatches)
        report = shell.builder.trials.reporter.report(trial)
        assert (report.note.startswith("Loaded (-)"), report.actions) == (True, ("import",))
        await shell.press("4")
        await shell.until_shown("Loaded (-)")
        for answer in (("escape",), ("right", "enter")):
            assert shell.session.value((*STREAM, "schema_loader"))["type"] == "DynamicSchemaLoader"
            await shell.press("i")
            await shell.until_dialog("ConfirmDialog")
            await shell.press(*answer)
            await shell.until(lambda: shell.dialog is None)
        await shell.until(lambda: "EMAIL" in (declared_schema(shell.session, 0) or {}).get("properties", {}))


async def test_a_schema_that_cannot_be_loaded_leads_to_its_loader(manifest: Path, api: DemoApi) -> None:
    async with opened(manifest, values=api.inputs("sendgrid_contacts")) as shell:
        shell.session.set((*STREAM, "schema_loader"), {"type": "JsonFileSchemaLoader"})
        await shell.press("f5")
        trial = await shell.tested("contacts")
        assert "There is no schema file" in trial.state.errors[0]
        place = where_to_fix(trial)
        assert place is not None
        assert (str(place), place.path) == ("Schema", ("schema_loader",))


@pytest.mark.parametrize(
    ("retriever", "at", "place"),
    [
        ('start_requester: {type: HttpRequester, url: "%s/refused"}', "Creation", "start_requester"),
        (
            'download_link_requester: {type: HttpRequester, url: "%s/refused"}\n'
            "download_link_extractor: {type: DpathExtractor, field_path: [url]}",
            "Download",
            "download_link_requester",
        ),
    ],
)
async def test_a_further_request_that_is_refused_is_shown_and_led_to(
    server: LoopbackServer, tmp_path: Path, retriever: str, at: str, place: str
) -> None:
    serve_job(server, "done")
    server.on("/refused", Reply({"message": "unknown field"}, 422))
    path = tmp_path / "connector.yaml"
    path.write_text(jobs_manifest(server, retriever=f"{retriever % server.url()}\npolling_interval: 0.01"))

    async with opened(path) as shell:
        await shell.press("f5")
        trial = await shell.tested("exports")
        remedy = where_to_fix(trial)

    assert remedy is not None
    assert (remedy.tab, remedy.path) == (at, ("retriever", place))
    assert "unknown field" in trial.state.errors[0]


async def test_a_schema_file_is_read_from_beside_the_file_that_was_saved_last(
    manifest: Path, api: DemoApi, tmp_path: Path
) -> None:
    async with opened(manifest, values=api.inputs("sendgrid_contacts")) as shell:
        shell.session.set((*STREAM, "schema_loader"), {"type": "JsonFileSchemaLoader"})
        await shell.until(lambda: not shell.session.connector.problems or shell.session.connector.usable)
        elsewhere = tmp_path / "elsewhere"
        (elsewhere / "schemas").mkdir(parents=True)
        (elsewhere / "schemas" / "contacts.json").write_text('{"properties": {"EMAIL": {"type": "number"}}}')
        shell.session.save(elsewhere / "manifest.yaml")
        await shell.press("f5")
        trial = await shell.tested("contacts")
        assert trial.loaded_schema == {"properties": {"EMAIL": {"type": "number"}}}
        assert [count for _, count in trial.inspector.mismatches] == [30]


async def test_a_renamed_stream_keeps_its_trial(manifest: Path, api: DemoApi) -> None:
    async with opened(manifest, values=api.inputs("sendgrid_contacts")) as shell:
        await shell.press("f5")
        await shell.tested("contacts")
        shell.session.streams.rename(0, "people")
        await shell.until(lambda: shell.entry("people").marks == "✓")
        assert shell.run("people") is not None
        await shell.until_shown("30 records")


async def test_trials_offer_hints_to_the_forms(manifest: Path, api: DemoApi) -> None:
    async with opened(manifest, values=api.inputs("sendgrid_contacts")) as shell:
        await shell.press("f5")
        await shell.tested("contacts")
        hints = shell.builder.editor._hints
        assert "id" in hints.variables("contacts")["creation_response"]
        assert hints.variables("contacts")["polling_response"]["status"] == "ready"
        assert "CONTACT_ID" in (hints.detected_schema("contacts") or {})["properties"]


def new_stream() -> BuilderSession:
    session = BuilderSession.new()
    session.streams.add("contacts", StreamKind.ASYNC)
    return session


@pytest.mark.parametrize(
    ("use", "path", "place", "value"),
    [
        (NodeUse.STATUS, ("job", "state"), (*RETRIEVER, "status_extractor", "field_path"), ["job", "state"]),
        (NodeUse.DOWNLOAD_TARGET, ("urls",), (*RETRIEVER, "download_target_extractor", "field_path"), ["urls"]),
        (NodeUse.RECORD_PATH, ("data",), (*RETRIEVER, "record_selector", "extractor", "field_path"), ["data"]),
        (NodeUse.PRIMARY_KEY, ("id",), (*STREAM, "primary_key"), "id"),
        (NodeUse.PRIMARY_KEY, ("ids", "own"), (*STREAM, "primary_key"), [["ids", "own"]]),
        (NodeUse.CURSOR_FIELD, ("updated_at",), (*STREAM, "incremental_sync", "cursor_field"), "updated_at"),
    ],
)
def test_a_picked_node_is_written_where_it_is_used(
    use: NodeUse, path: tuple[str, ...], place: tuple[str | int, ...], value: object
) -> None:
    session = new_stream()
    before = session.text
    picks.use_node(session, 0, use, path)
    assert session.value(place) == value
    session.undo()
    assert session.text == before, "that is one step to undo"


def test_picked_rows_are_those_of_a_table_where_there_is_one() -> None:
    session = new_stream()
    extractor = (*RETRIEVER, "record_selector", "extractor")
    session.choose_type(extractor, "TableExtractor")
    picks.use_node(session, 0, NodeUse.RECORD_PATH, ("result", "rows"))
    assert session.value((*extractor, "rows_path")) == ["result", "rows"]
    assert session.value((*extractor, "type")) == "TableExtractor"


def test_a_field_can_be_added_to_the_primary_key() -> None:
    session = new_stream()
    picks.use_node(session, 0, NodeUse.PRIMARY_KEY, ("account",))
    picks.use_node(session, 0, NodeUse.PRIMARY_KEY, ("id",), add=True)
    assert session.value((*STREAM, "primary_key")) == ["account", "id"]
    picks.use_node(session, 0, NodeUse.PRIMARY_KEY, ("ids", "own"), add=True)
    assert session.value((*STREAM, "primary_key")) == [["account"], ["id"], ["ids", "own"]]


def test_a_status_is_in_one_bucket_only() -> None:
    session = new_stream()
    mapping = (*RETRIEVER, "status_mapping")
    picks.map_status(session, 0, "done", JobStatus.RUNNING)
    picks.map_status(session, 0, "done", JobStatus.COMPLETED)
    picks.map_status(session, 0, "done", JobStatus.COMPLETED)
    assert session.value((*mapping, "completed")) == ["done"]
    assert session.value((*mapping, "running")) == []


async def test_whoever_needs_the_pane_while_it_is_being_built_waits_for_it(manifest: Path) -> None:
    async with opened(manifest, size=(120, 40)) as shell:
        panes = await asyncio.gather(*(shell.builder.trial_actions.ensure_pane() for _ in range(2)))
        assert panes[0] is panes[1]
        assert all(pane.query(StatusQuestion) for pane in panes)


async def test_an_edit_while_the_results_are_built_leaves_them_complete(
    monkeypatch: pytest.MonkeyPatch, manifest: Path, api: DemoApi
) -> None:
    api.misbehave(Fault(method="POST", path="*/exports", status=401))
    async with opened(manifest, size=(80, 40), values=api.inputs("sendgrid_contacts")) as shell:
        await shell.press("ctrl+b", "ctrl+b")
        shell.builder.trials.start(0)
        await shell.tested("contacts")
        mount = Details.mount

        def mount_during_edit(self: Details, *widgets: Widget, **where: Any) -> AwaitMount:
            shell.builder._redraw()
            return mount(self, *widgets, **where)

        monkeypatch.setattr(Details, "mount", mount_during_edit)
        shell.session.set((*RETRIEVER, "polling_job_timeout"), 40)
        await shell.checked()
        await shell.press("ctrl+b")
        await shell.until_shown("Async Job -- Create")
