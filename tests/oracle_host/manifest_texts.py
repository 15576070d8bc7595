"""What the reference reads with a manifest as it is written in a file."""

import json
import logging

from airbyte_cdk.models import (
    ConfiguredAirbyteCatalog,
    ConfiguredAirbyteStream,
    DestinationSyncMode,
    SyncMode,
    Type,
)
from airbyte_cdk.sources.declarative.concurrent_declarative_source import (
    ConcurrentDeclarativeSource,
    get_declarative_component_schema,
)
from airbyte_cdk.utils.yaml_loader import safe_load_yaml
from reading import read as read_stream


def read(text, config, stream_name):
    """The records of one stream, and whether it was read to its end; or why the reference does not begin."""
    try:
        told = read_stream(safe_load_yaml(text), config, stream_name)
    except Exception as error:
        cause = error.__cause__ or error
        words = getattr(cause, "message", None) or f"{type(cause).__name__}: {cause}"
        return {"records": [], "complete": False, "refused": words[:500]}
    return {"records": told["records"], "complete": told["status"] == "COMPLETE", "refused": None}


def read_all(text, config, names):
    """The records of several streams, read in one run."""
    source = ConcurrentDeclarativeSource(config=config, catalog=None, state=[], source_config=safe_load_yaml(text))
    found = {stream.name: stream for stream in source.discover(None, config).streams}
    catalog = ConfiguredAirbyteCatalog(
        streams=[
            ConfiguredAirbyteStream(
                stream=found[name],
                sync_mode=SyncMode.full_refresh,
                destination_sync_mode=DestinationSyncMode.overwrite,
            )
            for name in names
        ]
    )
    records = {name: [] for name in names}
    for message in source.read(logging.getLogger("airbyte"), config, catalog, []):
        if message.type == Type.RECORD:
            records[message.record.stream].append(message.record.data)
    return records


def refuses(text):
    """Why the reference does not take a manifest; None when it does."""
    try:
        ConcurrentDeclarativeSource(config={}, catalog=None, state=[], source_config=safe_load_yaml(text))
    except Exception as error:
        return str(error.__cause__ or error)[:300]
    return None


def schema():
    """The JSON Schema that the reference checks manifests by."""
    return json.loads(json.dumps(get_declarative_component_schema(), default=str))
