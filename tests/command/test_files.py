"""What a run is to write is checked before anything is read: wrong files are code 2 and one sentence."""

from __future__ import annotations

import json
import os
import stat
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.command.cli import main
from tests.command.support import SlowApi, manifest, run

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def api() -> Iterator[SlowApi]:
    with SlowApi() as api:
        api.gate.set()
        yield api


@pytest.fixture
def folder(api: SlowApi, tmp_path: Path) -> Path:
    """A folder with a manifest, inputs, and things that are no place for what a run writes."""
    manifest(tmp_path / "m.yaml", api.url, "users", "a/b")
    (tmp_path / "inputs.json").write_text("{}")
    (tmp_path / "link").symlink_to("s.json")
    (tmp_path / "s.json").write_text("")
    (tmp_path / "hard").hardlink_to(tmp_path / "s.json")
    (tmp_path / "to-null").symlink_to("/dev/null")
    (tmp_path / "dir").mkdir()
    os.mkfifo(tmp_path / "pipe")
    return tmp_path


STATE = ["--state", "s.json"]


@pytest.mark.parametrize(
    ("options", "text"),
    [
        (["--state", "/dev/null"], "--state: /dev/null is a device; name a file of its own"),
        (["--state", "to-null"], "--state: to-null is a device"),
        (["--state", "dir"], "--state: dir is a directory"),
        (["--state", "pipe"], "--state: pipe is a named pipe"),
        (["--trace", "/dev/full"], "--trace: /dev/full is a device"),
        (["--trace", "missing/t.har"], "missing does not exist; create it"),
        (["--output", "/dev/null"], "--output: /dev/null is a device"),
        (["--output", "pipe"], "--output: pipe is a named pipe"),
        ([*STATE, "--trace", "s.json"], "--trace and --state are the same file"),
        ([*STATE, "--trace", "./s.json"], "--trace and --state are the same file"),
        ([*STATE, "--trace", "link"], "--trace and --state are the same file"),
        ([*STATE, "--trace", "hard"], "--trace and --state are the same file"),
        ([*STATE, "--trace", "s.tokens.json"], "the token file beside --state and --trace are the same file"),
        ([*STATE, "--trace", ".s.json.lock"], "the lock of --state and --trace are the same file"),
        (["--trace", "o.csv", "--output", "o.csv", "--stream", "users"], "--output and --trace are the same file"),
        (["--trace", "o.csv.partial", "--output", "o.csv", "--stream", "users"], "--output until it is complete and"),
        (["--trace", "dir/users.jsonl", "--output", "dir"], "the file of `users` in --output and --trace"),
        (["--state", "dir/users.jsonl", "--output", "dir", "--stream", "a/b"], "the file of `users` in --output and"),
        (["--trace", "dir/users.jsonl.partial", "--output", "dir"], "until it is complete and --trace are"),
        (["--state", "m.yaml"], "--state and the manifest are the same file"),
        (["--trace", "inputs.json", "--config", "inputs.json"], "--trace and --config are the same file"),
        (["--state", ""], "--state is empty: name a file."),
        (["--trace", ""], "--trace is empty: name a file."),
        (["--output", ""], "--output is empty: name a file or a directory."),
        (["--config", ""], "--config is empty: name a file."),
        (["--state", "-"], "--state needs a file that can be replaced, not -"),
        (["--output", "a/", "--output", "b/"], "--output is given twice; give it once."),
        (["--state", "a", "--state", "b"], "--state is given twice"),
        (["--output", "~nobody-of-this-name/x/"], "there is no user of this name; write ./~nobody-of-this-name"),
        (["--state", "x" * 300], "the name is too long for this file system"),
        (["--trace", "x" * 300], "the name is too long for this file system"),
        (["--output", "x" * 300 + "/"], "the name is too long for this file system"),
        (["--output", "x" * 248 + ".jsonl", "--stream", "users"], "the name is too long for this file system"),
        (["--config", "x" * 300], "file name too long"),
    ],
)
def test_a_wrong_file_is_code_2_before_any_request(
    api: SlowApi,
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    *,
    options: list[str],
    text: str,
) -> None:
    before, asked = sorted(os.walk(folder)), len(api.asked)
    monkeypatch.chdir(folder)
    monkeypatch.setattr(sys, "argv", ["longhaul", "--run", "m.yaml", *options])
    if "--output" not in options:
        sys.argv += ["--stream", "users"]
    try:
        code = main()
    except SystemExit as end:
        code = int(end.code or 0)
    output = capfd.readouterr().err
    assert (code, len(output.splitlines())) in ((2, 1), (2, 2)), output
    assert text in output
    assert len(api.asked) == asked
    assert sorted(os.walk(folder)) == before
    assert stat.S_ISCHR(os.stat("/dev/null").st_mode)


def test_a_stream_is_not_written_into_a_pipe_in_the_directory(api: SlowApi, folder: Path) -> None:
    os.mkfifo(folder / "dir" / "users.jsonl")
    code, output = run("--run", "m.yaml", "--output", "dir", folder=folder)
    assert code == 2
    assert "the file of `users` in --output: dir/users.jsonl is a named pipe; move it away" in output
    assert run("--run", "m.yaml", "--output", "dir", "--stream", "a/b", folder=folder)[0] == 0


def test_a_trace_or_state_does_not_take_the_file_that_standard_output_goes_to(api: SlowApi, folder: Path) -> None:
    for option in ("--trace", "--state"):
        code, output = run("--run", "m.yaml", "--stream", "users", option, "out", folder=folder, code=_stdout_to("out"))
        assert code == 2
        assert f"{option} and standard output are the same file" in output


def _stdout_to(name: str) -> str:
    return f"import os; os.dup2(os.open({name!r}, os.O_WRONLY | os.O_CREAT), 1)"


def test_a_home_is_found_where_no_shell_looks_for_it(api: SlowApi, folder: Path) -> None:
    code, output = run(
        "--run", "~/m.yaml", "--output=~/new/", "--state=~/t.json", folder=Path("/"), environment={"HOME": str(folder)}
    )
    assert code == 0, output
    assert sorted(os.listdir(folder / "new")) == ["a_b-c14cddc0.jsonl", "users.jsonl"]
    assert not (folder / "~").exists()


def test_only_their_owner_can_read_what_may_hold_secrets(api: SlowApi, folder: Path) -> None:
    (folder / "old.har").write_text("")
    (folder / "old.har").chmod(0o640)
    for trace, mode in (("new.har", 0o600), ("old.har", 0o640)):
        options = ["--state", "new.json", "--trace", trace, "--output", "dir"]
        code, output = run("--run", "m.yaml", *options, folder=folder, code="import os; os.umask(0o002)")
        assert code == 0, output
        assert stat.S_IMODE((folder / trace).stat().st_mode) == mode
    assert stat.S_IMODE((folder / "new.json").stat().st_mode) == 0o600
    assert stat.S_IMODE((folder / "dir" / "users.jsonl").stat().st_mode) == 0o664


def test_a_link_that_the_person_made_is_followed(api: SlowApi, folder: Path) -> None:
    (folder / "data.jsonl").symlink_to("dir/real.jsonl")
    (folder / "state").symlink_to("dir/state.json")
    for _ in range(2):
        code, output = run(
            "--run", "m.yaml", "--stream", "users", "--output", "data.jsonl", "--state", "state", folder=folder
        )
        assert code == 0, output
    assert (folder / "data.jsonl").is_symlink()
    assert (folder / "state").is_symlink()
    assert len((folder / "dir" / "real.jsonl").read_text().splitlines()) == 4
    assert json.loads((folder / "dir" / "state.json").read_text())
    assert sorted(os.listdir(folder / "dir")) == ["real.jsonl", "state.json"]


@pytest.mark.parametrize("name", ["ü.jsonl", "a b'\"$.jsonl", "-x.jsonl", "\udcff.jsonl", "[red].jsonl"])
def test_odd_names_are_names(api: SlowApi, folder: Path, name: str) -> None:
    code, output = run("--run", "m.yaml", "--stream", "users", f"--output={name}", folder=folder)
    assert code == 0, output
    assert (folder / name).read_text().count("\n") == 2


def test_a_damaged_token_file_is_code_2(api: SlowApi, folder: Path) -> None:
    (folder / "s.tokens.json").write_text("not JSON")
    code, output = run("--run", "m.yaml", *STATE, "--stream", "users", folder=folder)
    assert code == 2
    assert "s.tokens.json is not a file of renewed tokens any more" in output


def test_no_run_needs_what_only_unix_has(api: SlowApi, folder: Path) -> None:
    blocked = "import sys; sys.modules['fcntl'] = None"
    options = ["--output", "dir", "--state", "new.json", "--trace", "t.har"]
    code, output = run("--run", "m.yaml", *options, folder=folder, code=blocked)
    assert code == 0, output
    assert sorted(os.listdir(folder / "dir")) == ["a_b-c14cddc0.jsonl", "users.jsonl"]
