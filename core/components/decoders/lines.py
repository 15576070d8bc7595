"""Decodes plain text, line by line."""

from __future__ import annotations

from collections.abc import Iterator

from core.components.decoders.errors import refuse_packed
from core.components.decoders.streams import peek, text_lines, undecodable
from core.components.roles import Decoder


class IterableDecoder(Decoder):
    """The response is text. Each line becomes a record with the line in the field `record`."""

    label = "Lines of text"

    def decode(self, chunks: Iterator[bytes]) -> Iterator[dict[str, str]]:
        """A record for each line, blank ones too, without the line's end."""
        head, stream = peek(chunks)
        refuse_packed(head, "text")
        try:
            for line in text_lines(stream, "utf-8"):
                yield {"record": line.removesuffix("\n")}
        except UnicodeDecodeError as error:
            raise undecodable("utf-8", error) from None
