"""Events without secrets, and with texts from elsewhere made fit to be printed, for all who print them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from core.events import (
    Event,
    ExchangeFinished,
    JobChanged,
    Log,
    SliceFinished,
    StatusMissing,
    StatusUnmapped,
    StreamFinished,
)
from core.http.exchange import Exchange
from core.levels import Level
from core.wording import clean as printable
from core.wording import on_one_line

Mask = Callable[[str], str]
"""Takes the secrets out of a text."""


def masked(event: Event, mask: Mask) -> Event:
    """The event as it may leave a read; see `core.wording`."""

    def clean(text: str) -> str:
        return on_one_line(mask(text))

    match event:
        case Log(level=Level.DEBUG):  # may be a traceback
            return replace(event, message=printable(mask(event.message)))
        case Log():
            return replace(event, message=clean(event.message))
        case ExchangeFinished(exchange=exchange):
            return replace(event, exchange=_printable(exchange))
        case StatusUnmapped():
            return replace(event, status=clean(event.status))
        case StatusMissing():
            return replace(event, found=clean(event.found))
        case JobChanged():
            return replace(event, **_texts(event, clean, "job_id", "api_status", "detail"))
        case SliceFinished():
            return replace(event, **_texts(event, clean, "error"))
        case StreamFinished():
            return replace(event, errors=tuple(clean(error) for error in event.errors))
    return event


def _texts(event: Event, clean: Mask, *names: str) -> dict[str, Any]:
    texts = {name: getattr(event, name) for name in names}
    return {name: text and clean(text) for name, text in texts.items()}


def _printable(exchange: Exchange) -> Exchange:
    """An exchange whose head can be printed; its bodies are data, which viewers show as such."""
    texts = (exchange.url, exchange.reason, exchange.error or "")
    pairs = (*exchange.request_headers, *exchange.response_headers)
    if all(map(str.isprintable, (*texts, *(part for pair in pairs for part in pair)))):
        return exchange
    return replace(
        exchange,
        url=on_one_line(exchange.url),
        reason=on_one_line(exchange.reason),
        error=exchange.error and on_one_line(exchange.error),
        request_headers=tuple((on_one_line(name), on_one_line(value)) for name, value in exchange.request_headers),
        response_headers=tuple((on_one_line(name), on_one_line(value)) for name, value in exchange.response_headers),
    )
