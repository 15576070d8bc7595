"""Fields that were added or removed, or have another type, in the schemas detected in the records of two trials."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from core.units import count
from tui.model.schema_inference import SchemaInference
from tui.trials.comparison.report import Report, Stopped, check, name_of
from tui.trials.records import rows
from tui.trials.trial import Trial
from tui.widgets.display_text import escape

RECORDS_READ = 10_000
"""Records of each trial that the schema is detected in."""
_BETWEEN_CHECKS = 500


def compare_schemas(before: Trial, after: Trial, stopped: Stopped = lambda: False) -> Report:
    """Compare what the records of two trials look like. Raises `ComparisonStopped` and `OSError`."""
    empty = [name_of(one) for one in (before, after) if not len(one.records)]
    if empty:
        return Report("", f"{' and '.join(empty).capitalize()}: there are no records to detect a schema in.")
    old, new = _types(before, stopped), _types(after, stopped)
    names = list(dict.fromkeys([*old, *new]))
    width = max(map(len, names), default=0)
    lines = [line for name in names for line in _lines(name.ljust(width), old.get(name), new.get(name))]
    differing = sum(old.get(name) != new.get(name) for name in names)
    most = max(len(before.records), len(after.records))
    of = f" in the first {RECORDS_READ:,} records of each test" if most > RECORDS_READ else ""
    if not differing:
        return Report("=", f"The records{of} have the same {count(len(names), 'field')}, of the same types.")
    return Report(
        str(differing), f"{count(differing, 'difference')} in {count(len(names), 'field')}{of}.", "\n".join(lines)
    )


def _lines(name: str, before: str | None, after: str | None) -> Iterator[str]:
    if before == after:
        return
    if before is not None:
        yield f"- {name}  {before}"
    if after is not None:
        yield f"+ {name}  {after}"


def _types(trial: Trial, stopped: Stopped) -> Mapping[str, str]:
    """The type of each field by its path."""
    inference = SchemaInference()
    for index, record in enumerate(rows(trial.records, RECORDS_READ)):
        if not index % _BETWEEN_CHECKS:
            check(stopped)
        inference.add(record)
    return dict(_fields(inference.schema() or {}, ""))


def _fields(schema: Mapping[str, Any], place: str) -> Iterator[tuple[str, str]]:
    for shape in _shapes(schema):
        for name, field in shape.get("properties", {}).items():
            path = f"{place}{escape(str(name))}"
            yield path, _type(field)
            yield from _fields(field, f"{path}.")
        yield from _fields(shape.get("items", {}), f"{place.removesuffix('.')}[].")


def _type(field: Mapping[str, Any]) -> str:
    """The type of a field; that it may be null says nothing, since nearly every detected one may."""
    names: list[str] = []
    for shape in _shapes(field):
        given = shape.get("type", [])
        of = f" of {_type(shape['items'])}" if shape.get("items") else ""
        names += [f"{name}{of}" for name in ([given] if isinstance(given, str) else given) if name != "null"]
    return " or ".join(names) or "anything"


def _shapes(schema: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    """The alternatives of a schema that has several, else the schema itself; none without one."""
    found: Sequence[Mapping[str, Any]] = schema.get("anyOf", [schema] if schema else [])
    return found
