"""Questions about records: decoders, extractors, transformations, normalization and selection."""

import base64
import copy
import io
import json

import requests
from airbyte_cdk.sources.declarative.models import declarative_component_schema as models
from airbyte_cdk.sources.declarative.parsers.model_to_component_factory import ModelToComponentFactory
from airbyte_cdk.sources.types import StreamSlice
from airbyte_cdk.sources.utils.transform import TransformConfig, TypeTransformer

FACTORY = ModelToComponentFactory()


def _component(definition, config):
    model = getattr(models, definition["type"])
    extra = {}
    if definition["type"] == "RecordSelector":
        extra = {
            "name": "stream",
            "transformations": [],
            "decoder": None,
            "client_side_incremental_sync": None,
        }
    return FACTORY.create_component(model, definition, config, **extra)


def _response(body):
    response = requests.Response()
    response.status_code = 200
    response.raw = io.BytesIO(body)
    response.url = "http://localhost/"
    response.request = requests.Request("GET", response.url).prepare()
    response.encoding = "utf-8"
    return response


def decode(definition, body):
    """The elements of a body (base64); a key None becomes the text "(None)"."""
    decoder = _component(definition, {})
    elements = list(decoder.decode(_response(base64.b64decode(body))))
    return [_textual(element) for element in elements]


def _textual(element):
    if isinstance(element, dict):
        return {"(None)" if key is None else key: value for key, value in element.items()}
    return element


def extract(definition, body, config):
    """What an extractor finds in a JSON body."""
    extractor = _component(definition, config)
    return list(extractor.extract_records(_response(json.dumps(body).encode())))


def _slice(stream_slice):
    return StreamSlice(partition=stream_slice or {}, cursor_slice={})


def transform(definitions, records, config, stream_slice):
    """The records after the transformations; a text where a record makes them fail."""
    transformations = [_component(definition, config) for definition in definitions]
    results = []
    for record in records:
        changed = copy.deepcopy(record)
        try:
            for transformation in transformations:
                transformation.transform(changed, config=config, stream_slice=_slice(stream_slice))
        except Exception as error:
            changed = f"failed: {type(error).__name__}"
        results.append(changed)
    return results


def normalize(schema, records):
    """The records after default normalization; a text where a record makes it fail."""
    transformer = TypeTransformer(TransformConfig.DefaultSchemaNormalization)
    results = []
    for record in records:
        changed = copy.deepcopy(record)
        try:
            transformer.transform(changed, schema)
        except Exception as error:
            changed = f"failed: {type(error).__name__}"
        results.append(changed)
    return results


def select(definition, transformations, schema, body, config):
    """The records that a selector gives for a JSON body; the slice is `{"part": "p1"}`."""
    selector = FACTORY.create_component(
        models.RecordSelector,
        definition,
        config,
        name="stream",
        transformations=[_component(item, config) for item in transformations],
        decoder=None,
        client_side_incremental_sync=None,
    )
    records = selector.select_records(
        _response(json.dumps(body).encode()),
        stream_state={},
        records_schema=schema,
        stream_slice=_slice({"part": "p1"}),
    )
    return [dict(record.data) for record in records]
