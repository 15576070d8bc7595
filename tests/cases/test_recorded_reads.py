"""A run is kept as a case, and the case says what a changed manifest does differently; no server is needed then."""

from __future__ import annotations

import asyncio
import gzip
import io
import json
import socket
import zipfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import pytest

from core.cases.case import CaseError, records_file
from core.cases.reading import read_case
from core.events import Outcome
from core.reading import Limits
from tests.cases.support import check, record, texts
from tests.support.server import Asked, LoopbackServer, Reply

PAGES = """
    version: 7.0.0
    type: DeclarativeSource
    check: {type: CheckStream, stream_names: [items]}
    spec:
      type: Spec
      connection_specification: {type: object, properties: {url: {type: string}}}
    streams:
      - type: DeclarativeStream
        name: items
        primary_key: id
        schema_loader: {type: InlineSchemaLoader, schema: {}}
        retriever:
          type: SimpleRetriever
          requester:
            type: HttpRequester
            url: "{{ config['url'] }}/items"
            request_parameters: {size: "2"}
            request_headers: {X-Team: blue}
          record_selector:
            type: RecordSelector
            extractor: {type: DpathExtractor, field_path: [items]}
          paginator:
            type: DefaultPaginator
            page_token_option: {type: RequestOption, inject_into: request_parameter, field_name: page}
            pagination_strategy: {type: PageIncrement, page_size: 2}
        transformations:
          - type: AddFields
            fields: [{path: [source], value: shop}]
"""

JOB = """
    version: 7.0.0
    type: DeclarativeSource
    check: {type: CheckStream, stream_names: [rows]}
    spec:
      type: Spec
      connection_specification: {type: object, properties: {url: {type: string}}}
    streams:
      - type: DeclarativeStream
        name: rows
        schema_loader: {type: InlineSchemaLoader, schema: {}}
        retriever:
          type: AsyncRetriever
          creation_requester:
            type: HttpRequester
            url: "{{ config['url'] }}/jobs"
            http_method: POST
            request_body:
              type: RequestBodyJsonObject
              value: {request: "{{ generate_uuid() }}", until: "{{ now_utc() }}", kind: rows}
          polling_requester: {type: HttpRequester, url: "{{ config['url'] }}/jobs/{{ creation_response['id'] }}"}
          download_requester: {type: HttpRequester, url: "{{ download_target }}"}
          status_extractor: {type: DpathExtractor, field_path: [status]}
          status_mapping:
            {type: AsyncJobStatusMap, running: [running], completed: [done], failed: [failed], timeout: [late]}
          download_target_extractor: {type: DpathExtractor, field_path: [files]}
          record_selector: {type: RecordSelector, extractor: {type: DpathExtractor, field_path: []}}
          download_decoder: {type: JsonlDecoder}
"""


def serve_pages(server: LoopbackServer) -> None:
    def page(asked: Asked) -> Reply:
        number = int(asked.query.get("page", ["0"])[0])
        rows = [{"id": 2 * number + place, "price": 1.5} for place in range(2 if number < 2 else 1)]
        return Reply({"items": rows})

    server.on("/items", page)


def serve_job(server: LoopbackServer, *, polls: int = 3) -> None:
    job = str(uuid4())
    server.on("/jobs", Reply({"id": job}, 201))
    running = [Reply({"status": "running"}, headers={"Retry-After": "50"})] * polls
    server.on(f"/jobs/{job}", *running, Reply({"status": "done", "files": [server.url("/f/1"), server.url("/f/2")]}))
    server.on("/f/1", Reply('{"n": 1}\n{"n": 2}\n'))
    server.on("/f/2", Reply('{"n": 3}\n'))


@pytest.fixture
async def pages(server: LoopbackServer, tmp_path: Path) -> Path:
    """A recorded read of three pages."""
    serve_pages(server)
    return await record(PAGES, {"url": server.url()}, tmp_path)


@pytest.fixture
async def job(server: LoopbackServer, tmp_path: Path) -> Path:
    """A recorded job."""
    serve_job(server)
    return await record(JOB, {"url": server.url()}, tmp_path)


class TestNothingDiffers:
    async def test_pages_are_read_again_without_a_server(self, pages: Path, server: LoopbackServer) -> None:
        asked = len(server.asked)
        result = await check(PAGES, pages)
        assert texts(result) == []
        assert result.records == 5
        assert len(server.asked) == asked

    async def test_a_job_is_polled_without_waiting_and_new_ids_and_times_are_no_difference(self, job: Path) -> None:
        result = await check(JOB, job)
        assert texts(result) == []
        assert result.records == 3
        assert result.seconds < 5  # the API asked for 50 seconds between polls

    async def test_a_failure_that_was_recorded_is_no_difference(self, server: LoopbackServer, tmp_path: Path) -> None:
        server.on("/items", Reply({"message": "no such team"}, 400))
        case = await record(PAGES, {"url": server.url()}, tmp_path)
        assert read_case(case).streams["items"].outcome == Outcome.FAILED
        assert texts(await check(PAGES, case)) == []

    async def test_refused_and_broken_requests_are_repeated_as_they_were(
        self, server: LoopbackServer, tmp_path: Path
    ) -> None:
        page = Reply({"items": [{"id": 1}]})
        server.on("/items", Reply("", 503, {"Retry-After": "40"}), Reply(cut=-1), page)
        case = await record(PAGES, {"url": server.url()}, tmp_path)
        assert [one.status for one in read_case(case).exchanges] == [503, 0, 200]
        assert texts(await check(PAGES, case)) == []

    async def test_limits_and_state_are_those_of_the_recording(self, server: LoopbackServer, tmp_path: Path) -> None:
        serve_pages(server)
        case = await record(PAGES, {"url": server.url()}, tmp_path, limits=Limits(pages=1))
        assert read_case(case).streams["items"].limits == Limits(pages=1)
        result = await check(PAGES, case)
        assert (texts(result), result.records) == ([], 2)

    async def test_what_differs_from_a_limited_read_may_come_from_the_limit(
        self, server: LoopbackServer, tmp_path: Path
    ) -> None:
        serve_pages(server)
        case = await record(PAGES, {"url": server.url()}, tmp_path, limits=Limits(records=3))
        assert (await check(PAGES, case)).hint == ""
        result = await check(PAGES.replace("value: shop", "value: store"), case)
        assert result.hint.startswith("A limit ended this read when it was recorded.")

    @pytest.mark.parametrize("packed", ["gzip", "zip"])
    async def test_files_that_are_no_text_are_kept_byte_by_byte(
        self, packed: str, server: LoopbackServer, tmp_path: Path
    ) -> None:
        lines = b'{"n": 1}\n{"n": 2}\n'
        archive = io.BytesIO()
        with zipfile.ZipFile(archive, "w") as file:
            file.writestr("rows.jsonl", lines)
        body, decoder = {"gzip": (gzip.compress(lines), "Gzip"), "zip": (archive.getvalue(), "Zipfile")}[packed]
        serve_job(server, polls=1)
        server.on("/f/1", Reply(body))
        server.on("/f/2", Reply(body))
        manifest = JOB.replace("{type: JsonlDecoder}", f"{{type: {decoder}Decoder, decoder: {{type: JsonlDecoder}}}}")
        case = await record(manifest, {"url": server.url()}, tmp_path)
        assert [one.body for one in read_case(case).exchanges][-1] == body
        result = await check(manifest, case)
        assert (texts(result), result.records) == ([], 4)

    async def test_bodies_in_other_charsets_and_encodings_give_the_same_bytes(
        self, server: LoopbackServer, tmp_path: Path
    ) -> None:
        text = json.dumps({"items": [{"id": 1, "city": "Zürich"}]}, ensure_ascii=False)
        headers = {"content-type": "application/json; charset=iso-8859-1", "content-encoding": "gzip"}
        server.on("/items", Reply(gzip.compress(text.encode("latin-1")), headers=headers))
        case = await record(PAGES, {"url": server.url()}, tmp_path)
        assert texts(await check(PAGES, case)) == []
        assert "Zürich" in records_file(case).read_text(encoding="utf-8")

    @pytest.mark.parametrize("coding", ["gzip", "x-gzip"])
    async def test_a_body_of_several_packed_parts_is_kept_as_a_whole(
        self, coding: str, server: LoopbackServer, tmp_path: Path
    ) -> None:
        parts = b'{"items": [{"id": 1}, ', b'{"id": 2}]}'
        packed = b"".join(map(gzip.compress, parts))
        server.on("/items", Reply(packed, headers={"content-encoding": coding}), Reply({"items": []}))
        case = await record(PAGES, {"url": server.url()}, tmp_path)
        assert read_case(case).exchanges[0].body == b"".join(parts)
        result = await check(PAGES, case)
        assert (texts(result), result.records) == ([], 2)

    async def test_a_body_that_can_not_be_unpacked_fails_again(self, server: LoopbackServer, tmp_path: Path) -> None:
        packed = gzip.compress(b'{"items": [{"id": 1}]}')[:-10]
        server.on("/items", Reply(packed, headers={"content-encoding": "gzip"}), Reply({"items": [{"id": 1}]}))
        case = await record(PAGES, {"url": server.url()}, tmp_path)
        assert len(read_case(case).exchanges) > 1
        assert texts(await check(PAGES, case)) == []


DAYS = """
    version: 7.0.0
    type: DeclarativeSource
    check: {type: CheckStream, stream_names: [days]}
    concurrency_level: {type: ConcurrencyLevel, default_concurrency: 4}
    spec:
      type: Spec
      connection_specification:
        type: object
        properties: {url: {type: string}, start: {type: string}}
    streams:
      - type: DeclarativeStream
        name: days
        schema_loader: {type: InlineSchemaLoader, schema: {}}
        retriever:
          type: SimpleRetriever
          requester: {type: HttpRequester, url: "{{ config['url'] }}/days"}
          record_selector: {type: RecordSelector, extractor: {type: DpathExtractor, field_path: []}}
        incremental_sync:
          type: DatetimeBasedCursor
          cursor_field: at
          datetime_format: "%Y-%m-%dT%H:%M:%SZ"
          start_datetime: "{{ config['start'] }}"
          step: P1D
          cursor_granularity: PT1S
          start_time_option: {type: RequestOption, inject_into: request_parameter, field_name: from}
          end_time_option: {type: RequestOption, inject_into: request_parameter, field_name: to}
        transformations:
          - type: AddFields
            fields: [{path: [read_at], value: "{{ now_utc() }}"}, {path: [read_id], value: "{{ generate_uuid() }}"}]
"""


class TestTheMomentOfTheRecording:
    @pytest.fixture
    async def days(self, server: LoopbackServer, tmp_path: Path) -> Path:
        """A read of the last days up to now, with hundreds of records that have no key."""

        def day(asked: Asked) -> Reply:
            return Reply([{"at": asked.query["from"][0], "n": number} for number in range(150)])

        server.on("/days", day)
        start = (datetime.now(UTC) - timedelta(days=4, hours=2)).strftime("%Y-%m-%dT%H:%M:%SZ")
        return await record(DAYS, {"url": server.url(), "start": start}, tmp_path)

    async def test_now_is_when_it_was_recorded(self, days: Path) -> None:
        result = await check(DAYS, days)
        assert (texts(result), result.records) == ([], 5 * 150)

    async def test_also_years_later(self, days: Path) -> None:
        for file in (days, records_file(days)):
            text = file.read_text()
            for moment in {datetime.now(UTC) - timedelta(days=ago) for ago in range(-1, 7)}:
                text = text.replace(f"{moment:%Y-%m-%d}", f"{moment - timedelta(days=2000):%Y-%m-%d}")
            file.write_text(text)
        result = await check(DAYS, days)
        assert (texts(result), result.records) == ([], 5 * 150)

    async def test_no_connection_is_opened(self, days: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        def refuse(*_: object, **__: object) -> None:
            raise AssertionError("a connection is opened")

        monkeypatch.setattr(socket, "getaddrinfo", refuse)
        monkeypatch.setattr(asyncio.base_events.BaseEventLoop, "create_connection", refuse)
        monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
        assert texts(await check(DAYS, days)) == []


ACCOUNTS = (
    PAGES.partition("          paginator:")[0]
    + """
          partition_router:
            type: ListPartitionRouter
            values: [north, south, east, west]
            cursor_field: account
            request_option: {type: RequestOption, inject_into: header, field_name: X-Account}
"""
)


class TestOrder:
    async def test_slices_that_differ_in_a_header_only_get_their_own_answers(
        self, server: LoopbackServer, tmp_path: Path
    ) -> None:
        def account(asked: Asked) -> Reply:
            return Reply({"items": [{"id": asked.headers["x-account"]}]})

        server.on("/items", account)
        case = await record(ACCOUNTS, {"url": server.url()}, tmp_path)
        har = json.loads(case.read_text())
        har["log"]["entries"].reverse()  # slices are read side by side, in any order
        case.write_text(json.dumps(har))
        result = await check(ACCOUNTS, case)
        assert (texts(result), result.records) == ([], 4)


class TestRequestsDiffer:
    async def test_only_the_first_of_many_are_listed(self, server: LoopbackServer, tmp_path: Path) -> None:
        values = ", ".join(f"account{number}" for number in range(40))
        manifest = ACCOUNTS.replace("north, south, east, west", values).replace(
            "header, field", "request_parameter, field"
        )
        server.on("/items", Reply({"items": []}))
        case = await record(manifest, {"url": server.url()}, tmp_path)
        found = texts(await check(manifest.replace("X-Team: blue", "X-Team: red"), case))
        assert len(found) == 11
        assert found[-1] == "request: … and 30 more of these."

    async def test_a_parameter(self, pages: Path, server: LoopbackServer) -> None:
        found = texts(await check(PAGES.replace('size: "2"', 'size: "3"'), pages))
        assert found[0] == (
            f"request: GET {server.url('/items')}?size=3: it is not in the recording. The nearest there is "
            f'GET {server.url("/items")}?size=2: `query.size`: recorded "2", now "3".'
        )
        assert found[1:] == [
            "outcome: `items` ended as failed; it was recorded as complete.",
            "record: `items` gave 0 records; 5 are expected.",
        ]

    async def test_a_field_of_the_body(self, job: Path) -> None:
        found = texts(await check(JOB.replace("kind: rows", "kind: cells"), job))
        assert '`body.kind`: recorded "rows", now "cells".' in found[0]
        assert "body.until" not in found[0]

    async def test_a_header_is_reported_although_the_request_is_answered(self, pages: Path) -> None:
        found = texts(await check(PAGES.replace("X-Team: blue", "X-Team: red"), pages))
        assert len(found) == 3  # one for each page
        assert found[0].endswith('`header x-team`: recorded "blue", now "red".')

    async def test_a_request_that_is_left_out(self, pages: Path, server: LoopbackServer) -> None:
        begin, _, rest = PAGES.partition("          paginator:")
        without = f"{begin}        transformations:{rest.partition('transformations:')[2]}"
        found = texts(await check(without, pages))
        assert found[:3] == [
            f"request: GET {server.url('/items')}?size=2&page=1: it was recorded, but not sent now.",
            f"request: GET {server.url('/items')}?size=2&page=2: it was recorded, but not sent now.",
            "record: `items` gave 2 records; 5 are expected.",
        ]

    async def test_a_list_that_is_not_fetched_any_more(self, server: LoopbackServer, tmp_path: Path) -> None:
        retriever = (
            "{type: SimpleRetriever, requester: {type: HttpRequester, url: \"{{ config['url'] }}/lines\"}, "
            "record_selector: {type: RecordSelector, extractor: {type: DpathExtractor, field_path: [lines]}}}"
        )
        expander = "{type: RecordExpander, expand_records_from_field: [lines], truncation_indicator_path: [more]%s}"
        extractor = "field_path: [items], record_expander: " + expander
        manifest = PAGES.replace("field_path: [items]", extractor % f", truncated_list_retriever: {retriever}")
        server.on("/items", Reply({"items": [{"lines": [{"id": 1}], "more": True}]}))
        server.on("/lines", Reply({"lines": [{"id": 2}]}))
        case = await record(manifest, {"url": server.url()}, tmp_path)
        assert texts(await check(manifest, case)) == []
        found = texts(await check(PAGES.replace("field_path: [items]", extractor % ""), case))
        assert f"request: GET {server.url('/lines')}: it was recorded, but not sent now." in found

    async def test_a_poll_that_never_ends_is_no_endless_check(self, job: Path) -> None:
        found = texts(await check(JOB.replace("completed: [done]", "completed: [finished]"), job))
        assert found[0].endswith("it was sent 27 times, and the status in its last recorded answer never ends the job.")
        assert "outcome: `rows` ended as failed; it was recorded as complete." in found

    async def test_a_job_that_fails_is_created_once_only(self, job: Path) -> None:
        found = texts(
            await check(JOB.replace("completed: [done], failed: [failed]", "completed: [ok], failed: [done]"), job)
        )
        assert "it was sent more often than when it was recorded (once)" in found[0]


class TestRecordsDiffer:
    async def test_fields_of_records_with_the_same_key(self, pages: Path) -> None:
        found = texts(await check(PAGES.replace("value: shop", "value: store"), pages))
        assert found[0] == 'record: `items`, record with `id` 0: `source`: expected "shop", got "store".'
        assert len(found) == 5

    async def test_missing_and_surplus_records(self, pages: Path) -> None:
        file = records_file(pages)
        first, *rest = file.read_text().splitlines()
        other = first.replace('"id":0', '"id":70')
        file.write_text("\n".join([*rest, other]))
        assert texts(await check(PAGES, pages)) == [
            "record: `items`, record with `id` 70: is missing.",
            "record: `items`, record with `id` 0: was not expected.",
        ]

    async def test_a_number_is_neither_a_text_nor_another_kind_of_number(self, pages: Path) -> None:
        file = records_file(pages)
        file.write_text(file.read_text().replace('"price":1.5', '"price":"1.5"', 1))
        (found,) = texts(await check(PAGES, pages))
        assert found.endswith('`price`: expected "1.5", got 1.5.')

    async def test_records_without_a_key_are_paired_by_what_they_have_in_common(self, pages: Path) -> None:
        manifest = PAGES.replace("        primary_key: id\n", "").replace("value: shop", "value: store")
        found = texts(await check(manifest, pages))
        assert found[0] == 'record: `items`, record 1: `source`: expected "shop", got "store".'

    async def test_a_stream_that_is_gone(self, pages: Path) -> None:
        manifest = PAGES.replace("name: items", "name: things").replace("[items]}\n    spec", "[things]}\n    spec")
        assert texts(await check(manifest, pages)) == ["outcome: The manifest has no stream `items`."]

    async def test_the_state_at_the_end(self, pages: Path) -> None:
        har = json.loads(pages.read_text())
        har["log"]["_longhaul"]["streams"]["items"]["end_state"] = {"day": "2024-01-01"}
        pages.write_text(json.dumps(har))
        (found, *_) = texts(await check(PAGES, pages))
        assert found.startswith('state: The state of `items` at the end: `day`: recorded "2024-01-01", now nothing')


class TestNotKept:
    async def test_an_answer_that_was_not_read_to_its_end(self, server: LoopbackServer, tmp_path: Path) -> None:
        serve_job(server, polls=1)
        server.on("/f/1", Reply('{"n": 1}\n' * 3_000_000))
        with pytest.raises(CaseError, match=r"more than 20 MB|not read to its end"):
            await record(JOB, {"url": server.url()}, tmp_path, limits=Limits(records=5))
        assert not (tmp_path / "cases").exists()

    async def test_more_than_a_recording_holds(self, server: LoopbackServer, tmp_path: Path) -> None:
        serve_job(server, polls=1)
        server.on("/f/1", Reply(('{"n": "' + "x" * 1000 + '"}\n') * 21_000))
        with pytest.raises(CaseError, match="there is more than 20 MB of requests and answers"):
            await record(JOB, {"url": server.url()}, tmp_path)
