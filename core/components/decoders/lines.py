"""Decodes plain text, line by line."""

from __future__ import annotations

from collections.abc import Iterator

from core.components.decoders.errors import refuse_packed
from core.components.decoders.streams import (
    OwnEncoding,
    as_utf_8,
    encoding_of,
    ending_lines,
    peek,
    text_lines,
    undecodable,
)
from core.components.roles import Decoder


class IterableDecoder(Decoder):
    """The response is text. Each line becomes a record with the line in the field `record`."""

    label = "Lines of text"

    encoding: OwnEncoding = None

    def decode(self, chunks: Iterator[bytes], charset: str | None = None) -> Iterator[dict[str, str]]:
        """A record for each line, blank ones too, without the line's end."""
        head, stream = peek(chunks)
        refuse_packed(head, "text")
        encoding = encoding_of(head, self.encoding, charset)
        stream = ending_lines(as_utf_8(stream, encoding, charset))
        count = 0
        try:
            for count, line in enumerate(text_lines(stream, "utf-8"), 1):  # noqa: B007  # it tells where an error is
                yield {"record": line.removesuffix("\n")}
        except UnicodeDecodeError as error:
            raise undecodable("utf-8", error, f" after line {count:,}") from None
