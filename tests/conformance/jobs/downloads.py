"""Where the results of jobs are, and what they look like."""

from __future__ import annotations

from typing import Any

from tests.conformance.jobs.scenario import (
    API,
    BY_KIND,
    JOB,
    KIND,
    LINES,
    Difference,
    Scenario,
    creation,
    parameter,
    path,
    request,
)

FILES = f"{API}/jobs/{{{{ polling_response['id'] }}}}/files"
AS_JSON = {"download_decoder": {"type": "JsonDecoder"}, "download_extractor": path("items")}


def _of(place: str, decoder: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"download_target_extractor": path(place), "download_decoder": decoder, **more}


def _pages(strategy: dict[str, Any]) -> dict[str, Any]:
    paginator = {"type": "DefaultPaginator", "page_token_option": parameter("page"), "pagination_strategy": strategy}
    return {"download_paginator": paginator, **AS_JSON}


BY_NUMBER = {"type": "PageIncrement", "page_size": 4, "start_from_page": 1}

SCENARIOS = {
    "two files": Scenario(retriever={"download_target_extractor": path("urls")}),
    "files that are asked for": Scenario(
        retriever={
            "download_target_requester": request(FILES),
            "download_target_extractor": path("files"),
        }
    ),
    "files by their ids": Scenario(
        retriever={
            "download_target_requester": request(FILES),
            "download_target_extractor": path("items", "*", "id"),
            "download_requester": request(f"{API}/file?part={{{{ download_target }}}}"),
        }
    ),
    "files in objects": Scenario(
        retriever=_of("pieces", {"type": "CsvDecoder"}, download_target_extractor=path("pieces", "*", "url")), records=3
    ),
    "no targets, one file": Scenario(
        retriever={
            "download_target_extractor": None,
            "download_requester": request(
                f"{API}/file", request_parameters={"part": "1", "of": "{{ download_target }}"}
            ),
        },
        records=3,
    ),
    "the address is one of the answer to polling": Scenario(
        retriever={
            "download_target_extractor": None,
            "download_requester": request(
                "{{ polling_response['url'] }}", request_parameters={"part": "{{ polling_response.headers['X-Part'] }}"}
            ),
        },
        records=3,
    ),
    "a download with a body": Scenario(
        retriever={
            "download_requester": request(
                f"{API}/file",
                "POST",
                request_headers={"X-Kind": "{{ creation_response['kinds'][0] }}"},
                request_body={
                    "type": "RequestBodyJsonObject",
                    "value": {
                        "link": "{{ download_target }}",
                        "job": "{{ creation_response['id'] }}",
                        "state": "{{ polling_response['status'] }}",
                        "jobs": "{{ polling_response['jobs'] }}",
                    },
                },
            )
        }
    ),
    "a base and a path": Scenario(
        retriever={
            "download_requester": {
                "type": "HttpRequester",
                "url_base": f"{API}/",
                "path": "/file",
                "request_parameters": {"part": "2"},
            }
        },
        records=3,
    ),
    "records of JSON": Scenario(
        retriever={**AS_JSON, "download_requester": request("{{ download_target }}", request_parameters={"as": "json"})}
    ),
    "records of XML": Scenario(
        retriever=_of("xml_url", {"type": "XmlDecoder"}, download_extractor=path("items", "item"))
    ),
    "records of CSV": Scenario(retriever=_of("csv_url", {"type": "CsvDecoder"})),
    "columns between tabs, in another charset": Scenario(
        retriever=_of(
            "table_url",
            {"type": "CsvDecoder", "delimiter": "\t", "encoding": "cp1252", "set_values_to_none": ["NULL"]},
        ),
        records=3,
    ),
    "a file in gzip": Scenario(retriever=_of("gzip_url", {"type": "GzipDecoder", "decoder": LINES})),
    "a file in a zip": Scenario(retriever=_of("zip_url", {"type": "ZipfileDecoder", "decoder": LINES})),
    "a file in gzip or not": Scenario(retriever={"download_decoder": {"type": "GzipDecoder", "decoder": LINES}}),
    "lines that are filtered and changed": Scenario(
        retriever={
            "record_selector": {
                "type": "RecordSelector",
                "extractor": path(),
                "record_filter": {"type": "RecordFilter", "condition": "{{ record['kind'] == 'a' }}"},
            }
        },
        stream={"transformations": [{"type": "RemoveFields", "field_pointers": [["owner"], ["notes"]]}]},
        records=3,
    ),
    "lines that are told apart by their slice": Scenario(
        retriever={
            "partition_router": BY_KIND,
            "creation_requester": creation(kind=KIND),
            "record_selector": {
                "type": "RecordSelector",
                "extractor": path(),
                "record_filter": {"type": "RecordFilter", "condition": "{{ record['kind'] == stream_slice['kind'] }}"},
            },
        },
        stream={
            "transformations": [
                {
                    "type": "AddFields",
                    "fields": [
                        {"type": "AddedFieldDefinition", "path": ["of"], "value": "{{ stream_partition['kind'] }}"}
                    ],
                }
            ]
        },
    ),
    "values that the schema makes numbers": Scenario(
        retriever=_of(
            "csv_url",
            {"type": "CsvDecoder"},
            record_selector={
                "type": "RecordSelector",
                "extractor": path(),
                "schema_normalization": "Default",
            },
        ),
        stream={
            "schema_loader": {
                "type": "InlineSchemaLoader",
                "schema": {
                    "type": "object",
                    "properties": {"id": {"type": ["null", "integer"]}, "name": {"type": "string"}},
                },
            }
        },
    ),
    "lines that are texts": Scenario(
        retriever={
            "download_decoder": {"type": "IterableDecoder"},
            "record_selector": {
                "type": "RecordSelector",
                "extractor": path(),
                "record_filter": {"type": "RecordFilter", "condition": "{{ '2024-01-03' in record['record'] }}"},
            },
        },
        records=1,
    ),
    "pages by their number": Scenario(
        retriever={
            **_pages(BY_NUMBER),
            "download_requester": request("{{ download_target }}", request_parameters={"as": "json", "size": "4"}),
        }
    ),
    "pages of each of two files": Scenario(
        retriever={
            **_pages({"type": "PageIncrement", "page_size": 2, "start_from_page": 1}),
            "download_target_extractor": path("urls"),
            "download_requester": request("{{ download_target }}", request_parameters={"as": "json", "size": "2"}),
        }
    ),
    "no file at all": Scenario(retriever={"download_target_extractor": path("nothing")}, records=0),
    "null in place of a file": Scenario(retriever={"download_target_extractor": path("none")}, records=0),
    "a file of nothing": Scenario(retriever={"download_target_extractor": path("empty_url")}, records=0),
    "a file of CSV with nothing": Scenario(retriever=_of("empty_url", {"type": "CsvDecoder"}), records=0),
    "a server that is busy for a moment": Scenario(retriever={"download_target_extractor": path("busy_url")}),
    "a file that is lost": Scenario(
        retriever={"download_target_extractor": path("lost_url")},
        status="INCOMPLETE",
        records=0,
        otherwise={"requests": Difference("A result that is gone", "/lost|/jobs")},
    ),
    "a file that is lost, and left out": Scenario(
        retriever={
            "download_target_extractor": path("lost_url"),
            "download_requester": request(
                "{{ download_target }}",
                error_handler={
                    "type": "DefaultErrorHandler",
                    "response_filters": [{"type": "HttpResponseFilter", "http_codes": [404], "action": "IGNORE"}],
                },
            ),
        },
        records=0,
    ),
    "the status itself is what is downloaded": Scenario(
        retriever={
            "download_target_extractor": None,
            "download_requester": request(JOB),
            "download_decoder": {"type": "JsonDecoder"},
            "download_extractor": path("jobs"),
        },
        records=1,
    ),
}
