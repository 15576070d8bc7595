from collections.abc import Mapping
from dataclasses import InitVar, dataclass
from typing import Any

from airbyte_cdk.sources.declarative.partition_routers import PartitionRouter
from airbyte_cdk.sources.types import StreamSlice


@dataclass
class Kinds(PartitionRouter):
    config: Mapping[str, Any]
    parameters: InitVar[Mapping[str, Any]]

    def stream_slices(self):
        for kind in "ab":
            yield StreamSlice(partition={"kind": kind}, cursor_slice={})

    def get_request_params(self, *, stream_state=None, stream_slice=None, next_page_token=None):
        return {}

    def get_request_headers(self, *, stream_state=None, stream_slice=None, next_page_token=None):
        return {}

    def get_request_body_data(self, *, stream_state=None, stream_slice=None, next_page_token=None):
        return {}

    def get_request_body_json(self, *, stream_state=None, stream_slice=None, next_page_token=None):
        return {}

    def get_stream_state(self):
        return None
