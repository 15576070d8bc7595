"""`longhaul --completion`: scripts that shells take, and what bash completes with them."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from core.command import completion
from core.command.arguments import Arguments
from core.extras import MissingExtra, how_to_install
from sample_configs import names

ROOT = Path(__file__).parents[2]
BASH = shutil.which("bash") or ""


@pytest.fixture(scope="module")
def script(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("completion") / "longhaul"
    path.write_text(printed("bash"))
    return path


def printed(shell: str) -> str:
    code = "import sys; from core.command.cli import main; sys.exit(main())"
    command = [sys.executable, "-c", code, "--completion", shell]
    return subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT, timeout=60).stdout


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish", "tcsh"])
def test_a_shell_takes_its_script(shell: str, tmp_path: Path) -> None:
    if shutil.which(shell) is None:
        pytest.skip(f"{shell} is not installed")
    path = tmp_path / "script"
    path.write_text(printed(shell))
    done = subprocess.run([shell, "-n", path], capture_output=True, text=True, check=False, timeout=30)
    assert (done.returncode, done.stderr) == (0, "")


def test_the_others_know_the_options_too() -> None:
    assert "--keep-case" in printed("zsh")
    assert "keep-case" in printed("fish")
    assert "keep-case" in printed("tcsh")


@pytest.mark.skipif(not BASH, reason="bash is not installed")
@pytest.mark.parametrize(
    ("typed", "offered"),
    [
        ("--val", ["--validate"]),
        ("--run crm.yaml --st", ["--state", "--stream"]),
        ("--run c", ["cards.yaml", "crm.yaml"]),
        ("--validate crm.yaml c", ["cards.yaml", "crm.yaml"]),
        ("--validate crm.yaml cards.yaml --form", ["--format"]),
        ("--validate crm.yaml --format g", ["github"]),
        ("--run crm.yaml --format p", ["parquet"]),
        ("--run crm.yaml --log-level w", ["warning"]),
        ("--run crm.yaml --config in", ["inputs.yaml"]),
        ("crm", ["crm.yaml"]),
        ("--demo mar", ["marketo"]),
        ("--demo --run snow", ["snowflake"]),
    ],
)
def test_bash_completes(script: Path, tmp_path: Path, typed: str, offered: list[str]) -> None:
    for name in ("crm.yaml", "cards.yaml", "inputs.yaml"):
        (tmp_path / name).touch()
    ask = (
        'source "$1"; shift; COMP_WORDS=(longhaul "$@"); COMP_CWORD=$#\n'
        "$(complete -p longhaul | sed 's/.*-F \\([^ ]*\\).*/\\1/') longhaul 2>/dev/null\n"
        'printf "%s\\n" "${COMPREPLY[@]}"'
    )
    command = [BASH, "--norc", "-c", ask, "bash", str(script), *typed.split()]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=tmp_path, timeout=30)
    assert sorted(done.stdout.split()) == offered


def test_all_samples_are_offered(script: Path) -> None:
    assert " ".join(names()) in script.read_text()


def test_without_the_extra_one_line_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "shtab", None)
    with pytest.raises(MissingExtra) as caught:
        completion.print_completion(Arguments(completion="bash"))
    assert str(caught.value) == how_to_install("Completions of the shell", "completion")
