"""The schema that the records of a test show, reported beside the declared one."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from core.progress.words import count
from tui.running import Run
from tui.running.records import rows
from tui.session.schema_comparison import difference, for_import, loses_something, same_schema
from tui.session.schema_inference import DEEPEST, SchemaInference
from tui.testing import SchemaReport

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

    def __call__(self, run: Run) -> SchemaReport:
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

    def detect(self, run: Run, most: int = RECORDS_READ) -> dict[str, Any] | None:
        """The schema of the first records of a run; None without records."""
        return _inferred(run, most).schema(self._basis(run).keys)

    def _basis(self, run: Run) -> Basis:
        return self._bases.get(run.state.stream, Basis())


def _inferred(run: Run, most: int) -> SchemaInference:
    inference = SchemaInference()
    for record in rows(run.records, most):
        inference.add(record)
    return inference
