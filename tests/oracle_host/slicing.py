"""Slices, state, partitions and page tokens of the reference."""

import json
from types import SimpleNamespace

import requests
from airbyte_cdk.sources.connector_state_manager import ConnectorStateManager
from airbyte_cdk.sources.declarative.models import declarative_component_schema as models
from airbyte_cdk.sources.declarative.parsers.model_to_component_factory import ModelToComponentFactory
from airbyte_cdk.sources.declarative.partition_routers import CartesianProductStreamSlicer
from airbyte_cdk.sources.types import Record, StreamSlice


class _Partition(SimpleNamespace):
    def to_slice(self):
        return self.slice


def _datetime_cursor(definition, config, state):
    return ModelToComponentFactory().create_concurrent_cursor_from_datetime_based_cursor(
        model_type=models.DatetimeBasedCursor,
        component_definition={"type": "DatetimeBasedCursor", **definition},
        stream_name="s",
        stream_namespace=None,
        config=config,
        stream_state=json.loads(json.dumps(state)),
    )


def windows(definition, config, state):
    """The windows that a DatetimeBasedCursor reads."""
    return [list(s.cursor_slice.values()) for s in _datetime_cursor(definition, config, state).stream_slices()]


def state_after(definition, config, state, closings):
    """The states after closing slices: `closings` are [index of the slice, [cursor values of its records]]."""
    cursor = _datetime_cursor(definition, config, state)
    slices = list(cursor.stream_slices())
    states = [dict(cursor.state)]
    for index, values in closings:
        for value in values:
            data = {definition["cursor_field"]: value}
            cursor.observe(Record(data=data, stream_name="s", associated_slice=slices[index]))
        cursor.close_partition(_Partition(slice=slices[index]))
        states.append(dict(cursor.state))
    return states


def _component(config, definition):
    factory = ModelToComponentFactory()
    model = getattr(models, definition["type"]).parse_obj(definition)
    return factory._create_component_from_model(model, config=config, stream_name="s")


def _router(definitions, config):
    routers = [_component(config, definition) for definition in definitions]
    return routers[0] if len(routers) == 1 else CartesianProductStreamSlicer(routers, parameters={})


def partitions(definitions, config):
    """The partitions of a router, of the product when there are several."""
    return [dict(s.partition) for s in _router(definitions, config).stream_slices()]


def product_params(definitions, config, partition):
    """The query parameters that several list routers add for a partition."""
    slice_ = StreamSlice(partition=partition, cursor_slice={})
    return _router(definitions, config).get_request_params(stream_slice=slice_)


def migrated(stream, state):
    """The state of a stream after the migrations that the stream names."""
    model = models.DeclarativeStream.parse_obj(stream)
    factory = ModelToComponentFactory()
    found = [factory._create_component_from_model(one, {}, declarative_stream=model) for one in model.state_migrations]
    return factory.apply_stream_state_migrations(found, state)


def per_partition(definition, router, state, readings):
    """Slices of a partitioned stream, and its final state.

    `readings` maps a partition's value (as JSON when it is no text) to the cursor values found in its first slice;
    partitions left out stay open.
    """
    cursor = ModelToComponentFactory().create_concurrent_cursor_from_perpartition_cursor(
        state_manager=ConnectorStateManager(),
        model_type=models.DatetimeBasedCursor,
        component_definition={"type": "DatetimeBasedCursor", **definition},
        stream_name="s",
        stream_namespace=None,
        config={},
        stream_state=json.loads(json.dumps(state)),
        partition_router=_component({}, router),
    )
    slices = list(cursor.stream_slices())
    seen = set()
    for slice_ in slices:
        value = slice_.partition["id"]
        key = value if isinstance(value, str) else json.dumps(value)
        if key not in readings:
            continue
        for value in readings[key] if key not in seen else []:
            data = {definition["cursor_field"]: value}
            cursor.observe(Record(data=data, stream_name="s", associated_slice=slice_))
        seen.add(key)
        cursor.close_partition(_Partition(slice=slice_))
    cursor.ensure_at_least_one_state_emitted()
    return {"slices": [dict(s) for s in slices], "state": cursor.state}


def tokens(strategy, config, pages):
    """The tokens with which pages are asked for, until the reference stops.

    `pages` are {"body", "headers", "records"}; the last record is the last of `records`.
    """
    component = _component(config, strategy)
    token, asked = component.initial_token, []
    for page in pages:
        asked.append(token)
        response = requests.Response()
        response.status_code = 200
        response._content = json.dumps(page["body"]).encode()
        response.headers.update(page.get("headers", {}))
        records = page["records"]
        last_record = records[-1] if records else None
        token = component.next_page_token(response, len(records), last_record, token)
        if not token:
            return asked
    return [*asked, token]
