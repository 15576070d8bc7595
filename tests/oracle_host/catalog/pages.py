"""A pagination strategy with all that a strategy has, which remembers how many records there were."""

from collections.abc import Mapping
from dataclasses import InitVar, dataclass
from typing import Any

import requests
from airbyte_cdk.sources.declarative.decoders import JsonDecoder
from airbyte_cdk.sources.declarative.interpolation import InterpolatedString
from airbyte_cdk.sources.declarative.requesters.paginators.strategies.pagination_strategy import PaginationStrategy
from airbyte_cdk.sources.declarative.types import Config, Record


@dataclass
class UntilShort(PaginationStrategy):
    config: Config
    page_size: str | int
    parameters: InitVar[Mapping[str, Any]]
    decoder: JsonDecoder

    def __post_init__(self, parameters: Mapping[str, Any]) -> None:
        self._size = int(InterpolatedString.create(str(self.page_size), parameters=parameters).eval(self.config))

    @property
    def initial_token(self) -> Any | None:
        return 0

    def next_page_token(
        self,
        response: requests.Response,
        last_page_size: int,
        last_record: Record | None,
        last_page_token_value: Any | None,
    ) -> Any | None:
        (body,) = self.decoder.decode(response)
        if last_page_size < self._size or not last_record or not body.get("items"):
            return None
        return (last_page_token_value or 0) + last_page_size

    def get_page_size(self) -> int | None:
        return self._size
