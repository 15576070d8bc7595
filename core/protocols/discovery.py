"""`discover`: the streams as Airbyte's catalog describes them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from core.components.stream import DeclarativeStream
from core.connector import Connector
from core.errors import ReadError
from core.events import Event
from core.levels import Level
from core.progress.sentences import event_line
from core.protocols import messages
from core.protocols.errors import SourceError
from core.protocols.log import MessageLog
from core.reading import Reader
from core.runtime.context import Context
from core.wording import clean


async def discover(connector: Connector, reader: Reader, *, log: MessageLog) -> int:
    """Send the catalog. Streams that can't be read are left out of it.

    Raises `SourceError`, too, where it is not known which streams there are: the others are no complete catalog.
    """
    for name in connector.unmade:
        raise SourceError(" ".join(map(str, connector.broken[name])))
    _say_what_is_missing(connector, log)

    def tell(event: Event) -> None:
        if line := event_line(event):
            level, text = line
            log.log(level, clean(reader.mask(text)))

    there = [connector.stream(name).described for name in connector.stream_names if name not in connector.broken]
    streams = [await _described(stream, reader.context(stream.name, tell), reader.mask) for stream in there]
    log.writer.send(messages.catalog(streams))
    return 0


def _say_what_is_missing(connector: Connector, log: MessageLog) -> None:
    for name, problems in connector.broken.items():
        reasons = "; ".join(map(str, problems))
        log.log(Level.ERROR, f"The stream `{name}` is left out, for it can't be read: {reasons}")


async def _described(stream: DeclarativeStream, context: Context, mask: Callable[[str], str]) -> dict[str, Any]:
    """A stream of the catalog."""
    try:
        schema = await stream.load_schema(context)
        cursor_field = stream.cursor_field(context)
    except ReadError as error:
        text = mask(str(error))
        raise SourceError(f"The stream `{stream.name}` can't be described. {text}") from None
    described: dict[str, Any] = {
        "name": stream.name,
        "json_schema": messages.without_nulls(schema),
        "supported_sync_modes": ["full_refresh"],
    }
    if cursor_field is not None:
        described["supported_sync_modes"] = ["full_refresh", "incremental"]
        described["source_defined_cursor"] = not getattr(
            stream.incremental_sync, "allow_catalog_defined_cursor_field", False
        )
        described["default_cursor_field"] = [cursor_field]
    if stream.primary_key_paths:
        described["source_defined_primary_key"] = stream.primary_key_paths
    return {**described, "is_resumable": cursor_field is not None, "is_file_based": stream.file_uploader is not None}
