"""A retriever that reads twice: what the first request names is asked for with a second one."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from airbyte_cdk.sources.declarative.retrievers import SimpleRetriever
from airbyte_cdk.sources.declarative.types import StreamSlice
from airbyte_cdk.sources.streams.core import StreamData


@dataclass
class Detailed(SimpleRetriever):
    def read_records(
        self, records_schema: Mapping[str, Any], stream_slice: StreamSlice | None = None
    ) -> Iterable[StreamData]:
        for record in super().read_records(records_schema, stream_slice):
            answer = self.requester.send_request(path=f"/detail/{record['n']}", stream_slice=stream_slice)
            record.data.update(answer.json())
            yield record
