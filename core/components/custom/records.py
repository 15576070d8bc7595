"""Custom components that find records and change them: each is asked for many records at once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import httpx
import orjson

from core.components.custom.base import CustomComponent, not_here, written_response, written_slice
from core.components.schema_normalization import SchemaNormalization
from core.custom.host import CustomError, Remote, dumps
from core.custom.program.frames import ITEMS, ITEMS_SIZE, portions
from core.errors import ReadError
from core.manifest.problems import clipped
from core.runtime.context import Context
from core.runtime.record_pipeline import ManyRecords
from core.runtime.roles import Decoder, Extract, Extractor, RecordFilterRole, Transformation, WholeResponse
from core.runtime.slices import Record, SliceMemory

FILTERED, FILTERED_SIZE = 10_000, 64 * 1024 * 1024
"""Records, and bytes of them, that a filter sees together: those of a page, unless it has more."""


class CustomRecordExtractor(CustomComponent, Extractor, role=True):
    """Finds the records in a response with Python code for Airbyte."""

    @property
    def takes_response(self) -> bool:
        return True

    @property
    def place(self) -> str:
        return f"the place that {self.class_name} names"

    def bind(self, variables: Mapping[str, Any]) -> Extract:
        raise ReadError(not_here(self))

    def bind_in(self, context: Context | None, variables: Mapping[str, Any], memory: SliceMemory) -> Extract:
        remote = self.remote(context)

        def extract(whole: WholeResponse) -> Iterator[Any]:
            response = whole.response
            for found in remote.each("extract", response.content, response=written_response(response)):
                yield from found

        return extract


class CustomTransformation(CustomComponent, Transformation, role=True):
    """Changes records with Python code for Airbyte."""

    def bind(self, variables: Mapping[str, Any]) -> Callable[[Record], None]:
        raise ReadError(not_here(self))

    def bind_in(self, context: Context | None, variables: Mapping[str, Any]) -> ManyRecords:
        remote, slice_ = self.remote(context), written_slice(context.slice if context is not None else None)
        return ManyRecords(lambda records: _changed(remote, "transform", records, slice=slice_))


class CustomRecordFilter(CustomComponent, RecordFilterRole, role=True):
    """Decides with Python code for Airbyte which records are kept; it sees those of a page together."""

    def bind(self, variables: Mapping[str, Any]) -> Callable[[Record], bool]:
        raise ReadError(not_here(self))

    def bind_in(self, context: Context | None, variables: Mapping[str, Any]) -> ManyRecords:
        remote, slice_ = self.remote(context), written_slice(context.slice if context is not None else None)
        limits = (FILTERED, FILTERED_SIZE)
        return ManyRecords(lambda records: _changed(remote, "keep", records, limits, slice=slice_))


class CustomSchemaNormalization(CustomComponent, SchemaNormalization, role=True):
    """Brings values into the types of the schema with Python code for Airbyte."""

    def bind_in(self, context: Context | None, schema: Mapping[str, Any]) -> ManyRecords:
        remote = self.remote(context)
        return ManyRecords(lambda records: _changed(remote, "normalize", records, schema=schema))


class CustomDecoder(CustomComponent, Decoder, role=True):
    """Reads the body of a response with Python code for Airbyte."""

    @property
    def gives_document(self) -> bool:
        return True

    @property
    def takes_response(self) -> bool:
        return True

    def decode(self, chunks: Iterator[bytes], charset: str | None = None) -> Iterator[Any]:
        raise ReadError(not_here(self))

    def bind_in(self, context: Context) -> Callable[[httpx.Response], Iterable[Any]]:
        remote = self.remote(context)

        def decode(response: httpx.Response) -> Iterator[Any]:
            for found in remote.each("decode", response.content, response=written_response(response)):
                yield from found

        return decode


def _changed(
    remote: Remote, do: str, records: list[Record], limits: tuple[int, int] = (ITEMS, ITEMS_SIZE), **more: Any
) -> list[Record]:
    """The records that a component makes of these. Raises `CustomError`."""
    changed: list[Record] = []
    for group in portions([dumps(record) for record in records], *limits):
        written = orjson.Fragment(b"[" + b",".join(group) + b"]")
        found = remote.ask(do, records=written, **more).value
        for one in found:
            if not isinstance(one, dict):
                raise CustomError(
                    f"The custom code {remote.class_name} gives “{clipped(str(one))}” where a record should be."
                )
        changed += found
    return changed
