"""A row for a mapping of names to values: query parameters, headers, the fields of a form."""

from __future__ import annotations

from typing import Any

import orjson
from textual import on
from textual.widget import Widget
from textual.widgets import Input

from tui.forms.field_input import FieldInput
from tui.forms.field_row import FieldRow
from tui.session.structure import field_at
from tui.widgets.cells import compact_json
from tui.widgets.pairs import Pairs


class PairsRow(FieldRow):
    """Rows of keys and values. Values that are not text, such as lists, stay what they are."""

    def make_control(self) -> Widget:
        """The rows; values are templates."""
        return Pairs(key_label="Name", make_value_input=self._make_input)

    def _make_input(self, text: str) -> Input:
        return FieldInput(text, complete=self.tools.completer(self.path), resolve=self.tools.resolver(self.path))

    def show_value(self) -> None:
        """Show the rows."""
        pairs = [(str(key), _text(value)) for key, value in self._mapping.items()]
        unfinished = self.session.unfinished(self.path)
        if isinstance(self.control, Pairs) and self.control.pairs != pairs and unfinished is None:
            self.control.pairs = pairs

    @property
    def _mapping(self) -> dict[str, Any]:
        value = self.value
        return value if isinstance(value, dict) else {}

    @on(Pairs.Changed)
    def _changed(self, event: Pairs.Changed) -> None:
        event.stop()
        if event.widget.duplicates:
            names = ", ".join(sorted(event.widget.duplicates))
            text = orjson.dumps(event.pairs).decode()
            self.session.keep_unfinished(self.path, text, f"{names} is there twice. Only one can be kept.")
            return
        present = self._mapping
        value = {key: _value(text, present.get(key)) for key, text in event.pairs}
        slot = field_at(self.session.view, self.path)
        self.write(value if value or (slot is not None and slot.required) else None)
        self.session.seal()


def _text(value: Any) -> str:
    return value if isinstance(value, str) else compact_json(value)


def _value(text: str, present: Any) -> Any:
    """What a text means where `present` stood: the same thing if it was not changed, else text or its like."""
    if present is None or isinstance(present, str):
        return text
    if text == _text(present):
        return present
    try:
        value = orjson.loads(text)
    except orjson.JSONDecodeError:
        return text
    return value if isinstance(value, type(present)) else text
