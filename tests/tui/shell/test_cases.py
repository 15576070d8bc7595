"""Recorded cases in the builder: a test is kept as one, and everything works on the answers of an open one."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from core.cases.case import case_file, records_file
from core.cases.check import check_case
from core.cases.reading import read_case
from core.connector import load_connector
from core.events import Outcome
from core.manifest.document import Document
from sample_configs import sample
from sample_configs.demo_api import DemoApi
from tests.support.jobs_api import ABORT, serve_job
from tests.support.jobs_api import manifest as jobs_manifest
from tests.support.server import LoopbackServer
from tests.tui.shell.support import Shell, opened, quickly_polled

URL = ("streams", 0, "retriever", "creation_requester", "url")


@pytest.fixture
def manifest(tmp_path: Path) -> Path:
    return quickly_polled(tmp_path)


async def keep(shell: Shell, name: str) -> None:
    shell.builder.action_perform("test.keep-case")
    await shell.until_dialog("PromptDialog")
    await shell.type(name)
    await shell.press("enter")


async def open_recording(shell: Shell, action: str, path: Path) -> None:
    shell.builder.action_perform(action)
    await shell.until_dialog("FileDialog")
    await shell.press("ctrl+u")
    await shell.type(str(path))
    await shell.press("enter")


async def open_case(shell: Shell, path: Path) -> None:
    await open_recording(shell, "test.open-case", path)
    await shell.until(lambda: shell.builder.trials.case is not None)


async def test_a_test_is_kept_as_a_case_that_is_read_offline(manifest: Path, api: DemoApi) -> None:
    async with opened(manifest, values=api.inputs("sendgrid_contacts")) as shell:
        assert not shell.builder.cases.can_keep
        await shell.press("f5")
        await shell.tested("contacts")
        await keep(shell, "first")
        file = case_file(manifest, "first")
        await shell.until_said("Kept as cases/first.har: 4 requests, 30 records.")
    assert len(records_file(file).read_text().splitlines()) == 30
    assert api.inputs("sendgrid_contacts")["api_key"] not in file.read_text()
    result = await check_case(load_connector(Document.load(manifest)), read_case(file))
    assert (result.passed, result.records) == (True, 30)


async def test_a_case_of_the_same_name_is_replaced_only_when_that_is_confirmed(manifest: Path, api: DemoApi) -> None:
    async with opened(manifest, values=api.inputs("sendgrid_contacts")) as shell:
        await shell.press("f5")
        await shell.tested("contacts")
        file = case_file(manifest, "first")
        file.parent.mkdir()
        file.write_text("mine")
        await keep(shell, "first")
        await shell.until_dialog("ConfirmDialog")
        await shell.press("escape")
        await shell.until(lambda: shell.dialog is None)
        assert file.read_text() == "mine"


async def test_a_manifest_without_a_file_keeps_no_case(api: DemoApi) -> None:
    async with opened(None) as shell:
        assert not shell.builder.cases.can_keep


async def test_tests_are_answered_from_an_open_case_and_from_the_api_again_after_one_key(manifest: Path) -> None:
    """No API is there, and no inputs are given."""
    async with opened(manifest) as shell:
        await open_case(shell, sample("sendgrid_contacts").path.parent / "cases" / "sendgrid_contacts.har")
        await shell.press("f5")
        trial = await shell.tested("contacts")
        assert trial.state.outcome is Outcome.COMPLETE
        assert trial.state.records == 12
        assert not shell.builder.cases.can_keep
        await shell.until(
            lambda: any("⏺ Recorded answers sendgrid_contacts (5 requests)" in one for one in shell.lines)
        )
        assert "⏺ sendgrid_contacts" in shell.lines[0]

        await shell.press("f12")
        await shell.until(lambda: shell.builder.trials.case is None)
        await shell.until(lambda: "⏺" not in shell.text)
        await shell.press("f5")
        await shell.until_said("Fix this first, then test: ")  # the inputs that the API needs


async def test_a_request_that_was_not_recorded_is_an_error_that_says_so(manifest: Path) -> None:
    async with opened(manifest) as shell:
        await open_case(shell, sample("sendgrid_contacts").path.parent / "cases" / "sendgrid_contacts.har")
        shell.session.set(URL, "{{ config['api_url'] }}/v3/contacts")
        await shell.press("f5")
        trial = await shell.tested("contacts")
        assert trial.state.outcome is Outcome.FAILED
        (error,) = trial.state.errors
        assert "it is not in the recording. The nearest there is POST" in error


async def test_a_mapping_is_worked_on_offline(manifest: Path) -> None:
    async with opened(manifest) as shell:
        await open_case(shell, sample("sendgrid_contacts").path.parent / "cases" / "sendgrid_contacts.har")
        added = {"type": "AddFields", "fields": [{"path": ["source"], "value": "mail"}]}
        shell.session.set(("streams", 0, "transformations"), [added])
        await shell.press("f5")
        trial = await shell.tested("contacts")
        assert trial.records.row(0)["source"] == "mail"


async def test_a_job_that_was_kept_on_the_server_is_aborted_before_a_case_answers(
    server: LoopbackServer, tmp_path: Path
) -> None:
    serve_job(server, "busy")
    path = tmp_path / "exports.yaml"
    path.write_text(jobs_manifest(server, retriever=ABORT % server.url()))
    case = sample("sendgrid_contacts").path.parent / "cases" / "sendgrid_contacts.har"
    async with opened(path) as shell:
        await shell.press("f4")
        await shell.tested("exports")
        await open_case(shell, case)
        assert len(server.to("/jobs/j1/abort")) == 1
        assert not shell.builder.trial_actions.can_follow


async def test_a_running_test_is_ended_for_a_case_only_when_that_is_confirmed(
    server: LoopbackServer, tmp_path: Path
) -> None:
    serve_job(server, "busy")
    path = tmp_path / "exports.yaml"
    path.write_text(jobs_manifest(server, retriever=ABORT % server.url()))
    case = sample("sendgrid_contacts").path.parent / "cases" / "sendgrid_contacts.har"
    async with opened(path) as shell:
        await shell.press("f5")
        await shell.until(lambda: server.to("/jobs/j1"))
        await open_recording(shell, "test.open-case", case)
        await shell.until_dialog("ConfirmDialog")
        await shell.press("escape")
        await shell.until(lambda: shell.dialog is None)
        assert shell.builder.trials.case is None
        assert shell.builder.trials.running_stream == "exports"

        await open_recording(shell, "test.open-case", case)
        await shell.until_dialog("ConfirmDialog")
        await shell.answer("End it and open the case")
        await shell.until(lambda: shell.builder.trials.case is not None)
        assert shell.builder.trials.running_stream is None
        assert len(server.to("/jobs/j1/abort")) == 1


async def test_a_job_of_a_recording_is_no_business_of_the_api(manifest: Path, api: DemoApi) -> None:
    async with opened(manifest, values=api.inputs("sendgrid_contacts")) as shell:
        await open_case(shell, sample("sendgrid_contacts").path.parent / "cases" / "sendgrid_contacts.har")
        await shell.press("f4")
        await shell.tested("contacts")
        assert shell.builder.trial_actions.can_follow
        asked = len(api.requests)
        await shell.builder.trials.close()
        assert len(api.requests) == asked


async def test_a_broken_file_is_reported_and_nothing_changes(manifest: Path, tmp_path: Path) -> None:
    path = tmp_path / "a.har"
    path.write_text('{"log": ')
    async with opened(manifest) as shell:
        await open_recording(shell, "test.open-case", path)
        await shell.until_said("is no HAR file: it is no JSON")
        assert shell.builder.trials.case is None


def browser_recording(path: Path) -> Path:
    def entry(method: str, url: str, kind: str, **request: Any) -> dict[str, Any]:
        return {
            "startedDateTime": "2024-05-01T10:00:00Z",
            "time": 3,
            "request": {"method": method, "url": url, "headers": [], **request},
            "response": {
                "status": 200,
                "headers": [{"name": "content-type", "value": kind}],
                "content": {"mimeType": kind, "text": '{"rows": [{"id": 1}]}'},
            },
        }

    headers = [
        {"name": ":authority", "value": "api.test"},
        {"name": "authorization", "value": "Bearer seen-in-the-browser"},
        {"name": "content-type", "value": "application/json"},
        {"name": "sec-fetch-mode", "value": "cors"},
        {"name": "x-team", "value": "blue"},
    ]
    body = {"mimeType": "application/json", "text": '{"from": "2024-01-01"}'}
    entries = [
        entry("GET", "https://cdn.test/logo.png", "image/png"),
        entry("POST", "https://api.test/v1/reports?page=2", "application/json", headers=headers, postData=body),
    ]
    path.write_text(json.dumps({"log": {"version": "1.2", "entries": entries}}))
    return path


async def test_the_request_of_a_tab_is_filled_from_the_case_that_is_open(manifest: Path, tmp_path: Path) -> None:
    path = browser_recording(tmp_path / "seen.har")
    async with opened(manifest) as shell:
        await open_case(shell, path)
        shell.builder.action_perform("request.recording")
        await shell.until_dialog("ChoiceDialog")
        await shell.press("enter")
        await shell.until(lambda: shell.session.value(URL) == "https://api.test/v1/reports")
        await asyncio.sleep(0)
