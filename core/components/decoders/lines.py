"""Decodes plain text, line by line."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

from pydantic import Field

from core.decoding.chunks import (
    Encoding,
    as_utf_8,
    encoding_of,
    ending_lines,
    line_of,
    peek,
    text_lines,
    undecodable,
)
from core.decoding.errors import refuse_packed
from core.runtime.component import Shown
from core.runtime.roles import Decoder

OwnEncoding = Annotated[
    Encoding | None,
    Field(
        title="Encoding",
        description="The text encoding of the response; by default what its Content-Type names, or else UTF-8.",
    ),
    Shown(advanced=True, ours=True, unset="as the response says"),
]


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
            raise undecodable("utf-8", error, line_of(error, count)) from None
