"""The recorded case of each sample is read offline. `LONGHAUL_WRITE_CASES=1` records them from the demo API."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from core.cases.case import case_file, case_files, records_file
from core.cases.check import check_case
from core.cases.reading import read_case, read_records
from core.cases.recorder import CaseRecorder
from core.connector import Connector, load_connector
from core.events import Event, Outcome
from core.inputs import gather_inputs, secret_values
from core.manifest.document import Document
from core.outputs.encoders import JsonLines
from core.reading import Limits, open_reader
from sample_configs import Sample, samples
from sample_configs.demo_api import DemoApi
from tests.support.samples import MADE

ROWS = 12
every_sample = pytest.mark.parametrize("sample", samples(), ids=lambda sample: sample.name)


async def record(sample: Sample, connector: Connector) -> None:
    with DemoApi(pace=0.3, rows=ROWS) as api:
        config = gather_inputs(connector.connection_specification, given=api.inputs(sample.name))
        recorder = CaseRecorder(case_file(sample.path, sample.name), sample.path, connector, config)
        async with open_reader(connector, config, tape=recorder.tape) as reader:
            for stream in (await reader.make_streams()).stream_names:
                encode = recorder.begin(stream, Limits(), None, JsonLines().encode)
                events: list[Event] = []
                async for event in reader.read(stream, encode=encode):
                    recorder.take(event)
                    events.append(event)
            recorder.keep(reader.secrets)


@every_sample
async def test_the_case_of_a_sample_is_read_as_it_was_recorded(sample: Sample) -> None:
    connector = load_connector(Document.load(sample.path))
    if os.environ.get("LONGHAUL_WRITE_CASES"):
        await record(sample, connector)
    case = read_case(case_file(sample.path, sample.name))
    streams = {*sample.streams, *MADE.get(sample.name, ())}
    assert set(case.streams) == streams
    assert {one.outcome for one in case.streams.values()} == {Outcome.COMPLETE}
    assert set(read_records(case)) == streams

    result = await check_case(connector, case)

    assert (result.problem, result.differences) == ("", [])
    assert result.records > 0


@every_sample
def test_the_case_of_a_sample_holds_no_secret(sample: Sample) -> None:
    with DemoApi(rows=1) as api:
        given = api.inputs(sample.name)
    specification = load_connector(Document.load(sample.path)).connection_specification
    case = case_file(sample.path, sample.name)
    kept = case.read_text(encoding="utf-8") + records_file(case).read_text(encoding="utf-8")
    assert [secret for secret in secret_values(specification, given) if secret in kept] == []


def test_every_case_belongs_to_a_sample() -> None:
    """What is left over from a sample that was renamed."""
    folder = samples()[0].path
    there = {path for case in case_files(folder) for path in (case, records_file(case))}
    assert {path.name for path in Path(folder.parent / "cases").iterdir()} == {path.name for path in there}
    assert {path.stem for path in case_files(folder)} == {sample.name for sample in samples()}
