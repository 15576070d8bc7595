"""Trials in the builder: one key from anywhere, and what a trial leads to in the manifest."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from textual.widget import AwaitMount, Widget

from core.http.exchange import Role
from sample_configs.demo_api import DemoApi, Fault
from tests.support.jobs_api import manifest as jobs_manifest
from tests.support.jobs_api import serve_job
from tests.support.server import LoopbackServer, Reply
from tests.tui.shell.support import opened, polling, quickly_polled
from tui.model.settings import Settings
from tui.model.streams import StreamKind
from tui.trials.remedies import where_to_fix
from tui.trials.trial import TrialSettings
from tui.trials.view.details import Details
from tui.trials.view.status_question import StatusQuestion

STREAM = ("streams", 0)
RETRIEVER = (*STREAM, "retriever")
URL = (*RETRIEVER, "creation_requester", "url")


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
