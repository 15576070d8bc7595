"""What Airbyte's manifest language called things before: the hints for manifests that still use those names.

Most changed when the language left its alpha (airbyte-cdk 0.29), those of decoders and asynchronous streams in 6.x.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

_RENAMED: Mapping[str, str] = {
    "$options": "$parameters",
    "BasicAuthenticator": "BasicHttpAuthenticator",
    "DatetimeStreamSlicer": "DatetimeBasedCursor",
    "GzipJsonDecoder": "GzipDecoder",
    "JelloExtractor": "DpathExtractor",
    "JsonSchema": "JsonFileSchemaLoader",
    "LimitPaginator": "DefaultPaginator",
    "ListStreamSlicer": "ListPartitionRouter",
    "SubstreamSlicer": "SubstreamPartitionRouter",
    "field_pointer": "field_path",
    "limit_option": "page_size_option",
    "options": "parameters",
    "pass_by": "inject_into",
    "slice_values": "values",
    "stream_slice_field": "partition_field",
    "stream_state_field_end": "partition_field_end",
    "stream_state_field_start": "partition_field_start",
    "url_requester": "download_target_requester",
    "urls_extractor": "download_target_extractor",
}
"""Fields, types and variables of templates."""
_MOVED: Mapping[str, str] = {
    "checkpoint_interval": "leave it out: nothing takes its place",
    "request_options_provider": "what it holds, such as `request_parameters`, belongs to the requester itself",
    "stream_cursor_field": "it is the `cursor_field` of `incremental_sync`",
    "stream_slicer": "its dates are the stream's `incremental_sync`, everything else the `partition_router`",
    "CartesianProductStreamSlicer": "`partition_router` may be a list, which is read in all combinations",
    "CompositeRawDecoder": "its parser is the decoder: such as a CsvDecoder, or a GzipDecoder around one",
    "SingleSlice": "leave it out: a stream without a `partition_router` is one slice",
}


def named_today(name: str, known: Collection[str]) -> str | None:
    """The one of the `known` names that stands for what older manifests call `name`."""
    today = _RENAMED.get(name)
    return today if today in known else None


def where_it_went(name: str) -> str | None:
    """What takes the place of an older field or type that was not only renamed."""
    return _MOVED.get(name)
