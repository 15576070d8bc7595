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


def _in_file(place: str, **more: Any) -> dict[str, Any]:
    extractor = {"type": "ResponseToFileExtractor", **more}
    return {"download_decoder": None, "download_target_extractor": path(place), "download_extractor": extractor}


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
    "CSV in gzip": Scenario(retriever=_of("csv_gzip_url", {"type": "GzipDecoder", "decoder": {"type": "CsvDecoder"}})),
    "CSV in a zip": Scenario(
        retriever=_of("csv_zip_url", {"type": "ZipfileDecoder", "decoder": {"type": "CsvDecoder"}})
    ),
    "JSON in a zip": Scenario(
        retriever=_of(
            "json_zip_url",
            {"type": "ZipfileDecoder", "decoder": {"type": "JsonDecoder"}},
            download_extractor=path("items"),
        )
    ),
    "JSON in gzip": Scenario(
        retriever=_of(
            "json_gzip_url",
            {"type": "GzipDecoder", "decoder": {"type": "JsonDecoder"}},
            download_extractor=path("items"),
        )
    ),
    "lines in gzip, by a header": Scenario(retriever={"download_target_extractor": path("encoded_url")}),
    "lines in gzip, by a header and by the manifest": Scenario(
        retriever=_of("encoded_url", {"type": "GzipDecoder", "decoder": LINES})
    ),
    "lines with blank ones between": Scenario(retriever={"download_target_extractor": path("spaced_url")}),
    "CSV with a carriage return in each line": Scenario(retriever=_of("windows_url", {"type": "CsvDecoder"})),
    "CSV with a byte order mark": Scenario(
        retriever=_of("bom_url", {"type": "CsvDecoder"}), otherwise={"records": Difference("A byte order mark")}
    ),
    "CSV with a byte order mark that is named": Scenario(
        retriever=_of("bom_url", {"type": "CsvDecoder", "encoding": "utf-8-sig"})
    ),
    "CSV with quotes, lines in cells and nothing in them": Scenario(
        retriever=_of("quoted_url", {"type": "CsvDecoder"}), records=3
    ),
    "CSV whose empty cells are null": Scenario(
        retriever=_of("quoted_url", {"type": "CsvDecoder", "set_values_to_none": ["", " "]}), records=3
    ),
    "a table in a file": Scenario(retriever=_in_file("csv_url")),
    "a table in a file in gzip": Scenario(retriever=_in_file("csv_gzip_url")),
    "a table in a file with quotes, and lines in cells": Scenario(retriever=_in_file("quoted_url"), records=3),
    "a table in a file whose words for nothing are null": Scenario(retriever=_in_file("absent_url"), records=4),
    "a table in a file whose words for nothing are kept": Scenario(
        retriever=_in_file("absent_url", preserve_na_values=True), records=4
    ),
    "a table in a file with nothing": Scenario(retriever=_in_file("empty_url"), records=0),
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
