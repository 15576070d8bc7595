"""A manifest as large as the largest of Airbyte's connectors: many streams that share definitions, with long schemas.

Everything that such manifests are written with is in it: references and references to references, `$parameters`,
the older spellings of requests, templates in most fields, substreams, cursors, error handlers.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

Part = dict[str, Any]

STREAMS = 100
SIZE = 1_250_000
"""Characters of the manifest, about."""
_KINDS = ("string", "integer", "number", "boolean")
_AUTHENTICATOR: Part = {
    "type": "SelectiveAuthenticator",
    "authenticator_selection_path": ["credentials", "auth_type"],
    "authenticators": {
        "oauth": {
            "type": "OAuthAuthenticator",
            "client_id": "{{ config['credentials']['client_id'] }}",
            "client_secret": "{{ config['credentials']['client_secret'] }}",
            "refresh_token": "{{ config['credentials']['refresh_token'] }}",
            "token_refresh_endpoint": "https://{{ config.get('region', 'eu') | lower }}.example.com/oauth/token",
        },
        "token": {"type": "BearerAuthenticator", "api_token": "{{ config['credentials']['api_token'] }}"},
    },
}
_RATE_LIMITS: Part = {
    "type": "CompositeErrorHandler",
    "error_handlers": [
        {
            "type": "DefaultErrorHandler",
            "response_filters": [
                {
                    "http_codes": [429],
                    "predicate": "{{ 'quota' in response.get('message', '') | lower }}",
                    "action": "RETRY",
                    "error_message": "{{ parameters['name'] }}: {{ response.get('message', 'too many requests') }}",
                }
            ],
            "backoff_strategies": [
                {"type": "WaitTimeFromHeader", "header": "Retry-After"},
                {"type": "ExponentialBackoffStrategy", "factor": 5},
            ],
        },
        {"type": "DefaultErrorHandler", "response_filters": [{"http_codes": [404], "action": "IGNORE"}]},
    ],
}
_CURSOR: Part = {
    "type": "DatetimeBasedCursor",
    "cursor_field": "{{ parameters['cursor_field'] }}",
    "datetime_format": "%Y-%m-%dT%H:%M:%SZ",
    "cursor_datetime_formats": ["%Y-%m-%dT%H:%M:%SZ", "%Y-%m-%dT%H:%M:%S.%fZ", "%Y-%m-%dT%H:%M:%S%z"],
    "start_datetime": {
        "datetime": "{{ format_datetime(config.get('start_date', day_delta(-730)), '%Y-%m-%dT%H:%M:%SZ') }}",
        "datetime_format": "%Y-%m-%dT%H:%M:%SZ",
    },
    "end_datetime": {
        "datetime": "{{ config.get('end_date') or now_utc().strftime('%Y-%m-%dT%H:%M:%SZ') }}",
        "datetime_format": "%Y-%m-%dT%H:%M:%SZ",
    },
    "step": "P30D",
    "cursor_granularity": "PT1S",
    "lookback_window": "P{{ config.get('lookback_days', 3) }}D",
    "start_time_option": {"inject_into": "request_parameter", "field_name": "updated[gte]"},
    "end_time_option": {"inject_into": "request_parameter", "field_name": "updated[lte]"},
}
_DEFINITIONS: Part = {
    "authenticator": _AUTHENTICATOR,
    "error_handler": _RATE_LIMITS,
    "requester": {
        "type": "HttpRequester",
        "url_base": "https://{{ config['subdomain'] | lower | trim }}.example.com/api/v2",
        "path": "{{ parameters['path'] }}",
        "http_method": "GET",
        "authenticator": {"$ref": "#/definitions/authenticator"},
        "error_handler": {"$ref": "#/definitions/error_handler"},
        "request_headers": {"Accept": "application/json", "X-Client": "{{ config.get('client', 'sync') }}"},
    },
    "selector": {
        "type": "RecordSelector",
        "extractor": {"type": "DpathExtractor", "field_path": ["{{ parameters.get('data_path', 'data') }}"]},
    },
    "paginator": {
        "type": "DefaultPaginator",
        "page_token_option": {"type": "RequestPath"},
        "page_size_option": {"inject_into": "request_parameter", "field_name": "per_page"},
        "pagination_strategy": {
            "type": "CursorPagination",
            "page_size": 100,
            "cursor_value": "{{ response.get('links', {}).get('next', '') }}",
            "stop_condition": "{{ not response.get('meta', {}).get('has_more') }}",
        },
    },
    "cursor": _CURSOR,
    "retriever": {
        "type": "SimpleRetriever",
        "requester": {"$ref": "#/definitions/requester"},
        "record_selector": {"$ref": "#/definitions/selector"},
        "paginator": {"$ref": "#/definitions/paginator"},
    },
    "base_stream": {
        "type": "DeclarativeStream",
        "primary_key": "id",
        "retriever": {"$ref": "#/definitions/retriever"},
    },
    "incremental_stream": {
        "$ref": "#/definitions/base_stream",
        "incremental_sync": {"$ref": "#/definitions/cursor"},
        "$parameters": {"cursor_field": "updated_at"},
    },
}


def wide_connector(streams: int = STREAMS, size: int = SIZE) -> str:
    """The YAML text of a manifest with so many streams, of about so many characters."""
    fields = max(8, (size // streams - 2_600) // 85)
    names = [f"resource_{number}" for number in range(streams)]
    manifest = {
        "version": "6.40.0",
        "type": "DeclarativeSource",
        "check": {"type": "CheckStream", "stream_names": names[:1]},
        "definitions": {**_DEFINITIONS, "streams": dict(zip(names, map(_stream, range(streams)), strict=True))},
        "streams": [f"#/definitions/streams/{name}" for name in names],
        "schemas": {name: _schema(fields, number) for number, name in enumerate(names)},
        "spec": _spec(),
    }
    return yaml.dump(manifest, sort_keys=False, width=120, Dumper=_WithoutAnchors)


def write_wide_connector(path: Path, streams: int = STREAMS, size: int = SIZE) -> Path:
    """Write such a manifest."""
    path.write_text(wide_connector(streams, size), encoding="utf-8")
    return path


def _stream(number: int) -> Part:
    name = f"resource_{number}"
    stream: Part = {
        "$ref": f"#/definitions/{'incremental_stream' if number % 2 else 'base_stream'}",
        "$parameters": {"name": name, "path": f"/resources/{number}.json", "data_path": name},
        "schema_loader": {"type": "InlineSchemaLoader", "schema": {"$ref": f"#/schemas/{name}"}},
        "transformations": list(_transformations(number)),
    }
    retriever: Part = {"$ref": "#/definitions/retriever"}
    if number % 5 == 4:
        retriever["partition_router"] = _substreams(number)
        retriever["requester"] = {
            "$ref": "#/definitions/requester",
            "path": f"/resources/{number - 1}/{{{{ stream_partition['parent_id'] }}}}/items-{number}",
        }
    elif number % 5 == 2:
        retriever["requester"] = {
            "$ref": "#/definitions/requester",
            "http_method": "POST",
            "request_body_json": {
                "query": f"kind:{number} AND tag:{{{{ config.get('tag', 'any') }}}}",
                "fields": ["id", "updated_at", f"detail_{number}"],
                "limit": "{{ config.get('limit', 100) | int }}",
            },
        }
    elif number % 5 == 3:
        retriever["requester"] = {
            "$ref": "#/definitions/requester",
            "request_parameters": {
                "expand": f"owner,detail_{number}",
                "since": "{{ stream_interval.get('start_time', '') if stream_interval else '' }}",
                "state": f"{{{{ config.get('states', ['open', 'closed']) | join(',') }}}},{number}",
            },
        }
        retriever["record_selector"] = {
            "$ref": "#/definitions/selector",
            "record_filter": {
                "type": "RecordFilter",
                "condition": f"{{{{ record.get('kind', 'x') != 'hidden-{number}' and record['id'] is not none }}}}",
            },
        }
    return {**stream, "retriever": retriever}


def _transformations(number: int) -> Iterator[Part]:
    values = {
        "synced_at": "{{ now_utc().isoformat() }}",
        "day": "{{ format_datetime(record['created_at'], '%Y-%m-%d') if record.get('created_at') else '' }}",
        f"label_{number}": f"{{{{ record.get('name', '') | upper }}}} / {number}",
        f"owner_{number}": f"{{{{ (record.get('owner') or {{}}).get('id', {number}) }}}}",
        "account": "{{ config['subdomain'] }}",
    }
    yield {
        "type": "AddFields",
        "fields": [{"path": [key], "value": value} for key, value in values.items()],
    }
    yield {"type": "RemoveFields", "field_pointers": [["_links"], ["owner", "avatar"]]}


def _substreams(number: int) -> Part:
    return {
        "type": "SubstreamPartitionRouter",
        "parent_stream_configs": [
            {
                "parent_key": "id",
                "partition_field": "parent_id",
                "stream": f"#/definitions/streams/resource_{number - 1}",
                "incremental_dependency": bool(number % 2),
            }
        ],
    }


def _schema(fields: int, number: int) -> Part:
    properties: Part = {
        "id": {"type": "string"},
        "created_at": {"type": ["null", "string"], "format": "date-time"},
        "updated_at": {"type": ["null", "string"], "format": "date-time"},
        "owner": {"type": ["null", "object"], "properties": {"id": {"type": ["null", "integer"]}}},
    }
    for index in range(fields):
        kind = _KINDS[(index + number) % len(_KINDS)]
        field: Part = {"type": ["null", kind]}
        if index % 6 == 5:
            field["description"] = f"What the API knows of aspect {index} of a resource"
        if index % 9 == 8:
            field = {"type": ["null", "array"], "items": field}
        properties[f"{kind}_detail_{index}"] = field
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "type": "object",
        "additionalProperties": True,
        "properties": properties,
    }


def _spec() -> Part:
    texts = ("subdomain", "region", "start_date", "end_date", "tag", "client")
    properties: Part = {
        name: {"type": "string", "title": name.title(), "order": order} for order, name in enumerate(texts)
    }
    properties["credentials"] = {"type": "object", "properties": {"api_token": {"type": "string"}}}
    properties["lookback_days"] = properties["limit"] = {"type": "integer"}
    properties["states"] = {"type": "array", "items": {"type": "string"}}
    connection: Part = {"type": "object", "required": ["subdomain"], "properties": properties}
    return {"type": "Spec", "connection_specification": connection}


class _WithoutAnchors(yaml.SafeDumper):
    def ignore_aliases(self, data: Any) -> bool:
        return True
