"""What forms know from tests: values of variables for previews, fields and formats to suggest, detected schemas."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from core.manifest.problems import Path
from tui.model.specs import FieldSpec


class Hints(Protocol):
    """What the last tests of the streams have shown."""

    def variables(self, stream: str) -> Mapping[str, Any]:
        """Template variables of the stream's last test, such as `creation_response`."""

    def suggestions(self, path: Path, spec: FieldSpec) -> Sequence[str]:
        """Values that records suggest for the field at a path, such as names of fields or formats of dates."""

    def detected_schema(self, stream: str) -> Mapping[str, Any] | None:
        """The JSON Schema of the records of the stream's last test."""


class NoHints:
    """Nothing was tested yet."""

    def variables(self, stream: str) -> Mapping[str, Any]:
        """Nothing."""
        return {}

    def suggestions(self, path: Path, spec: FieldSpec) -> Sequence[str]:
        """Nothing."""
        return ()

    def detected_schema(self, stream: str) -> Mapping[str, Any] | None:
        """Nothing."""
        return None
