"""A router that asks for several parents at once, and one partition more."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from airbyte_cdk.sources.declarative.partition_routers import SubstreamPartitionRouter
from airbyte_cdk.sources.declarative.types import StreamSlice


@dataclass
class ByThree(SubstreamPartitionRouter):
    size: int = 3

    def stream_slices(self) -> Iterable[StreamSlice]:
        ids = []
        for parent in super().stream_slices():
            ids.append(str(parent["n"]))
            if len(ids) == self.size:
                yield StreamSlice(partition={"ids": ",".join(ids)}, cursor_slice={})
                ids = []
        if ids:
            yield StreamSlice(partition={"ids": ",".join(ids)}, cursor_slice={}, extra_fields={"last": True})

    def get_request_params(
        self,
        stream_state: Mapping[str, Any] | None = None,
        stream_slice: StreamSlice | None = None,
        next_page_token: Mapping[str, Any] | None = None,
    ) -> Mapping[str, Any]:
        return {"ids": stream_slice["ids"]}
