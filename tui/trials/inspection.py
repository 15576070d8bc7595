"""Looks at every record once, in the thread that parsed it: field names, primary key, declared schema."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from typing import Any

from core.outputs.encoders import JsonLines
from core.runtime.field_path import lookup
from tui.model.declared_schema import Violations

KEYS_REMEMBERED = 200_000
"""Records of which the primary keys are compared with each other."""
RECORDS_CHECKED = 10_000
"""Records that are held against the schema."""


class RecordInspector:
    """What the records of a read are like. `encode` may be called by several threads at once.

    `columns` is the union of the field names, in the order they came; the list only grows.
    """

    def __init__(self, primary_key: Sequence[Sequence[str]] = (), schema: Mapping[str, Any] | None = None) -> None:
        self.columns: list[str] = []
        self.primary_key = [list(path) for path in primary_key]
        self.keys_missing = 0
        self.keys_repeated = 0
        self.repeated_key: str = ""
        """One of the keys that came more than once."""
        self._known: set[str] = set()
        self._looks = [lookup(path) for path in self.primary_key]
        self._keys: set[object] = set()
        self._violations: Violations | None = None
        self._checked = 0
        self._lock = threading.Lock()
        self._lines = JsonLines()
        self.hold_against(schema or {})

    def hold_against(self, schema: Mapping[str, Any]) -> None:
        """Check the records that come from now on with a schema; {} says nothing of them."""
        with self._lock:
            self._violations = Violations(schema) if schema else None

    @property
    def mismatches(self) -> list[tuple[str, int]]:
        """What did not fit the schema, and how many records each is about."""
        return self._violations.found() if self._violations is not None else []

    def encode(self, records: Sequence[Mapping[str, Any]]) -> bytes:
        """The records as lines of JSON, after a look at them."""
        with self._lock:
            for record in records:
                if not record.keys() <= self._known:
                    self._add_columns(record)
            if self._looks:
                self._compare_keys(records)
            if self._violations is not None and self._checked < RECORDS_CHECKED:
                self._check(records, self._violations)
        return self._lines.encode(records)

    def _add_columns(self, record: Mapping[str, Any]) -> None:
        names = [str(name) for name in record]
        self.columns.extend(name for name in names if name not in self._known)
        self._known.update(names)

    def _compare_keys(self, records: Sequence[Mapping[str, Any]]) -> None:
        for record in records:
            values = tuple(look(record) for look in self._looks)
            if None in values:
                self.keys_missing += 1
                continue
            key = values if _is_plain(values) else repr(values)
            if key in self._keys:
                self.keys_repeated += 1
                self.repeated_key = ", ".join(str(value) for value in values)
            elif len(self._keys) < KEYS_REMEMBERED:
                self._keys.add(key)

    def _check(self, records: Sequence[Mapping[str, Any]], violations: Violations) -> None:
        for record in records[: RECORDS_CHECKED - self._checked]:
            violations.add(record)
        self._checked += len(records)


def _is_plain(values: tuple[Any, ...]) -> bool:
    return all(isinstance(value, (str, int, float)) for value in values)
