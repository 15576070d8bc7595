"""Who allows custom code, how that is remembered, and what happens otherwise."""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import pty
import select
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import yaml

from core.command.arguments import parse
from core.command.custom_code import Permissions, with_custom_code
from core.connector import load_connector
from core.environment import CUSTOM_PYTHON, STATE_DIR
from core.manifest.document import Document
from tests.custom.test_against_reference import CONFIG, custom, items, manifest
from tests.protocols.support import Asking
from tests.support.custom import CODE
from tests.support.oracle import PYTHON
from tests.support.server import LoopbackServer, Reply

pytestmark = pytest.mark.slow

MARKS = {"transformations": [custom("Transformation", "Marks", label="allowed")]}
LONGHAUL = [sys.executable, "-m", "core.command.cli"]


class Folder:
    """A manifest with custom code beside it, and the command that reads it."""

    def __init__(self, path: Path, text: str, code: str | None = CODE) -> None:
        self.path = path
        self.manifest = path / "connector.yaml"
        self.code = path / "components.py"
        self.manifest.write_text(text, encoding="utf-8")
        if code is not None:
            self.code.write_text(code, encoding="utf-8")
        self.config = path / "config.json"
        self.config.write_text(json.dumps(CONFIG), encoding="utf-8")
        self.environment = {**os.environ, STATE_DIR: str(path / "state"), CUSTOM_PYTHON: str(PYTHON)}

    def command(self, *more: str) -> list[str]:
        return [*LONGHAUL, "--run", str(self.manifest), "--config", str(self.config), *more]

    def run(self, *more: str) -> subprocess.CompletedProcess[str]:
        """Read without a terminal."""
        return subprocess.run(
            self.command(*more),
            capture_output=True,
            text=True,
            env=self.environment,
            timeout=120,
            check=False,
            stdin=subprocess.DEVNULL,
        )

    def on_terminal(self, answer: str) -> str:
        """What a terminal shows where the question is answered."""
        controller, terminal = pty.openpty()
        process = subprocess.Popen(
            self.command("--output", str(self.path / "out.jsonl")),
            stdin=terminal,
            stdout=terminal,
            stderr=terminal,
            env={**self.environment, "TERM": "dumb"},
        )
        os.close(terminal)
        shown, answered = b"", False
        with suppress(OSError):  # the terminal is gone when the program ends
            while select.select([controller], [], [], 120)[0] and (data := os.read(controller, 10_000)):
                shown += data
                if not answered and b"[y/N]" in shown:
                    answered = True
                    os.write(controller, f"{answer}\n".encode())
        os.close(controller)
        process.wait(30)
        return shown.decode()


@pytest.fixture
def folder(server: LoopbackServer, tmp_path: Path) -> Folder:
    server.on("/items", items(2))
    return Folder(tmp_path, manifest(server, stream=MARKS))


async def told(call: Any, *arguments: str) -> Any:
    return await asyncio.to_thread(call, *arguments)


async def test_without_a_terminal_the_message_names_the_option(folder: Folder, server: LoopbackServer) -> None:
    done = await told(folder.run)
    assert done.returncode == 1
    assert "--custom-code components.py" in done.stderr
    assert server.asked == []


async def test_the_option_allows_this_code_for_this_run(folder: Folder) -> None:
    done = await told(folder.run, "--custom-code", str(folder.code))
    assert done.returncode == 0, done.stderr
    assert [json.loads(line)["label"] for line in done.stdout.splitlines()] == ["allowed"] * 2
    assert "only if you allow" not in done.stderr
    refused = await told(folder.run)
    assert refused.returncode == 1
    assert "a read runs it only if you allow that (--custom-code components.py allows it)" in refused.stderr


async def test_the_answer_is_remembered_until_the_code_changes(folder: Folder) -> None:
    shown = await told(folder.on_terminal, "n")
    assert "lines of Python that this manifest wants to run: Marks." in shown
    assert hashlib.sha256(CODE.encode()).hexdigest() in shown
    assert "--custom-code" in shown
    shown = await told(folder.on_terminal, "y")
    assert (folder.path / "out.jsonl").read_text(encoding="utf-8").count("allowed") == 2
    assert "[y/N]" not in await told(folder.on_terminal, "y")
    assert (await told(folder.run)).returncode == 0

    folder.code.write_text(f"{CODE}\n# changed\n", encoding="utf-8")
    assert (await told(folder.run)).returncode == 1
    assert "It has changed since you allowed it." in await told(folder.on_terminal, "n")


async def test_the_answer_is_about_the_code_that_was_shown_alone(folder: Folder) -> None:
    (folder.path / "beside.py").write_text("VALUE = 1\n", encoding="utf-8")
    folder.code.write_text(f"{CODE}\nimport beside\n", encoding="utf-8")
    assert "ModuleNotFoundError: No module named 'beside'" in await told(folder.on_terminal, "y")
    assert (await told(folder.run)).returncode == 1
    assert (await told(folder.run, "--custom-code", str(folder.code))).returncode == 0


async def test_a_class_name_takes_no_hold_of_the_terminal(server: LoopbackServer, tmp_path: Path) -> None:
    name = "source_declarative_manifest.components.\x1b[2J\x1b]0;x\x07Marks" + "s" * 10_000
    text = manifest(server, stream={"transformations": [{"type": "CustomTransformation", "class_name": name}]})
    shown = await told(Folder(tmp_path, text).on_terminal, "n")
    question, _, _ = shown.partition("[y/N]")
    assert "wants to run: \ufffd[2J\ufffd]0;x\ufffdMarks" in question
    assert "\x1b[2J" not in question
    assert len(question) < 1_000


async def test_a_file_of_permissions_that_is_broken_allows_nothing(folder: Folder) -> None:
    kept = folder.path / "state" / "custom_code.json"
    kept.parent.mkdir()
    kept.write_text("[1", encoding="utf-8")
    assert (await told(folder.run)).returncode == 1


async def test_plans_and_slices_run_custom_code(server: LoopbackServer, tmp_path: Path) -> None:
    server.on("/items", lambda asked: Reply({"items": [{"region": asked.query["region"][0]}]}))
    text = manifest(server, stream=MARKS, retriever={"partition_router": custom("PartitionRouter", "Regions")})
    folder = Folder(tmp_path, text)
    allow = ["--stream", "items", "--custom-code", str(folder.code)]
    plan = [*LONGHAUL, "--plan", str(folder.manifest), "--config", str(folder.config), *allow]
    made = await told(lambda: subprocess.run(plan, capture_output=True, env=folder.environment, check=False))
    assert made.returncode == 0, made.stderr
    (tmp_path / "slices.jsonl").write_bytes(made.stdout)
    out = tmp_path / "out"
    done = await told(folder.run, *allow, "--slices", str(tmp_path / "slices.jsonl"), "--output", str(out))
    assert done.returncode == 0, done.stderr
    assert {one.query["region"][0] for one in server.asked} == {"eu", "us"}
    assert {one.headers["x-kind"] for one in server.asked} == {"EU", "US"}


async def test_clusters_run_none(folder: Folder) -> None:
    done = await told(folder.run, "--custom-code", str(folder.code), "--on", "dask://local", "--output", "out")
    assert done.returncode == 2
    assert "--custom-code doesn't go with --on" in done.stderr


def test_clusters_do_not_even_ask(folder: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(STATE_DIR, str(folder.path / "state"))
    monkeypatch.setenv(CUSTOM_PYTHON, str(PYTHON))
    Permissions().add(CODE, folder.code)
    connector = load_connector(Document.load(folder.manifest))
    here = parse(["--run", str(folder.manifest)])
    there = parse(["--run", str(folder.manifest), "--on", "dask://local", "--output", "out"])
    assert with_custom_code(connector, here, folder.manifest).custom is not None
    assert with_custom_code(connector, there, folder.manifest) is connector


async def test_inputs_are_changed_and_checked(server: LoopbackServer, tmp_path: Path) -> None:
    server.on("/items", items(1))
    written = yaml.safe_load(manifest(server, retriever={"partition_router": custom("PartitionRouter", "Regions")}))
    check = {
        "type": "DpathValidator",
        "field_path": ["regions"],
        "validation_strategy": custom("ValidationStrategy", "Short"),
    }
    rules = {
        "type": "ConfigNormalizationRules",
        "transformations": [custom("ConfigTransformation", "Region")],
        "validations": [check],
    }
    written["spec"] = {
        "type": "Spec",
        "connection_specification": {"type": "object"},
        "config_normalization_rules": rules,
    }
    folder = Folder(tmp_path, yaml.safe_dump(written))
    folder.config.write_text(json.dumps({"region": "eu"}), encoding="utf-8")
    done = await told(folder.run, "--custom-code", str(folder.code))
    assert done.returncode == 0, done.stderr
    assert server.asked[0].query["region"] == ["eu"]

    refused = await told(folder.run)
    assert refused.returncode == 2
    assert "CustomConfigTransformation" in refused.stderr
    assert "--custom-code" in refused.stderr

    rules["transformations"] = []
    folder.manifest.write_text(yaml.safe_dump(written), encoding="utf-8")
    folder.config.write_text(json.dumps({"regions": ["eu", "us"]}), encoding="utf-8")
    wrong = await told(folder.run, "--custom-code", str(folder.code))
    assert wrong.returncode == 2
    assert "one region at a time" in wrong.stderr


# As Airbyte's tools give it


def source(folder: Path, text: str, config: Mapping[str, Any] = CONFIG) -> Asking:
    return Asking(folder, yaml.safe_load(text), config)


@pytest.fixture
def airbyte(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(CUSTOM_PYTHON, str(PYTHON))
    monkeypatch.setenv("AIRBYTE_ENABLE_UNSAFE_CODE", "true")


@pytest.mark.usefixtures("airbyte")
@pytest.mark.parametrize("place", ["named", "beside", "config"])
async def test_a_source_runs_code_that_its_environment_allows(
    server: LoopbackServer, tmp_path: Path, place: str
) -> None:
    server.on("/items", items(2))
    config: dict[str, Any] = {**CONFIG}
    options: list[str] = []
    if place == "config":
        config["__injected_components_py"] = CODE
        config["__injected_components_py_checksums"] = {"md5": hashlib.md5(CODE.encode()).hexdigest()}
    else:
        file = tmp_path / ("components.py" if place == "beside" else "other.py")
        file.write_text(CODE, encoding="utf-8")
        options = ["--components-path", str(file)] if place == "named" else []
    asking = source(tmp_path, manifest(server, stream=MARKS), config)
    answer = await told(lambda: asking("read", "items", options=options))
    assert answer.code == 0, answer.errors
    assert [record["data"]["label"] for record in answer.of("RECORD")] == ["allowed"] * 2


@pytest.mark.usefixtures("airbyte")
@pytest.mark.parametrize(
    ("checksums", "message"),
    [
        (None, "needs its checksums"),
        ({"sha256": "0" * 64}, "its sha256 is another one"),
        ({"crc": "1"}, "names `crc`"),
    ],
)
async def test_code_in_the_config_is_checked(
    server: LoopbackServer, tmp_path: Path, checksums: Any, message: str
) -> None:
    config = {"__injected_components_py": CODE, "__injected_components_py_checksums": checksums}
    asking = source(tmp_path, manifest(server, stream=MARKS), config)
    answer = await told(lambda: asking("read", "items"))
    assert answer.code == 1
    assert message in answer.errors[0]["message"]


async def test_a_source_runs_nothing_that_is_not_allowed(server: LoopbackServer, tmp_path: Path) -> None:
    file = tmp_path / "components.py"
    file.write_text(CODE, encoding="utf-8")
    asking = source(tmp_path, manifest(server, stream=MARKS))
    answer = await told(lambda: asking("read", "items", options=["--components-path", str(file)]))
    assert answer.code == 1
    assert "AIRBYTE_ENABLE_UNSAFE_CODE=true" in json.dumps(answer.errors)
    assert server.asked == []
