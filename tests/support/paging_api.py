"""A synchronous stream against a loopback server, its manifest made of parts that a test can replace."""

from __future__ import annotations

from textwrap import indent

from tests.support.server import Asked, LoopbackServer, Reply

PAGES = """\
paginator:
  type: DefaultPaginator
  pagination_strategy: {type: PageIncrement, page_size: 2, start_from_page: 1, inject_on_first_request: true}
  page_token_option: {type: RequestOption, inject_into: request_parameter, field_name: page}
"""

PARENTS = """\
partition_router:
  type: SubstreamPartitionRouter
  parent_stream_configs:
    - type: ParentStreamConfig
      parent_key: id
      partition_field: owner
      request_option: {type: RequestOption, inject_into: request_parameter, field_name: owner}
      stream:
        type: DeclarativeStream
        name: owners
        retriever:
          type: SimpleRetriever
          requester: {type: HttpRequester, url: "%s"}
          record_selector: {type: RecordSelector, extractor: {type: DpathExtractor, field_path: []}}
"""

INCREMENTAL = """\
incremental_sync:
  type: DatetimeBasedCursor
  cursor_field: day
  datetime_format: "%Y-%m-%d"
  start_datetime: "2024-01-01"
  end_datetime: "2024-01-04"
  step: P1D
  cursor_granularity: P1D
  start_time_option: {type: RequestOption, inject_into: request_parameter, field_name: from}
"""


def manifest(
    server: LoopbackServer,
    *,
    stream: str = "",
    retriever: str = "",
    requester: str = "",
    field_path: str = "[items]",
    selector: str = "",
    top: str = "",
) -> str:
    """A manifest with one synchronous stream, `items`, at /items; `selector` is more of its record selector."""
    return f"""
version: 7.0.0
type: DeclarativeSource
check: {{type: CheckStream, stream_names: [items]}}
{top}
streams:
  - type: DeclarativeStream
    name: items
{indent(stream, "    ")}
    retriever:
      type: SimpleRetriever
      requester:
        type: HttpRequester
        url: "{server.url("/items")}"
{indent(requester, "        ")}
      record_selector: {{type: RecordSelector, extractor: {{type: DpathExtractor, field_path: {field_path}}}{selector}}}
{indent(retriever, "      ")}
"""


def page(asked: Asked) -> Reply:
    """Five items, two a page."""
    first = (int(asked.query["page"][0]) - 1) * 2
    return Reply({"items": [{"n": n} for n in range(first, min(first + 2, 5))]})
