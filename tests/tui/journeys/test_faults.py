"""What goes wrong with an API is shown with where to fix it, and one key goes there."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

from sample_configs.demo_api import DemoApi, Fault
from tests.tui.shell.support import opened, quickly_polled
from tui.trials.view.status_question import StatusQuestion

RETRIEVER = ("streams", 0, "retriever")
CREATION = (*RETRIEVER, "creation_requester")


HTML = {"Content-Type": "text/html"}


@dataclass(frozen=True)
class Trouble:
    """What is wrong: with the API or with the manifest; what is said of it, and where `m` goes."""

    faults: tuple[Fault, ...]
    said: tuple[str, ...]
    place: tuple[str | int, ...]
    edit: tuple[str, str] = ("", "")


TROUBLES = {
    "401 at creation": Trouble(
        (Fault(method="POST", path="*/exports", status=401, times=None),), ("401",), (*CREATION, "authenticator")
    ),
    "job fails": Trouble(
        (Fault(method="POST", path="*/exports", job_status="failure", times=None),),
        ("failure",),
        (*RETRIEVER, "status_mapping"),
    ),
    "404 at download": Trouble(
        (Fault(path="/files/*", status=404, times=None),), ("404",), (*RETRIEVER, "download_requester", "url")
    ),
    "wrong record path": Trouble(
        (),
        ("no record was found",),
        (*RETRIEVER, "record_selector", "extractor", "field_path"),
        (
            "          type: DpathExtractor\n          field_path: []\n",
            "          type: DpathExtractor\n          field_path: [data]\n",
        ),
    ),
    "HTML page instead of the result": Trouble(
        (Fault(path="/files/*", status=200, body="<html><title>Sign in</title></html>", headers=HTML, times=None),),
        ("titled “Sign in”",),
        (*RETRIEVER, "download_requester", "url"),
    ),
    "primary key missing": Trouble(
        (), ("lack the primary key",), ("streams", 0, "primary_key"), ("primary_key: CONTACT_ID", "primary_key: ID")
    ),
    "primary key not unique": Trouble(
        (), ("is not unique",), ("streams", 0, "primary_key"), ("primary_key: CONTACT_ID", "primary_key: COUNTRY")
    ),
    "wrong download target": Trouble(
        (), ("links", "urls"), (*RETRIEVER, "download_target_extractor"), ("field_path: [urls]", "field_path: [links]")
    ),
}


AT_ONCE: dict[str, tuple[str, tuple[str | int, ...], tuple[str, str] | None, dict[str, str]]] = {
    "wrong status path": (
        "There is no status at `state`",
        (*RETRIEVER, "status_extractor", "field_path"),
        ("field_path: [status]", "field_path: [state]"),
        {},
    ),
    "connection refused": ("Connection refused", (*CREATION, "url"), None, {"api_url": "http://127.0.0.1:9"}),
}


ANSWERS = {"queued": "r", "ready": "c"}
"""Which key says what a status means."""


@pytest.fixture
def api() -> Iterator[DemoApi]:
    with DemoApi(pace=0, rows=30) as demo:
        yield demo


@pytest.fixture
def manifest(tmp_path: Path) -> Path:
    return quickly_polled(tmp_path)


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
@pytest.mark.parametrize("name", TROUBLES)
async def test_one_key_goes_to_the_cause_of_a_failure(
    manifest: Path, api: DemoApi, name: str, size: tuple[int, int]
) -> None:
    trouble = TROUBLES[name]
    api.misbehave(*trouble.faults)
    text = manifest.read_text()
    assert trouble.edit[0] in text
    manifest.write_text(text.replace(*trouble.edit) if trouble.edit[0] else text)
    async with opened(manifest, size=size, values=api.inputs("sendgrid_contacts")) as shell:
        await shell.press("f5")
        await shell.tested("contacts")
        for words in trouble.said:
            await shell.until_shown(words)
        await shell.until_shown("Go to")
        await shell.press("m")
        await shell.until(lambda: not shell.builder.trial_actions.is_shown)
        await shell.until(lambda: shell.field is not None and shell.field[: len(trouble.place)] == trouble.place)


@pytest.mark.parametrize("name", AT_ONCE)
async def test_a_lasting_problem_is_reported_while_the_test_runs(manifest: Path, api: DemoApi, name: str) -> None:
    words, place, edit, values = AT_ONCE[name]
    manifest.write_text(manifest.read_text().replace(*edit) if edit else manifest.read_text())
    async with opened(manifest, size=(80, 24), values=api.inputs("sendgrid_contacts") | values) as shell:
        await shell.press("f5")
        await shell.until_shown(words)
        run = shell.run("contacts")
        assert run is not None
        assert run.state.running
        await shell.press("m")
        await shell.until(lambda: shell.field is not None and shell.field[: len(place)] == place)
        await shell.press("escape")
        await shell.tested("contacts")


async def test_cancelling_a_hanging_job_aborts_it_on_the_server(manifest: Path, api: DemoApi) -> None:
    abort = """      abort_requester:
        type: HttpRequester
        url: "{{ config['api_url'] }}/v3/marketing/contacts/exports/{{creation_response['id']}}/abort"
        http_method: POST
      download_requester:"""
    manifest.write_text(manifest.read_text().replace("      download_requester:", abort))
    api.misbehave(Fault(method="POST", path="*/exports", job_never_ends=True))
    async with opened(manifest, values=api.inputs("sendgrid_contacts")) as shell:
        await shell.press("f5")
        await shell.until(lambda: (run := shell.run("contacts")) and run.state.partitions[:1])
        await shell.until(lambda: any(one.method == "GET" for one in api.requests))
        await shell.press("escape")
        run = await shell.tested("contacts")
        assert any(one.path.endswith("/abort") for one in api.requests)
        await shell.until_shown("Cancelled.")
        assert run.state.exchanges >= 2
        await shell.press("6")
        await shell.until_shown("Async Job -- ")


async def test_one_key_maps_an_unmapped_status_and_the_job_completes(manifest: Path, api: DemoApi) -> None:
    manifest.write_text(manifest.read_text().replace("completed: [ready]", "completed: []"))
    async with opened(manifest, values=api.inputs("sendgrid_contacts")) as shell:
        await shell.press("f5")
        await shell.until_shown("“ready”")
        await shell.until(lambda: shell.builder.query_one(StatusQuestion).takes_answers)
        await shell.press("c")
        run = await shell.tested("contacts")
        assert run.state.records == 30
        assert shell.session.value((*RETRIEVER, "status_mapping", "completed")) == ["ready"]
        await shell.press("ctrl+s")
        await shell.until_said("Saved")
    saved = yaml.safe_load(manifest.read_text())["streams"][0]["retriever"]
    assert saved["status_mapping"]["completed"] == ["ready"]


async def test_two_unmapped_statuses_are_asked_about_in_turn(manifest: Path, api: DemoApi) -> None:
    manifest.write_text(manifest.read_text().replace("completed: [ready]", "completed: []"))
    api.misbehave(Fault(method="GET", path="*/exports/*", status=200, body='{"status": "queued"}'))
    async with opened(manifest, size=(80, 24), values=api.inputs("sendgrid_contacts")) as shell:
        await shell.press("f5")
        await shell.until_shown("reports the status “")
        question = shell.builder.query_one(StatusQuestion)
        await shell.until(lambda: (run := shell.run("contacts")) is not None and set(run.state.unmapped) == {*ANSWERS})
        first = question.asking
        assert first in ANSWERS
        for _ in ANSWERS:
            await shell.until(lambda: question.takes_answers)
            await shell.press(ANSWERS[str(question.asking)])
            await shell.until(lambda: question.asking != first)
        await shell.tested("contacts")
        mapping = shell.session.value((*RETRIEVER, "status_mapping"))
        assert mapping["completed"] == ["ready"]
        assert "queued" in mapping["running"]
        await shell.until(lambda: "What does it mean" not in shell.text)
