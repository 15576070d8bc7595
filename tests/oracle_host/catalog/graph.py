"""A requester that writes its query itself, and one that adds parameters to those of the manifest."""

from collections.abc import Mapping, MutableMapping
from dataclasses import dataclass
from typing import Any

from airbyte_cdk.sources.declarative.requesters import HttpRequester
from airbyte_cdk.sources.declarative.requesters.paginators.strategies import CursorPaginationStrategy
from airbyte_cdk.sources.declarative.types import StreamSlice, StreamState


@dataclass
class GraphRequester(HttpRequester):
    limit: int = 2

    def __post_init__(self, parameters: Mapping[str, Any]) -> None:
        super().__post_init__(parameters)
        self.entity = parameters.get("entity")

    def get_request_params(
        self,
        *,
        stream_state: StreamState | None = None,
        stream_slice: StreamSlice | None = None,
        next_page_token: Mapping[str, Any] | None = None,
    ) -> MutableMapping[str, Any]:
        given = super().get_request_params(
            stream_state=stream_state, stream_slice=stream_slice, next_page_token=next_page_token
        )
        cursor = next_page_token["next_page_token"] if next_page_token else None
        arguments = ",".join(
            f"{name}:{value}" for name, value in {"limit": self.limit, "cursor": cursor}.items() if value
        )
        return {**given, "query": f"query{{{self.entity}({arguments}){{id}}}}"}


@dataclass
class GraphPages(CursorPaginationStrategy):
    def next_page_token(self, response, last_page_size, last_record, last_page_token_value=None):
        if not response.json()["more"]:
            return None
        return f"{last_record['n']}-{last_page_size}-{last_page_token_value}"
