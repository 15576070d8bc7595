"""Detects the schema of the records of a trial, and compares it with the one that the stream declares."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from core.units import count
from tui.model.declared_schema import difference, for_import, loses_something, same_schema
from tui.model.schema_inference import DEEPEST, SchemaInference
from tui.trials.records import rows
from tui.trials.trial import Trial

_RECORDS_READ = 10_000
"""Records that the schema is detected from."""


@dataclass(frozen=True, slots=True)
class SchemaReport:
    """What the records say about the schema: the detected one as JSON, and how it compares with the declared one.

    `differences` are lines that begin with `+`, `-` or a blank. `actions` are those that make sense now, out of
    "import", "merge" and "overwrite".
    """

    detected: str
    note: str = ""
    differences: str = ""
    actions: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Declaration:
    """What the manifest says of a stream: its declared schema, and the paths of its required fields."""

    schema: Mapping[str, Any] | None = None
    required: tuple[tuple[str, ...], ...] = ()


class SchemaReporter:
    """Makes reports in threads; what it needs from the manifest is given beforehand, on the event loop."""

    def __init__(self) -> None:
        self._declared: dict[str, _Declaration] = {}

    def declare(self, stream: str, schema: Mapping[str, Any] | None, required: Sequence[Sequence[str]]) -> None:
        """Note the declared schema of a stream, and the paths of the fields that every record must have."""
        self._declared[stream] = _Declaration(schema, tuple(map(tuple, required)))

    def report(self, trial: Trial) -> SchemaReport:
        """The detected schema of a trial, compared with the declared one of its stream."""
        inference = _inferred(trial, _RECORDS_READ)
        found = inference.schema(self._of(trial).required)
        if found is None:
            return SchemaReport("", "There are no records to detect a schema from.")
        declared, is_loaded = self._of(trial).schema, False
        if declared is None and trial.loaded_schema is not None:
            declared, is_loaded = trial.loaded_schema, True
        text = json.dumps(for_import(found), indent=2, ensure_ascii=False)
        read = count(min(len(trial.records), _RECORDS_READ), "record")
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

    def detect(self, trial: Trial, most: int = _RECORDS_READ) -> dict[str, Any] | None:
        """The schema of the first records of a trial; None without records."""
        return _inferred(trial, most).schema(self._of(trial).required)

    def _of(self, trial: Trial) -> _Declaration:
        return self._declared.get(trial.state.stream, _Declaration())


def why_not_detected(error: Exception) -> str:
    """Why no schema could be detected, as the end of a sentence."""
    if isinstance(error, RecursionError):
        return "the records are nested too deeply."
    return f"the records can't be looked at ({type(error).__name__}: {error})."


def _inferred(trial: Trial, most: int) -> SchemaInference:
    inference = SchemaInference()
    for record in rows(trial.records, most):
        inference.add(record)
    return inference
