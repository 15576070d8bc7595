"""Files around a session: saving, changes by others, drafts after a crash, and the person's settings."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tui.session.drafts import DraftKeeper, pending_drafts
from tui.session.files import ChangedOnDiskError
from tui.session.folders import config_folder, state_folder
from tui.session.session import BuilderSession
from tui.session.settings import Settings

URL = ("streams", 0, "retriever", "creation_requester", "url")
ROOT = Path(__file__).parents[3]


@pytest.fixture
def file(session: BuilderSession, tmp_path: Path) -> Path:
    path = tmp_path / "connector.yaml"
    session.save(path)
    return path


def test_only_what_was_edited_changes_in_the_file(tmp_path: Path) -> None:
    sample = (ROOT / "sample_configs" / "sendgrid_contacts.yaml").read_text()
    path = tmp_path / "sample.yaml"
    path.write_text(sample)
    session = BuilderSession.open(path)
    session.set(("streams", 0, "retriever", "polling_job_timeout"), 45)
    session.save()
    assert path.read_text() == sample.replace("polling_job_timeout: 30", "polling_job_timeout: 45")


def test_a_session_is_dirty_until_it_is_saved_or_undone(file: Path) -> None:
    assert not BuilderSession.new().dirty
    assert BuilderSession.from_text(BuilderSession.new().text).dirty
    session = BuilderSession.open(file)
    assert not session.dirty
    session.set(URL, "https://a.example.com")
    assert session.dirty
    session.undo()
    assert not session.dirty
    session.edit_text(session.text.replace("contacts", "people"))
    assert session.dirty
    session.undo()
    assert not session.dirty
    session.redo()
    session.save()
    assert not session.dirty
    session.undo()
    assert session.dirty


def test_a_new_session_needs_a_file_name(session: BuilderSession) -> None:
    with pytest.raises(ValueError, match="file"):
        session.save()


def test_what_others_wrote_is_not_overwritten_unasked(file: Path) -> None:
    session = BuilderSession.open(file)
    session.set(URL, "https://a.example.com")
    os.utime(file, (1, 1))
    assert not session.changed_on_disk
    file.write_text(file.read_text() + "# mine\n")
    assert session.changed_on_disk
    with pytest.raises(ChangedOnDiskError) as caught:
        session.save()
    assert caught.value.ours
    assert file.read_text().endswith("# mine\n")
    session.save(overwrite=True)
    assert "# mine" not in file.read_text()
    assert not session.changed_on_disk


def test_another_file_that_exists_is_not_overwritten_unasked(file: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.yaml"
    other.write_text("precious")
    session = BuilderSession.open(file)
    with pytest.raises(ChangedOnDiskError) as caught:
        session.save(other)
    assert not caught.value.ours
    session.save(other, overwrite=True)
    assert session.path == other


def test_a_file_that_is_gone_is_written_again(file: Path) -> None:
    session = BuilderSession.open(file)
    file.unlink()
    session.save()
    assert file.exists()


def test_a_draft_is_kept_while_there_is_something_to_save(session: BuilderSession, tmp_path: Path) -> None:
    keeper = DraftKeeper(session)
    keeper.keep()
    drafts = list((state_folder() / "drafts").glob("*.json"))
    assert len(drafts) == 1
    assert pending_drafts() == [], "a session that is alive keeps its draft to itself"
    session.save(tmp_path / "connector.yaml")
    keeper.keep()
    assert list((state_folder() / "drafts").iterdir()) == []


CRASH = """
import os
from tui.session.drafts import DraftKeeper
from tui.session.session import BuilderSession
session = BuilderSession.open({path!r})
session.set(("streams", 0, "name"), "lost")
session.edit_text(session.text + "broken: [")
DraftKeeper(session).keep()
os._exit(1)
"""


def test_what_a_crash_left_is_offered_with_all_its_text(file: Path) -> None:
    subprocess.run([sys.executable, "-c", CRASH.format(path=str(file))], check=False, cwd=ROOT, timeout=60)
    (draft,) = pending_drafts()
    assert draft.path == file
    assert "name: lost" in draft.text
    assert draft.text.endswith("broken: [")
    draft.discard()
    assert pending_drafts() == []


def test_a_draft_can_be_taken_up_again(session: BuilderSession, file: Path) -> None:
    taken_up = BuilderSession.from_text(session.text.replace("contacts", "people"), file)
    assert taken_up.dirty
    assert taken_up.path == file
    taken_up.save()
    assert "people" in file.read_text()


def test_a_damaged_draft_is_passed_over() -> None:
    folder = state_folder() / "drafts"
    folder.mkdir(parents=True)
    (folder / "1.json").write_text("{")
    (folder / "2.json").write_text("{}")
    assert pending_drafts() == []


def test_settings_are_remembered_and_what_people_wrote_in_them_stays(file: Path) -> None:
    Settings().theme = "nord"
    path = config_folder() / "settings.yaml"
    path.write_text(path.read_text() + "keys:\n  run: f9 # not f5\n")
    settings = Settings()
    assert (settings.theme, settings.keys) == ("nord", {"run": "f9"})
    settings.opened(file)
    settings.set_limits(file, "contacts", {"records": 10})
    again = Settings()
    assert again.recent == [file]
    assert again.limits(file, "contacts") == {"records": 10}
    assert again.limits(file, "lists") == {}
    assert "run: f9 # not f5" in path.read_text()


def test_recent_files_are_few_existing_and_the_latest_is_first(tmp_path: Path) -> None:
    settings = Settings()
    files = [tmp_path / f"{number}.yaml" for number in range(12)]
    for one in [*files, files[5]]:
        one.touch()
        settings.opened(one)
    files[11].unlink()
    assert settings.recent[:2] == [files[5], files[10]]
    assert len(settings.recent) == 9


def test_settings_that_cannot_be_read_are_left_alone() -> None:
    config_folder().mkdir(parents=True)
    path = config_folder() / "settings.yaml"
    path.write_text("theme: [")
    settings = Settings()
    assert settings.problem is not None
    settings.theme = "nord"
    assert path.read_text() == "theme: ["


def test_folders_follow_the_platform() -> None:
    assert state_folder({"XDG_STATE_HOME": "/x"}) == Path("/x/longhaul")
    assert config_folder({"XDG_CONFIG_HOME": "/y"}) == Path("/y/longhaul")
    assert state_folder({"LONGHAUL_STATE_DIR": "/z"}) == Path("/z")
