"""The catalog that a source is given: what is wrong with it is said with the place and what is expected."""

from __future__ import annotations

from pathlib import Path

import orjson
import pytest

from core.protocols.errors import SourceError
from core.protocols.files import read_catalog


def catalog(folder: Path, content: object) -> Path:
    path = folder / "catalog.json"
    path.write_bytes(orjson.dumps(content))
    return path


def test_the_streams_of_a_catalog_in_its_order_and_once(tmp_path: Path) -> None:
    streams = [{"stream": {"name": name}, "sync_mode": "incremental"} for name in ("b", "a", "b")]
    assert read_catalog(catalog(tmp_path, {"streams": streams})) == ("b", "a")
    assert read_catalog(catalog(tmp_path, {"streams": [{"stream": {"name": "a"}}]})) == ("a",)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({}, "catalog.json is no catalog: it has no list of `streams`. Expected is a configured catalog"),
        ([], "it has no list of `streams`"),
        ({"streams": [{"name": "events"}]}, "the stream 1 of the catalog has no `name`"),
        ({"streams": [{"stream": {"name": "a"}}, None]}, "the stream 2 of the catalog has no `name`"),
        (
            {"streams": [{"stream": {"name": "a"}, "sync_mode": "sideways"}]},
            "the `sync_mode` of a is none of full_refresh, incremental.",
        ),
    ],
)
def test_what_is_no_catalog_is_refused_with_the_place(tmp_path: Path, content: object, message: str) -> None:
    with pytest.raises(SourceError) as error:
        read_catalog(catalog(tmp_path, content))
    assert message in str(error.value)
