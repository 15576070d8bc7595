"""What trials have shown, for the forms: values of template variables, names of fields, formats of dates, schemas."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from core.http.exchange import Role
from core.manifest.problems import Path
from core.wording import count
from tui.model.declared_schema import difference, for_import, loses_something, same_schema
from tui.model.problems import stream_of
from tui.model.schema_inference import DEEPEST, DatetimeFormats, SchemaInference
from tui.model.session import BuilderSession
from tui.model.specs import DATETIME_FORMATS, FieldSpec, Kind
from tui.trials.controller import TrialController
from tui.trials.records import rows
from tui.trials.trial import Trial
from tui.trials.view.subject import SchemaReport

RECORDS_READ = 10_000
"""Records that the schema is detected from."""


@dataclass(frozen=True, slots=True)
class Basis:
    """What the manifest says of a stream: its declared schema, and the paths of the fields that must be there."""

    declared: Mapping[str, Any] | None = None
    keys: tuple[tuple[str, ...], ...] = ()


class SchemaReporting:
    """Makes reports in a thread; `look_at` says on the event loop what the manifest says of each stream."""

    def __init__(self) -> None:
        self._bases: dict[str, Basis] = {}

    def look_at(self, stream: str, declared: Mapping[str, Any] | None, keys: Sequence[Sequence[str]]) -> None:
        """The schema that is declared for a stream, and the paths of the fields that must be there."""
        self._bases[stream] = Basis(declared, tuple(map(tuple, keys)))

    def __call__(self, run: Trial) -> SchemaReport:
        """The report about a run, beside what the manifest says of its own stream."""
        inference = _inferred(run, RECORDS_READ)
        found = inference.schema(self._basis(run).keys)
        if found is None:
            return SchemaReport("", "There are no records to detect a schema from.")
        declared, is_loaded = self._basis(run).declared, False
        if declared is None and run.loaded_schema is not None:
            declared, is_loaded = run.loaded_schema, True
        text = json.dumps(for_import(found), indent=2, ensure_ascii=False)
        read = count(min(len(run.records), RECORDS_READ), "record")
        read += f", no more than {DEEPEST} levels deep" if inference.is_cut else ""
        if not declared or not declared.get("properties"):
            return SchemaReport(text, f"Detected in {read}; none is declared yet.", "", ("import",))
        origin = "Loaded" if is_loaded else "Declared"
        if same_schema(declared, found):
            return SchemaReport(text, f"✓ The {origin.lower()} schema is the one detected in {read}.")
        lines = "\n".join(f"{line.mark} {line.text}" for line in difference(declared, found))
        choice = not is_loaded and loses_something(declared, found)
        actions = ("merge", "overwrite") if choice else ("import",)
        return SchemaReport(text, f"{origin} (-) and detected in {read} (+).", lines, actions)

    def detect(self, run: Trial, most: int = RECORDS_READ) -> dict[str, Any] | None:
        """The schema of the first records of a run; None without records."""
        return _inferred(run, most).schema(self._basis(run).keys)

    def _basis(self, run: Trial) -> Basis:
        return self._bases.get(run.state.stream, Basis())


def _inferred(run: Trial, most: int) -> SchemaInference:
    inference = SchemaInference()
    for record in rows(run.records, most):
        inference.add(record)
    return inference


_RECORDS_LOOKED_AT = 1_000
_VARIABLES = ((Role.CREATE, "creation_response"), (Role.POLL, "polling_response"))


class TrialHints:
    """Reads the latest tests of a controller."""

    __test__ = False

    def __init__(self, session: BuilderSession, controller: TrialController, reporter: SchemaReporting) -> None:
        self._session = session
        self._controller = controller
        self._reporter = reporter
        self._schemas: dict[str, tuple[Trial, Mapping[str, Any] | None]] = {}

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

    def _detected(self, run: Trial) -> Mapping[str, Any] | None:
        try:
            return self._reporter.detect(run, _RECORDS_LOOKED_AT)
        except Exception:  # the test screen says what is the matter with them
            return None


def _dates(run: Trial) -> dict[str, str]:
    """The fields of the records that hold dates, with their formats."""
    formats = DatetimeFormats()
    for record in rows(run.records, _RECORDS_LOOKED_AT):
        formats.add(record)
    return formats.found()


def _variables(run: Trial) -> Iterator[tuple[str, Any]]:
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
