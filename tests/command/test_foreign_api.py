"""An API that nobody here has seen: other names and shapes throughout, described by a manifest written from scratch.

A weather archive: a session is opened with a login, a request is put as plain text and answered with nothing but a
`Location`, its progress is XML with numbers for states, a further request lists the volumes, and each volume is a zip
of semicolon-separated Latin-1. Months without observations are answered with a state of their own.
"""

from __future__ import annotations

import asyncio
import io
import json
import sys
import zipfile
from pathlib import Path

import pytest

from tests.support.server import Asked, LoopbackServer, Reply

pytestmark = pytest.mark.slow

MANIFEST = """\
version: 7.0.0
type: DeclarativeSource
check: {type: CheckStream, stream_names: [observations]}
max_concurrent_async_job_count: 2
definitions:
  archive:
    type: HttpRequester
    authenticator:
      type: SessionTokenAuthenticator
      login_requester:
        type: HttpRequester
        url: "{{ config['host'] }}/door"
        http_method: POST
        request_body:
          type: RequestBodyJsonObject
          value: {who: "{{ config['observer'] }}", word: "{{ config['word'] }}"}
      session_token_path: [pass, phrase]
      expiration_duration: PT1H
      request_authentication:
        type: ApiKey
        inject_into: {type: RequestOption, inject_into: header, field_name: X-Pass}
    $parameters: {kind: hourly}
streams:
  - type: DeclarativeStream
    name: observations
    primary_key: [station, at]
    incremental_sync:
      type: DatetimeBasedCursor
      cursor_field: at
      datetime_format: "%Y-%m-%d"
      start_datetime: "2023-11-01"
      end_datetime: "2024-01-31"
      step: P1M
      cursor_granularity: P1D
    transformations:
      - type: AddFields
        fields: [{type: AddedFieldDefinition, path: [kelvin], value: "{{ (record['celsius'] | float) + 273 }}"}]
      - type: RemoveFields
        field_pointers: [[remark]]
    retriever:
      type: AsyncRetriever
      polling_interval: 0.01
      decoder: {type: XmlDecoder}
      status_extractor: {type: DpathExtractor, field_path: [request, "@state"]}
      status_mapping:
        {type: AsyncJobStatusMap, running: [1, 2], completed: [3], failed: [8], timeout: [9], skipped: [0]}
      download_target_extractor: {type: DpathExtractor, field_path: [volumes, "*", href]}
      creation_requester:
        $ref: "#/definitions/archive"
        url: "{{ config['host'] }}/wishes"
        http_method: PUT
        request_body:
          type: RequestBodyPlainText
          value: "{{ parameters['kind'] }} {{ stream_interval['start_time'] }}..{{ stream_interval['end_time'] }}"
      polling_requester:
        $ref: "#/definitions/archive"
        url: "{{ config['host'] }}{{ creation_response.headers['location'] }}"
      download_target_requester:
        $ref: "#/definitions/archive"
        url: "{{ config['host'] }}{{ creation_response.headers['location'] }}/volumes"
        request_parameters: {month: "{{ stream_interval['start_time'] }}"}
      download_requester:
        $ref: "#/definitions/archive"
        url: "{{ config['host'] }}/shelf/{{ download_target }}"
      download_decoder:
        type: ZipfileDecoder
        decoder: {type: CsvDecoder, delimiter: ";", encoding: latin-1, set_values_to_none: ["-"]}
      record_selector:
        type: RecordSelector
        extractor: {type: DpathExtractor, field_path: []}
        record_filter: {type: RecordFilter, condition: "{{ record['celsius'] is not none }}"}
spec:
  type: Spec
  connection_specification:
    type: object
    required: [host, observer, word]
    properties:
      host: {type: string, title: Host}
      observer: {type: string, title: Observer}
      word: {type: string, title: Word, airbyte_secret: true}
"""


def volume(month: str, part: str) -> bytes:
    """A volume of two observations, one without a measurement."""
    rows = f"station;at;celsius;remark\r\nMünster;{month}-0{part};{part}.5;fog\r\nMünster;{month}-15;-;broken\r\n"
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(f"v{part}.csv", rows.encode("latin-1"))
    return packed.getvalue()


def serve(server: LoopbackServer) -> None:
    """The weather archive; December has no observations."""
    server.on("/door", Reply({"pass": {"phrase": "open sesame"}}))

    def wish(asked: Asked) -> Reply:
        month = asked.body.decode().split()[1][:7]
        place = f"/wishes/{month}"
        done = "0" if month == "2023-12" else "3"
        states = [Reply(f'<request state="{state}"/>', headers={"Content-Type": "text/xml"}) for state in ("1", done)]
        server.on(place, *states)
        server.on(f"{place}/volumes", Reply({"volumes": [{"href": f"{month}-1"}, {"href": f"{month}-2"}]}))
        for part in "12":
            server.on(f"/shelf/{month}-{part}", Reply(volume(month, part), headers={"Content-Type": "application/zip"}))
        return Reply(b"", 202, {"Location": place})

    server.on("/wishes", wish)


async def longhaul(*arguments: str, env: dict[str, str] | None = None) -> tuple[int, str, str]:
    """Run the command; its exit code, stdout and stderr."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "core.command.cli", *arguments),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env=env,
    )
    out, err = await asyncio.wait_for(process.communicate(), 60)
    assert process.returncode is not None
    return process.returncode, out.decode(), err.decode()


@pytest.fixture
def manifest(tmp_path: Path) -> Path:
    path = tmp_path / "weather.yaml"
    path.write_text(MANIFEST, encoding="utf-8")
    return path


async def test_an_unknown_api_is_read_by_a_manifest_alone(manifest: Path, tmp_path: Path) -> None:
    output, state, trace = tmp_path / "observations.jsonl", tmp_path / "state.json", tmp_path / "trace.har"
    async with LoopbackServer() as server:
        serve(server)
        code, out, err = await longhaul(
            *("--run", str(manifest), "--output", str(output), "--state", str(state), "--trace", str(trace)),
            *("--set", f"host={server.url()}", "--set", "observer=ada", "--set", "word=hush-hush-hush"),
        )

    assert code == 0, err
    assert out == ""
    records = [json.loads(line) for line in output.read_text(encoding="utf-8").splitlines()]
    assert sorted(record["at"] for record in records) == ["2023-11-01", "2023-11-02", "2024-01-01", "2024-01-02"]
    assert records[0].keys() == {"station", "at", "celsius", "kelvin"}
    assert {record["station"] for record in records} == {"Münster"}
    assert {record["at"]: record["kelvin"] for record in records}["2023-11-02"] == 275.5
    assert {asked.body for asked in server.to("/wishes")} >= {b"hourly 2023-12-01..2023-12-31"}
    assert len(server.to("/door")) == 1
    assert "2024-01-02" in state.read_text(encoding="utf-8")
    for secret in ("hush-hush-hush", "open sesame"):
        assert secret not in trace.read_text(encoding="utf-8") + err


async def test_the_second_run_goes_on_where_the_first_one_stopped(manifest: Path, tmp_path: Path) -> None:
    output, state = tmp_path / "observations.jsonl", tmp_path / "state.json"
    async with LoopbackServer() as server:
        serve(server)
        arguments = (
            *("--run", str(manifest), "--output", str(output), "--state", str(state), "--set", f"host={server.url()}"),
            *("--set", "observer=ada", "--set", "word=hush"),
        )
        await longhaul(*arguments)
        server.asked.clear()
        code, _, err = await longhaul(*arguments)

    assert code == 0, err
    assert [asked.body.decode() for asked in server.to("/wishes")] == ["hourly 2024-01-02..2024-01-31"]
