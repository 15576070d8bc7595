"""What the last test of a stream tells the forms: the answers that extractors look at."""

from __future__ import annotations

from typing import Any

from core.events import JobPhase, Outcome
from core.http.exchange import Role
from tests.tui.trials.support import STREAM, ScriptedReader, asked, created, downloaded, ended, polled, started
from tests.tui.trials.test_controller import watched
from tui.model.session import BuilderSession
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


async def test_nothing_is_known_before_a_test() -> None:
    status, *_ = await answers()
    assert status == {}
