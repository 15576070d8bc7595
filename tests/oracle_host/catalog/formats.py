"""A decoder of archives, a schema by the inputs, values in its types, and a filter."""

import csv
import gzip
import io
from collections.abc import Iterable, Mapping
from dataclasses import InitVar, dataclass
from typing import Any

import requests
from airbyte_cdk.sources.declarative.decoders import Decoder
from airbyte_cdk.sources.declarative.extractors.record_filter import RecordFilter
from airbyte_cdk.sources.declarative.schema import SchemaLoader
from airbyte_cdk.sources.declarative.types import Config
from airbyte_cdk.sources.utils.transform import TransformConfig, TypeTransformer


@dataclass
class GzipCsv(Decoder):
    parameters: InitVar[Mapping[str, Any]]

    def is_stream_response(self) -> bool:
        return False

    def decode(self, response: requests.Response):
        text = gzip.decompress(response.content).decode("iso-8859-1")
        yield from csv.DictReader(io.StringIO(text, newline="\n"), dialect="excel")


@dataclass
class ByInputs(SchemaLoader):
    config: Config
    parameters: InitVar[Mapping[str, Any]]

    def get_json_schema(self) -> Mapping[str, Any]:
        types = {"n": "integer", self.config["account"]: "string", "price": "number"}
        return {"type": "object", "properties": {name: {"type": ["null", kind]} for name, kind in types.items()}}


class EmptyIsNull(TypeTransformer):
    def __init__(self, *args, **kwargs):
        super().__init__(TransformConfig.DefaultSchemaNormalization | TransformConfig.CustomSchemaNormalization)
        self.registerCustomTransform(self.changed)

    @staticmethod
    def changed(value: Any, schema: dict[str, Any]) -> Any:
        return None if value in ("", "-") and "null" in schema.get("type", []) else value


@dataclass
class NoTests(RecordFilter):
    def filter_records(
        self, records: Iterable[Mapping[str, Any]], stream_state, stream_slice=None, next_page_token=None
    ):
        for record in records:
            if not record["name"].startswith("test"):
                yield record
