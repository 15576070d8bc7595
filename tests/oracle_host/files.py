"""The files that the reference downloads for records."""

import logging
import os

import airbyte_cdk.sources.utils.files_directory as place
from airbyte_cdk.models import (
    ConfiguredAirbyteCatalog,
    ConfiguredAirbyteStream,
    DestinationSyncMode,
    SyncMode,
    Type,
)
from airbyte_cdk.sources.declarative.concurrent_declarative_source import ConcurrentDeclarativeSource


def read(manifest, config, stream_name, folder):
    """The records of a stream with what is said of their files, and the content of every file in the folder."""
    place.AIRBYTE_STAGING_DIRECTORY = folder
    source = ConcurrentDeclarativeSource(config=config, catalog=None, state=[], source_config=manifest)
    (stream,) = [found for found in source.discover(None, config).streams if found.name == stream_name]
    configured = ConfiguredAirbyteStream(
        stream=stream, sync_mode=SyncMode.full_refresh, destination_sync_mode=DestinationSyncMode.append
    )
    messages = source.read(logging.getLogger("airbyte"), config, ConfiguredAirbyteCatalog(streams=[configured]), [])
    records = []
    try:
        for message in messages:
            if message.type == Type.RECORD:
                file = message.record.file_reference
                records.append([message.record.data, file and vars(file)])
    except Exception:  # the stream failed: there are fewer records
        pass
    files = {}
    for root, _, names in os.walk(folder):
        for name in names:
            path = os.path.join(root, name)
            with open(path, "rb") as file:
                files[os.path.relpath(path, folder)] = file.read().decode("latin-1")
    return {"records": records, "files": files, "is_file_based": stream.is_file_based}
