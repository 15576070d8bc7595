"""The manifests that both engines read: one stream each, against the API of `benchmarks.server`."""

from __future__ import annotations

from typing import Any

Part = dict[str, Any]

STREAM = "contacts"
CSV: Part = {"type": "CsvDecoder"}
GZIP_CSV: Part = {"type": "GzipDecoder", "decoder": CSV}
JSON_LINES: Part = {"type": "JsonlDecoder"}
JSON: Part = {"type": "JsonDecoder"}

TRANSFORMATIONS: list[Part] = [
    {
        "type": "AddFields",
        "fields": [
            {
                "type": "AddedFieldDefinition",
                "path": ["full_name"],
                "value": "{{ record['first_name'] }} {{ record['last_name'] }}",
            },
            {"type": "AddedFieldDefinition", "path": ["domain"], "value": "{{ record['email'].split('@')[1] }}"},
        ],
    },
    {"type": "RemoveFields", "field_pointers": [["phone"], ["street"], ["notes"]]},
]
FILTER: Part = {"type": "RecordFilter", "condition": "{{ record['country'] == 'DE' }}"}
"""Keeps one record in five."""


def job_manifest(
    decoder: Part,
    *,
    transformations: list[Part] | None = None,
    record_filter: Part | None = None,
    slices: int = 1,
    polling_interval: float | None = None,
) -> Part:
    """A stream that creates a job for each slice, polls it, and downloads one file.

    The inputs `file`, `polls` and `latency` go to the API. `polling_interval` is a field that Airbyte ignores.
    """
    retriever: Part = {
        "type": "AsyncRetriever",
        "creation_requester": {
            **_requester("{{ config['api_url'] }}/jobs", "POST"),
            "request_parameters": {name: f"{{{{ config['{name}'] }}}}" for name in ("file", "polls", "latency")},
        },
        "polling_requester": _requester("{{ config['api_url'] }}/jobs/{{ creation_response['id'] }}"),
        "status_extractor": _extractor("status"),
        "status_mapping": {
            "type": "AsyncJobStatusMap",
            "running": ["running"],
            "completed": ["done"],
            "failed": ["failed"],
            "timeout": ["timeout"],
        },
        "download_target_extractor": _extractor("url"),
        "download_requester": _requester("{{ download_target }}"),
        "download_decoder": decoder,
        "record_selector": _selector(record_filter),
    }
    if slices > 1:
        values = [str(number) for number in range(slices)]
        retriever["partition_router"] = {"type": "ListPartitionRouter", "values": values, "cursor_field": "part"}
    if polling_interval is not None:
        retriever["polling_interval"] = polling_interval
    return _manifest(retriever, transformations)


def page_manifest(page_size: int) -> Part:
    """A synchronous stream that counts its pages until one is not full."""
    paginator = {
        "type": "DefaultPaginator",
        "pagination_strategy": {"type": "PageIncrement", "page_size": page_size, "start_from_page": 1},
    }
    url = "{{ config['api_url'] }}/files/{{ config['file'] }}/{{ next_page_token['next_page_token'] or 1 }}.json"
    return _manifest(
        {
            "type": "SimpleRetriever",
            "requester": _requester(url),
            "decoder": JSON,
            "record_selector": _selector(None, "data"),
            "paginator": paginator,
        }
    )


def _manifest(retriever: Part, transformations: list[Part] | None = None) -> Part:
    stream: Part = {
        "type": "DeclarativeStream",
        "name": STREAM,
        "retriever": retriever,
        "schema_loader": {"type": "InlineSchemaLoader", "schema": {"type": "object", "properties": {}}},
    }
    if transformations:
        stream["transformations"] = transformations
    inputs = {name: {"type": "string"} for name in ("api_url", "file", "polls", "latency")}
    return {
        "version": "7.0.0",
        "type": "DeclarativeSource",
        "check": {"type": "CheckStream", "stream_names": [STREAM]},
        "max_concurrent_async_job_count": 200,
        "streams": [stream],
        "spec": {"type": "Spec", "connection_specification": {"type": "object", "properties": inputs}},
    }


def _requester(url: str, method: str = "GET") -> Part:
    return {"type": "HttpRequester", "url": url, "http_method": method}


def _extractor(*path: str) -> Part:
    return {"type": "DpathExtractor", "field_path": list(path)}


def _selector(record_filter: Part | None, *path: str) -> Part:
    selector: Part = {"type": "RecordSelector", "extractor": _extractor(*path)}
    return {**selector, "record_filter": record_filter} if record_filter else selector
