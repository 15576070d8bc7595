"""What tests have shown, for the forms: values of template variables, names of fields, formats of dates, schemas."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import orjson

from core.http.exchange import Role
from core.manifest.problems import Path
from tui.running import Run, RunController
from tui.running.records import rows
from tui.screens.bench.schemas import SchemaReporting
from tui.session.findings import stream_of
from tui.session.schema_inference import DatetimeFormats
from tui.session.session import BuilderSession
from tui.session.specs import DATETIME_FORMATS, FieldSpec, Kind

_RECORDS_LOOKED_AT = 1_000
_VARIABLES = ((Role.CREATE, "creation_response"), (Role.POLL, "polling_response"))


class TestHints:
    """Reads the latest tests of a controller."""

    __test__ = False

    def __init__(self, session: BuilderSession, controller: RunController, reporter: SchemaReporting) -> None:
        self._session = session
        self._controller = controller
        self._reporter = reporter
        self._schemas: dict[str, tuple[Run, Mapping[str, Any] | None]] = {}

    def variables(self, stream: str) -> Mapping[str, Any]:
        """Template variables of the stream's last test, such as `creation_response`."""
        run = self._controller.results.get(stream)
        return dict(_variables(run)) if run is not None else {}

    def suggestions(self, path: Path, spec: FieldSpec) -> Sequence[str]:
        """Names of fields of the records for keys and cursors, formats of their dates for formats of dates.

        For a cursor the fields with dates come first, and for a format that of the cursor field beside it.
        """
        index = stream_of(path)
        run = self._controller.results.get(self._session.streams.name(index)) if index is not None else None
        if run is None:
            return ()
        if spec.suggestions == DATETIME_FORMATS:
            dates = _dates(run)
            cursor = dates.get(str(self._session.value((*path[:-1], "cursor_field"))))
            return tuple(dict.fromkeys([*([cursor] if cursor else []), *dates.values()]))
        if spec.key == "cursor_field":
            dates = _dates(run)
            return tuple(sorted(run.records.columns(), key=lambda name: name not in dates))
        named = spec.kind is Kind.PRIMARY_KEY or spec.key in ("field_path", "field_pointers")
        return tuple(run.records.columns()) if named else ()

    def detected_schema(self, stream: str) -> Mapping[str, Any] | None:
        """The JSON Schema of the records of the stream's last test, once it has ended."""
        run = self._controller.results.get(stream)
        if run is None or run.state.running:
            return None
        known = self._schemas.get(stream)
        if known is None or known[0] is not run:
            known = self._schemas[stream] = (run, self._detected(run))
        return known[1]

    def _detected(self, run: Run) -> Mapping[str, Any] | None:
        try:
            return self._reporter.detect(run, _RECORDS_LOOKED_AT)
        except Exception:  # the test screen says what is the matter with them
            return None


def _dates(run: Run) -> dict[str, str]:
    """The fields of the records that hold dates, with their formats."""
    formats = DatetimeFormats()
    for record in rows(run.records, _RECORDS_LOOKED_AT):
        formats.add(record)
    return formats.found()


def _variables(run: Run) -> Iterator[tuple[str, Any]]:
    for role, name in _VARIABLES:
        entry = next((one for one in reversed(run.exchanges.entries) if one.head.role is role), None)
        if entry is None:
            continue
        body = run.exchanges.exchange(entry).response_body
        try:
            yield name, orjson.loads(body or "")
        except orjson.JSONDecodeError:
            continue
    final = next((one for one in run.exchanges.entries if one.is_final), None)
    if final is not None:
        yield "download_target", final.head.url
