"""A stream of jobs as a scenario has it, and the parts that scenarios are made of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from docs.component_reference import as_manifest

Fields = Mapping[str, Any]

API = "{{ config['api_url'] }}"
JOB = f"{API}/jobs/{{{{ creation_response['id'] }}}}"
LINES = {"type": "JsonlDecoder"}
BY_KIND: Fields = {"type": "ListPartitionRouter", "values": ["a", "b"], "cursor_field": "kind"}
KIND = "{{ stream_partition['kind'] }}"
DAYS = {"since": "{{ stream_interval['start_time'] }}", "until": "{{ stream_interval['end_time'] }}"}


@dataclass(frozen=True)
class Difference:
    """What the reference does otherwise: an entry of `docs/differences.md`, by its title.

    `about`: what of counted things (requests, records) may differ, as a pattern.
    """

    entry: str
    about: str = ""


@dataclass(frozen=True, kw_only=True)
class Scenario:
    """What a retriever, its stream and its source hold beside what all have, and how the read ends.

    A field that is None is left out. `states` are those of an earlier read, `otherwise` says by aspect what the
    reference does otherwise. `polls_vary`: how often a job is polled is not compared, for that goes by each runtime's
    schedule. The stream is `items`; there are others `beside` it, of which some are `failing`, and some are `made` from
    a template.
    """

    retriever: Fields = field(default_factory=dict)
    stream: Fields = field(default_factory=dict)
    source: Fields = field(default_factory=dict)
    beside: Sequence[Fields] = ()
    made: tuple[str, ...] = ()
    failing: tuple[str, ...] = ()
    states: Sequence[Fields] = ()
    status: str = "COMPLETE"
    records: int = 6
    otherwise: Mapping[str, Difference] = field(default_factory=dict)
    polls_vary: bool = False

    @property
    def statuses(self) -> dict[str, list[str]]:
        """How each stream ends."""
        ends = dict.fromkeys([one["name"] for one in self.beside], "COMPLETE") | dict.fromkeys(self.made, "COMPLETE")
        ends |= {"items": self.status, **dict.fromkeys(self.failing, "INCOMPLETE")}
        return {name: [status] for name, status in ends.items()}

    def with_retriever(self, fields: Fields) -> Scenario:
        """The same with further fields of the retriever, where it does not say them itself."""
        return replace(self, retriever={**fields, **self.retriever})

    def manifest(self) -> dict[str, Any]:
        """The whole manifest."""
        manifest: dict[str, Any] = {**as_manifest("AsyncRetriever"), **self.source}
        (items,) = manifest["streams"]
        fields = {"creation_requester": creation(), "download_decoder": LINES, **self.retriever}
        kept = {**items["retriever"], **fields}
        items["retriever"] = {name: value for name, value in kept.items() if value is not None}
        items |= self.stream
        manifest["streams"] += self.beside
        return manifest


def stream(name: str, retriever: Fields) -> dict[str, Any]:
    """Another stream, without a schema."""
    schema = {"type": "InlineSchemaLoader", "schema": {"type": "object", "properties": {}}}
    return {"type": "DeclarativeStream", "name": name, "retriever": retriever, "schema_loader": schema}


def request(url: str, method: str = "GET", **more: Any) -> dict[str, Any]:
    return {"type": "HttpRequester", "url": url, "http_method": method, **more}


def path(*names: str) -> dict[str, Any]:
    return {"type": "DpathExtractor", "field_path": [*names]}


def creation(life: str = "", **body: Any) -> dict[str, Any]:
    """A creation of jobs that live so (`tests.conformance.jobs.api`)."""
    wanted = {**body, "life": life} if life else body or {"report": "items"}
    return request(f"{API}/jobs", "POST", request_body={"type": "RequestBodyJsonObject", "value": wanted})


def each_days(days: int = 3, until: str = "2024-01-06") -> dict[str, Any]:
    """A cursor that asks for so many days at a time."""
    return {
        "type": "DatetimeBasedCursor",
        "cursor_field": "updated_at",
        "datetime_format": "%Y-%m-%d",
        "start_datetime": "2024-01-01",
        "end_datetime": until,
        "step": f"P{days}D",
        "cursor_granularity": "P1D",
    }


def parameter(name: str) -> dict[str, str]:
    return {"type": "RequestOption", "inject_into": "request_parameter", "field_name": name}


def repeats(status: int) -> dict[str, Any]:
    """An error handler that sends a request again after a status."""
    response = {"type": "HttpResponseFilter", "http_codes": [status], "action": "RETRY"}
    return {"error_handler": {"type": "DefaultErrorHandler", "response_filters": [response], "max_retries": 2}}
