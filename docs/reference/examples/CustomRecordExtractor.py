from collections.abc import Mapping
from dataclasses import InitVar, dataclass, field
from typing import Any

from airbyte_cdk.sources.declarative.decoders import Decoder, JsonDecoder
from airbyte_cdk.sources.declarative.extractors.record_extractor import RecordExtractor


@dataclass
class Keyed(RecordExtractor):
    config: Mapping[str, Any]
    parameters: InitVar[Mapping[str, Any]]
    key_field: str
    decoder: Decoder = field(default_factory=lambda: JsonDecoder(parameters={}))

    def extract_records(self, response):
        for body in self.decoder.decode(response):
            for key, record in body.items():
                yield {self.key_field: key, **record}
