"""A schema in a file beside the manifest: where it is looked for, and that nothing outside is read."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from core.connector import load_connector
from core.events import Outcome, SchemaLoaded
from core.manifest.document import Document
from core.reading import open_reader
from tests.support.paging_api import manifest
from tests.support.reading import Told, no_wait, read_all
from tests.support.server import LoopbackServer, Reply

SCHEMA = {"type": "object", "properties": {"id": {"type": "integer"}}}


async def read_beside(server: LoopbackServer, folder: Path, loader: str) -> Told:
    """Read the stream of a manifest in a folder; its schema loader is the given one."""
    server.on("/items", Reply({"items": [{"id": "7"}]}))
    file = folder / "manifest.yaml"
    file.write_text(manifest(server, stream=f"schema_loader: {loader}"))
    connector = load_connector(Document.load(file))
    assert connector.usable, connector.problems
    told = Told()
    async with open_reader(connector, {"kind": "big"}, sleep=no_wait) as reader:
        async for event in reader.read("items"):
            told.events.append(event)
    return told


def write(file: Path, content: Any) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(content if isinstance(content, str) else json.dumps(content))


@pytest.mark.parametrize(
    ("loader", "file"),
    [
        ("{type: JsonFileSchemaLoader, file_path: ./schemas/big.json}", "schemas/big.json"),
        ("{file_path: \"./schemas/{{ config['kind'] }}.json\"}", "schemas/big.json"),
        (
            "{file_path: \"./source_shop/schemas/{{ parameters['name'] }}.json\", $parameters: {name: x}}",
            "schemas/x.json",
        ),
        ("{file_path: source_shop/schemas/x.json}", "source_shop/schemas/x.json"),
        ("{type: JsonFileSchemaLoader}", "schemas/items.json"),
        ("{type: JsonFileSchemaLoader, $parameters: {name: users}}", "schemas/users.json"),
    ],
)
async def test_the_file_is_found_from_the_folder_of_the_manifest(
    server: LoopbackServer, tmp_path: Path, loader: str, file: str
) -> None:
    write(tmp_path / file, SCHEMA)

    told = await read_beside(server, tmp_path, loader)

    assert told.outcome is Outcome.COMPLETE, told.errors
    assert [event.schema for event in told.of(SchemaLoaded)] == [SCHEMA]


async def test_what_a_schema_refers_to_is_put_in_its_place(server: LoopbackServer, tmp_path: Path) -> None:
    write(
        tmp_path / "schemas/items.json",
        {
            "properties": {
                "id": {"$ref": "money.json"},
                "of": {"$ref": "#/definitions/own"},
                "part": {"$ref": "money.json#/definitions/unit"},
                "all": {"items": [{"$ref": "loop.json"}]},
            },
            "definitions": {"own": {"type": "boolean"}},
        },
    )
    write(
        tmp_path / "schemas/shared/money.json",
        {"properties": {"unit": {"$ref": "#/definitions/unit"}}, "definitions": {"unit": {"type": "string"}}},
    )
    write(tmp_path / "schemas/shared/loop.json", {"properties": {"again": {"$ref": "loop.json"}}})

    told = await read_beside(server, tmp_path, "{type: JsonFileSchemaLoader}")

    assert told.of(SchemaLoaded)[0].schema["properties"] == {
        "id": {"properties": {"unit": {"type": "string"}}},
        "of": {"type": "boolean"},
        "part": {"type": "string"},
        "all": {"items": [{"properties": {"again": {}}}]},
    }


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (None, "There is no schema file"),
        ("{oops", "is no JSON"),
        ([1], "holds no JSON Schema"),
        ({"properties": {"a": {"$ref": "gone.json"}}}, "schemas/shared/gone.json"),
        ({"properties": {"a": {"$ref": "../../../x.json"}}}, "is not in the folder of the manifest"),
    ],
)
async def test_a_file_that_gives_no_schema_is_reported(
    server: LoopbackServer, tmp_path: Path, content: Any, words: str
) -> None:
    if content is not None:
        write(tmp_path / "schemas/items.json", content)

    told = await read_beside(server, tmp_path, "{type: JsonFileSchemaLoader}")

    assert told.outcome is Outcome.FAILED
    assert words in told.errors
    assert server.asked == []


@pytest.mark.parametrize("way", ["../outside.json", "{absolute}", "link.json"])
async def test_files_outside_of_the_folder_are_not_read(server: LoopbackServer, tmp_path: Path, way: str) -> None:
    folder = tmp_path / "connector"
    folder.mkdir()
    outside = tmp_path / "outside.json"
    write(outside, SCHEMA)
    (folder / "link.json").symlink_to(outside)

    told = await read_beside(server, folder, f'{{file_path: "{way.format(absolute=outside)}"}}')

    assert told.outcome is Outcome.FAILED
    assert "is not in the folder of the manifest" in told.errors


async def test_a_manifest_that_is_in_no_file_has_no_files_beside_it(server: LoopbackServer) -> None:
    told = await read_all(manifest(server, stream="schema_loader: {type: JsonFileSchemaLoader}"))

    assert told.outcome is Outcome.FAILED
    assert "Save the manifest first" in told.errors
