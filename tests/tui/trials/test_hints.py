"""What the last test of a stream tells the forms: the answers that extractors look at."""

from __future__ import annotations

from typing import Any

import pytest

from core.components.http_requester import HttpRequester
from core.events import JobPhase, Outcome
from core.http.exchange import Role
from sample_configs import sample
from tests.tui.trials.support import STREAM, ScriptedReader, asked, created, downloaded, ended, polled, started
from tests.tui.trials.test_controller import watched
from tui.model.session import BuilderSession
from tui.model.specs import form_spec
from tui.trials.hints import TrialHints
from tui.trials.schema_report import SchemaReporter

STATUS = ("streams", 0, "retriever", "status_extractor", "value")
TARGETS = ("streams", 0, "retriever", "download_target_extractor", "value")
RECORDS = ("streams", 0, "retriever", "record_selector", "extractor", "value")


async def answers(*events: Any) -> list[dict[str, Any]]:
    """What extractors for a status, for targets and for records would see after these events."""
    script = [*started(), *created(), *events, *ended(Outcome.COMPLETE)]
    async with watched(ScriptedReader(script)) as app:
        await app.over(app.start())
        session = BuilderSession.new()
        hints = TrialHints(session, app.controller, SchemaReporter())
        return [dict(hints.answer(STREAM, path)) for path in (STATUS, TARGETS, RECORDS)]


async def test_a_status_is_looked_for_in_the_last_answer_to_polling() -> None:
    status, targets, records = await answers(
        *polled(1, "pending", JobPhase.RUNNING), *polled(2, "ready", JobPhase.COMPLETED)
    )
    assert status["response"] == {"id": "7", "status": "ready"}
    assert (status["status_code"], status["headers"]["content-type"]) == (200, "application/json")
    assert targets["response"] == status["response"]
    assert records == {}


async def test_targets_are_looked_for_in_their_own_answer_where_there_is_one() -> None:
    ready = polled(1, "ready", JobPhase.COMPLETED)
    status, targets, _ = await answers(*ready, asked(Role.TARGET, 200, '[{"url": "a"}]'))
    assert targets["response"] == [{"url": "a"}]
    assert status["response"] == {"id": "7", "status": "ready"}


async def test_rows_of_a_file_are_not_tried_but_elements_of_json_are() -> None:
    ready = polled(1, "ready", JobPhase.COMPLETED)
    assert (await answers(*ready, *downloaded({"CONTACT_ID": "1", "EMAIL": "a"})))[2] == {}
    json = asked(Role.DOWNLOAD, 200, '[{"n": 1}, {"n": 2}]')
    assert (await answers(*ready, json))[2] == {"response": {"n": 1}}


@pytest.mark.parametrize("end", ["/start", ":run", "/create/"])
async def test_the_address_of_a_job_is_guessed_without_the_verb_that_creates_it(end: str) -> None:
    session = BuilderSession.from_text(sample("sendgrid_contacts").path.read_text())
    retriever = ("streams", 0, "retriever")
    session.set((*retriever, "creation_requester", "url"), f"https://api.example.com/jobs{end}?kind=all")
    async with watched(ScriptedReader([*started(), *created(), *ended(Outcome.COMPLETE)])) as app:
        await app.over(app.start())
        hints = TrialHints(session, app.controller, SchemaReporter())
        url = next(field for field in form_spec(HttpRequester).fields if field.key == "url")
        offers = hints.suggestions((*retriever, "polling_requester", "url"), url)
    assert [offer.value for offer in offers][:2] == [
        "https://api.example.com/jobs/{{ creation_response['id'] }}",
        f"https://api.example.com/jobs{end.rstrip('/')}/{{{{ creation_response['id'] }}}}",
    ]


async def test_nothing_is_known_before_a_test() -> None:
    status, *_ = await answers()
    assert status == {}
