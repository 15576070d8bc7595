"""Files around a session: saving, changes by others, drafts after a crash, and the person's settings."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import orjson
import pytest

from core.environment import config_folder, state_folder
from core.errors import ManifestError
from tui.model.files import ChangedOnDiskError, FileStamp, ReadOnlyError, folder_problems
from tui.model.inputs import Input
from tui.model.project import DraftKeeper, Project, pending_drafts
from tui.model.session import BuilderSession
from tui.model.settings import Settings
from tui.model.streams import StreamKind

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
from tui.model.project import DraftKeeper
from tui.model.session import BuilderSession
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


def test_settings_are_remembered_and_manual_edits_of_the_file_stay(file: Path) -> None:
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


def test_a_draft_knows_what_it_was_based_on(file: Path) -> None:
    session = BuilderSession.open(file)
    session.set(URL, "https://a.example.com")
    keeper = DraftKeeper(session)
    keeper.keep()
    (path,) = (state_folder() / "drafts").glob("*.json")
    (state_folder() / "drafts" / "lost.json").write_bytes(path.read_bytes())
    (draft,) = pending_drafts()
    assert not Project.recover(draft).session.changed_on_disk
    file.write_text(file.read_text() + "# theirs\n")
    project = Project.recover(draft)
    assert project.session.changed_on_disk
    with pytest.raises(ChangedOnDiskError) as caught:
        project.session.save()
    assert caught.value.ours
    assert file.read_text().endswith("# theirs\n")


def test_a_recovered_draft_keeps_the_file_that_it_was_based_on_first(file: Path) -> None:
    stamp = FileStamp.of(file)
    file.write_text(file.read_text() + "# theirs\n")
    session = BuilderSession.from_text(file.read_text(), file, based_on=stamp)
    DraftKeeper(session).keep()
    (path,) = (state_folder() / "drafts").glob("*.json")
    assert orjson.loads(path.read_bytes())["based_on"] == stamp.digest


def test_a_file_that_came_to_be_meanwhile_is_not_overwritten_unasked(tmp_path: Path) -> None:
    session = BuilderSession.from_text(BuilderSession.new().text, tmp_path / "connector.yaml")
    (tmp_path / "connector.yaml").write_text("theirs")
    with pytest.raises(ChangedOnDiskError):
        session.save()


def test_a_change_of_the_same_size_at_the_same_time_is_seen(file: Path) -> None:
    before = file.stat()
    session = BuilderSession.open(file)
    file.write_text(file.read_text().replace("contacts", "kontakts"))
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert session.changed_on_disk


@pytest.mark.parametrize("mode", [0o444, 0o400, 0o555])
def test_a_read_only_file_is_not_overwritten_unasked_and_stays_read_only(file: Path, mode: int) -> None:
    session = BuilderSession.open(file)
    session.set(URL, "https://a.example.com")
    before = file.read_text()
    file.chmod(mode)
    with pytest.raises(ReadOnlyError, match=r"connector.yaml is marked as read-only\."):
        session.save()
    with pytest.raises(ReadOnlyError):
        session.save(overwrite=True)
    assert file.read_text() == before
    assert session.dirty
    session.save(overwrite_read_only=True)
    assert "a.example.com" in file.read_text()
    assert file.stat().st_mode & 0o777 == mode


def test_a_link_is_followed_and_stays(file: Path, tmp_path: Path) -> None:
    link = tmp_path / "link.yaml"
    link.symlink_to(file)
    session = BuilderSession.open(link)
    session.set(URL, "https://a.example.com")
    file.chmod(0o640)
    session.save()
    assert link.is_symlink()
    assert "a.example.com" in file.read_text()
    assert file.stat().st_mode & 0o777 == 0o640
    session.set(URL, "https://b.example.com")
    session.save(file)
    assert "b.example.com" in file.read_text(), "the same file under another name is no other file"


def test_a_missing_folder_is_reported(session: BuilderSession, tmp_path: Path) -> None:
    folder = tmp_path / "project"
    folder.mkdir()
    session.save(folder / "connector.yaml")
    shutil.rmtree(folder)
    session.set(URL, "https://a.example.com")
    with pytest.raises(ManifestError, match=r"there is no folder .*project; save it elsewhere"):
        session.save()
    assert session.dirty


@pytest.mark.parametrize("kind", ["directory", "pipe"])
def test_only_files_are_replaced(session: BuilderSession, tmp_path: Path, kind: str) -> None:
    path = tmp_path / "connector.yaml"
    path.mkdir() if kind == "directory" else os.mkfifo(path)
    with pytest.raises(ManifestError, match=kind):
        session.save(path, overwrite=True)
    assert path.is_dir() if kind == "directory" else path.is_fifo()


@pytest.fixture
def blocked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Folders of the person that can't be made, because a file is where they should be."""
    path = tmp_path / "blocked"
    path.write_text("a file")
    monkeypatch.setenv("LONGHAUL_STATE_DIR", str(path / "state"))
    monkeypatch.setenv("LONGHAUL_CONFIG_DIR", str(path / "config"))
    return path


def test_where_nothing_can_be_written_work_goes_on_and_the_reason_is_reported_once(
    blocked: Path, tmp_path: Path
) -> None:
    said: list[str] = []
    settings, session = Settings(), BuilderSession.new()
    settings.on_failure = session.values.on_failure = said.append
    settings.theme = "nord"
    settings.opened(blocked)
    session.streams.add("contacts", StreamKind.ASYNC)
    session.inputs.add(Input("api_key", secret=True))
    session.save(tmp_path / "connector.yaml")
    session.inputs.set_value("api_key", "hush")
    session.inputs.rename("api_key", "token")
    assert (settings.theme, session.values.secret("token")) == ("nord", "hush")
    assert len(said) == 2
    assert "Settings and recent files can't be kept in" in said[0]
    assert "Drafts, values of inputs" in said[1]
    assert folder_problems() == [], "it was reported already"
    assert pending_drafts() == []
    with pytest.raises(OSError, match="blocked"):
        DraftKeeper(BuilderSession.from_text(session.text)).keep()


def test_folders_that_cannot_be_written_to_are_reported_with_the_way_out(blocked: Path) -> None:
    assert [words.rpartition(". ")[2] for words in folder_problems()] == [
        "The builder works without; LONGHAUL_CONFIG_DIR names another folder.",
        "The builder works without; LONGHAUL_STATE_DIR names another folder.",
    ]
    assert blocked.read_text() == "a file"


def test_nothing_needs_locks_that_only_some_systems_have(file: Path) -> None:
    code = (
        "import sys; sys.modules['fcntl'] = None\n"
        "import tui.app, tui.shell.screen, core.command.cli\n"
        "from tui.model.project import DraftKeeper, pending_drafts\n"
        "from tui.model.session import BuilderSession\n"
        "keeper = DraftKeeper(BuilderSession.from_text(BuilderSession.new().text))\n"
        "keeper.keep()\n"
        "assert pending_drafts() == []\n"
        "keeper.drop()\n"
    )
    done = subprocess.run([sys.executable, "-W", "ignore", "-c", code], cwd=ROOT, timeout=120, check=False)
    assert done.returncode == 0
    assert list((state_folder() / "drafts").iterdir()) == []
