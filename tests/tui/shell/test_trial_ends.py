"""What ends a running trial: it asks first, aborts the job on the server, and says what becomes of it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from sample_configs.demo_api import DemoApi, Fault
from tests.tui.shell.support import Shell, opened, polling, quickly_polled


@pytest.fixture
def manifest(tmp_path: Path) -> Path:
    return quickly_polled(tmp_path)


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


def aborted(api: DemoApi) -> bool:
    """Whether the server was asked to abort a job."""
    return any(one.path.endswith("/abort") for one in api.requests)


def dialog_text(shell: Shell) -> str:
    """The text of a dialog, however it is wrapped."""
    return " ".join(re.sub(r"[│┃|▌▐█▊▎]", " ", shell.text).split())
