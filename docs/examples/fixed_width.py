"""A decoder: lines of text in which every column has a fixed width."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pydantic import Field

from core.decoding.chunks import ending_lines, line_of, text_lines, undecodable
from core.decoding.errors import DecodeError
from core.manifest.problems import Problem
from core.runtime.roles import Decoder


class FixedWidthDecoder(Decoder):
    """The response is text; every line is a record, cut into columns by their widths."""

    label = "Fixed width"
    portable = False

    columns: dict[str, int] = Field(title="Columns", description="The width of every column, in characters, in order.")

    def decode(self, chunks: Iterator[bytes], charset: str | None = None) -> Iterator[Any]:
        encoding, number = charset or "utf-8", 0
        try:
            for number, line in enumerate(text_lines(ending_lines(chunks), encoding), 1):
                row = line.rstrip("\r\n")
                if row:
                    yield self._record(row, number)
        except UnicodeDecodeError as error:
            raise undecodable(encoding, error, line_of(error, number)) from None

    def _record(self, row: str, number: int) -> dict[str, str]:
        expected = sum(self.columns.values())
        if len(row) != expected:
            raise DecodeError(f"Line {number} has {len(row)} characters, but the columns take {expected}.")
        record, at = {}, 0
        for name, width in self.columns.items():
            record[name], at = row[at : at + width].strip(), at + width
        return record

    def lint(self) -> list[Problem]:
        return [
            Problem("a column is at least one character wide", ("columns", name))
            for name, width in self.columns.items()
            if width < 1
        ]
