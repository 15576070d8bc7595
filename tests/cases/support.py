"""Records a case of a manifest that a test writes, and checks it against the same manifest or another one."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from textwrap import dedent
from typing import Any

from core.cases.case import case_file
from core.cases.check import Difference, Result, check_case
from core.cases.reading import read_case
from core.cases.recorder import CaseRecorder
from core.connector import Connector, load_connector
from core.inputs import gather_inputs
from core.manifest.document import Document
from core.outputs.encoders import JsonLines
from core.reading import Limits, open_reader
from tests.support.reading import no_wait


def load(text: str, file: Path) -> Connector:
    file.write_text(dedent(text), encoding="utf-8")
    connector = load_connector(Document.load(file))
    assert connector.usable, "\n".join(map(str, connector.problems))
    return connector


async def record(
    manifest: str,
    config: Mapping[str, Any],
    folder: Path,
    *,
    state: Mapping[str, Any] | None = None,
    limits: Limits = Limits(),  # noqa: B008 - immutable
) -> Path:
    """Read all streams of a manifest and keep that as the case `c`."""
    file = folder / "connector.yaml"
    connector = load(manifest, file)
    gathered = gather_inputs(connector.connection_specification, given=config)
    recorder = CaseRecorder(case_file(file, "c"), file, connector, gathered)
    async with open_reader(connector, gathered, sleep=no_wait, tape=recorder.tape) as reader:
        for stream in connector.stream_names:
            encode = recorder.begin(stream, limits, state, JsonLines().encode)
            async for event in reader.read(stream, state, limits, encode):
                recorder.take(event)
        recorder.keep(reader.secrets)
    return recorder.file


async def check(manifest: str, case: Path) -> Result:
    """Check a case against a manifest."""
    return await check_case(load(manifest, case.parent.parent / "connector.yaml"), read_case(case))


def texts(result: Result) -> list[str]:
    """What differs, as `kind: text`."""
    assert not result.problem
    return [f"{one.kind}: {one.text}" for one in result.differences if isinstance(one, Difference)]
