"""A row for a field path: typed with dots, as a list or as JSONPath, kept as a list."""

from __future__ import annotations

from typing import Any

from core.manifest.problems import Path
from tui.forms.field_path_text import is_jsonpath, parsed, shown
from tui.forms.text_row import TextRow
from tui.session.structure import field_at

_JSONPATH_TYPE = "JsonPathExtractor"


class FieldPathRow(TextRow):
    """The way to a field. A JSONPath that says more than a field path can is offered to the extractor for those."""

    @property
    def _placeholder(self) -> str:
        return self.spec.unset or ("" if self.spec.limits else "Empty: all of it")

    def text_of(self, value: Any) -> str:
        """The path with dots."""
        return shown(value)

    def means(self, text: str, value: Any) -> bool:
        """Whether a typed text is this path."""
        return parsed(text) == (value or [])

    def take(self, text: str) -> None:
        """Send the session the steps."""
        steps = parsed(text)
        if steps is None:
            self.session.keep_unfinished(self.path, text, self._advice())
        else:
            self.write(steps if steps or self.spec.required else None)

    def _advice(self) -> str:
        if self._extractor is not None:
            return "A field path can't say that. Press enter to use the JSONPath extractor."
        return "A field path can't say that: use keys, indexes and * only."

    @property
    def _extractor(self) -> Path | None:
        """The component that could be a JSONPath extractor instead."""
        owner = self.path[:-1]
        slot = field_at(self.session.view, owner)
        return owner if slot and any(choice.name == _JSONPATH_TYPE for choice in slot.types) else None

    def entered(self, text: str) -> None:
        """Take the JSONPath extractor where only that can say what was typed, else go on."""
        owner, text = self._extractor, text.strip()
        if owner is None or not is_jsonpath(text) or parsed(text) is not None:
            super().entered(text)
            return
        with self.session.group(owner):
            self.session.choose_type(owner, _JSONPATH_TYPE)
            self.session.set((*owner, "json_path"), text)
