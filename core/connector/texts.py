"""Values that are text where they stand, although YAML reads them as something else: `yes`, `010`, `12:30`, `1.10`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from core.manifest.problems import Path, clipped
from core.runtime.component import FieldPlan

Written = Callable[[Path], str | None]
"""The text of the single value at a path as it is written without quotes; None where that is not known."""
Tell = Callable[[Path, str, str], None]
"""Takes a path, a message and a hint."""

_QUOTE = "put it in quotes"


def not_known(_path: Path) -> None:
    """Knows of no value how it is written."""


class Texts:
    """Turns values into the texts that are written.

    `warn` is called where YAML means another value than the text, `note` where Airbyte would only want quotes.
    """

    def __init__(self, written: Written, warn: Tell, note: Tell) -> None:
        self._written = written
        self._warn = warn
        self._note = note

    def of(self, value: Any, plan: FieldPlan, path: Path) -> Any:
        """The value of a field, with texts in place of what else stands where only text can be."""
        if plan.text_map and isinstance(value, Mapping):
            return {key: self._text(item, (*path, key)) for key, item in value.items()}
        if plan.typed and isinstance(value, bool) and (self._written(path) or "true").lower() in ("true", "false"):
            self._note(path, "Airbyte takes only text here, no true or false", _QUOTE)
            return value
        return self._text(value, path) if plan.text and (plan.single or isinstance(value, list)) else value

    def _text(self, value: Any, path: Path) -> Any:
        if isinstance(value, list):
            return [self._text(item, (*path, index)) for index, item in enumerate(value)]
        if not isinstance(value, (bool, int, float)):
            return value
        plain = str(value).lower() if isinstance(value, bool) else str(value)
        written = self._written(path) or plain
        if written.lower() == plain:
            self._note(path, "Airbyte takes only text here", _QUOTE)
        else:
            meant = plain if isinstance(value, bool) else f"the number {plain}"
            self._warn(path, f"YAML reads `{clipped(written)}` as {meant}; it is taken as text here", _QUOTE)
        return written
