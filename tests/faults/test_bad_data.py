"""Data that is not what the manifest says: a clear message and no traceback, or the records, whichever is right."""

from __future__ import annotations

import gzip
import io
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from core.events import Outcome
from tests.support.jobs_api import manifest as job_manifest
from tests.support.jobs_api import serve_job
from tests.support.reading import Told, read_all
from tests.support.server import LoopbackServer, Reply

CSV = "{type: CsvDecoder}"
JSON = "{type: JsonDecoder}"
LINES = "{type: JsonlDecoder}"
XML = "{type: XmlDecoder}"
GZIP = "{type: GzipDecoder, decoder: {type: CsvDecoder}}"
ZIP = "{type: ZipfileDecoder, decoder: {type: CsvDecoder}}"


async def download(server: LoopbackServer, decoder: str, body: bytes, **changes: str) -> Told:
    """Read a job whose result is this body."""
    serve_job(server, "done")
    server.on("/result", Reply(body, headers={"Content-Type": changes.pop("kind", "application/octet-stream")}))
    text = job_manifest(server, retriever=f"download_decoder: {decoder}")
    for old, new in changes.items():
        text = text.replace(old, new)
    return await read_all(text)


def zipped(**files: bytes) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name, body in files.items():
            archive.writestr(name, body)
    return packed.getvalue()


READ: dict[str, tuple[str, bytes, list[dict[str, Any]]]] = {
    "short rows": (CSV, b"a,b\n1\n2,3\n", [{"a": "1", "b": None}, {"a": "2", "b": "3"}]),
    "a byte order mark": (CSV, b"\xef\xbb\xbfa\n1\n", [{"a": "1"}]),
    "a byte order mark before JSON": (JSON, b'\xef\xbb\xbf[{"a": 1}]', [{"a": 1}]),
    "line breaks in cells": (CSV, b'a,b\r\n"1\r\n2","x, y"\r\n', [{"a": "1\n2", "b": "x, y"}]),
    "another encoding that is named": ("{type: CsvDecoder, encoding: latin-1}", b"a\n\xe9\n", [{"a": "é"}]),
    "UTF-16 with a mark": (CSV, "a\n1\n".encode("utf-16"), [{"a": "1"}]),
    "NUL bytes in cells": (CSV, b"a,b\n1,x\0y\n", [{"a": "1", "b": "x\0y"}]),
    "no line feed at the end": (LINES, b'{"a": 1}\n{"a": 2}', [{"a": 1}, {"a": 2}]),
    "several gzip members": (GZIP, gzip.compress(b"a\n1\n") + gzip.compress(b"2\n"), [{"a": "1"}, {"a": "2"}]),
    "no gzip after all": (GZIP, b"a\n1\n", [{"a": "1"}]),
    "several files in a zip": (ZIP, zipped(x=b"a\n1\n", y=b"a\n2\n"), [{"a": "1"}, {"a": "2"}]),
    "an empty zip": (ZIP, zipped(), []),
    "a header and nothing else": (CSV, b"a,b\n", []),
    "an empty array": (JSON, b"[]", []),
    "nothing but blank lines": (LINES, b"\n\n", []),
    **{f"an empty body as {decoder}": (decoder, b"", []) for decoder in (CSV, JSON, LINES, XML, GZIP, ZIP)},
}


@pytest.mark.parametrize("name", READ)
async def test_odd_but_sound_data_is_read(server: LoopbackServer, name: str) -> None:
    decoder, body, records = READ[name]

    told = await download(server, decoder, body)

    assert told.outcome is Outcome.COMPLETE, told.errors
    assert told.records == records


PAGE = b"<!DOCTYPE html><html><head><title>Please log in</title></head><body></body></html>"
REFUSED = {
    "a web page as CSV": (CSV, PAGE, "an HTML page titled “Please log in”"),
    "a web page as JSON": (JSON, PAGE, "an HTML page titled “Please log in”"),
    "a web page as JSON Lines": (LINES, PAGE, "an HTML page titled “Please log in”"),
    "a web page as gzip": (GZIP, PAGE, "an HTML page titled “Please log in”"),
    "a web page as zip": (ZIP, PAGE, "an HTML page titled “Please log in”"),
    "an error in JSON as CSV": (CSV, b'{"error": "no such file"}', "no such file"),
    "broken JSON": (JSON, b'[{"a": 1}, {"a" 2}]', "not valid JSON"),
    "JSON that breaks off": (JSON, b'[{"a": 1}, {"a": ', "breaks off"),
    "a number": (JSON, b"3", "found “3” where a record (an object with fields) should be"),
    "a list of texts": (JSON, b'["a", "b"]', "found “a” where a record"),
    "lists in a list": (JSON, b"[[1], [2]]", "found “1” where a record"),
    "long rows": (CSV, b"a,b\n1,2,3\n", "Line 2"),
    "another encoding": (CSV, b"a\n\xe9\n", "0xe9"),
    "gzip that breaks off": (GZIP, gzip.compress(b"a\n" + bytes(range(48, 90)) * 20)[:-9], "cut short"),
    "gzip that is damaged": (GZIP, gzip.compress(b"a\n1\n")[:-5] + b"12345", "damaged"),
    "zip that breaks off": (ZIP, zipped(x=b"a\n1\n")[:-5], "damaged or cut short"),
    "zip that is damaged": (ZIP, zipped(x=b"a\n1\n").replace(b"a\n1", b"a\n2", 1), "In the file `x`"),
    "a billion laughs": (
        XML,
        b'<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;">]><x>&c;</x>',
        "can't be read",
    ),
    "XML that reads a file": (
        XML,
        b'<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]><x>&a;</x>',
        "can't be read",
    ),
    "JSON nested without end": (JSON, b"[" * 200_000, "too deeply"),
}


@pytest.mark.parametrize("name", REFUSED)
async def test_data_of_the_wrong_kind_fails_with_what_it_is(server: LoopbackServer, name: str) -> None:
    decoder, body, said = REFUSED[name]

    told = await download(server, decoder, body)

    assert told.outcome is Outcome.FAILED
    assert said in told.errors
    assert "went wrong" not in told.errors
    assert "root:" not in repr(told.events)


@pytest.mark.parametrize(
    ("body", "records"),
    [
        (b'{"rows": null}', []),
        (b'{"rows": []}', []),
        (b"{}", []),
        (b"[]", []),
        (b'{"rows": {"a": 1}}', [{"a": 1}]),
    ],
)
async def test_nothing_where_the_records_belong_is_no_records(
    server: LoopbackServer, body: bytes, records: list[Any]
) -> None:
    told = await download(server, JSON, body, **{"field_path: []": "field_path: [rows]"})

    assert told.outcome is Outcome.COMPLETE, told.errors
    assert told.records == records


async def test_a_text_where_the_records_belong_is_explained(server: LoopbackServer) -> None:
    told = await download(server, JSON, b'{"rows": "soon"}', **{"field_path: []": "field_path: [rows]"})

    assert told.outcome is Outcome.FAILED
    assert "field path" in told.errors


async def test_names_in_a_zip_that_climb_are_names_and_nothing_more(server: LoopbackServer, tmp_path: Path) -> None:
    names = ("../../climbed.csv", str(tmp_path / "absolute.csv"), "a/../../../b.csv")
    body = zipped(**dict.fromkeys(names, b"a\n1\n"))

    told = await download(server, ZIP, body)

    assert told.records == [{"a": "1"}] * 3
    assert not list(tmp_path.iterdir())
    assert not Path("../../climbed.csv").exists()


def gzip_of_zeros() -> bytes:
    return gzip.compress(bytes(101_000_000), 9)


def zip_of_zeros() -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        archive.writestr("zeros", bytes(101_000_000))
    return packed.getvalue()


@pytest.mark.parametrize(("kind", "bomb"), [("Gzip", gzip_of_zeros), ("Zipfile", zip_of_zeros)])
async def test_a_bomb_is_refused_at_the_ratio_of_the_manifest(
    server: LoopbackServer, kind: str, bomb: Callable[[], bytes]
) -> None:
    told = await download(server, f"{{type: {kind}Decoder, max_ratio: 20, decoder: {{type: IterableDecoder}}}}", bomb())

    assert told.outcome is Outcome.FAILED
    assert "more than 20 times its size" in told.errors
    assert "`max_ratio`" in told.errors


async def test_a_cell_of_100_megabytes_is_read(server: LoopbackServer) -> None:
    told = await download(server, CSV, b"a,b\n1," + b"x" * 100_000_000 + b"\n2,y\n")

    assert told.outcome is Outcome.COMPLETE, told.errors
    assert [len(record["b"]) for record in told.records] == [100_000_000, 1]


async def test_a_quotation_mark_that_is_never_closed_does_not_take_all_memory(server: LoopbackServer) -> None:
    told = await download(server, CSV, b'a,b\n1,"' + b"x,y\n" * 40_000_000)

    assert told.outcome is Outcome.FAILED
    assert "A cell in line 2 of the CSV file does not end" in told.errors
    assert "quote_character" in told.errors
