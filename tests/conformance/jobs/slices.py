"""Several jobs: one for each partition and interval, few or many at a time, and those of the next read."""

from __future__ import annotations

from typing import Any

from tests.conformance.jobs.scenario import (
    API,
    BY_KIND,
    DAYS,
    JOB,
    KIND,
    Difference,
    Scenario,
    creation,
    each_days,
    parameter,
    path,
    request,
    stream,
)


def _state(value: dict[str, object]) -> list[dict[str, object]]:
    return [{"type": "STREAM", "stream": {"stream_descriptor": {"name": "items"}, "stream_state": value}}]


ACCOUNTS = {
    "type": "SimpleRetriever",
    "requester": request(f"{API}/accounts"),
    "record_selector": {"type": "RecordSelector", "extractor": path("items")},
}
PARENT: dict[str, Any] = {
    "type": "ParentStreamConfig",
    "parent_key": "id",
    "partition_field": "account",
    "extra_fields": [["kind"], ["team"]],
    "stream": stream("accounts", ACCOUNTS),
}
BY_ACCOUNT = {"type": "SubstreamPartitionRouter", "parent_stream_configs": [PARENT]}
BY_DAYS = {"creation_requester": creation(**DAYS)}
BY_BOTH = {"partition_router": BY_KIND, "creation_requester": creation(kind=KIND, **DAYS)}

ADDED = {"requests": Difference("What slices add to requests", "POST /jobs ")}
KEPT = Difference("A slice that failed is the only one that is read again.")

SCENARIOS = {
    "a job for each partition": Scenario(
        retriever={"partition_router": BY_KIND, "creation_requester": creation(kind=KIND)}
    ),
    "a job for each interval": Scenario(retriever=BY_DAYS, stream={"incremental_sync": each_days()}),
    "a job for each partition and interval": Scenario(retriever=BY_BOTH, stream={"incremental_sync": each_days()}),
    "a job for each pair of partitions": Scenario(
        retriever={
            "partition_router": [
                BY_KIND,
                {"type": "ListPartitionRouter", "values": ["1", "2"], "cursor_field": "part"},
            ],
            "creation_requester": creation(kind=KIND, half="{{ stream_partition.part }}"),
            "download_requester": request(
                "{{ download_target }}", request_parameters={"part": "{{ stream_slice['part'] }}"}
            ),
        }
    ),
    "a job for each record of a parent": Scenario(
        retriever={
            "partition_router": BY_ACCOUNT,
            "creation_requester": creation(
                kind="{{ stream_slice.extra_fields['kind'] }}", account="{{ stream_partition['account'] }}"
            ),
        }
    ),
    "a job for each record of a parent and each interval": Scenario(
        retriever={
            "partition_router": BY_ACCOUNT,
            "creation_requester": creation(kind="{{ stream_slice.extra_fields['kind'] }}", **DAYS),
        },
        stream={"incremental_sync": each_days()},
    ),
    "a job for each new record of a parent": Scenario(
        retriever={
            "partition_router": {
                "type": "SubstreamPartitionRouter",
                "parent_stream_configs": [
                    {
                        **PARENT,
                        "incremental_dependency": True,
                        "stream": {**PARENT["stream"], "incremental_sync": {**each_days(), "step": "P1M"}},
                    }
                ],
            },
            "creation_requester": creation(kind="{{ stream_slice.extra_fields['kind'] }}", **DAYS),
        },
        stream={"incremental_sync": each_days()},
    ),
    "fields of a parent, by their names": Scenario(
        retriever={
            "partition_router": BY_ACCOUNT,
            "creation_requester": creation(kind="{{ kind }}", team="{{ team | upper }}"),
            "polling_requester": request(JOB, request_parameters={"team": "{{ team }}"}),
        }
    ),
    "records of before, which the cursor leaves out": Scenario(
        retriever=BY_DAYS,
        stream={"incremental_sync": {**each_days(), "is_client_side_incremental": True, "step": "P1Y"}},
        states=_state({"updated_at": "2024-01-04"}),
        records=3,
    ),
    "jobs as many as an input says": Scenario(
        retriever=BY_DAYS,
        stream={"incremental_sync": each_days(1)},
        source={"max_concurrent_async_job_count": "{{ config['minutes'] }}"},
    ),
    "one job at a time": Scenario(
        retriever=BY_DAYS, stream={"incremental_sync": each_days(1)}, source={"max_concurrent_async_job_count": 1}
    ),
    "three jobs at a time": Scenario(
        retriever=BY_DAYS, stream={"incremental_sync": each_days(1)}, source={"max_concurrent_async_job_count": 3}
    ),
    "three jobs at a time, by a text": Scenario(
        retriever=BY_BOTH, stream={"incremental_sync": each_days()}, source={"max_concurrent_async_job_count": "3"}
    ),
    "many workers": Scenario(
        retriever=BY_BOTH,
        stream={"incremental_sync": each_days(2)},
        source={
            "max_concurrent_async_job_count": 3,
            "concurrency_level": {"type": "ConcurrencyLevel", "default_concurrency": 6},
        },
    ),
    "from where the last read ended": Scenario(
        retriever=BY_DAYS,
        stream={"incremental_sync": each_days()},
        states=_state({"updated_at": "2024-01-04"}),
        records=3,
    ),
    "from before where the last read ended": Scenario(
        retriever=BY_DAYS,
        stream={"incremental_sync": {**each_days(), "lookback_window": "P1D"}},
        states=_state({"updated_at": "2024-01-04"}),
        records=4,
    ),
    "nothing new since the last read": Scenario(
        retriever=BY_DAYS,
        stream={"incremental_sync": each_days(until="2024-01-09")},
        states=_state({"updated_at": "2024-01-08"}),
        records=0,
    ),
    "from where each partition ended": Scenario(
        retriever=BY_BOTH,
        stream={"incremental_sync": each_days()},
        states=_state(
            {
                "states": [
                    {"partition": {"kind": "a"}, "cursor": {"updated_at": "2024-01-05"}},
                    {"partition": {"kind": "b"}, "cursor": {"updated_at": "2024-01-02"}},
                ],
                "use_global_cursor": False,
            }
        ),
        records=3,
    ),
    "one state for all partitions": Scenario(
        retriever=BY_BOTH, stream={"incremental_sync": {**each_days(), "global_substream_cursor": True}}
    ),
    "intervals without a record": Scenario(
        retriever=BY_DAYS, stream={"incremental_sync": each_days(2, until="2024-01-12")}
    ),
    "options of the cursor": Scenario(
        retriever=BY_DAYS,
        stream={"incremental_sync": {**each_days(), "start_time_option": parameter("from")}},
        otherwise=ADDED,
    ),
    "options of the cursor that the body has, too": Scenario(
        retriever=BY_DAYS,
        stream={
            "incremental_sync": {
                **each_days(),
                "start_time_option": {"type": "RequestOption", "inject_into": "body_json", "field_name": "since"},
            }
        },
    ),
    "options of the partitions": Scenario(
        retriever={
            "partition_router": {**BY_KIND, "request_option": parameter("kind")},
            "creation_requester": creation(kind=KIND),
        },
        otherwise=ADDED,
    ),
    "deleted one by one": Scenario(
        retriever={**BY_BOTH, "delete_requester": request(f"{JOB}/delete", "POST")},
        stream={"incremental_sync": each_days()},
    ),
    "one partition fails": Scenario(
        retriever={
            "partition_router": BY_KIND,
            "creation_requester": creation(
                kind=KIND, life="{{ '201 failed' if stream_partition['kind'] == 'a' else '201 running done' }}"
            ),
        },
        status="INCOMPLETE",
        records=3,
        otherwise={"check": Difference("A check reads the first slice")},
    ),
    "the second of three intervals fails": Scenario(
        retriever={
            "creation_requester": creation(
                **DAYS, life="{{ '201 failed' if stream_interval['start_time'] == '2024-01-03' else '201 done' }}"
            )
        },
        stream={"incremental_sync": each_days(2)},
        status="INCOMPLETE",
        records=4,
        otherwise={"states": KEPT},
    ),
    "the second of three intervals is lost": Scenario(
        retriever={
            **BY_DAYS,
            "download_requester": request(
                "{{ config.api_url ~ '/lost' if stream_interval['start_time'] == '2024-01-03' else download_target }}",
                error_handler={
                    "type": "DefaultErrorHandler",
                    "response_filters": [{"type": "HttpResponseFilter", "http_codes": [404], "action": "FAIL"}],
                },
            ),
        },
        stream={"incremental_sync": each_days(2)},
        status="INCOMPLETE",
        records=4,
        otherwise={"states": KEPT, "requests": Difference("A result that is gone", "/lost|/jobs")},
    ),
}
