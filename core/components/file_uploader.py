"""Downloads a file for every record."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Annotated, Any

import httpx
from pydantic import Field

from core.custom.host import dumps
from core.errors import ReadError
from core.manifest.problems import Problem, Severity
from core.runtime.component import SLICE_VARIABLES, Component, Gives, Shown
from core.runtime.context import Context, readable, text_of
from core.runtime.roles import Extractor, Requester, WholeResponse
from core.runtime.slices import SliceMemory, StreamSlice
from core.templates import Template

_TARGET = "download_target"


class FileUploader(Component):
    """Downloads a file for every record, into the folder that a run names; the record says which one it is."""

    label = "A file for each record"

    requester: Annotated[Requester, Gives(_TARGET, *SLICE_VARIABLES, only=True)] = Field(
        title="Request", description="The request that downloads a file; its URL is often {{ download_target }}."
    )
    download_target_extractor: Extractor = Field(
        title="Download Target", description="Where a record has the link to its file."
    )
    file_extractor: Annotated[Extractor | None, Shown(advanced=True)] = Field(
        None, title="File Extractor", description="Kept for Airbyte, which does not use it: a file is the whole answer."
    )
    filename_extractor: Annotated[Template | None, Gives("record", only=True)] = Field(
        None,
        title="File Name",
        description="The name of the file, such as {{ record.id }}/{{ record.name }}; it may have folders. Without it, "
        "each has a random name.",
    )

    def lint(self) -> list[Problem]:
        if self.file_extractor is None:
            return []
        message = "`file_extractor` has no effect, in Airbyte neither: the file is the whole answer"
        return [Problem(message, ("file_extractor",), Severity.WARNING)]

    async def target(self, record: Mapping[str, Any], context: Context) -> str | None:
        """The link to the file of a record; None where it has none. Raises `ReadError`."""
        extractor = self.download_target_extractor
        with readable():
            if extractor.takes_response:
                found = await context.apart(lambda: self._found_in_response(record, context))
            else:
                found = [*extractor.bind_as_is(context.scope(extractor))(record)]
        links = [link for item in found for link in (item if isinstance(item, list) else [item]) if link]
        if links and not isinstance(links[0], str):
            raise ReadError(
                f"The link to a file at {extractor.place} in a record is no text: "
                "check the `download_target_extractor`."
            )
        return links[0] if links else None

    def _found_in_response(self, record: Mapping[str, Any], context: Context) -> list[Any]:
        """What an extractor that takes responses finds in one whose body is the record (Airbyte)."""
        extractor = self.download_target_extractor
        extract = extractor.bind_in(context, context.scope(extractor), SliceMemory())
        return [*extract(WholeResponse(httpx.Response(200, content=dumps(record)), lambda: [record]))]

    def name(self, record: Mapping[str, Any], context: Context) -> str:
        """The name of the file of a record, as the manifest makes it; empty: it has none. Raises `ReadError`."""
        if self.filename_extractor is None:
            return ""
        scope = {"config": context.config, "parameters": self.parameters, "record": record}
        return text_of(self.filename_extractor, scope)

    def asking(self, target: str, context: Context, home: str | None) -> Context:
        """The context of the request for a file. Airbyte: the slice of the record is not seen in it.

        `home` is a URL of the site that the stream is read from: the credentials of the request are for that.
        """
        inner = replace(context, variables={}, home=home)
        return replace(inner.for_slice(StreamSlice(extra_fields={_TARGET: target})), slice=context.slice)
