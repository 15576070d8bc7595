"""Asynchronous streams go through the same requests, records and states in the reference runtime."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from docs.component_reference import as_manifest
from tests.conformance.api import ITEMS
from tests.conformance.comparing import Stage, ours, theirs
from tests.support.oracle import Oracle
from tests.support.server import Asked, LoopbackServer, Reply

pytestmark = pytest.mark.conformance

LINES = {"type": "JsonlDecoder"}
API = "{{ config['api_url'] }}"
BY_KIND = {"partition_router": {"type": "ListPartitionRouter", "values": ["a", "b"], "cursor_field": "kind"}}
CURSOR = {
    "type": "DatetimeBasedCursor",
    "cursor_field": "updated_at",
    "datetime_format": "%Y-%m-%d",
    "start_datetime": "2024-01-01",
    "end_datetime": "2024-01-06",
    "step": "P3D",
    "cursor_granularity": "P1D",
}


def request(url: str, method: str = "GET", **more: Any) -> dict[str, Any]:
    return {"type": "HttpRequester", "url": url, "http_method": method, **more}


def path(*names: str) -> dict[str, Any]:
    return {"type": "DpathExtractor", "field_path": [*names]}


def creation(**body: str) -> dict[str, Any]:
    return request(f"{API}/jobs", "POST", request_body={"type": "RequestBodyJsonObject", "value": body})


SCENARIOS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "one job": ({}, {}),
    "a job for each partition": (
        {**BY_KIND, "creation_requester": creation(kind="{{ stream_partition['kind'] }}")},
        {},
    ),
    "a job for each interval": (
        {
            "creation_requester": creation(
                since="{{ stream_interval['start_time'] }}", until="{{ stream_interval['end_time'] }}"
            )
        },
        {"incremental_sync": CURSOR},
    ),
    "deleted when it is done": (
        {"delete_requester": request(f"{API}/jobs/{{{{ creation_response['id'] }}}}/delete", "POST")},
        {},
    ),
    "two files": ({"download_target_extractor": path("urls")}, {}),
    "files that are asked for": (
        {
            "download_target_requester": request(f"{API}/jobs/{{{{ polling_response['id'] }}}}/files"),
            "download_target_extractor": path("files"),
        },
        {},
    ),
    "records of JSON": (
        {
            "download_decoder": {"type": "JsonDecoder"},
            "download_target_extractor": path("json_url"),
            "download_extractor": path("items"),
        },
        {},
    ),
    "lines that are filtered and changed": (
        {
            "record_selector": {
                "type": "RecordSelector",
                "extractor": path(),
                "record_filter": {"type": "RecordFilter", "condition": "{{ record['kind'] == 'a' }}"},
            }
        },
        {"transformations": [{"type": "RemoveFields", "field_pointers": [["owner"], ["notes"]]}]},
    ),
    "pages of a file": (
        {
            "download_paginator": {
                "type": "DefaultPaginator",
                "page_token_option": {
                    "type": "RequestOption",
                    "inject_into": "request_parameter",
                    "field_name": "page",
                },
                "pagination_strategy": {"type": "PageIncrement", "page_size": 4, "start_from_page": 1},
            },
            "download_decoder": {"type": "JsonDecoder"},
            "download_extractor": path("items"),
            "download_target_extractor": path("paged_url"),
        },
        {},
    ),
    "failed, and made again": ({"creation_requester": creation(fails="once")}, {}),
    "out of time by its status, and made again": ({"creation_requester": creation(expires="once")}, {}),
    "a status in a list": ({"status_extractor": path("jobs", "0", "state")}, {}),
    "files by their ids": (
        {
            "download_target_requester": request(f"{API}/jobs/{{{{ polling_response['id'] }}}}/files"),
            "download_target_extractor": path("items", "*", "id"),
            "download_requester": request(f"{API}/file?part={{{{ download_target }}}}"),
        },
        {},
    ),
    "a job for each partition and interval": (
        {
            **BY_KIND,
            "creation_requester": creation(
                kind="{{ stream_partition['kind'] }}",
                since="{{ stream_interval['start_time'] }}",
                until="{{ stream_interval['end_time'] }}",
            ),
        },
        {"incremental_sync": CURSOR},
    ),
    "columns between tabs, in another charset": (
        {
            "download_decoder": {
                "type": "CsvDecoder",
                "delimiter": "\t",
                "encoding": "cp1252",
                "set_values_to_none": ["NULL"],
            },
            "download_target_extractor": path("table_url"),
        },
        {},
    ),
    "a file in gzip": (
        {
            "download_decoder": {"type": "GzipDecoder", "decoder": LINES},
            "download_target_extractor": path("gzip_url"),
        },
        {},
    ),
}


class JobsApi:
    """Jobs that run for one poll. What they are asked for is in the address of their files."""

    def __init__(self, server: LoopbackServer) -> None:
        self._server = server
        self._failed = False
        self._numbers: Iterator[int] = iter(())
        self.reset()

    def reset(self) -> None:
        """Forget all jobs."""
        self._server.asked = []
        self._failed = False
        self._numbers = iter(range(1, 100))
        self._server.on("/jobs", self._create)
        self._server.on("/file", self._file)
        self._server.on("/table", Reply('id\tname\tkind\n1\tZoë\tNULL\n2\t"a\tb"\tx\n3\tc\td\n'.encode("cp1252")))
        self._server.on("/gzip", Reply(gzip.compress("".join(json.dumps(one) + "\n" for one in ITEMS).encode())))

    def _create(self, asked: Asked) -> Reply:
        wanted = asked.json if asked.body else {}
        ends = {"fails": "failed", "expires": "expired"}
        ended = next((status for word, status in ends.items() if word in wanted and not self._failed), "done")
        fails = ended != "done"
        self._failed = self._failed or fails
        # The id says what the job is for: which of several is the first to be created is by chance.
        name = "-".join([*map(str, wanted.values()), "again" if self._failed and not fails else "first"])
        file = self._server.url("/file?" + "&".join(f"{key}={value}" for key, value in wanted.items()))
        done = {
            "id": name,
            "status": ended,
            "jobs": [{"state": ended}],
            "url": file,
            "urls": [f"{file}&part=1", f"{file}&part=2"],
            "json_url": f"{file}&as=json",
            "paged_url": f"{file}&size=4&as=json",
            "table_url": self._server.url("/table"),
            "gzip_url": self._server.url("/gzip"),
        }
        self._server.on(f"/jobs/{name}", Reply({"status": "running", "jobs": [{"state": "running"}]}), Reply(done))
        self._server.on(f"/jobs/{name}/delete", Reply({}))
        self._server.on(f"/jobs/{name}/files", Reply({"files": done["urls"], "items": [{"id": "1"}, {"id": "2"}]}))
        return Reply({"id": name}, 201)

    @staticmethod
    def _file(asked: Asked) -> Reply:
        query = {name: values[-1] for name, values in asked.query.items()}
        items = [item for item in ITEMS if query.get("kind", item["kind"]) == item["kind"]]
        items = [one for one in items if query.get("since", "") <= one["updated_at"] <= query.get("until", "9")]
        if "part" in query:
            items = items[int(query["part"]) - 1 :: 2]
        if "size" in query:
            size, page = int(query["size"]), int(query.get("page", "1"))
            items = items[(page - 1) * size : page * size]
        return Reply({"items": items}) if "as" in query else Reply("".join(json.dumps(one) + "\n" for one in items))


@pytest.mark.parametrize("name", SCENARIOS)
async def test_a_job_goes_through_the_same(name: str, server: LoopbackServer, oracle: Oracle, tmp_path: Path) -> None:
    retriever, stream = SCENARIOS[name]
    manifest = as_manifest("AsyncRetriever")
    (written,) = manifest["streams"]
    written["retriever"] |= {"creation_requester": creation(report="items"), "download_decoder": LINES, **retriever}
    written |= stream
    api = JobsApi(server)
    stage = Stage(api.reset, lambda: server.asked)
    config = {"api_url": server.url()}

    told = await ours(manifest, config, ("items",), tmp_path, stage)

    assert told.statuses == {"items": ["COMPLETE"]}
    assert told.requests.total() >= 4
    assert told.records["items"].total() >= 3
    assert told.states["items"]
    differing = told.differing(await theirs(manifest, config, ("items",), oracle, stage))
    assert differing == {}
