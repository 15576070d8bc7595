"""What the requests about jobs are made of, and how their answers are understood."""

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
    path,
    repeats,
    request,
)

ABORT = {"abort_requester": request(f"{JOB}/abort", "POST")}
OAUTH = {
    "type": "OAuthAuthenticator",
    "token_refresh_endpoint": f"{API}/oauth/token",
    "client_id": "id",
    "client_secret": "{{ config['password'] }}",
    "grant_type": "client_credentials",
}


def statuses(running: str, completed: str) -> dict[str, Any]:
    return {
        "type": "AsyncJobStatusMap",
        "running": [running],
        "completed": [completed],
        "failed": [],
        "timeout": [],
    }


def bearer(token: str) -> dict[str, Any]:
    return {"type": "BearerAuthenticator", "api_token": token}


def creates(**more: Any) -> dict[str, Any]:
    return {"creation_requester": request(f"{API}/jobs", "POST", **more)}


def handler(**response: Any) -> dict[str, Any]:
    filters = [{"type": "HttpResponseFilter", **response}]
    return {"error_handler": {"type": "DefaultErrorHandler", "response_filters": filters, "max_retries": 2}}


SCENARIOS = {
    "each request with its own authenticator, parameters and headers": Scenario(
        retriever={
            **creates(
                authenticator=bearer("{{ config['token'] }}"),
                request_parameters={"wait": "0", "format": "{{ 'csv' if false else 'jsonl' }}"},
                request_headers={"X-Kind": "creation"},
            ),
            "polling_requester": request(
                JOB,
                authenticator={
                    "type": "ApiKeyAuthenticator",
                    "api_token": "{{ config['token'] }}",
                    "inject_into": {"type": "RequestOption", "inject_into": "header", "field_name": "X-Api-Key"},
                },
                request_parameters={"job": "{{ creation_response['id'] }}"},
                request_headers={"X-Kind": "{{ creation_response['kinds'] | join('+') }}"},
            ),
            "download_target_requester": request(
                f"{API}/jobs/{{{{ polling_response['id'] }}}}/files",
                authenticator={
                    "type": "BasicHttpAuthenticator",
                    "username": "{{ config['user'] }}",
                    "password": "{{ config['password'] }}",
                },
            ),
            "download_target_extractor": path("files"),
            "download_requester": request("{{ download_target }}", request_headers={"X-Kind": "download"}),
            "delete_requester": request(
                f"{JOB}/delete", "POST", request_parameters={"force": "true"}, authenticator=bearer("other")
            ),
        }
    ),
    "bodies of all kinds": Scenario(
        retriever={
            **creates(
                request_body={
                    "type": "RequestBodyJsonObject",
                    "value": {
                        "code": "17",
                        "name": "007",
                        "number": 7,
                        "days": ["{{ config['start_date'] }}", "2024-01-02"],
                        "filter": {"active": "{{ true }}", "none": None, "text": "{% raw %}{{Contact.Id}}{% endraw %}"},
                    },
                }
            ),
            "polling_requester": request(
                JOB,
                "POST",
                request_body={
                    "type": "RequestBodyUrlEncodedForm",
                    "value": {"id": "{{ creation_response.id }}", "a": "1"},
                },
            ),
            "download_requester": request(
                f"{API}/file",
                "POST",
                request_body={"type": "RequestBodyGraphQL", "value": {"query": "{ items { id } }"}},
            ),
        }
    ),
    "bodies as they were written once": Scenario(
        retriever={
            **creates(request_body_json={"report": "items"}),
            "polling_requester": request(JOB, "POST", request_body_data={"verbose": "yes"}),
        }
    ),
    "polled at the address in a header": Scenario(
        retriever={"polling_requester": request("{{ creation_response.headers['Location'] }}")}
    ),
    "polled at the address in the answer": Scenario(
        retriever={"polling_requester": request("{{ creation_response['place'] }}")}
    ),
    "polled below a base": Scenario(
        retriever={
            "polling_requester": {
                "type": "HttpRequester",
                "url_base": API,
                "path": "jobs/{{ creation_response.id }}",
                "http_method": "GET",
            }
        }
    ),
    "polled with the request that created the job": Scenario(
        retriever={
            "polling_requester": request(
                JOB,
                request_parameters={
                    "by": "{{ creation_response.request.method }}",
                    "at": "{{ creation_response.request.url }}",
                },
            )
        }
    ),
    "slices in all spellings": Scenario(
        retriever={
            "partition_router": BY_KIND,
            "creation_requester": creation(
                kind="{{ stream_slice.kind }}",
                since="{{ stream_slice['start_time'] }}",
                until="{{ stream_slice.cursor_slice.end_time }}",
            ),
            "polling_requester": request(
                JOB,
                request_parameters={
                    "kind": "{{ stream_slice.partition['kind'] }}",
                    "since": "{{ stream_interval.start_time }}",
                    "until": "{{ stream_interval.get('end_time') }}",
                },
            ),
            "delete_requester": request(f"{JOB}/delete", "POST", request_parameters={"kind": KIND}),
        },
        stream={"incremental_sync": each_days()},
    ),
    "parameters of the stream": Scenario(
        retriever={
            "creation_requester": {
                "type": "HttpRequester",
                "url_base": API,
                "path": "{{ parameters['place'] }}",
                "http_method": "POST",
                "request_body": {"type": "RequestBodyJsonObject", "value": {"kind": "{{ parameters.kind }}"}},
            }
        },
        stream={"$parameters": {"place": "/jobs", "kind": "a"}},
        records=3,
    ),
    "a token that is asked for": Scenario(
        retriever={
            **creates(authenticator=OAUTH),
            "polling_requester": request(JOB, authenticator=OAUTH),
            "download_requester": request("{{ download_target }}", authenticator=OAUTH),
        },
        otherwise={"requests": Difference("A session", "/oauth/token")},
    ),
    "a status of true and false": Scenario(
        retriever={"status_extractor": path("over"), "status_mapping": statuses("False", "True")},
        otherwise={"statuses": Difference("A status of false or 0")},
    ),
    "a status in numbers": Scenario(
        retriever={"status_extractor": path("percent"), "status_mapping": statuses("50", "100")}
    ),
    "a status that is there when the job is done": Scenario(
        retriever={"status_extractor": path("ended"), "status_mapping": statuses("None", "yes")}
    ),
    "a status of null": Scenario(
        retriever={
            **creates(request_body_json={"life": "201 done"}),
            "status_extractor": path("error"),
            "status_mapping": statuses("never", "None"),
        }
    ),
    "a status in a list": Scenario(retriever={"status_extractor": path("jobs", "0", "state")}),
    "a status of each in a list": Scenario(retriever={"status_extractor": path("jobs", "*", "state")}),
    "a status by the name of a stream": Scenario(
        retriever={"status_extractor": path("{{ parameters['at'] }}", "state")}, stream={"$parameters": {"at": "job"}}
    ),
    "a job that is not there at once": Scenario(
        retriever={
            "creation_requester": creation("201 404 404 running done"),
            "polling_requester": request(JOB, **repeats(404)),
        }
    ),
    "an answer to polling that says to come again": Scenario(
        retriever={
            "polling_requester": request(
                JOB, **handler(action="RETRY", predicate="{{ response['status'] == 'running' }}")
            )
        }
    ),
    "an answer to polling that says why the job is none": Scenario(
        retriever={
            "creation_requester": creation("201 running failed"),
            **ABORT,
            "polling_requester": request(
                JOB,
                **handler(
                    action="FAIL",
                    failure_type="config_error",
                    error_message="Ask for {{ response['id'] }} later.",
                    predicate="{{ response['status'] == 'failed' }}",
                ),
            ),
        },
        status="INCOMPLETE",
        records=0,
    ),
    "a poll that is ignored": Scenario(
        retriever={
            "creation_requester": creation("201 500 running done"),
            "polling_requester": request(JOB, **handler(action="IGNORE", http_codes=[500])),
        }
    ),
    "a creation that is ignored": Scenario(
        retriever={
            **creates(request_body_json={"life": "409"}, **handler(action="IGNORE", http_codes=[409])),
        },
        status="INCOMPLETE",
        records=0,
        otherwise={"requests": Difference("A creation that is refused for good", "POST /jobs ")},
    ),
    "a creation that comes again, as its answer says": Scenario(
        retriever={
            **creates(
                request_body_json={"life": "400; 400; 201 done"},
                **handler(action="RETRY", error_message_contains="refused"),
            )
        }
    ),
    "a creation that comes again, when a header says": Scenario(
        retriever={
            **creates(
                request_body_json={"life": "429; 201 done"},
                error_handler={
                    "type": "DefaultErrorHandler",
                    "backoff_strategies": [{"type": "WaitTimeFromHeader", "header": "Retry-After"}],
                },
            )
        }
    ),
    "polls that fail for good": Scenario(
        retriever={
            "creation_requester": creation("201 running 500"),
            "polling_job_timeout": "{{ config['minutes'] }}",
        },
        polls_vary=True,
        status="INCOMPLETE",
        records=0,
        otherwise={
            "check": Difference("A job that is out of time for good"),
            "requests": Difference("A job that is out of time for good", "POST /jobs "),
        },
    ),
    "an interval in the address": Scenario(
        retriever={
            "creation_requester": request(
                f"{API}/jobs?since={DAYS['since']}", request_parameters={"until": DAYS["until"]}
            )
        },
        stream={"incremental_sync": each_days()},
    ),
}
