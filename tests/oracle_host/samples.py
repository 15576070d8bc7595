"""Does the reference take a sample's manifest, and what does it read with it?"""

import logging

import skipped_waits  # noqa: F401
import yaml
from airbyte_cdk.models import (
    ConfiguredAirbyteCatalog,
    ConfiguredAirbyteStream,
    DestinationSyncMode,
    SyncMode,
    Type,
)
from airbyte_cdk.sources.declarative.concurrent_declarative_source import ConcurrentDeclarativeSource


def streams(path, config):
    """Validate the manifest and build its streams; their names."""
    return [stream.name for stream in _source(path, config).streams(config)]


def read(path, config, stream_name):
    """The records of one stream, and the status the stream ended with."""
    source = _source(path, config)
    (stream,) = [found for found in source.discover(None, config).streams if found.name == stream_name]
    configured = ConfiguredAirbyteStream(
        stream=stream, sync_mode=SyncMode.full_refresh, destination_sync_mode=DestinationSyncMode.append
    )
    catalog = ConfiguredAirbyteCatalog(streams=[configured])
    messages = list(source.read(logging.getLogger("airbyte"), config, catalog, []))
    statuses = [m.trace.stream_status.status.value for m in messages if m.type == Type.TRACE and m.trace.stream_status]
    return {
        "records": [message.record.data for message in messages if message.type == Type.RECORD],
        "status": statuses[-1],
    }


def _source(path, config):
    with open(path, encoding="utf-8") as file:
        manifest = _with_known_verbs(yaml.safe_load(file))
    return ConcurrentDeclarativeSource(config=config, catalog=None, state=[], source_config=manifest)


def _with_known_verbs(node):
    """The manifest with POST in place of the methods that only Longhaul knows."""
    if isinstance(node, dict):
        return {
            key: "POST" if key == "http_method" and value not in ("GET", "POST") else _with_known_verbs(value)
            for key, value in node.items()
        }
    return [_with_known_verbs(item) for item in node] if isinstance(node, list) else node
