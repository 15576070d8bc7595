"""Each place of the manifest language that takes a custom component asks it, or says beforehand that it does not."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import aclosing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from core.connector import Connector, load_connector
from core.events import StreamFinished
from core.manifest.document import Document
from core.outputs.file_folder import FileFolder
from core.reading import open_reader
from tests.support.custom import allowed
from tests.support.oracle import ROOT, Oracle
from tests.support.reading import no_wait
from tests.support.server import LoopbackServer, Reply

pytestmark = pytest.mark.slow

MANIFEST = (ROOT / "tests" / "custom" / "places.yaml").read_text(encoding="utf-8")
CODE = (ROOT / "tests" / "oracle_host" / "custom_places.py").read_text(encoding="utf-8")
NOT_ASKED = {
    "FileUploader.file_extractor": "`file_extractor` has no effect, in Airbyte neither",
}
"""The places that ask no custom component, and what is said of them when the manifest is loaded."""


def written(part: Any, place: str = "") -> Iterator[tuple[str, str]]:
    """The places with a custom component in what is written, and what each component says of its own."""
    if isinstance(part, list):
        for one in part:
            yield from written(one, place)
    elif isinstance(part, dict):
        kind = part.get("type")
        if str(kind).startswith("Custom"):
            yield place, part["place"]
        for key, value in part.items():
            yield from written(value, f"{kind}.{key}" if isinstance(kind, str) else place)


def served(server: LoopbackServer) -> Connector:
    """The connector of the manifest, whose API is served."""
    state = iter(["late", "busy", "done", "late", "busy", "done"])
    items = {"items": [{"n": 1, "name": "one", "fields": [{"name": "n", "kind": "integer"}], "cut": True}]}
    server.on("/items", Reply(items))
    server.on("/later", Reply({}, 500), Reply(items))
    server.on("/jobs", Reply({"id": "j1"}, 201))
    server.on("/jobs/j1", lambda asked: Reply({"state": next(state), "result": "r1"}))
    server.on("/targets/r1", Reply({"targets": ["one"]}))
    server.on("/files/one", Reply(items))
    server.on("/abort/j1", Reply({}))
    server.on("/delete/j1", Reply({}))
    return load_connector(Document.parse(MANIFEST.replace("URL", server.url().rstrip("/"))))


async def test_the_manifest_has_all_places_of_the_reference(server: LoopbackServer, oracle: Oracle) -> None:
    found = [*written(served(server).tree)]
    assert sorted({place for place, _ in found}) == oracle.ask("component_types", "custom_places")
    assert [place for place, own in found if place != own] == []


async def test_each_place_asks_its_component_or_says_that_it_does_not(server: LoopbackServer, tmp_path: Path) -> None:
    log, found, config = tmp_path / "log", served(server), {"kind": "blue"}
    assert found.usable, found.problems
    found = replace(found, custom=allowed(CODE.replace("LOG_FILE", str(log))))
    rules = found.input_rules
    assert rules is not None
    await asyncio.to_thread(rules.normalize, config)
    assert await asyncio.to_thread(rules.problems, config) == []
    found = found.for_inputs(config)
    files = FileFolder(tmp_path / "files", ["files"])
    async with open_reader(found, config, sleep=no_wait, files=files) as reader:
        await reader.make_streams()
        for name in (*found.stream_names, "made of one"):
            async with aclosing(reader.read(name, {"day": "2024-01-01"} if name == "plain" else None)) as reading:
                events = [event async for event in reading]
            assert isinstance(events[-1], StreamFinished)
            assert (events[-1].outcome, events[-1].records) == ("complete", 2 if name in ("nested", "union") else 1), (
                name,
                events[-1].errors,
            )
    asked = set(log.read_text(encoding="utf-8").split())
    assert {own for _, own in written(found.tree)} - asked == set(NOT_ASKED)
    said = [str(problem) for problem in found.problems]
    assert [message for message in NOT_ASKED.values() if not any(message in text for text in said)] == []
