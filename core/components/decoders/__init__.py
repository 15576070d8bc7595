"""The decoders: from the bytes of a response to its elements, in constant memory where the format allows."""

from __future__ import annotations

from typing import Any

from core.components.decoders.csv import CsvDecoder
from core.components.decoders.errors import DecodeError
from core.components.decoders.gzip import GzipDecoder
from core.components.decoders.json import JsonDecoder, JsonItemsDecoder, JsonlDecoder
from core.components.decoders.lines import IterableDecoder
from core.components.decoders.xml import XmlDecoder
from core.components.decoders.zip import ZipfileDecoder
from core.components.roles import Decoder

__all__ = [
    "CsvDecoder",
    "DecodeError",
    "GzipDecoder",
    "IterableDecoder",
    "JsonDecoder",
    "JsonItemsDecoder",
    "JsonlDecoder",
    "XmlDecoder",
    "ZipfileDecoder",
    "decode_all",
]


def decode_all(decoder: Decoder, body: bytes, charset: str | None = None) -> list[Any]:
    """All elements of a body that is complete and small. Raises `DecodeError`."""
    return list(decoder.decode(iter((body,)), charset))
