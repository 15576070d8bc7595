"""Custom components as connectors have them: one or two for each role. Both runtimes read this as `components.py`."""

import os
import time
from collections.abc import Mapping
from dataclasses import InitVar, dataclass, field
from typing import Any

import requests
from airbyte_cdk.sources.declarative.auth.declarative_authenticator import DeclarativeAuthenticator
from airbyte_cdk.sources.declarative.decoders import Decoder, JsonDecoder
from airbyte_cdk.sources.declarative.extractors import DpathExtractor
from airbyte_cdk.sources.declarative.extractors.record_extractor import RecordExtractor
from airbyte_cdk.sources.declarative.extractors.record_filter import RecordFilter
from airbyte_cdk.sources.declarative.migrations.state_migration import StateMigration
from airbyte_cdk.sources.declarative.partition_routers import PartitionRouter, SubstreamPartitionRouter
from airbyte_cdk.sources.declarative.requesters import HttpRequester
from airbyte_cdk.sources.declarative.requesters.error_handlers import BackoffStrategy, DefaultErrorHandler
from airbyte_cdk.sources.declarative.requesters.paginators.strategies import PageIncrement
from airbyte_cdk.sources.declarative.requesters.paginators.strategies.pagination_strategy import PaginationStrategy
from airbyte_cdk.sources.declarative.retrievers import SimpleRetriever
from airbyte_cdk.sources.declarative.schema import SchemaLoader
from airbyte_cdk.sources.declarative.transformations import RecordTransformation
from airbyte_cdk.sources.declarative.transformations.config_transformations.config_transformation import (
    ConfigTransformation,
)
from airbyte_cdk.sources.declarative.validators import ValidationStrategy
from airbyte_cdk.sources.streams.http.error_handlers import ErrorHandler
from airbyte_cdk.sources.streams.http.error_handlers.response_models import ErrorResolution, ResponseAction
from airbyte_cdk.sources.types import StreamSlice
from airbyte_cdk.sources.utils.transform import TransformConfig, TypeTransformer

print("what the code prints goes nowhere")


@dataclass
class Columns(RecordExtractor):
    """Columns to records; what it sees of the response goes into them."""

    config: Mapping[str, Any]
    parameters: InitVar[Mapping[str, Any]]
    decoder: Decoder = field(default_factory=lambda: JsonDecoder(parameters={}))
    names: list[str] | None = None

    def __post_init__(self, parameters):
        self._of = (parameters or {}).get("name")

    def extract_records(self, response):
        for body in self.decoder.decode(response):
            for number, value in enumerate(body["items"]):
                yield {
                    "n": value["n"],
                    "names": self.names,
                    "stream": self._of,
                    "config": self.config.get("kind"),
                    "status": response.status_code,
                    "header": response.headers["X-Answer"],
                    "page": response.request.headers.get("X-Kind"),
                    "path": response.url.split("/", 3)[3],
                    "number": number,
                }


@dataclass
class At(RecordExtractor):
    """What is at a key: the items of a list, or the value itself."""

    key: str = ""

    def extract_records(self, response):
        found = response.json().get(self.key + "", [])
        yield from found if isinstance(found, list) else [found]


@dataclass
class Inner(DpathExtractor):
    """Built on an extractor of airbyte-cdk."""

    def extract_records(self, response):
        for record in super().extract_records(response):
            yield {**record, "inner": True}


@dataclass
class Marks(RecordTransformation):
    """Changes a record in place."""

    label: str = "none"

    def transform(self, record, config=None, stream_state=None, stream_slice=None):
        record["label"] = self.label
        record["kind"] = (config or {}).get("kind")
        record["slice"] = dict(stream_slice or {})
        record.pop("noise", None)


@dataclass
class EveryOther(RecordFilter):
    """Looks at the records of a page together."""

    def filter_records(self, records, stream_state, stream_slice=None, next_page_token=None):
        for number, record in enumerate(records):
            if number % 2 == 0:
                yield record


@dataclass
class Signed(DeclarativeAuthenticator):
    """Signs what it sees of a request."""

    config: Mapping[str, Any]
    parameters: InitVar[Mapping[str, Any]]

    @property
    def auth_header(self):
        return "X-Kind"

    @property
    def token(self):
        return "signed-" + self.config["kind"]

    def get_request_params(self):
        return {"key": "secret-" + self.config["kind"]}


@dataclass
class Header(DeclarativeAuthenticator):
    """Changes the request itself."""

    config: Mapping[str, Any]
    auth_header = ""
    token = ""

    def get_auth_header(self):
        return {}

    def __call__(self, request):
        request.headers["X-Kind"] = f"{request.method}-called-{self.config['kind']}"
        request.prepare_url(request.url, {"signature": len(request.url.partition("?")[2])})
        return request


@dataclass
class InQueryAndBody(DeclarativeAuthenticator):
    """Signs the query and the body."""

    config: Mapping[str, Any]
    auth_header = ""
    token = ""

    def get_auth_header(self):
        return {}

    def __call__(self, request):
        request.prepare_url(request.url, {"signature": "query-" + self.config["kind"]})
        request.prepare_body(None, None, {"signature": "body-" + self.config["kind"], "items": [1]})
        return request


@dataclass
class OnItsOwn(DeclarativeAuthenticator):
    """Asks for its token itself."""

    config: Mapping[str, Any]
    login: str = ""

    @property
    def auth_header(self):
        return "X-Kind"

    @property
    def token(self):
        return requests.get(self.config["login"], timeout=20).json()["token"]


@dataclass
class Lower(HttpRequester):
    """A requester of airbyte-cdk with a header of its own."""

    def get_request_headers(self, **asked):
        slice_ = asked.get("stream_slice") or {}
        return {"X-Kind": f"custom {dict(slice_)} {asked.get('next_page_token')}"}


@dataclass
class Regions(PartitionRouter):
    """Partitions from the inputs, with a parameter for each."""

    config: Mapping[str, Any]
    parameters: InitVar[Mapping[str, Any]]

    def stream_slices(self):
        for region in self.config["regions"]:
            yield StreamSlice(partition={"region": region}, cursor_slice={}, extra_fields={"long": region * 3})

    def get_request_params(self, *, stream_state=None, stream_slice=None, next_page_token=None):
        return {"region": stream_slice["region"]}

    def get_request_headers(self, *, stream_state=None, stream_slice=None, next_page_token=None):
        return {"X-Kind": stream_slice["region"].upper()}

    def get_request_body_data(self, *, stream_state=None, stream_slice=None, next_page_token=None):
        return {}

    def get_request_body_json(self, *, stream_state=None, stream_slice=None, next_page_token=None):
        return {}

    def get_stream_state(self):
        return None


@dataclass
class Owners(SubstreamPartitionRouter):
    """Partitions of a parent stream that airbyte-cdk reads."""

    def stream_slices(self):
        for one in super().stream_slices():
            yield StreamSlice(partition={**one.partition, "owner": f"o{one['owner']}"}, cursor_slice={})


@dataclass
class Next(PaginationStrategy):
    """The token is in a header of the response."""

    config: Mapping[str, Any]
    parameters: InitVar[Mapping[str, Any]]
    page_size: int = 2

    @property
    def initial_token(self):
        return "first"

    def next_page_token(self, response, last_page_size, last_record, last_page_token_value=None):
        last = (last_record or {}).get("n")
        if last_page_size < self.page_size:
            return None
        return f"{response.json()['token']}-{last_page_size}-{last}-{last_page_token_value}"

    def get_page_size(self):
        return self.page_size


@dataclass
class Resized(Next):
    """Is told when a page was requested with fewer records."""

    def next_page_token(
        self, response, last_page_size, last_record, last_page_token_value=None, page_size_override=None
    ):
        if last_page_size < (page_size_override or self.page_size):
            return None
        return f"{last_record['n']}-{page_size_override}"


@dataclass
class Twice(PageIncrement):
    """Skips every other page."""

    def next_page_token(self, response, last_page_size, last_record, last_page_token_value=None):
        token = super().next_page_token(response, last_page_size, last_record, last_page_token_value)
        return token and token + 1


@dataclass
class Patient(DefaultErrorHandler):
    """A 400 that says so is repeated; a 404 is ignored."""

    def interpret_response(self, response_or_exception):
        if isinstance(response_or_exception, requests.Response):
            if response_or_exception.status_code == 400 and response_or_exception.json()["again"]:
                return ErrorResolution(ResponseAction.RETRY, None, "again")
            if response_or_exception.status_code == 404:
                return ErrorResolution(ResponseAction.IGNORE, None, "nothing")
        return super().interpret_response(response_or_exception)


class Plain(ErrorHandler):
    """All that a handler has to have."""

    @property
    def max_retries(self):
        return 2

    @property
    def max_time(self):
        return 60

    def interpret_response(self, response_or_exception):
        if response_or_exception.ok:
            return ErrorResolution(ResponseAction.SUCCESS, None, None)
        return ErrorResolution(ResponseAction.RETRY, None, "plainly")


@dataclass
class FromBody(BackoffStrategy):
    """The wait is in the body."""

    parameters: InitVar[Mapping[str, Any]]
    config: Mapping[str, Any]

    def backoff_time(self, response_or_exception, attempt_count):
        return response_or_exception.json()["wait"] * attempt_count


@dataclass
class Typed(SchemaLoader):
    """A schema by the inputs."""

    config: Mapping[str, Any]

    def get_json_schema(self):
        return {"type": "object", "properties": {self.config["kind"]: {"type": "string"}, "n": {"type": "string"}}}


@dataclass
class Renamed(StateMigration):
    """The cursor had another name once."""

    declarative_stream: Any
    config: Mapping[str, Any]

    def should_migrate(self, stream_state):
        return "date" in stream_state

    def migrate(self, stream_state):
        return {self.declarative_stream.incremental_sync.cursor_field: stream_state["date"]}


@dataclass
class Lines(Decoder):
    """Numbers, one a line."""

    def is_stream_response(self):
        return False

    def decode(self, response):
        yield {"items": [{"n": int(line)} for line in response.text.split()], "kind": response.headers["X-Answer"]}


@dataclass
class Region(ConfigTransformation):
    """One region becomes a list."""

    def transform(self, config):
        config["regions"] = [config.pop("region")]


@dataclass
class Short(ValidationStrategy):
    """At most so many."""

    def validate(self, value):
        if len(value) > 1:
            raise ValueError("one region at a time")


class Texts(TypeTransformer):
    """Numbers become texts in quotes."""

    def __init__(self, *args, **kwargs):
        super().__init__(TransformConfig.CustomSchemaNormalization)
        self.registerCustomTransform(lambda value, schema: f"<{value}>" if schema.get("type") == "string" else value)


@dataclass
class Whole(SimpleRetriever):
    """A retriever of airbyte-cdk that adds to its records."""

    def read_records(self, records_schema, stream_slice=None):
        for record in super().read_records(records_schema, stream_slice):
            record.data["whole"] = True
            yield record


@dataclass
class Bad(RecordTransformation):
    """Does what code should not do, as its field says."""

    what: str = ""

    def transform(self, record, config=None, stream_state=None, stream_slice=None):
        if self.what == "raises":
            raise RuntimeError(f"no good with {config['kind']}")
        if self.what == "prints":
            print("printed " * 1000, flush=True)
            os.write(1, b"\x00\x01 not for anybody\n")
        if self.what == "dies":
            os._exit(3)
        if self.what == "hangs":
            time.sleep(1000)
        if self.what == "environment":
            record["environment"] = sorted(os.environ)
        if self.what == "large":
            record["n"] = "x" * 2_000_000
