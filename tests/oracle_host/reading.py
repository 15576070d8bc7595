"""What the reference reads with a manifest, and the state it ends with."""

import logging

import skipped_waits  # noqa: F401
from airbyte_cdk.models import (
    AirbyteStateMessageSerializer,
    ConfiguredAirbyteCatalog,
    ConfiguredAirbyteStream,
    DestinationSyncMode,
    SyncMode,
    Type,
)
from airbyte_cdk.sources.declarative.concurrent_declarative_source import ConcurrentDeclarativeSource


def read(manifest, config, stream_name, state=None, told_of_catalog=False):
    """The records of one stream, its last state, and the status that it ended with.

    Only a source that is told of the catalog from the beginning, as on Airbyte's platform, knows what is selected.
    """
    messages = [_state_message(stream_name, state)] if state else []
    source = ConcurrentDeclarativeSource(config=config, catalog=None, state=messages, source_config=manifest)
    (stream,) = [found for found in source.discover(None, config).streams if found.name == stream_name]
    configured = ConfiguredAirbyteStream(
        stream=stream, sync_mode=SyncMode.incremental, destination_sync_mode=DestinationSyncMode.append
    )
    catalog = ConfiguredAirbyteCatalog(streams=[configured])
    if told_of_catalog:
        source = ConcurrentDeclarativeSource(config=config, catalog=catalog, state=messages, source_config=manifest)
    records, states, statuses = [], [], []
    try:
        for message in source.read(logging.getLogger("airbyte"), config, catalog, messages):
            if message.type == Type.RECORD:
                records.append(message.record.data)
            elif message.type == Type.STATE:
                states.append(message.state.stream.stream_state.__dict__)
            elif message.type == Type.TRACE and message.trace.stream_status:
                statuses.append(message.trace.stream_status.status.value)
    except Exception:  # a stream failed: the status says so
        pass
    return {"records": records, "state": states[-1] if states else None, "status": statuses[-1]}


def _state_message(stream_name, state):
    blob = {"stream_descriptor": {"name": stream_name}, "stream_state": state}
    return AirbyteStateMessageSerializer.load({"type": "STREAM", "stream": blob})
