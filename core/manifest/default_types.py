"""The component types that Airbyte fills in where a manifest leaves `type` out: by the parent's type, then
its field.

Fields that are not listed have no default; there the type has to be written.
"""

from __future__ import annotations

ROOT_TYPE = "DeclarativeSource"

DEFAULT_TYPES: dict[str, dict[str, str]] = {
    "AddFields": {"fields": "AddedFieldDefinition"},
    "CompositeErrorHandler": {"error_handlers": "DefaultErrorHandler"},
    "ConfigComponentsResolver": {
        "components_mapping": "ComponentMappingDefinition",
        "stream_config": "StreamConfig",
    },
    "CursorPagination": {"decoder": "JsonDecoder"},
    "CustomPartitionRouter": {"parent_stream_configs": "ParentStreamConfig"},
    "DatetimeBasedCursor": {
        "end_datetime": "MinMaxDatetime",
        "end_time_option": "RequestOption",
        "start_datetime": "MinMaxDatetime",
        "start_time_option": "RequestOption",
    },
    ROOT_TYPE: {"check": "CheckStream", "spec": "Spec", "streams": "DeclarativeStream"},
    "DeclarativeStream": {"retriever": "SimpleRetriever", "schema_loader": "JsonFileSchemaLoader"},
    "DefaultErrorHandler": {"response_filters": "HttpResponseFilter"},
    "DefaultPaginator": {"decoder": "JsonDecoder", "page_size_option": "RequestOption"},
    "DpathExtractor": {"decoder": "JsonDecoder", "record_expander": "RecordExpander"},
    "DynamicDeclarativeStream": {
        "components_resolver": "ConfigComponentResolver",  # no such type exists; Airbyte has it so
        "stream_template": "DeclarativeStream",
    },
    "DynamicSchemaLoader": {"retriever": "SimpleRetriever"},
    "HttpComponentsResolver": {
        "components_mapping": "ComponentMappingDefinition",
        "retriever": "SimpleRetriever",
    },
    "HttpRequester": {"error_handler": "DefaultErrorHandler"},
    "ListPartitionRouter": {"request_option": "RequestOption"},
    "ParentStreamConfig": {"request_option": "RequestOption", "stream": "DeclarativeStream"},
    "RecordExpander": {"parent_fields": "ParentFieldPath"},
    "RecordSelector": {"extractor": "DpathExtractor", "record_filter": "RecordFilter"},
    "SchemaTypeIdentifier": {"types_map": "TypesMap"},
    "SimpleRetriever": {
        "paginator": "NoPagination",
        "record_selector": "RecordSelector",
        "requester": "HttpRequester",
    },
    "SubstreamPartitionRouter": {"parent_stream_configs": "ParentStreamConfig"},
}

CUSTOM_TYPES: dict[str, dict[str, str]] = {
    "CompositeErrorHandler": {"backoff_strategies": "CustomBackoffStrategy"},
    "DeclarativeStream": {"retriever": "CustomRetriever", "transformations": "CustomTransformation"},
    "DefaultErrorHandler": {"backoff_strategies": "CustomBackoffStrategy"},
    "DefaultPaginator": {"pagination_strategy": "CustomPaginationStrategy"},
    "HttpRequester": {"authenticator": "CustomAuthenticator", "error_handler": "CustomErrorHandler"},
    "RecordSelector": {"extractor": "CustomRecordExtractor"},
    "SimpleRetriever": {"partition_router": "CustomPartitionRouter"},
}
"""The same for a mapping that names a `class_name`."""
