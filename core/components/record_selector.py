"""The record selector: which records a stream has, from the elements of a response to the finished record."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal

from pydantic import Field

from core.components.schema_normalization import SchemaNormalization, normalizer
from core.manifest.problems import Problem, Severity
from core.runtime.component import SLICE_VARIABLES, Component, Gives, NotInAirbyte, Shown
from core.runtime.context import Context, readable
from core.runtime.error_answers import accepting_errors, refusing_errors
from core.runtime.record_pipeline import Change, ManyRecords, RecordPipeline, Warn, ignore
from core.runtime.roles import Extractor, RecordFilterRole, Transformation
from core.runtime.slices import Record, RecordPredicate, SliceMemory
from core.templates import Condition


class RecordFilter(RecordFilterRole):
    """Keeps the records for which a condition holds."""

    label = "Record filter"

    condition: Annotated[Condition, Gives("record", "next_page_token", *SLICE_VARIABLES)] = Field(
        Condition(""), title="Condition", description="Records for which it is true are kept."
    )

    def lint(self) -> list[Problem]:
        """An empty condition is false (Airbyte: the same)."""
        if self.condition.source.strip():
            return []
        message = "an empty condition is false, so that every record is dropped"
        hint = "remove the record filter to keep all records"
        return [Problem(message, ("condition",), Severity.WARNING, hint)]

    def bind(self, variables: Mapping[str, Any]) -> RecordPredicate:
        scope = {"next_page_token": None, **variables, "parameters": self.parameters}
        holds = self.condition.evaluate

        def keep(record: Record) -> bool:
            scope["record"] = record
            return holds(scope)

        return keep


class RecordSelector(Component):
    """Finds the records in a response, keeps those that are wanted, and brings them into shape."""

    extractor: Annotated[Extractor, NotInAirbyte("ResponseToFileExtractor")] = Field(
        title="Extractor", description="Where the records are in the response."
    )
    record_filter: RecordFilterRole | None = Field(
        None, title="Record Filter", description="Which records are kept; all by default."
    )
    schema_normalization: Annotated[Literal["None", "Default"] | SchemaNormalization | None, Shown(advanced=True)] = (
        Field(
            None,
            title="Schema Normalization",
            description="`Default` turns values into the types that the stream's schema names.",
        )
    )
    transform_before_filtering: Annotated[bool | None, Shown(advanced=True)] = Field(
        None,
        title="Transform before filtering",
        description="Let the filter see the records after the transformations.",
    )

    def pipeline(
        self,
        variables: Mapping[str, Any],
        transformations: Sequence[Transformation] = (),
        schema: Mapping[str, Any] | None = None,
        *,
        extractor: Extractor | None = None,
        cursor_filter: RecordPredicate | None = None,
        transforms_first: bool = False,
        warn: Warn = ignore,
        memory: SliceMemory | None = None,
        context: Context | None = None,
    ) -> RecordPipeline:
        """The way from elements to records for one slice, everything bound to its template variables and `memory`, and
        to the `context` where something needs to know it.

        `extractor` replaces the selector's own. `cursor_filter` keeps the records that a cursor has not seen yet.
        `transforms_first`: transformations come before the filters unless `transform_before_filtering` says
        otherwise. `warn` is called once for each field that does not fit the schema. Raises `ReadError`.
        """
        extractor = extractor or self.extractor
        with readable():
            extract = extractor.bind_in(context, variables, memory or SliceMemory())
            extract_accepted = extract
            place = None if memory is None or extractor.takes_response else extractor.bind_place(variables)
            if memory is not None and place is not None:
                extract_accepted = accepting_errors(extract, place, memory)
                extract = refusing_errors(extract, place)
            own_filter = self.record_filter.bind_in(context, variables) if self.record_filter else None
            changes = [transformation.bind_in(context, variables) for transformation in transformations]
        first = self.transform_before_filtering
        if transforms_first if first is None else first:
            before: list[Change | ManyRecords] = changes
            after: list[Change | ManyRecords] = []
        else:
            before, after = [], changes
        if self.schema_normalization == "Default" and schema:
            after = [*after, normalizer(schema, warn)]
        elif isinstance(self.schema_normalization, SchemaNormalization) and schema:
            after = [*after, self.schema_normalization.bind_in(context, schema)]
        return RecordPipeline(
            extract, before, own_filter, after, cursor_filter, extract_accepted=extract_accepted, warn=warn
        )
