"""The large CSV file, which brings its own decoder."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import Field

from core.components.decoders import CsvDecoder, GzipDecoder
from core.runtime.component import Shown
from core.runtime.record_pipeline import whole_element
from core.runtime.roles import Decoder, Extract, Extractor

NA_VALUES = (
    *("", "#N/A", "#N/A N/A", "#NA", "-1.#IND", "-1.#QNAN", "-NaN", "-nan", "1.#IND", "1.#QNAN", "<NA>"),
    *("N/A", "NA", "NULL", "NaN", "None", "n/a", "nan", "null"),
)
"""Cells that mean null to pandas, which Airbyte reads files with."""


class ResponseToFileExtractor(Extractor):
    """Reads a large result as a CSV file, compressed by gzip or not. Its rows are the records."""

    label = "Large CSV file"

    preserve_na_values: Annotated[bool, Shown(advanced=True)] = Field(
        False,
        title="Preserve NA values",
        description="Keep texts such as `NA` and `null`; otherwise they become null, as empty cells do.",
    )

    def own_decoder(self) -> Decoder:
        nulls = [""] if self.preserve_na_values else list(NA_VALUES)
        return GzipDecoder(decoder=CsvDecoder(set_values_to_none=nulls))

    def bind(self, variables: Mapping[str, Any]) -> Extract:
        return whole_element
