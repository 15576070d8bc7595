"""The decoders: from the bytes of a response to its elements, in constant memory where the format allows."""

from __future__ import annotations

from core.components.decoders.compressed import GzipDecoder, TarDecoder, ZipfileDecoder
from core.components.decoders.csv import CsvDecoder
from core.components.decoders.excel import ExcelDecoder
from core.components.decoders.json import JsonDecoder, JsonItemsDecoder, JsonlDecoder
from core.components.decoders.lines import IterableDecoder
from core.components.decoders.xml import XmlDecoder
from core.decoding.errors import DecodeError
from core.runtime.roles import Decoder

__all__ = [
    "CsvDecoder",
    "DecodeError",
    "ExcelDecoder",
    "GzipDecoder",
    "IterableDecoder",
    "JsonDecoder",
    "JsonItemsDecoder",
    "JsonlDecoder",
    "TarDecoder",
    "XmlDecoder",
    "ZipfileDecoder",
    "decoders_for",
]


def decoders_for(content_type: str) -> list[Decoder]:
    """The decoders of bodies with this Content-Type (in lower case, without parameters), as far as it tells."""
    if content_type.endswith("xml"):
        return [XmlDecoder()]
    return [JsonDecoder()] if content_type.endswith("json") else []
