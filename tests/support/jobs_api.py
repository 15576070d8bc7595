"""A stream of asynchronous jobs against a loopback server, its manifest made of parts that a test can replace."""

from __future__ import annotations

from textwrap import indent

from tests.support.server import LoopbackServer, Reply


def manifest(
    server: LoopbackServer,
    *,
    retriever: str = "",
    stream: str = "",
    top: str = "",
    creation: str = "",
    polling: str = "/jobs/{{ creation_response['id'] }}",
    target: str = "[url]",
    mapping: str = "{running: [busy], completed: [done], failed: [broken], timeout: [late], skipped: [empty]}",
) -> str:
    """A manifest with one stream, `exports`: jobs at /jobs, JSON results at the place that the poll names."""
    return f"""
version: 7.0.0
type: DeclarativeSource
check: {{type: CheckStream, stream_names: [exports]}}
{top}
streams:
  - type: DeclarativeStream
    name: exports
{indent(stream, "    ")}
    retriever:
      type: AsyncRetriever
      status_mapping: {{type: AsyncJobStatusMap, {mapping.strip("{}")}}}
      status_extractor: {{type: DpathExtractor, field_path: [state]}}
      {f"download_target_extractor: {{type: DpathExtractor, field_path: {target}}}" if target else ""}
      creation_requester:
        type: HttpRequester
        url: "{server.url("/jobs")}"
        http_method: POST
{indent(creation, "        ")}
      polling_requester: {{type: HttpRequester, url: "{server.url()}{polling}"}}
      download_requester: {{type: HttpRequester, url: "{{{{ download_target }}}}"}}
      record_selector: {{type: RecordSelector, extractor: {{type: DpathExtractor, field_path: []}}}}
{indent(retriever, "      ")}
"""


ABORT = (
    "abort_requester: {type: HttpRequester, url: \"%s/jobs/{{ creation_response['id'] }}/abort\", http_method: POST}"
)
DELETE = "delete_requester: {type: HttpRequester, url: \"%s/jobs/{{ creation_response['id'] }}\", http_method: DELETE}"


def serve_job(server: LoopbackServer, *states: str, records: object = ({"n": 1}, {"n": 2}), job: str = "j1") -> None:
    """Answer the creation with `job`, the polls with `states` in order, and the download with `records`."""
    server.on("/jobs", Reply({"id": job}, 201))
    polls = [Reply({"state": state, "url": server.url("/result")}) for state in states]
    server.on(f"/jobs/{job}", *polls)
    server.on("/result", Reply(list(records) if isinstance(records, tuple) else records))
    server.on(f"/jobs/{job}/abort", Reply({"aborted": True}))
