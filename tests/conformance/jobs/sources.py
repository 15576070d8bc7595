"""Streams of jobs among other streams: beside them, below them, made from a template, described by a job."""

from __future__ import annotations

from typing import Any

from tests.conformance.jobs.scenario import API, Fields, Scenario, creation, path, request, stream

OF_JOBS = Scenario().manifest()["streams"][0]["retriever"]
DOWNLOADED = {"download_decoder": {"type": "JsonDecoder"}, "download_target_extractor": path("accounts_url")}
ACCOUNTS = {**DOWNLOADED, "download_extractor": path("items")}
COLUMNS = {**DOWNLOADED, "download_target_extractor": path("columns_url")}
TEMPLATE = stream("template", {**OF_JOBS, "creation_requester": creation(kind="to be said")})


def _made(resolver: Fields) -> dict[str, Any]:
    return {
        "dynamic_streams": [
            {
                "type": "DynamicDeclarativeStream",
                "name": "by kind",
                "stream_template": TEMPLATE,
                "components_resolver": resolver,
            }
        ]
    }


def _mapped(name: str, kind: str) -> dict[str, Any]:
    places = {
        ("name",): name,
        ("retriever", "creation_requester", "request_body", "value", "kind"): kind,
    }
    return {
        "components_mapping": [
            {"type": "ComponentMappingDefinition", "field_path": [*place], "value": value}
            for place, value in places.items()
        ]
    }


SCENARIOS = {
    "two streams of jobs": Scenario(
        beside=[stream("others", {**OF_JOBS, "creation_requester": creation("201 failed; 201 done", kind="a")})],
    ),
    "beside a stream that fails": Scenario(
        beside=[stream("others", {**OF_JOBS, "creation_requester": creation("201 failed")})],
        source={"max_concurrent_async_job_count": 2},
        failing=("others",),
    ),
    "beside a stream without jobs": Scenario(
        beside=[
            stream(
                "accounts",
                {
                    "type": "SimpleRetriever",
                    "requester": request(f"{API}/accounts"),
                    "record_selector": {"type": "RecordSelector", "extractor": path("items")},
                },
            )
        ]
    ),
    "streams made by the inputs": Scenario(
        source=_made(
            {
                "type": "ConfigComponentsResolver",
                "stream_config": {"type": "StreamConfig", "configs_pointer": ["kinds"]},
                **_mapped("{{ components_values['name'] }}", "{{ components_values['kind'] }}"),
            }
        ),
        made=("first", "second"),
    ),
    "streams made by an answer": Scenario(
        source=_made(
            {
                "type": "HttpComponentsResolver",
                "retriever": {
                    "type": "SimpleRetriever",
                    "requester": request(f"{API}/accounts"),
                    "record_selector": {"type": "RecordSelector", "extractor": path("items")},
                },
                **_mapped("items of {{ components_values['team'] }}", "{{ components_values['kind'] }}"),
            }
        ),
        made=("items of x", "items of y"),
    ),
    "a schema that a job tells": Scenario(
        stream={
            "schema_loader": {
                "type": "DynamicSchemaLoader",
                "retriever": OF_JOBS | COLUMNS,
                "schema_type_identifier": {
                    "type": "SchemaTypeIdentifier",
                    "schema_pointer": ["columns"],
                    "key_pointer": ["name"],
                    "type_pointer": ["kind"],
                },
            }
        }
    ),
    "streams made by a job": Scenario(
        source=_made(
            {
                "type": "HttpComponentsResolver",
                "retriever": OF_JOBS | ACCOUNTS,
                **_mapped("items of {{ components_values['team'] }}", "{{ components_values['kind'] }}"),
            }
        ),
        made=("items of x", "items of y"),
    ),
}
