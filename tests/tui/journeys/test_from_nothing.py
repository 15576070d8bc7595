"""From an empty project to a manifest that runs headless: the SendGrid stream of the specification, keyboard only."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from sample_configs import sample
from sample_configs.demo_api import DemoApi
from tests.tui.shell.support import Shell, opened
from tui.trials.view.results import Results
from tui.trials.view.status_question import StatusQuestion

STREAM = ("streams", 0)
RETRIEVER = (*STREAM, "retriever")
EXPORTS = "/v3/marketing/contacts/exports"


@pytest.fixture
def api() -> Iterator[DemoApi]:
    with DemoApi(pace=0, rows=40) as demo:
        yield demo


async def go(shell: Shell, words: str, *path: str | int) -> None:
    """Go to a field by typing a part of its name."""
    await shell.press("ctrl+g")
    await shell.until_dialog("ChoiceDialog")
    await shell.choose(words)
    await shell.until(lambda: shell.dialog is None and shell.field == path, words)


async def choose(shell: Shell, words: str) -> None:
    """Take an option of the focused choice by typing a part of it."""
    await shell.press("enter")
    await shell.until_dialog("ChoiceDialog")
    await shell.choose(words)
    await shell.until(lambda: shell.dialog is None)


async def add_the_stream(shell: Shell) -> None:
    await shell.perform("stream.add")
    await shell.until_dialog("StreamDialog")
    await shell.type("contacts")
    await shell.press("enter")
    await shell.until(lambda: shell.field == (*RETRIEVER, "creation_requester", "url"))


async def add_the_address(shell: Shell, address: str) -> None:
    """Add the input for the address of the API and give it a value for tests."""
    await shell.press("f2", "end", "up", "enter")
    await shell.until(lambda: shell.builder.navigation.selection == "inputs")
    await shell.until_shown("+ Add input")
    await shell.press("enter")
    await shell.until_dialog("InputDialog")
    await shell.type("API URL")
    await shell.press("enter")
    await shell.until(lambda: shell.dialog is None and shell.field is not None and shell.field[-1] == "api_url")
    await shell.paste(address)
    await shell.until(lambda: shell.session.values.get("api_url") == address)


async def describe_creation(shell: Shell) -> None:
    await go(shell, "creation api endpoint url", *RETRIEVER, "creation_requester", "url")
    await shell.type("{{ config['api_url'] }}")
    await shell.paste(EXPORTS)
    await go(shell, "creation authenticator", *RETRIEVER, "creation_requester", "authenticator")
    await choose(shell, "bearer")


async def give_the_key(shell: Shell, key: str) -> None:
    await go(shell, "inputs api key", "spec", "connection_specification", "properties", "api_key")
    await shell.paste(key)
    await shell.press("enter")
    await shell.until(lambda: shell.session.values.has("api_key"))


async def describe_polling(shell: Shell) -> None:
    await go(shell, "polling api endpoint url", *RETRIEVER, "polling_requester", "url")
    await shell.paste("{{ config['api_url'] }}" + EXPORTS + "/{{ creation_response['id'] }}")
    await go(shell, "polling authenticator", *RETRIEVER, "polling_requester", "authenticator")
    await choose(shell, "bearer")


async def describe_download(shell: Shell) -> None:
    await go(shell, "download http response format", *RETRIEVER, "download_decoder")
    await choose(shell, "csv")
    await go(shell, "primary key", *STREAM, "primary_key")
    await shell.press("enter")
    await shell.type("CONTACT_ID")
    await shell.press("enter", "escape")
    await shell.until(lambda: shell.session.value((*STREAM, "primary_key")) == "CONTACT_ID")


async def pick(shell: Shell, line: str, use: str) -> None:
    """Pick the node of a line of the response for a use."""
    view = shell.builder.query_one(Results).query_one("#response").query_one("DocView")
    view.focus()
    await shell.press("g")

    def steps() -> int | None:
        """How far the line is below the first."""
        rows = [text.split(maxsplit=1)[-1] for text in shell.lines if '"' in text or text.strip().endswith(("{", "}"))]
        return next((number for number, text in enumerate(rows) if text.startswith(line)), None)

    await shell.until(steps, line)
    await shell.press(*["down"] * (steps() or 0), "enter")
    await shell.until_dialog("ChoiceDialog")
    await shell.choose(use)
    await shell.until(lambda: shell.dialog is None)


async def pick_the_paths(shell: Shell) -> None:
    """Test what is described, poll once while nothing says where the status is, and pick that from the answer."""
    await shell.press("f5")
    await shell.until_shown("the polling is not described yet")
    created = await shell.tested("contacts")
    await shell.perform("test.polling")
    await shell.until(lambda: shell.run("contacts") is not created)
    await shell.tested("contacts")
    await shell.until_shown('"status": "ready"')
    await pick(shell, '"status"', "status extractor")
    await shell.until(lambda: shell.session.value((*RETRIEVER, "status_extractor", "field_path")) == ["status"])
    await pick(shell, '"urls"', "download target")
    await shell.until(lambda: shell.session.value((*RETRIEVER, "download_target_extractor", "field_path")) == ["urls"])


async def test_the_stream_is_built_tested_saved_and_run(
    tmp_path: Path, api: DemoApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    inputs = api.inputs("sendgrid_contacts")
    async with opened(size=(80, 24)) as shell:
        await add_the_stream(shell)
        await add_the_address(shell, inputs["api_url"])
        await describe_creation(shell)
        await give_the_key(shell, inputs["api_key"])
        await describe_polling(shell)
        await describe_download(shell)
        await pick_the_paths(shell)
        await shell.press("f5")
        await shell.until_shown("“ready”")
        await shell.until(lambda: shell.builder.query_one(StatusQuestion).takes_answers)
        await shell.press("c")
        run = await shell.tested("contacts")
        assert run.state.errors == ()
        assert run.state.records == 40
        await shell.until(
            lambda: "EMAIL" in shell.session.value((*STREAM, "schema_loader", "schema", "properties")),
            "the imported schema",
        )
        await shell.press("ctrl+s")
        await shell.until_dialog("ManifestDialog")
        await shell.press("enter")
        await shell.until_said("Saved connector.yaml")
        await shell.press("ctrl+q")
        await shell.until(lambda: shell.app.return_code == 0)
    assert records(tmp_path / "connector.yaml", inputs) == records(sample("sendgrid_contacts").path, inputs)
    assert inputs["api_key"] not in (tmp_path / "connector.yaml").read_text()


def records(manifest: Path, inputs: dict[str, str]) -> list[dict[str, object]]:
    """What a headless run reads, in the order of the keys."""
    command = [sys.executable, "-m", "tui", "--run", str(manifest), "--quiet"]
    settings = [part for key, value in inputs.items() for part in ("--set", f"{key}={value}")]
    done = subprocess.run([*command, *settings], capture_output=True, text=True, check=True, timeout=60)
    read = [json.loads(line) for line in done.stdout.splitlines()]
    return sorted((one.get("record", one) for one in read), key=lambda one: str(one["CONTACT_ID"]))
