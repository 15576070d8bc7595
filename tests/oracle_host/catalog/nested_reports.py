"""An extractor that unfolds reports, and a transformation that uses inputs and slice; both log, and one prints."""

import logging
from collections.abc import Iterable, Mapping
from dataclasses import InitVar, dataclass, field
from typing import Any

import requests
from airbyte_cdk.sources.declarative.decoders.decoder import Decoder
from airbyte_cdk.sources.declarative.decoders.json_decoder import JsonDecoder
from airbyte_cdk.sources.declarative.extractors.record_extractor import RecordExtractor
from airbyte_cdk.sources.declarative.transformations import RecordTransformation
from airbyte_cdk.sources.declarative.types import Config, Record, StreamSlice, StreamState
from airbyte_cdk.utils.datetime_helpers import ab_datetime_parse

logger = logging.getLogger("airbyte")


@dataclass
class ReportExtractor(RecordExtractor):
    parameters: InitVar[Mapping[str, Any]]
    config: Config
    field_path: list[str] | None = None
    decoder: Decoder = field(default_factory=lambda: JsonDecoder(parameters={}))

    def __post_init__(self, parameters: Mapping[str, Any]) -> None:
        self._unit = parameters.get("unit", "none")

    def extract_records(self, response: requests.Response) -> Iterable[Mapping[str, Any]]:
        for body in self.decoder.decode(response):
            logger.info("a report of %s rows", len(body["rows"]))
            for row in body["rows"]:
                named = dict(zip(body["header"], row, strict=True))
                yield {**named, "unit": self._unit, "source": response.request.url.split("?")[0][-7:]}


@dataclass
class AddSlice(RecordTransformation):
    parameters: InitVar[Mapping[str, Any]]

    def transform(
        self,
        record: Record,
        config: Config | None = None,
        stream_state: StreamState | None = None,
        stream_slice: StreamSlice | None = None,
    ) -> None:
        print("a transformation that prints", record)
        record["day"] = ab_datetime_parse(record.pop("at")).strftime("%Y-%m-%d")
        record["region"] = stream_slice["region"] if stream_slice else None
        record["account"] = (config or {})["account"]
        record.setdefault("labels", []).append(stream_slice.partition.get("region"))
        for key in [key for key in record if record[key] is None]:
            del record[key]
