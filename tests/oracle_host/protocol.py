"""How the reference speaks the protocol, where its command line can't be asked."""

import json
import logging

from airbyte_cdk.entrypoint import AirbyteEntrypoint
from airbyte_cdk.models import AirbyteMessage, Type
from airbyte_cdk.sources.declarative.concurrent_declarative_source import ConcurrentDeclarativeSource
from samples import _with_known_verbs


def spec(manifest):
    """The SPEC message of a connector that comes with its manifest."""
    source = ConcurrentDeclarativeSource(config=None, catalog=None, state=None, source_config=manifest)
    message = AirbyteMessage(type=Type.SPEC, spec=source.spec(logging.getLogger("airbyte")))
    return json.loads(AirbyteEntrypoint.airbyte_message_to_string(message))


def catalog(manifest, config):
    """The CATALOG message, or the type and message of what it raises."""
    source = ConcurrentDeclarativeSource(
        config=config, catalog=None, state=None, source_config=_with_known_verbs(manifest)
    )
    message = AirbyteMessage(type=Type.CATALOG, catalog=source.discover(logging.getLogger("airbyte"), config))
    return json.loads(AirbyteEntrypoint.airbyte_message_to_string(message))
