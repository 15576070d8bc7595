"""Decodes XML documents."""

from __future__ import annotations

import re
from collections.abc import Callable, Generator, Iterator
from typing import Any
from xml.parsers import expat
from xml.parsers.expat import ExpatError, errors

from core.decoding.chunks import LARGEST_DOCUMENT, blocks, peek, within
from core.decoding.errors import BodyKind, DecodeError, not_this, too_long
from core.http.charsets import marked_encoding
from core.runtime.roles import Decoder

DEEPEST = 1_000
"""Elements inside each other."""
LONGEST_TAG = 8 * 1024 * 1024
"""Bytes of one tag or comment; expat starts over with it for each block that arrives."""

_CUT_SHORT = frozenset(errors.codes[text] for text in (errors.XML_ERROR_NO_ELEMENTS, errors.XML_ERROR_UNCLOSED_TOKEN))
_NAMED = re.compile(rb"""\s*<\?xml[^>]*\sencoding\s*=\s*["']([^"']*)""")
_WITH_ZEROS = ("utf-16", "utf-32", "utf16", "ucs-2")


class XmlDecoder(Decoder):
    """The response is an XML document.

    Elements become keys and attributes keys that begin with `@`; the text of an element with attributes is
    under `#text`. All values are text, an empty element is null, repeated elements are a list.
    """

    label = "XML"

    @property
    def gives_document(self) -> bool:
        return True

    def decode(self, chunks: Iterator[bytes], charset: str | None = None) -> Iterator[dict[str, Any]]:
        """The document as one mapping; nothing for an empty body.

        Airbyte takes a body that is no XML for an empty object; here it is a `DecodeError`. So are entity
        definitions, with which a small document can grow without bounds, and more than `DEEPEST` levels. The encoding
        is the one that the document names, else `charset`.
        """
        import xmltodict

        head, stream = peek(chunks)
        if not head.strip():
            return
        parser = _Bounded()
        try:
            yield xmltodict.parse(
                parser.fed(within(blocks(stream), LARGEST_DOCUMENT, "the XML document")),
                encoding=_encoding(head, charset),
                expat=parser,
            )
        except ExpatError as error:
            if error.code in _CUT_SHORT:
                message = f"The XML document breaks off in line {error.lineno:,}: the response is cut short."
                raise DecodeError(message, retryable=True) from None
            where = f"Line {error.lineno:,}, column {error.offset + 1:,}: {errors.messages[error.code]}."
            raise not_this("an XML document", head, where, kind=BodyKind.XML) from None
        except (ValueError, LookupError) as error:
            raise DecodeError(f"The XML document can't be read: {error}.") from None


def _encoding(head: bytes, charset: str | None) -> str | None:
    """The encoding that expat is told: none where the document says it by itself, by a mark or a name.

    A document that names UTF-16 and has no zero bytes is one of .NET, in UTF-8.
    """
    if marked_encoding(head) is not None or b"\0" in head[:4]:
        return None
    named = _NAMED.match(head)
    said = named[1].decode("latin-1").lower() if named is not None else charset or "utf-8"
    if said.startswith(_WITH_ZEROS):
        return "utf-8"
    return None if named is not None else charset


class _Bounded:
    """What xmltodict takes for the module `expat`: it makes one parser, and watches it while it is fed."""

    def __init__(self) -> None:
        self._parser: expat.XMLParserType

    def ParserCreate(self, *args: Any) -> expat.XMLParserType:  # noqa: N802  # the name that the module has
        """The parser."""
        self._parser = expat.ParserCreate(*args)
        return self._parser

    def fed(self, stream: Iterator[bytes]) -> Generator[bytes, None, None]:
        """The same blocks. Raises `DecodeError` for a tag that is too long and for elements that are too deep."""
        self._limit_depth()
        size = 0
        for block in stream:
            size += len(block)
            yield block
            if size - self._parser.CurrentByteIndex > LONGEST_TAG:
                raise too_long(f"one tag in line {self._parser.CurrentLineNumber:,} of the XML document", LONGEST_TAG)

    def _limit_depth(self) -> None:
        """Put a look at the depth before the handlers that xmltodict has set."""
        parser = self._parser
        start: Callable[[str, Any], None] = parser.StartElementHandler  # type: ignore[assignment]  # xmltodict set it
        end: Callable[[str], None] = parser.EndElementHandler  # type: ignore[assignment]  # this one, too
        depth = 0

        def opened(name: str, attributes: Any) -> None:
            nonlocal depth
            depth += 1
            if depth > DEEPEST:
                raise DecodeError(
                    f"The XML document is nested too deeply: more than {DEEPEST:,} elements in each other."
                )
            start(name, attributes)

        def closed(name: str) -> None:
            nonlocal depth
            depth -= 1
            end(name)

        parser.StartElementHandler, parser.EndElementHandler = opened, closed
