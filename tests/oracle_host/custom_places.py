"""A custom component for each place of the manifest language that takes one; each notes that it was asked."""

from collections.abc import Mapping
from dataclasses import InitVar, dataclass
from typing import Any

from airbyte_cdk.sources.declarative.auth.declarative_authenticator import DeclarativeAuthenticator
from airbyte_cdk.sources.declarative.decoders import Decoder
from airbyte_cdk.sources.declarative.extractors.record_extractor import RecordExtractor
from airbyte_cdk.sources.declarative.extractors.record_filter import RecordFilter
from airbyte_cdk.sources.declarative.migrations.state_migration import StateMigration
from airbyte_cdk.sources.declarative.partition_routers import ListPartitionRouter
from airbyte_cdk.sources.declarative.requesters import HttpRequester
from airbyte_cdk.sources.declarative.requesters.error_handlers import BackoffStrategy, DefaultErrorHandler
from airbyte_cdk.sources.declarative.requesters.paginators.strategies import PageIncrement
from airbyte_cdk.sources.declarative.retrievers import SimpleRetriever
from airbyte_cdk.sources.declarative.schema import SchemaLoader
from airbyte_cdk.sources.declarative.transformations import RecordTransformation
from airbyte_cdk.sources.declarative.transformations.config_transformations.config_transformation import (
    ConfigTransformation,
)
from airbyte_cdk.sources.declarative.validators import ValidationStrategy
from airbyte_cdk.sources.utils.transform import TransformConfig, TypeTransformer

LOG = "LOG_FILE"


@dataclass(kw_only=True)
class Noted:
    """Where the component stands, as its definition says."""

    place: str = ""

    def note(self):
        with open(LOG, "a") as log:
            log.write(self.place + "\n")


@dataclass
class Extractor(Noted, RecordExtractor):
    key: str = "items"

    def extract_records(self, response):
        self.note()
        found = response.json()[self.key]
        yield from found if isinstance(found, list) else [found]


@dataclass
class Transformation(Noted, RecordTransformation):
    def transform(self, record, config=None, stream_state=None, stream_slice=None):
        self.note()


@dataclass
class Filter(Noted, RecordFilter):
    condition: str = ""

    def filter_records(self, records, stream_state, stream_slice=None, next_page_token=None):
        self.note()
        return records


class Normalization(TypeTransformer):
    place: str

    def __init__(self, place, **_):
        super().__init__(TransformConfig.NoTransform)
        self.noted = Noted(place=place)

    def transform(self, record, schema):
        self.noted.note()


@dataclass
class Authenticator(Noted, DeclarativeAuthenticator):
    auth_header = "X-Kind"

    @property
    def token(self):
        self.note()
        return "kind"


@dataclass
class Requester(HttpRequester, Noted):
    def send_request(self, **asked):
        self.note()
        return super().send_request(**asked)


@dataclass
class Router(ListPartitionRouter, Noted):
    def stream_slices(self):
        self.note()
        return super().stream_slices()


@dataclass
class Pages(PageIncrement, Noted):
    def next_page_token(self, response, last_page_size, last_record, last_page_token_value=None):
        self.note()


@dataclass
class Handler(DefaultErrorHandler, Noted):
    def interpret_response(self, response_or_exception):
        self.note()
        return super().interpret_response(response_or_exception)


@dataclass
class Wait(Noted, BackoffStrategy):
    def backoff_time(self, response_or_exception, attempt_count):
        self.note()
        return 0.01


@dataclass
class Schema(Noted, SchemaLoader):
    def get_json_schema(self):
        self.note()
        return {"type": "object", "properties": {"n": {"type": "integer"}}}


@dataclass
class Migration(Noted, StateMigration):
    def should_migrate(self, stream_state):
        return True

    def migrate(self, stream_state):
        self.note()
        return stream_state


@dataclass
class Format(Noted, Decoder):
    def is_stream_response(self):
        return False

    def decode(self, response):
        self.note()
        yield response.json()


@dataclass
class Inputs(Noted, ConfigTransformation):
    place: str = "ConfigNormalizationRules.transformations"  # airbyte-cdk hands it none of its fields

    def transform(self, config):
        self.note()


@dataclass
class OlderInputs(Inputs):
    place: str = "ConfigMigration.transformations"


@dataclass
class Check(Noted, ValidationStrategy):
    def validate(self, value):
        self.note()


@dataclass
class Whole(SimpleRetriever, Noted):
    config: Mapping[str, Any]
    parameters: InitVar[Mapping[str, Any]]

    def read_records(self, records_schema, stream_slice=None):
        self.note()
        yield from super().read_records(records_schema, stream_slice)
