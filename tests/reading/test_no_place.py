"""A read without records says so where the record path leads nowhere."""

from __future__ import annotations

import pytest

from core.events import Log, Outcome
from core.levels import Level
from tests.support.jobs_api import manifest, serve_job
from tests.support.reading import Told, read_all
from tests.support.server import LoopbackServer, Reply

PATH = "download_extractor: {type: DpathExtractor, field_path: [data, items]}"


def warnings(told: Told) -> list[str]:
    return [log.message for log in told.of(Log) if log.level is Level.WARNING]


async def read(server: LoopbackServer, body: object) -> Told:
    serve_job(server, "done")
    server.on("/result", Reply(body))
    told = await read_all(manifest(server, retriever=PATH))
    assert told.outcome is Outcome.COMPLETE, told.errors
    return told


async def test_a_path_that_leads_nowhere_is_told_when_nothing_was_read(server: LoopbackServer) -> None:
    (warning,) = warnings(await read(server, {"data": {"itemz": [{"id": 1}]}}))
    assert warning.startswith("No record was read, and the first answer has no place for them: ")
    assert "`items`" in warning


@pytest.mark.parametrize("items", [[], None, {}])
async def test_an_empty_place_is_no_data(server: LoopbackServer, items: object) -> None:
    assert warnings(await read(server, {"data": {"items": items}})) == []


async def test_records_in_a_later_answer_are_enough(server: LoopbackServer) -> None:
    told = await read(server, [{"data": {}}, {"data": {"items": [{"id": 1}]}}])
    assert (told.records, warnings(told)) == ([{"id": 1}], [])
