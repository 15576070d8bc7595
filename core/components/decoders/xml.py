"""Decodes XML documents."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from xml.parsers.expat import ExpatError, errors

import xmltodict

from core.components.decoders.errors import DecodeError, not_this
from core.components.decoders.streams import peek
from core.components.roles import Decoder

_CUT_SHORT = frozenset(errors.codes[text] for text in (errors.XML_ERROR_NO_ELEMENTS, errors.XML_ERROR_UNCLOSED_TOKEN))


class XmlDecoder(Decoder):
    """The response is an XML document.

    Elements become keys and attributes keys that begin with `@`; the text of an element with attributes is
    under `#text`. All values are text, an empty element is null, repeated elements are a list.
    """

    label = "XML"

    def decode(self, chunks: Iterator[bytes]) -> Iterator[dict[str, Any]]:
        """The document as one mapping; nothing for an empty body.

        Airbyte takes a body that is no XML for an empty object; here it is a `DecodeError`. So are entity
        definitions, with which a small document can grow without bounds.
        """
        head, stream = peek(chunks)
        if not head.strip():
            return
        try:
            yield xmltodict.parse(block for block in stream)
        except ExpatError as error:
            if error.code in _CUT_SHORT:
                message = f"The XML document breaks off in line {error.lineno:,}: the response is cut short."
                raise DecodeError(message, retryable=True) from None
            where = f"Line {error.lineno:,}, column {error.offset + 1:,}: {errors.messages[error.code]}."
            raise not_this("an XML document", head, where) from None
        except ValueError as error:
            raise DecodeError(f"The XML document can't be read: {error}.") from None
