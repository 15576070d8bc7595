"""What trials offer to the forms: values of template variables, names of fields, formats of dates, schemas."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import orjson

from core.http.exchange import Role
from core.manifest.problems import Path
from tui.model.problems import stream_of
from tui.model.schema_inference import DatetimeFormats
from tui.model.session import BuilderSession
from tui.model.specs import DATETIME_FORMATS, FieldSpec, Kind
from tui.trials.controller import TrialController
from tui.trials.records import rows
from tui.trials.schema_report import SchemaReporter
from tui.trials.state import gives_records
from tui.trials.trial import Trial

_RECORDS_EXAMINED = 1_000
_VARIABLES = ((Role.CREATE, "creation_response"), (Role.POLL, "polling_response"))


class TrialHints:
    """Reads the latest trial of each stream."""

    def __init__(self, session: BuilderSession, controller: TrialController, reporter: SchemaReporter) -> None:
        self._session = session
        self._controller = controller
        self._reporter = reporter
        self._schemas: dict[str, tuple[Trial, Mapping[str, Any] | None]] = {}

    def variables(self, stream: str) -> Mapping[str, Any]:
        """The values of template variables in the stream's latest trial, such as `creation_response`."""
        trial = self._controller.results.get(stream)
        return dict(_variables(trial)) if trial is not None else {}

    def suggestions(self, path: Path, spec: FieldSpec) -> Sequence[str]:
        """Names of record fields for keys and cursors, formats of their dates for date formats.

        A cursor is offered the fields with dates first, a date format that of the cursor field beside it.
        """
        index = stream_of(path)
        trial = self._controller.results.get(self._session.streams.name(index)) if index is not None else None
        if trial is None:
            return ()
        if spec.suggestions == DATETIME_FORMATS:
            dates = _dates(trial)
            cursor = dates.get(str(self._session.value((*path[:-1], "cursor_field"))))
            return tuple(dict.fromkeys([*([cursor] if cursor else []), *dates.values()]))
        if spec.key == "cursor_field":
            dates = _dates(trial)
            return tuple(sorted(trial.records.columns(), key=lambda name: name not in dates))
        named = spec.kind is Kind.PRIMARY_KEY or spec.key in ("field_path", "field_pointers")
        return tuple(trial.records.columns()) if named else ()

    def detected_schema(self, stream: str) -> Mapping[str, Any] | None:
        """The JSON Schema of the records of the stream's latest trial, once it has ended."""
        trial = self._controller.results.get(stream)
        if trial is None or trial.state.running:
            return None
        known = self._schemas.get(stream)
        if known is None or known[0] is not trial:
            known = self._schemas[stream] = (trial, self._detected(trial))
        return known[1]

    def _detected(self, trial: Trial) -> Mapping[str, Any] | None:
        try:
            return self._reporter.detect(trial, _RECORDS_EXAMINED)
        except Exception:  # the Schema tab of the trial says why
            return None


def _dates(trial: Trial) -> dict[str, str]:
    """The record fields that hold dates, with their formats."""
    formats = DatetimeFormats()
    for record in rows(trial.records, _RECORDS_EXAMINED):
        formats.add(record)
    return formats.found()


def _variables(trial: Trial) -> Iterator[tuple[str, Any]]:
    for role, name in _VARIABLES:
        entry = next((one for one in reversed(trial.exchanges.entries) if one.head.role is role), None)
        if entry is None:
            continue
        body = trial.exchanges.exchange(entry).response_body
        try:
            yield name, orjson.loads(body or "")
        except orjson.JSONDecodeError:
            continue
    final = next((one for one in trial.exchanges.entries if gives_records(one.event)), None)
    if final is not None:
        yield "download_target", final.head.url
