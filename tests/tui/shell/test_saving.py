"""Saving, leaving and coming back: nothing is lost without being asked."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

import pytest
from textual.widgets import Input

from core.environment import DEBUG, state_folder
from sample_configs import sample
from tests.tui.shell.support import opened
from tui.command import _report_end
from tui.model.editor_schema import MODELINE, SCHEMA
from tui.model.project import Project, pending_drafts
from tui.model.settings import Settings
from tui.shell import background

URL = ("streams", 0, "retriever", "creation_requester", "url")


def end_of_the_process(project: Project) -> None:
    """Let go of the draft, as the end of a process does."""
    lock = project._draft._lock
    assert lock is not None
    lock.release()


def drafts() -> list[Path]:
    """The files of all drafts, also of those that belong to a project that is open."""
    return list((state_folder() / "drafts").glob("*.json"))


@pytest.fixture
def manifest(tmp_path: Path) -> Path:
    path = tmp_path / "sendgrid.yaml"
    path.write_text(sample("sendgrid_contacts").path.read_text())
    return path


async def test_the_title_marks_unsaved_changes(manifest: Path) -> None:
    async with opened(manifest) as shell:
        await shell.until(lambda: shell.field == URL)
        await shell.press("end", "x")
        await shell.until_shown("● Unsaved")
        await shell.press("ctrl+s")
        await shell.until_said("Saved sendgrid.yaml")
        await shell.until(lambda: "Unsaved" not in shell.lines[0])
    assert "/v3/marketing/contacts/exportsx" in manifest.read_text()


async def test_saving_includes_what_is_typed_without_enter(manifest: Path) -> None:
    retriever = ("streams", 0, "retriever")
    async with opened(manifest) as shell:
        await shell.go_to(*retriever, "creation_requester", "request_headers")
        await shell.press("a", "A", "enter", "1", "ctrl+s")
        await shell.until_said("Saved sendgrid.yaml")
        await shell.press("2", "ctrl+s")
        await shell.until(lambda: "A: '12'" in manifest.read_text() or 'A: "12"' in manifest.read_text())
        await shell.go_to(*retriever, "status_mapping")
        await shell.press("a", *"new", "ctrl+s")
        await shell.until(lambda: "running: [pending, new]" in manifest.read_text())
        await shell.go_to("streams", 0, "primary_key")
        await shell.press("enter", "end", "X", "ctrl+s")
        await shell.until(lambda: "primary_key: CONTACT_IDX" in manifest.read_text())
        await shell.go_to("streams", 0, "name")
        await shell.press("end", "X", "ctrl+s")
        await shell.until(lambda: "name: contactsX" in manifest.read_text())
        await shell.go_to("spec", "connection_specification", "properties", "api_key")
        await shell.press(*"hush", "ctrl+s")
        await shell.until(lambda: shell.session.values.secret("api_key") == "hush")
        assert "hush" not in manifest.read_text()


async def test_a_draft_is_kept_during_continuous_typing(manifest: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(background, "DRAFT_AFTER", 0.3)
    async with opened(manifest) as shell:
        while not drafts():
            shell.session.set(URL, f"https://{time.monotonic()}.example.com")
            await asyncio.sleep(0.02)


async def test_a_new_manifest_asks_for_its_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    async with opened() as shell:
        shell.session.streams.add("contacts")
        await shell.press("ctrl+s")
        await shell.until_dialog("ManifestDialog")
        await shell.press("enter")
        await shell.until_said("Saved connector.yaml")
        await shell.until(lambda: "connector.yaml" in shell.lines[0])
    assert "name: contacts" in (tmp_path / "connector.yaml").read_text()
    assert Settings().recent == [tmp_path / "connector.yaml"]


async def test_a_manifest_is_saved_as_yaml_and_asks_before_it_replaces_a_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "notes.txt.yaml").write_text("mine: 1\n")
    async with opened() as shell:
        shell.session.streams.add("contacts")
        await shell.press("ctrl+s")
        await shell.until_dialog("ManifestDialog")
        shell.app.screen.query_one(Input).value = str(tmp_path / "notes.txt")
        await shell.until_shown("it is saved as notes.txt.yaml.")
        await shell.press("enter")
        await shell.until_shown("notes.txt.yaml exists. Press enter again to replace it.")
        assert (tmp_path / "notes.txt.yaml").read_text() == "mine: 1\n"
        await shell.press("enter")
        await shell.until_said("Saved notes.txt.yaml")
        assert not (tmp_path / "notes.txt").exists()


@pytest.mark.parametrize("second", ["ctrl+s", "ctrl+q"])
async def test_keys_pressed_before_a_question_is_there_ask_no_other_one(second: str) -> None:
    async with opened() as shell:
        shell.session.streams.add("contacts")
        await shell.burst("ctrl+s", second)
        assert len(shell.dialogs) == 1
        await shell.press("escape")
        await shell.settled()
        assert shell.dialogs == []
        await shell.press(second)
        await shell.until(lambda: shell.dialog is not None, "a question to a key that was pressed later")


async def test_what_is_typed_between_two_saves_is_saved(manifest: Path) -> None:
    async with opened(manifest) as shell:
        await shell.until(lambda: shell.field == URL)
        await shell.burst("end", "x", "ctrl+s", "y", "ctrl+s")
        await shell.until(lambda: "/v3/marketing/contacts/exportsxy" in manifest.read_text())
        assert not shell.session.dirty


@pytest.mark.parametrize(("keys", "shown"), [("", "F8"), ("keys:\n  go.problem: ctrl+e\n", "^e")])
async def test_saving_with_errors_reports_them_and_saves(manifest: Path, keys: str, shown: str) -> None:
    settings = Settings()
    settings.file.parent.mkdir(parents=True)
    settings.file.write_text(keys)
    async with opened(manifest) as shell:
        shell.session.unset(("streams", 0, "retriever", "status_extractor"))
        await shell.checked()
        await shell.press("ctrl+s")
        await shell.until_said(f"1 error ({shown} shows the next)")
    assert "status_extractor" not in manifest.read_text()


@pytest.mark.parametrize(
    ("answer", "saved"),
    [("Overwrite it", "mine"), ("Cancel", "theirs"), ("Read it, drop mine", "theirs")],
)
async def test_a_file_changed_by_another_program_is_never_overwritten_unasked(
    manifest: Path, answer: str, saved: str
) -> None:
    async with opened(manifest) as shell:
        shell.session.set(URL, "https://mine.example.com")
        manifest.write_text(manifest.read_text().replace("# SendGrid:", "# theirs SendGrid:"))
        await shell.press("ctrl+s")
        await shell.until_dialog("QuestionDialog")
        assert "changed by another program" in shell.text
        await shell.answer(answer)
        await shell.until(lambda: shell.dialog is None)
        if answer == "Read it, drop mine":
            await shell.until(lambda: "theirs" in shell.session.text)
            assert not shell.session.dirty
        await shell.until(lambda: saved in manifest.read_text())
    assert ("mine.example.com" in manifest.read_text()) == (saved == "mine")


async def test_a_file_changed_meanwhile_can_be_read_again(manifest: Path) -> None:
    async with opened(manifest) as shell:
        manifest.write_text(manifest.read_text().replace("name: contacts", "name: people"))
        await shell.app.on_app_focus()
        await shell.until_dialog("QuestionDialog")
        await shell.answer("Read it again")
        await shell.until(lambda: shell.session.streams.names() == ("people",))


async def test_a_file_changed_meanwhile_is_asked_about_once(manifest: Path) -> None:
    async with opened(manifest) as shell:
        manifest.write_text(manifest.read_text().replace("name: contacts", "name: people"))
        for _ in range(2):
            await shell.app.on_app_focus()
        await shell.until_dialog("QuestionDialog")
        await shell.settled()
        assert len(shell.dialogs) == 1
        await shell.answer("Cancel")
        await shell.settled()
        assert shell.dialogs == []


async def test_reading_a_changed_file_again_asks_about_edits_made_meanwhile(manifest: Path) -> None:
    async with opened(manifest) as shell:
        manifest.write_text(manifest.read_text().replace("name: contacts", "name: people"))
        await shell.app.on_app_focus()
        await shell.until_dialog("QuestionDialog")
        shell.session.set(URL, "https://mine.example.com")
        await shell.answer("Read it again")
        await shell.until_dialog("ConfirmDialog")
        await shell.answer("Cancel")
        await shell.settled()
        assert shell.session.value(URL) == "https://mine.example.com"


async def test_reading_a_file_again_asks_about_what_is_typed_without_enter(manifest: Path) -> None:
    async with opened(manifest) as shell:
        await shell.go_to("streams", 0, "name")
        await shell.press("end", "X")
        await shell.perform("file.reload")
        await shell.until_dialog("ConfirmDialog")
        await shell.answer("Cancel")
        await shell.settled()
        assert shell.session.streams.names() == ("contactsX",)


@pytest.mark.parametrize(("answer", "left"), [("Cancel", False), ("Don't save", True), ("Save", True)])
async def test_quitting_with_unsaved_changes_asks(manifest: Path, answer: str, left: bool) -> None:
    async with opened(manifest) as shell:
        shell.session.set(URL, "https://mine.example.com")
        await shell.press("ctrl+q")
        await shell.until_dialog("QuestionDialog")
        await shell.answer(answer)
        if left:
            await shell.until(lambda: shell.app.return_code is not None)
        else:
            await shell.until(lambda: shell.dialog is None)
        assert (shell.app.return_code == 0) == left
    assert ("mine.example.com" in manifest.read_text()) == (answer == "Save")
    assert not pending_drafts()


async def test_quitting_without_changes_asks_nothing(manifest: Path) -> None:
    async with opened(manifest) as shell:
        await shell.press("ctrl+q")
        await shell.until(lambda: shell.app.return_code == 0)


async def test_quitting_from_a_dialog_asks_as_well(manifest: Path) -> None:
    async with opened(manifest) as shell:
        shell.session.set(URL, "https://mine.example.com")
        await shell.press("f1")
        await shell.until_dialog("HelpDialog")
        await shell.press("ctrl+q")
        await shell.until_dialog("QuestionDialog")
        await shell.answer("Cancel")


async def test_a_draft_is_written_soon_after_an_edit_and_deleted_on_save(manifest: Path) -> None:
    async with opened(manifest) as shell:
        await shell.until(lambda: len(shell.builder._subscriptions) > 1)
        shell.session.set(URL, "https://mine.example.com")
        await shell.until(drafts, "the draft")
        await shell.press("ctrl+s")
        await shell.until_said("Saved")
        assert not drafts()


@pytest.mark.parametrize(
    ("action", "answer"),
    [
        ("app.quit", "Don't save"),
        ("file.new", "Don't save"),
        ("file.reload", "Drop changes"),
        ("file.save", "Read it, drop mine"),
    ],
)
async def test_changes_that_are_given_up_leave_no_draft(manifest: Path, action: str, answer: str) -> None:
    async with opened(manifest) as shell:
        before = shell.builder
        shell.session.set(URL, "https://mine.example.com")
        shell.app.keep_draft()
        if action == "file.save":
            manifest.write_text(manifest.read_text() + "# theirs\n")
        await (shell.press("ctrl+q") if action == "app.quit" else shell.perform(action))
        await shell.until(lambda: shell.dialog is not None, "the question")
        await shell.answer(answer)
        await shell.until(lambda: shell.app.return_code == 0 or shell.builder is not before)
        await shell.until(lambda: not drafts(), "the end of the draft")


async def test_a_signal_while_the_builder_is_quit_brings_back_no_draft(
    manifest: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with opened(manifest) as shell:

        async def close(patience: float = 6.0) -> None:
            shell.app.keep_draft()  # as a signal does at once

        monkeypatch.setattr(shell.builder.trials.controller, "close", close)
        shell.session.set(URL, "https://mine.example.com")
        await shell.press("ctrl+q")
        await shell.until_dialog("QuestionDialog")
        await shell.answer("Don't save")
        await shell.until(lambda: shell.app.return_code == 0)
        assert not drafts()


@pytest.mark.parametrize("action", ["file.reload", "file.open"])
async def test_the_draft_stays_where_the_file_to_go_on_with_cannot_be_opened(manifest: Path, action: str) -> None:
    async with opened(manifest) as shell:
        shell.session.set(URL, "https://mine.example.com")
        shell.app.keep_draft()
        manifest.write_bytes(b"\xff\xfe\x00\x01")
        if action == "file.reload":
            await shell.perform(action)
        else:
            shell.builder.interaction.start(shell.builder.files.open_file(manifest))
        await shell.until(lambda: shell.dialog is not None, "the question")
        await shell.answer("Drop changes" if action == "file.reload" else "Don't save")
        await shell.until_said("UTF-8")
        assert shell.session.dirty
        assert drafts()


@pytest.mark.parametrize("answer", ["Recover it", "Delete the draft", "Cancel"])
async def test_unsaved_work_is_offered_on_the_next_start(manifest: Path, answer: str) -> None:
    async with opened(manifest) as shell:
        shell.session.set(URL, "https://mine.example.com")
        shell.app.keep_draft()
        end_of_the_process(shell.builder.project)
    async with opened(manifest) as shell:
        await shell.until_dialog("QuestionDialog")
        assert "sendgrid.yaml" in shell.text
        await shell.answer(answer)
        await shell.until(lambda: shell.dialog is None)
        if answer == "Recover it":
            await shell.until(lambda: shell.session.value(URL) == "https://mine.example.com")
            assert shell.session.dirty
            assert shell.builder.project.path == manifest
            end_of_the_process(shell.builder.project)
    assert bool(pending_drafts()) == (answer != "Delete the draft")


async def test_a_recovered_draft_is_given_up_with_its_project(manifest: Path) -> None:
    async with opened(manifest) as shell:
        shell.session.set(URL, "https://mine.example.com")
        shell.app.keep_draft()
        end_of_the_process(shell.builder.project)
    async with opened(manifest) as shell:
        await shell.until_dialog("QuestionDialog")
        await shell.answer("Recover it")
        await shell.until(lambda: shell.session.dirty)
        assert not pending_drafts(), "it is not offered elsewhere while it is open"
        shell.builder.interaction.start(shell.builder.files.open_file(manifest))
        await shell.until_dialog("QuestionDialog")
        await shell.answer("Don't save")
        await shell.until(lambda: shell.dialog or not shell.session.dirty)
        assert shell.dialog is None, "what was just given up is not offered"
        assert not drafts()


async def test_a_draft_does_not_replace_what_was_typed_before_it_was_offered(manifest: Path) -> None:
    async with opened(manifest) as shell:
        shell.session.set(URL, "https://mine.example.com")
        shell.app.keep_draft()
        end_of_the_process(shell.builder.project)
    async with opened(manifest) as shell:
        shell.session.set(URL, "https://later.example.com")
        await shell.until_dialog("QuestionDialog")
        await shell.answer("Recover it")
        await shell.until_dialog("QuestionDialog")
        assert "has changes that are not saved" in shell.text
        await shell.answer("Cancel")
        await shell.until(lambda: shell.dialog is None)
        assert shell.session.value(URL) == "https://later.example.com"
        assert drafts(), "it is offered at the next start"


async def test_a_draft_without_a_file_is_offered_when_no_file_is_opened() -> None:
    async with opened() as shell:
        shell.session.streams.add("contacts")
        shell.app.keep_draft()
        end_of_the_process(shell.builder.project)
    async with opened() as shell:
        await shell.until_dialog("QuestionDialog")
        await shell.answer("Recover it")
        await shell.until(lambda: shell.session.streams.names() == ("contacts",))
        assert shell.session.dirty


async def test_a_crash_is_reported_in_a_sentence_and_keeps_the_work(
    manifest: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(DEBUG, raising=False)

    def fail() -> None:
        raise ZeroDivisionError("with the token hunter2-secret")

    with pytest.raises(ZeroDivisionError):
        async with opened(manifest, values={"api_key": "hunter2-secret"}) as shell:
            shell.session.set(URL, "https://mine.example.com")
            project = shell.builder.project
            shell.builder.call_later(fail)
            await shell.until(lambda: shell.app.return_code == 1)
    assert _report_end(shell.app) == 1
    said = capsys.readouterr().err
    assert "ZeroDivisionError" in said
    assert "What was not saved is kept" in said
    assert "Traceback" not in said
    assert "hunter2" not in said
    end_of_the_process(project)
    assert "mine.example.com" in pending_drafts()[0].text


@pytest.mark.parametrize(("answer", "saved"), [("Overwrite it", True), ("Cancel", False)])
async def test_a_read_only_file_is_not_overwritten_unasked(manifest: Path, answer: str, saved: bool) -> None:
    manifest.chmod(0o444)
    async with opened(manifest) as shell:
        shell.session.set(URL, "https://mine.example.com")
        await shell.press("ctrl+s")
        await shell.until_dialog("QuestionDialog")
        assert "is marked as read-only" in shell.text
        await shell.answer(answer)
        await shell.until(lambda: shell.dialog is None)
        await shell.until(lambda: shell.session.dirty != saved)
    assert ("mine.example.com" in manifest.read_text()) == saved
    assert manifest.stat().st_mode & 0o777 == 0o444


async def test_saving_a_recovered_draft_asks_if_the_file_has_changed_since(manifest: Path) -> None:
    async with opened(manifest) as shell:
        shell.session.set(URL, "https://mine.example.com")
        shell.app.keep_draft()
        end_of_the_process(shell.builder.project)
    manifest.write_text(manifest.read_text() + "# theirs\n")
    async with opened(manifest) as shell:
        await shell.until_dialog("QuestionDialog")
        await shell.answer("Recover it")
        await shell.until(lambda: shell.session.value(URL) == "https://mine.example.com")
        await shell.press("ctrl+s")
        await shell.until_dialog("QuestionDialog")
        assert "changed by another program" in shell.text
        await shell.answer("Cancel")
    assert manifest.read_text().endswith("# theirs\n")


async def test_the_builder_works_without_writable_folders_of_its_own(
    manifest: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "blocked").write_text("a file")
    monkeypatch.setattr(background, "DRAFT_AFTER", 0.05)
    monkeypatch.setenv("LONGHAUL_STATE_DIR", str(tmp_path / "blocked" / "state"))
    monkeypatch.setenv("LONGHAUL_CONFIG_DIR", str(tmp_path / "blocked" / "config"))
    async with opened(manifest) as shell:
        await shell.until_said("Settings and recent files can't be kept")
        await shell.until_said("Drafts, values of inputs and what is copied can't be kept")
        shell.session.inputs.set_value("api_key", "hush")
        shell.session.set(URL, "https://mine.example.com")
        await shell.press("ctrl+s")
        await shell.until_said("Saved sendgrid.yaml")
        assert shell.session.values.secret("api_key") == "hush"
    assert "mine.example.com" in manifest.read_text()


async def test_a_new_manifest_is_saved_with_what_editors_need(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    async with opened() as shell:
        shell.session.streams.add("contacts")
        await shell.press("ctrl+s")
        await shell.until_dialog("ManifestDialog")
        await shell.press("enter")
        await shell.until_said("Saved connector.yaml")
        await shell.until((tmp_path / SCHEMA).exists)
    assert (tmp_path / "connector.yaml").read_text().startswith(MODELINE)
