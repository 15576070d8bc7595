"""Testing from the builder: one key from anywhere, and what a test leads to in the manifest."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from core.http.exchange import Role
from core.jobs.statuses import JobStatus
from sample_configs import sample
from sample_configs.demo_api import DemoApi, Fault
from tests.support.server import LoopbackServer, Reply
from tests.tui.shell.support import Shell, opened
from tui.model.declared_schema import declared_schema, import_by_itself
from tui.model.session import BuilderSession
from tui.model.settings import Settings
from tui.model.streams import StreamKind
from tui.trials import picks
from tui.trials.remedies import where_to_mend
from tui.trials.trial import Trial, TrialSettings
from tui.trials.view.pane import TrialPane
from tui.trials.view.questions import NodeUse, StatusQuestion
from tui.trials.view.subject import SchemaReport

STREAM = ("streams", 0)
RETRIEVER = (*STREAM, "retriever")
URL = (*RETRIEVER, "creation_requester", "url")


@pytest.fixture
def api() -> Iterator[DemoApi]:
    with DemoApi(pace=0, rows=30) as demo:
        yield demo


@pytest.fixture
def manifest(tmp_path: Path) -> Path:
    """The sample, polled without much ado."""
    path = tmp_path / "sendgrid.yaml"
    text = sample("sendgrid_contacts").path.read_text()
    path.write_text(text.replace("polling_job_timeout: 30", "polling_interval: 0.05\n      polling_job_timeout: 30"))
    return path


def pane(shell: Shell) -> TrialPane:
    return shell.builder.query_one(TrialPane)


@pytest.mark.parametrize("place", ["f2", "ctrl+b", "ctrl+l"])
async def test_one_key_tests_the_stream_from_anywhere(manifest: Path, api: DemoApi, place: str) -> None:
    async with opened(manifest, values=api.inputs("sendgrid_contacts")) as shell:
        await shell.press(place)
        await shell.press("f5")
        run = await shell.tested("contacts")
        assert run.state.records == 30
        assert shell.builder.trial_actions.is_shown
        await shell.until(lambda: shell.entry("contacts").marks == "✓")


async def test_errors_are_gone_to_instead(manifest: Path) -> None:
    async with opened(manifest) as shell:
        shell.session.unset((*RETRIEVER, "status_extractor"))
        await shell.press("f5")
        await shell.until_said("Mend this first")
        assert shell.field == (*RETRIEVER, "status_extractor")
        assert shell.run("contacts") is None


async def test_errors_of_another_stream_do_not_stop_a_test(manifest: Path, api: DemoApi) -> None:
    async with opened(manifest, values=api.inputs("sendgrid_contacts")) as shell:
        shell.session.streams.add("unfinished", StreamKind.ASYNC)
        await shell.pilot.pause()
        await shell.builder.navigation.show(0)
        await shell.press("f5")
        run = await shell.tested("contacts")
        assert run.state.errors == ()
        assert run.state.records == 30


async def test_what_comes_after_the_creation_is_tried_again_with_the_same_job(manifest: Path, api: DemoApi) -> None:
    async with opened(manifest, values=api.inputs("sendgrid_contacts")) as shell:
        assert not shell.builder.check_action("perform", ("test.follow",))
        status = (*RETRIEVER, "status_extractor", "field_path")
        shell.session.set(status, ["state"])
        await shell.checked()
        await shell.press("f5")
        await shell.until(lambda: (run := shell.run("contacts")) is not None and run.state.missing is not None)
        await shell.press("escape")
        await shell.tested("contacts")
        shell.session.set(status, ["status"])
        await shell.checked()
        await shell.press("J")
        run = await shell.tested("contacts")
        assert run.state.records == 30
        assert [one.head.role for one in run.exchanges.entries if one.head.role is Role.CREATE] == []
        await shell.until_shown("Creation the same job")
        assert shell.builder.check_action("perform", ("test.follow",))
        await shell.press("f5")
        run = await shell.tested("contacts")
        assert [one.head.role for one in run.exchanges.entries if one.head.role is Role.CREATE] == [Role.CREATE]


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


async def test_a_missing_input_is_gone_to_instead(manifest: Path) -> None:
    async with opened(manifest) as shell:
        await shell.press("f5")
        await shell.until_said("api_key")
        assert shell.builder.navigation.selection == "inputs"
        assert shell.field is not None
        assert shell.field[-1] == "api_key"


async def test_escape_cancels_the_test_and_the_server_is_told(manifest: Path, api: DemoApi) -> None:
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


async def test_a_test_of_another_stream_asks_before_it_ends_the_one_that_runs(manifest: Path, api: DemoApi) -> None:
    api.misbehave(Fault(method="POST", path="*/exports", job_never_ends=True))
    async with opened(manifest, values=api.inputs("sendgrid_contacts")) as shell:
        await polling(shell, api)
        shell.session.streams.duplicate(0)
        await shell.builder.navigation.show(1)
        await shell.press("f5")
        await shell.until_dialog("ConfirmDialog")
        await shell.until(lambda: "The test of contacts is still running" in words(shell))
        await shell.answer("End it and test")
        await shell.until_said("The test of contacts was cancelled")
        await shell.until(lambda: aborted(api))
        await shell.until(lambda: shell.run("contacts_2") is not None)


async def test_a_second_test_asks_before_it_aborts_the_job_and_says_what_becomes_of_it(
    manifest: Path, api: DemoApi
) -> None:
    api.misbehave(Fault(method="POST", path="*/exports", job_never_ends=True))
    async with opened(manifest, values=api.inputs("sendgrid_contacts")) as shell:
        run = await polling(shell, api)
        await shell.press("f5", "f5")
        await shell.until_dialog("ConfirmDialog")
        await shell.until(lambda: "its job is aborted on the server" in words(shell))
        await shell.press("escape")
        await shell.until(lambda: shell.dialog is None)
        assert shell.run("contacts") is run
        assert run.state.running
        assert not run.state.cancelling
        assert not aborted(api)
        await shell.press("f5")
        await shell.until_dialog("ConfirmDialog")
        await shell.press("enter")
        await shell.until(lambda: shell.dialog is None)
        assert not run.state.cancelling, "the harmless answer is the first"
        await shell.press("f5")
        await shell.until_dialog("ConfirmDialog")
        await shell.answer("End it and test")
        await shell.until(lambda: shell.run("contacts") is not run)
        await shell.until(lambda: aborted(api))


async def test_a_job_that_cannot_be_aborted_is_said_to_go_on(manifest: Path, api: DemoApi) -> None:
    api.misbehave(Fault(method="POST", path="*/exports", job_never_ends=True))
    async with opened(manifest, values=api.inputs("sendgrid_contacts")) as shell:
        await polling(shell, api, abort=False)
        await shell.press("f5")
        await shell.until_dialog("ConfirmDialog")
        await shell.until(lambda: "goes on running on the server: the stream has no abort request" in words(shell))


@pytest.mark.parametrize("action", ["file.new", "file.reload", "app.quit"])
async def test_whatever_would_end_a_running_test_asks_first(manifest: Path, api: DemoApi, action: str) -> None:
    api.misbehave(Fault(method="POST", path="*/exports", job_never_ends=True))
    async with opened(manifest, values=api.inputs("sendgrid_contacts")) as shell:
        run, builder = await polling(shell, api), shell.builder
        await shell.perform(action)
        await shell.until_dialog("ConfirmDialog")
        await shell.until(lambda: "The test of contacts is still running" in words(shell))
        await shell.press("escape")
        await shell.until(lambda: shell.dialog is None)
        assert shell.builder is builder
        assert run.state.running
        await shell.perform(action)
        await shell.until_dialog("ConfirmDialog")
        await shell.press("tab", "enter")
        await shell.until(lambda: aborted(api))
        await shell.until(lambda: not run.state.running)


async def test_deleting_the_stream_that_is_tested_says_so_and_ends_the_test(manifest: Path, api: DemoApi) -> None:
    api.misbehave(Fault(method="POST", path="*/exports", job_never_ends=True))
    async with opened(manifest, values=api.inputs("sendgrid_contacts")) as shell:
        run = await polling(shell, api)
        await shell.perform("stream.delete")
        await shell.until_dialog("ConfirmDialog")
        await shell.until(lambda: "its job is aborted on the server" in words(shell))
        await shell.answer("Delete")
        await shell.until(lambda: not run.state.running)
        await shell.until(lambda: aborted(api))


async def test_a_stream_that_is_renamed_while_it_is_tested_keeps_its_test(manifest: Path, api: DemoApi) -> None:
    api.misbehave(Fault(method="POST", path="*/exports", job_never_ends=True))
    manifest.write_text(manifest.read_text().replace("completed: [ready]", "completed: []"))
    async with opened(manifest, values=api.inputs("sendgrid_contacts")) as shell:
        run = await polling(shell, api)
        shell.session.streams.rename(0, "people")
        await shell.until(lambda: shell.entry("people").testing)
        assert shell.run("people") is run
        await shell.until(lambda: "people  ● testing" in shell.text)
        await shell.press("escape")
        await shell.tested("people")


ABORT = {
    "type": "HttpRequester",
    "url": "{{ config['api_url'] }}/v3/marketing/contacts/exports/{{ creation_response['id'] }}/abort",
    "http_method": "POST",
}


async def polling(shell: Shell, api: DemoApi, *, abort: bool = True) -> Trial:
    """A test with a job that is polled and, as a rule, could be aborted."""
    if abort:
        shell.session.set((*RETRIEVER, "abort_requester"), ABORT)
        shell.session.save()
        await shell.checked()
    await shell.press("f5")
    await shell.until(lambda: any(one.method == "GET" for one in api.requests))
    run = shell.run("contacts")
    assert run is not None
    await shell.until(lambda: run.state.jobs_on_server == 1)
    return run


def aborted(api: DemoApi) -> bool:
    """Whether the server was asked to abort a job."""
    return any(one.path.endswith("/abort") for one in api.requests)


def words(shell: Shell) -> str:
    """The words of a dialog, however they are broken into lines."""
    return " ".join(re.sub(r"[│┃|▌▐█▊▎]", " ", shell.text).split())


async def test_an_edit_makes_the_test_stale_and_taking_it_back_does_not(manifest: Path, api: DemoApi) -> None:
    async with opened(manifest, values=api.inputs("sendgrid_contacts")) as shell:
        await shell.press("f5")
        await shell.tested("contacts")
        shell.session.set((*RETRIEVER, "polling_job_timeout"), 40)
        await shell.until(lambda: shell.entry("contacts").stale)
        await shell.until_shown("stale")
        await shell.perform("edit.undo")
        await shell.until(lambda: not shell.entry("contacts").stale)


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
        run = shell.run("contacts")
        assert run is not None
        assert run.state.running
        await shell.until(lambda: run.state.partitions[0].meaning == "running")
        assert "stale" not in shell.text
        await shell.press("escape")
        await shell.tested("contacts")


async def test_limits_and_input_state_are_remembered_for_each_stream(manifest: Path, api: DemoApi) -> None:
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


async def test_the_schema_is_imported_and_the_test_stays_fresh(manifest: Path, api: DemoApi) -> None:
    async with opened(manifest, values=api.inputs("sendgrid_contacts")) as shell:
        shell.session.set((*STREAM, "schema_loader", "schema", "properties"), {})
        await shell.press("f5")
        run = await shell.tested("contacts")
        report = shell.builder.trials.reporter(run)
        assert report.actions == ("import",)
        pane(shell).post_message(TrialPane.SchemaActionChosen(pane(shell), "contacts", "import", report))
        await shell.until(lambda: "EMAIL" in (declared_schema(shell.session, 0) or {}).get("properties", {}))
        await shell.until(lambda: shell.entry("contacts").marks == "✓")
        again = shell.builder.trials.reporter
        shell.builder.trials.subject(0)
        assert again(run).actions == ()


async def test_the_schema_follows_each_test_where_that_is_wanted(manifest: Path, api: DemoApi) -> None:
    async with opened(manifest, values=api.inputs("sendgrid_contacts")) as shell:
        shell.session.set((*STREAM, "schema_loader", "schema", "properties"), {})
        import_by_itself(shell.session, 0, on=True)
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


async def test_a_schema_that_was_loaded_is_compared_and_replaced_only_when_confirmed(
    manifest: Path, api: DemoApi
) -> None:
    fields = [{"name": "CITY", "kind": "number"}, {"name": "EMAIL", "kind": "string"}]
    async with LoopbackServer() as server, opened(manifest, values=api.inputs("sendgrid_contacts")) as shell:
        server.on("/fields", Reply({"fields": fields}))
        loader = yaml.safe_load(LOADER % server.url("/fields"))
        shell.session.set((*STREAM, "schema_loader"), loader)
        import_by_itself(shell.session, 0, on=True)
        await shell.press("f5")
        run = await shell.tested("contacts")
        assert any("`CITY` must be null or a number" in words for words, _ in run.inspector.mismatches)
        report = shell.builder.trials.reporter(run)
        assert (report.note.startswith("Loaded (-)"), report.actions) == (True, ("import",))
        for answer in (("escape",), ("right", "enter")):
            assert shell.session.value((*STREAM, "schema_loader"))["type"] == "DynamicSchemaLoader"
            pane(shell).post_message(TrialPane.SchemaActionChosen(pane(shell), "contacts", "import", report))
            await shell.until_dialog("ConfirmDialog")
            await shell.press(*answer)
            await shell.until(lambda: shell.dialog is None)
        await shell.until(lambda: "EMAIL" in (declared_schema(shell.session, 0) or {}).get("properties", {}))


async def test_a_schema_that_can_not_be_loaded_leads_to_its_loader(manifest: Path, api: DemoApi) -> None:
    async with opened(manifest, values=api.inputs("sendgrid_contacts")) as shell:
        shell.session.set((*STREAM, "schema_loader"), {"type": "JsonFileSchemaLoader"})
        await shell.press("f5")
        run = await shell.tested("contacts")
        assert "There is no schema file" in run.state.errors[0]
        place = where_to_mend(run)
        assert place is not None
        assert (str(place), place.path) == ("Schema", ("schema_loader",))


async def test_a_schema_file_is_looked_for_beside_the_file_that_was_saved_last(
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
        run = await shell.tested("contacts")
        assert run.loaded_schema == {"properties": {"EMAIL": {"type": "number"}}}
        assert [count for _, count in run.inspector.mismatches] == [30]


async def test_a_renamed_stream_keeps_its_test(manifest: Path, api: DemoApi) -> None:
    async with opened(manifest, values=api.inputs("sendgrid_contacts")) as shell:
        await shell.press("f5")
        await shell.tested("contacts")
        shell.session.streams.rename(0, "people")
        await shell.until(lambda: shell.entry("people").marks == "✓")
        assert shell.run("people") is not None
        await shell.until_shown("30 records")


async def test_what_tests_have_shown_helps_in_the_forms(manifest: Path, api: DemoApi) -> None:
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
def test_a_picked_node_goes_where_it_is_to_be_used(
    use: NodeUse, path: tuple[str, ...], place: tuple[str | int, ...], value: object
) -> None:
    session = new_stream()
    before = session.text
    assert picks.use_node(session, 0, use, path) == place
    assert session.value(place) == value
    session.undo()
    assert session.text == before, "that is one step to undo"


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


def test_a_report_says_what_can_be_done_about_the_schema() -> None:
    assert SchemaReport("{}").actions == ()


async def test_a_test_that_begins_while_the_test_screen_is_being_built_waits_for_it(manifest: Path) -> None:
    async with opened(manifest, size=(120, 40)) as shell:
        testing = shell.builder.trial_actions
        panes = await asyncio.gather(*(testing._ensure() for _ in range(2)))
        assert panes[0] is panes[1]
        assert all(pane.query(StatusQuestion) for pane in panes)
