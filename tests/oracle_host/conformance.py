"""What the reference says to the commands of the protocol: its messages."""

import contextlib
import json
import logging
import os

import airbyte_cdk.sources.utils.files_directory as place
import skipped_waits  # noqa: F401
from airbyte_cdk.entrypoint import AirbyteEntrypoint
from airbyte_cdk.models import (
    AirbyteCatalog,
    AirbyteMessage,
    AirbyteStateMessageSerializer,
    ConfiguredAirbyteCatalogSerializer,
    Type,
)
from airbyte_cdk.sources.declarative.concurrent_declarative_source import ConcurrentDeclarativeSource

LOGGER = logging.getLogger("airbyte")
os.environ["AIRBYTE_ENABLE_UNSAFE_CODE"] = "true"


def spec(manifest, config):
    """The SPEC message."""
    return _said([AirbyteMessage(type=Type.SPEC, spec=_source(manifest, config).spec(LOGGER))])


def check(manifest, config):
    """The CONNECTION_STATUS message."""
    source = _source(manifest, config)
    return _said([AirbyteMessage(type=Type.CONNECTION_STATUS, connectionStatus=source.check(LOGGER, config))])


def discover(manifest, config):
    """The CATALOG message."""
    catalog = AirbyteCatalog(streams=_source(manifest, config).discover(LOGGER, config).streams)
    return _said([AirbyteMessage(type=Type.CATALOG, catalog=catalog)])


def read(manifest, config, catalog, states, folder=None):
    """The messages of a read; a read that fails ends with what it said until then. `folder`: for files of records."""
    if folder:
        place.AIRBYTE_STAGING_DIRECTORY = folder
    configured = ConfiguredAirbyteCatalogSerializer.load(catalog)
    begun = [AirbyteStateMessageSerializer.load(state) for state in states or ()]
    source = ConcurrentDeclarativeSource(config=config, catalog=configured, state=begun, source_config=manifest)
    messages = []
    with contextlib.suppress(Exception):  # the statuses of the streams say so
        messages.extend(source.read(LOGGER, config, configured, begun))
    return _said(messages)


def _source(manifest, config):
    return ConcurrentDeclarativeSource(config=config, catalog=None, state=[], source_config=manifest)


def _said(messages):
    return [json.loads(AirbyteEntrypoint.airbyte_message_to_string(message)) for message in messages]
