"""Results of jobs in several CSV files: only the first has a header, and each names its charset."""

from __future__ import annotations

import gzip

from core.connector import load_connector
from core.events import Log, Outcome
from core.levels import Level
from core.manifest.document import Document
from tests.support.jobs_api import manifest, serve_job
from tests.support.reading import read_all
from tests.support.server import Asked, LoopbackServer, Reply


def csv_manifest(server: LoopbackServer, fields: str, outer: str = "") -> str:
    decoder = f"{{type: CsvDecoder, {fields}}}"
    return manifest(
        server, retriever=f"download_decoder: {f'{{type: {outer}, decoder: {decoder}}}' if outer else decoder}"
    )


def serve_parts(server: LoopbackServer, *parts: Reply) -> None:
    serve_job(server, "done")
    targets = [server.url(f"/part/{number}") for number in range(len(parts))]
    server.on("/jobs/j1", Reply({"state": "done", "url": targets}))
    for number, part in enumerate(parts):
        server.on(f"/part/{number}", part)


async def test_the_header_of_the_first_chunk_holds_for_those_that_are_downloaded_after_it(
    server: LoopbackServer,
) -> None:
    serve_parts(server, Reply("id,x\r\n1,a\r\n2,b\r\n"), Reply("3,c\r\n"), Reply("4,null\r\n5,e\r\n"))
    told = await read_all(csv_manifest(server, "first_header_holds: true, set_values_to_none: ['null']"))

    assert told.outcome is Outcome.COMPLETE
    assert next(asked.path for asked in server.asked if asked.path.startswith("/part/")) == "/part/0"
    assert sorted((record["id"], record["x"]) for record in told.records) == [
        ("1", "a"), ("2", "b"), ("3", "c"), ("4", None), ("5", "e"),
    ]  # fmt: skip


async def test_the_header_is_read_anew_from_a_fresh_link(server: LoopbackServer) -> None:
    first: list[Reply] = [Reply("expired", 403), Reply("id\n1\n")]

    def answer(_asked: Asked) -> Reply:
        return first.pop(0)

    serve_parts(server, Reply(), Reply("2\n"))
    server.on("/part/0", answer)
    told = await read_all(csv_manifest(server, "first_header_holds: true"))

    assert sorted(record["id"] for record in told.records) == ["1", "2"]


async def test_each_file_is_read_in_the_charset_that_its_response_names(server: LoopbackServer) -> None:
    serve_parts(
        server,
        Reply("n\nMüller\n", headers={"content-type": "text/tab-separated-values; charset=UTF-8"}),
        Reply("n\n5 €\n".encode("cp1252"), headers={"content-type": "text/plain;charset=Cp1252"}),
        Reply(
            gzip.compress("n\n①テスト\n".encode("cp932")), headers={"content-type": 'text/plain; charset="windows-31j"'}
        ),
    )
    told = await read_all(csv_manifest(server, "encoding: from_response", "GzipDecoder"))

    assert sorted(record["n"] for record in told.records) == ["5 €", "Müller", "①テスト"]


async def test_a_charset_that_nobody_knows_is_named_with_the_way_out(server: LoopbackServer) -> None:
    serve_parts(server, Reply("n\n1\n", headers={"content-type": "text/csv; charset=x-own-7"}))
    told = await read_all(csv_manifest(server, "encoding: from_response"))
    assert "“text/csv; charset=x-own-7”" in told.errors
    assert "Set `encoding` of the decoder" in told.errors

    serve_parts(server, Reply("n\n1\n", headers={"content-type": "text/csv"}))
    assert "“text/csv”" in (await read_all(csv_manifest(server, "encoding: from_response"))).errors


async def test_what_a_decoder_has_to_say_is_in_the_log(server: LoopbackServer) -> None:
    serve_parts(server, Reply("a,a,b\n1\n1,2,3\n"), Reply("a,a,b\n1,2,3\n1\n4\n"))
    told = await read_all(csv_manifest(server, "uneven_rows: drop"))

    warnings = sorted(log.message for log in told.of(Log) if log.level is Level.WARNING)
    assert [one.partition(" of the CSV file")[0] for one in warnings] == ["1 row", "2 rows", "Several columns"]
    assert told.outcome is Outcome.COMPLETE


async def test_airbyte_does_not_know_these_fields(server: LoopbackServer) -> None:
    text = csv_manifest(server, "encoding: from_response, skip_lines: 1, ends_before: Total")
    said = [str(problem) for problem in load_connector(Document.parse(text)).portability]
    assert any("Airbyte takes `from_response` for the name of an encoding" in one for one in said)
    assert all(any(f"`{name}`" in one for one in said) for name in ("skip_lines", "ends_before"))
