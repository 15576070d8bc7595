"""The builder in a real terminal (tmux, on a socket of its own): keys go in, the screen is read, the file is run."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from sample_configs import sample
from sample_configs.demo_api import DemoApi
from tui.model.project import pending_drafts

pytestmark = pytest.mark.skipif(shutil.which("tmux") is None, reason="tmux is not installed: there is no terminal")
PATIENCE = 45.0


class Terminal:
    """A shell in a terminal."""

    def __init__(self, folder: Path) -> None:
        self._socket = f"longhaul-{os.getpid()}-{folder.name}"
        self._environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(folder),
            "LANG": "C.UTF-8",
            "COLORTERM": "truecolor",
            "PYTHONPATH": str(Path(__file__).parents[3]),
            **{name: value for name, value in os.environ.items() if name.startswith("LONGHAUL_")},
        }
        settings = ["-f", "/dev/null", "new-session", "-d", "-x", "120", "-y", "40", "-c", str(folder)]
        self._tmux(*settings, "sh")
        self.command("echo ready $((1 + 1))")
        self.wait("ready 2")

    def _tmux(self, *arguments: str) -> str:
        command = ["tmux", "-L", self._socket, *arguments]
        done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=20, env=self._environment)
        return done.stdout

    @property
    def screen(self) -> str:
        return self._tmux("capture-pane", "-p")

    def press(self, *keys: str) -> None:
        self._tmux("send-keys", *keys)

    def type(self, text: str) -> None:
        self._tmux("send-keys", "-l", text)

    def paste(self, text: str) -> None:
        """Paste a text as terminals do: all of it at once, with carriage returns for its line breaks."""
        self._tmux("set-buffer", text)
        self._tmux("paste-buffer", "-p")

    def command(self, *words: str) -> None:
        self.type(" ".join(words))
        self.press("Enter")

    def resize(self, columns: int, rows: int) -> None:
        self._tmux("resize-window", "-x", str(columns), "-y", str(rows))

    def wait(self, words: str) -> str:
        """Wait until words are on the screen."""
        return self.until(lambda screen: words in screen, words)

    def until(self, holds: Callable[[str], bool], what: str) -> str:
        end = time.monotonic() + PATIENCE
        while not holds(screen := self.screen):
            assert time.monotonic() < end, f"{what!r} did not come about:\n{screen}"
            time.sleep(0.05)
        return screen

    def hang_up(self) -> None:
        """Close the window, as a person does or a connection that breaks."""
        self._tmux("kill-session")

    def close(self) -> None:
        subprocess.run(["tmux", "-L", self._socket, "kill-server"], capture_output=True, check=False, timeout=20)


@pytest.fixture
def terminal(tmp_path: Path) -> Iterator[Terminal]:
    found = Terminal(tmp_path)
    yield found
    found.close()


def longhaul(*arguments: str) -> list[str]:
    """The command as it is typed; what it ends with is shown."""
    return [sys.executable, "-m", "tui", *arguments, "; echo ended with $?"]


def test_the_demo_is_tested_resized_saved_and_run_headless(tmp_path: Path, terminal: Terminal) -> None:
    terminal.command(*longhaul("--demo"))
    terminal.wait("API Endpoint URL")
    terminal.press("F5")
    terminal.wait("next poll")
    terminal.resize(80, 24)
    terminal.wait("1,000 records in")
    terminal.press("6")
    terminal.wait("Async Job -- Polling")
    terminal.resize(120, 40)
    terminal.press("C-b")
    terminal.wait("HTTP Method")
    terminal.press("C-g")
    terminal.wait("Go to a field")
    terminal.type("polling job timeout")
    terminal.wait("Polling Job Timeout")
    terminal.press("Enter")
    arrived = "\n Polling Job Timeout  "
    terminal.until(lambda screen: "Go to a field" not in screen and arrived in screen, "the line of help on the field")
    terminal.press("End")
    terminal.type("0")
    terminal.wait("● Unsaved")
    terminal.press("C-s")
    terminal.wait("Save manifest as")
    terminal.press("Enter")
    terminal.wait("Saved connector.yaml")
    terminal.press("C-q")
    screen = terminal.wait("ended with 0")
    assert "Traceback" not in screen
    manifest = tmp_path / "connector.yaml"
    assert "polling_job_timeout: 300 # minutes" in manifest.read_text()
    with DemoApi(pace=0, rows=25) as api:
        inputs = api.inputs("sendgrid_contacts")
        settings = [part for name, value in inputs.items() for part in ("--set", f"{name}={value}")]
        command = [sys.executable, "-m", "tui", "--run", str(manifest), "--quiet", *settings]
        done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    assert len([json.loads(line) for line in done.stdout.splitlines()]) == 25


def test_a_terminated_builder_restores_the_terminal_and_keeps_the_work(tmp_path: Path, terminal: Terminal) -> None:
    manifest = tmp_path / "sendgrid.yaml"
    manifest.write_text(sample("sendgrid_contacts").path.read_text())
    terminal.command("sh -c 'echo $$ > pid; exec", sys.executable, "-m", "tui", "sendgrid.yaml' ; echo ended with $?")
    terminal.wait("API Endpoint URL")
    terminal.press("End")
    terminal.type("x")
    terminal.wait("● Unsaved")
    os.kill(int((tmp_path / "pid").read_text()), 15)
    screen = terminal.wait("ended with 143")
    assert "Traceback" not in screen
    assert "exportsx" in pending_drafts()[0].text
    assert "exportsx" not in manifest.read_text()
    terminal.command("clear;", *longhaul("sendgrid.yaml"))
    terminal.wait("Recover it")
    terminal.press("Enter")
    terminal.wait("exportsx")
    terminal.press("C-q")
    terminal.wait("Unsaved changes")
    terminal.press("Right", "Enter")
    terminal.wait("ended with 0")


def test_the_builder_ends_with_its_terminal_even_while_drawing(tmp_path: Path, terminal: Terminal) -> None:
    terminal.command("sh -c 'echo $$ > pid; exec", sys.executable, "-m", "tui", "--demo'")
    terminal.wait("API Endpoint URL")
    terminal.press("F5")
    terminal.wait("pending → running")
    terminal.hang_up()
    process = Path(f"/proc/{(tmp_path / 'pid').read_text().strip()}")
    end = time.monotonic() + PATIENCE
    while process.exists():
        assert time.monotonic() < end, "it goes on without a terminal"
        time.sleep(0.05)


def test_without_a_terminal_the_builder_names_the_commands_that_work(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "tui"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60, stdin=subprocess.DEVNULL)
    assert done.returncode == 2
    assert "needs a terminal" in done.stderr
    assert done.stdout == ""


def test_a_missing_file_is_reported_at_once(tmp_path: Path, terminal: Terminal) -> None:
    terminal.command(*longhaul("nowhere.yaml"))
    screen = terminal.wait("ended with 2")
    assert "there is no file nowhere.yaml" in screen


def test_the_folder_of_a_connector_is_opened_and_a_curl_command_pasted(tmp_path: Path, terminal: Terminal) -> None:
    folder = tmp_path / "connectors" / "source-acme"
    (folder / "source_acme").mkdir(parents=True)
    manifest = folder / "source_acme" / "manifest.yaml"
    manifest.write_text(sample("sendgrid_contacts").path.read_text())
    terminal.command(*longhaul("connectors"))
    terminal.wait("name the folder of one connector")
    terminal.wait("ended with 2")
    terminal.command("clear;", *longhaul("connectors/source-acme"))
    terminal.wait("API Endpoint URL")
    terminal.wait("source_acme/manifest.yaml")
    terminal.press("C-q")
    terminal.wait("ended with 0")
    terminal.command("clear;", *longhaul())
    terminal.wait("Begin from what you have")
    terminal.paste('KEY=k1\ncurl https://api.test/people \\\n  -H "X-Api-Key: $KEY" | jq .\n')
    terminal.wait("The stream people was added.")
