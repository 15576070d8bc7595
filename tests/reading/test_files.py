"""Files beside records: downloaded as Airbyte's runtime does it, and safer."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from core.connector import load_connector
from core.errors import ReadError
from core.events import Outcome
from core.manifest.document import Document
from core.outputs.file_folder import FileFolder
from core.reading import open_reader
from docs.component_reference import as_manifest
from tests.command.support import run
from tests.protocols.support import Asking, stream
from tests.support.jobs_api import manifest as jobs_manifest
from tests.support.jobs_api import serve_job
from tests.support.oracle import Oracle, OracleError
from tests.support.reading import Told, no_wait
from tests.support.server import Asked, LoopbackServer, Reply

PARTS = [{"id": 1, "name": "a.txt"}, {"id": 2, "name": "b.bin"}]
CONTENT = {"/files/1": b"first\n", "/files/2": bytes(range(256)) * 2000}


def manifest(server: LoopbackServer, uploader: dict[str, Any] | None = None, **requester: Any) -> dict[str, Any]:
    asking = {"type": "HttpRequester", "url_base": "{{ download_target }}", **requester}
    one = stream("docs", server.url(), "/docs")
    one["file_uploader"] = {
        "type": "FileUploader",
        "requester": asking,
        "download_target_extractor": {"type": "DpathExtractor", "field_path": ["link"]},
        "filename_extractor": "{{ record.id }}/{{ record.name }}",
        **(uploader or {}),
    }
    return {
        "version": "7.0.0",
        "type": "DeclarativeSource",
        "check": {"type": "CheckStream", "stream_names": ["docs"]},
        "streams": [one],
    }


@pytest.fixture
def api(server: LoopbackServer) -> LoopbackServer:
    records = [{**part, "link": server.url(f"/files/{part['id']}")} for part in PARTS]
    server.on("/docs", Reply(records))
    for path, content in CONTENT.items():
        server.on(path, Reply(content))
    return server


async def read(content: dict[str, Any], folder: Path | None) -> Told:
    connector = load_connector(Document.parse(yaml.safe_dump(content)))
    assert connector.usable, connector.problems
    files = FileFolder(folder, connector.stream_names) if folder is not None else None
    told = Told()
    async with open_reader(connector, {}, sleep=no_wait, files=files) as reader:
        async for event in reader.read("docs"):
            told.events.append(event)
    return told


def files_in(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


async def test_the_same_files_come_as_with_the_reference(api: LoopbackServer, oracle: Oracle, tmp_path: Path) -> None:
    ours, theirs = tmp_path / "ours", tmp_path / "theirs"
    theirs.mkdir()
    told = await read(manifest(api), ours)
    asked, api.asked = [each.path for each in api.asked], []

    answer = await asyncio.to_thread(oracle.ask, "files", "read", manifest(api), {}, "docs", str(theirs))

    assert told.outcome is Outcome.COMPLETE, told.errors
    assert sorted(asked) == sorted(each.path for each in api.asked)
    assert {name: data.decode("latin-1") for name, data in files_in(ours).items()} == answer["files"]
    found = {record["id"]: record["file_reference"] for record in told.records}
    for record, file in answer["records"]:
        moved = {**file, "staging_file_url": file["staging_file_url"].replace(str(theirs), str(ours))}
        assert found[record["id"]] == moved
    assert answer["is_file_based"]


async def test_records_of_jobs_have_files_too(api: LoopbackServer, tmp_path: Path) -> None:
    """The reference downloads none for asynchronous streams."""
    serve_job(api, "done", records=[{**part, "link": api.url(f"/files/{part['id']}")} for part in PARTS])
    content = manifest(api)
    (one,) = content["streams"]
    one["retriever"] = yaml.safe_load(jobs_manifest(api))["streams"][0]["retriever"]

    told = await read(content, tmp_path)

    assert told.outcome is Outcome.COMPLETE, told.errors
    assert sorted(files_in(tmp_path).values()) == sorted(CONTENT.values())


@pytest.mark.parametrize("example", ["PageSizeReduction", "RequestWindowSplitting"])
async def test_what_reads_records_again_takes_no_files_as_in_the_reference(
    api: LoopbackServer, oracle: Oracle, tmp_path: Path, example: str
) -> None:
    content = as_manifest(example)
    (one,) = content["streams"]
    one["file_uploader"] = manifest(api)["streams"][0]["file_uploader"]

    (problem,) = load_connector(Document.parse(yaml.safe_dump(content))).problems

    assert "can't be used with a `file_uploader`" in problem.message
    with pytest.raises(OracleError, match="cannot be used together with a `file_uploader`"):
        await asyncio.to_thread(
            oracle.ask, "files", "read", content, {"api_url": api.url()}, one["name"], str(tmp_path)
        )


async def test_without_a_folder_nothing_is_downloaded_and_that_is_said(api: LoopbackServer) -> None:
    told = await read(manifest(api), None)

    assert [each.path for each in api.asked] == ["/docs"]
    assert "file_reference" not in told.records[0]
    assert "--files FOLDER" in told.logs


async def test_files_without_a_name_have_a_random_one(api: LoopbackServer, tmp_path: Path) -> None:
    await read(manifest(api, {"filename_extractor": None}), tmp_path)

    assert sorted(files_in(tmp_path).values()) == sorted(CONTENT.values())


@pytest.mark.parametrize(
    "name",
    [
        "../../{{ record.id }}.txt",
        "/etc/{{ record.id }}",
        "..{{ record.id }}/x",
        "CON.{{ record.id }}",
        "a\\..\\{{ record.id }}",
        "{{ record.id }}" + "x" * 500,
    ],
)
async def test_no_name_leads_out_of_the_folder(api: LoopbackServer, tmp_path: Path, name: str) -> None:
    folder = tmp_path / "deep" / "er"
    told = await read(manifest(api, {"filename_extractor": name}), folder)

    assert told.outcome is Outcome.COMPLETE, told.errors
    assert len(files_in(folder / "docs")) == 2
    assert len(files_in(tmp_path)) == 2
    for path in files_in(folder / "docs"):
        assert "\\" not in path
        assert not path.upper().startswith("CON.")
        assert all(len(part.encode()) < 255 for part in path.split("/"))


async def test_a_link_in_the_folder_is_not_followed_out_of_it(api: LoopbackServer, tmp_path: Path) -> None:
    folder, outside = tmp_path / "files", tmp_path / "outside"
    (folder / "docs").mkdir(parents=True)
    outside.mkdir()
    (folder / "docs" / "1").symlink_to(outside)
    told = await read(manifest(api), folder)

    assert "a link in the folder leads out of it" in told.errors
    assert files_in(outside) == {}


async def test_two_files_in_one_place_are_refused(api: LoopbackServer, tmp_path: Path) -> None:
    told = await read(manifest(api, {"filename_extractor": "all.txt"}), tmp_path)

    assert told.outcome is Outcome.FAILED
    assert "Two files of `docs` would be docs/all.txt" in told.errors


async def test_a_download_that_breaks_goes_on(api: LoopbackServer, tmp_path: Path) -> None:
    content = CONTENT["/files/2"]
    api.on("/files/2", Reply(content, cut=100_000), Reply(content))
    told = await read(manifest(api), tmp_path)

    assert told.outcome is Outcome.COMPLETE, told.errors
    assert files_in(tmp_path)["docs/2/b.bin"] == content


async def test_a_file_that_fails_fails_its_stream_and_leaves_no_part(api: LoopbackServer, tmp_path: Path) -> None:
    api.on("/files/2", Reply({"error": "gone"}, 404))
    (tmp_path / "docs" / "2").mkdir(parents=True)
    (tmp_path / "docs" / "2" / "b.bin").write_bytes(b"of an earlier run")
    told = await read(manifest(api), tmp_path)

    assert told.outcome is Outcome.FAILED
    assert "404" in told.errors
    assert set(files_in(tmp_path)) <= {"docs/1/a.txt", "docs/2/b.bin"}
    assert files_in(tmp_path)["docs/2/b.bin"] == b"of an earlier run"


async def test_a_record_without_a_link_has_no_file(api: LoopbackServer, tmp_path: Path) -> None:
    api.on("/docs", Reply([{"id": 3, "link": None}, {"id": 4}]))
    told = await read(manifest(api), tmp_path)

    assert told.records == [{"id": 3, "link": None}, {"id": 4}]
    assert "records without a link to a file at `link`" in told.logs


async def test_a_file_whose_answer_the_error_handler_ignores_is_left_out(api: LoopbackServer, tmp_path: Path) -> None:
    api.on("/files/2", Reply({"error": "gone"}, 404))
    gone = {"type": "HttpResponseFilter", "http_codes": [404], "action": "IGNORE"}
    handler = {"type": "DefaultErrorHandler", "response_filters": [gone]}
    told = await read(manifest(api, error_handler=handler), tmp_path)

    assert told.outcome is Outcome.COMPLETE, told.errors
    assert ["file_reference" in record for record in told.records] == [True, False]
    assert files_in(tmp_path) == {"docs/1/a.txt": CONTENT["/files/1"]}
    assert "docs/2/b.bin is left out" in told.logs


async def test_a_record_that_says_something_of_its_file_already_is_not_changed(
    api: LoopbackServer, tmp_path: Path
) -> None:
    api.on("/docs", Reply([{"id": 3, "link": api.url("/files/1"), "file_reference": "mine"}]))

    assert "a field `file_reference` already" in (await read(manifest(api), tmp_path)).errors


async def test_another_host_gets_no_credentials(api: LoopbackServer, tmp_path: Path) -> None:
    async with LoopbackServer() as other:
        other.on("/x", Reply("elsewhere"))
        links = [api.url("/files/1"), other.url("/x", host="localhost")]
        api.on("/docs", Reply([{"id": number, "name": "x", "link": link} for number, link in enumerate(links)]))
        key = {"authenticator": {"type": "BearerAuthenticator", "api_token": "s3cret"}}
        told = await read(manifest(api, **key), tmp_path)

        assert told.outcome is Outcome.COMPLETE, told.errors
        [here] = [each for each in api.asked if each.path == "/files/1"]
        assert here.headers.get("authorization") == "Bearer s3cret"
        assert "authorization" not in other.asked[0].headers


async def test_a_read_that_is_cancelled_stops_its_downloads(api: LoopbackServer, tmp_path: Path) -> None:
    begun = asyncio.Event()

    def hang(_asked: Asked) -> Reply:
        begun.set()
        return Reply("never", gate=asyncio.Event())

    api.on("/files/1", hang)
    connector = load_connector(Document.parse(yaml.safe_dump(manifest(api))))
    told = Told()
    async with open_reader(connector, {}, files=FileFolder(tmp_path, ["docs"])) as reader:

        async def cancel() -> None:
            await begun.wait()
            reader.cancel()

        ending = asyncio.create_task(cancel())
        async for event in reader.read("docs"):
            told.events.append(event)
        await ending
    assert told.outcome is Outcome.CANCELLED
    assert "docs/1/a.txt" not in files_in(tmp_path)


async def test_the_command_puts_files_into_its_folder(api: LoopbackServer, tmp_path: Path) -> None:
    file, folder = tmp_path / "shop.yaml", tmp_path / "files"
    file.write_text(yaml.safe_dump(manifest(api)))
    output = tmp_path / "docs.jsonl"

    code, said = await asyncio.to_thread(run, "--run", file, "--files", folder, "--output", output)

    assert code == 0, said
    rows = [json.loads(line) for line in output.read_text().splitlines()]
    for row in rows:
        reference = row["file_reference"]
        assert Path(reference["staging_file_url"]).read_bytes() == CONTENT[f"/files/{row['id']}"]
        assert reference["file_size_bytes"] == len(CONTENT[f"/files/{row['id']}"])


async def test_a_stream_may_be_named_as_the_program_is(api: LoopbackServer, tmp_path: Path) -> None:
    file, folder, content = tmp_path / "shop.yaml", tmp_path / "files", manifest(api)
    content["streams"][0]["name"] = "longhaul"
    file.write_text(yaml.safe_dump(content))
    for _ in range(2):
        code, said = await asyncio.to_thread(run, "--run", file, "--files", folder, "--output", tmp_path / "docs.jsonl")
        assert code == 0, said
    assert files_in(folder) == {f"longhaul/{one['id']}/{one['name']}": CONTENT[f"/files/{one['id']}"] for one in PARTS}


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--files", "out", "--output", "out/"), "files go into a folder of their own"),
        (("--files", "out", "--keep-case", "one"), "--files doesn't go with --keep-case"),
        (("--files", "out", "--on", "dask://"), "--files doesn't go with --on"),
        (("--files", ""), "--files is empty: name a folder."),
    ],
)
def test_what_does_not_go_together_is_refused(tmp_path: Path, options: tuple[str, ...], said: str) -> None:
    file = tmp_path / "shop.yaml"
    content = manifest(_Nowhere())  # type: ignore[arg-type]
    file.write_text(yaml.safe_dump(content))

    code, output = run("--run", file, *options, folder=tmp_path)

    assert code == 2
    assert said in output


def test_a_folder_for_files_that_there_are_not_is_refused(tmp_path: Path) -> None:
    content = manifest(_Nowhere())  # type: ignore[arg-type]
    del content["streams"][0]["file_uploader"]
    file = tmp_path / "shop.yaml"
    file.write_text(yaml.safe_dump(content))

    code, output = run("--run", file, "--files", "out", folder=tmp_path)

    assert (code, "none of the streams has files" in output) == (2, True)


class _Nowhere:
    def url(self) -> str:
        return "http://127.0.0.1:1"


async def test_a_source_names_the_file_beside_the_data(
    api: LoopbackServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    staging = tmp_path / "staging"
    staging.mkdir()
    monkeypatch.setenv("AIRBYTE_STAGING_DIRECTORY", str(staging))
    asking = Asking(tmp_path, manifest(api), {})

    (described,) = (await asyncio.to_thread(asking, "discover")).of("CATALOG")
    assert described["streams"][0]["is_file_based"]
    answer = await asyncio.to_thread(asking, "read", "docs")

    assert answer.code == 0, answer.output
    for record in answer.of("RECORD"):
        number = record["data"]["id"]
        assert set(record["data"]) == {"id", "name", "link"}
        assert record["file_reference"] == {
            "staging_file_url": str(staging / "docs" / str(number) / record["data"]["name"]),
            "source_file_relative_path": f"docs/{number}/{record['data']['name']}",
            "file_size_bytes": len(CONTENT[f"/files/{number}"]),
        }


def test_places_of_one_target_are_one_place(tmp_path: Path) -> None:
    folder = FileFolder(tmp_path, ["docs"])

    assert folder.place("docs", "a/b", "x") == folder.place("docs", "a//b", "x") == Path("docs/a/b")
    with pytest.raises(ReadError, match="Two files"):
        folder.place("docs", "A/b", "y")
