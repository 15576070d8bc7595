"""A row for a mapping of names to values: query parameters, headers, the fields of a form."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, ClassVar

import orjson
from textual import on
from textual.binding import BindingType
from textual.widget import Widget
from textual.widgets import Input

from core.manifest.problems import Path
from tui.forms.field_input import FieldInput
from tui.forms.field_row import WIDE, FieldNote, FieldPlace
from tui.forms.folding_row import FoldingRow
from tui.forms.list_section import NamedSection
from tui.forms.section_head import SectionHead
from tui.forms.wording import place_name, reusable, summary
from tui.model.known_names import Names, known_names, known_values, names_at, used_values
from tui.model.specs import Kind, type_label
from tui.model.view import class_at, field_at
from tui.widgets.base import shown
from tui.widgets.choice_dialog import ChoiceOption
from tui.widgets.display_text import compact_json
from tui.widgets.pairs import Pairs


class PairsRow(NamedSection):
    """Rows of keys and values. Values that are not text, such as lists, stay what they are.

    Components among them have sections below, where they are edited.
    """

    BINDING_GROUP_TITLE = "Rows"
    BINDINGS: ClassVar[list[BindingType]] = [
        shown("equals_sign", "reuse", "Same", "Take the rows of another place, as a copy", "pairs.reuse", display="="),
    ]

    is_section = False

    def make_control(self) -> Widget:
        return Pairs(key_label="Name", make_key_input=self._make_name_input, make_value_input=self._make_input)

    def _make_name_input(self, text: str) -> Input:
        return FieldInput(text, "Name", suggestions=self._names, in_list=True)

    @property
    def is_below_label(self) -> bool:
        """While a pair is typed in a narrow form."""
        return self.size.width < WIDE and isinstance(self.control, Pairs) and self.control.is_typing

    def _make_input(self, text: str) -> Input:
        templates = self.context.help.templates(lambda: self.path)
        return FieldInput(text, "Value", templates=templates, suggestions=self._values, offers=self._offers)

    @property
    def _kind(self) -> Names | None:
        return names_at(self.session, self.path)

    def _names(self) -> Sequence[ChoiceOption]:
        """Known names that are not there yet."""
        kind = self._kind
        known = known_names(self.session, kind) if kind is not None else ()
        present = dict(self.control.items) if isinstance(self.control, Pairs) else {}
        return [ChoiceOption(one) for one in known if one not in present]

    def _values(self) -> Sequence[ChoiceOption]:
        """Values to choose from for the name that is typed."""
        kind = self._kind
        return [ChoiceOption(one) for one in known_values(self.session, kind, self._typed)] if kind is not None else []

    def _offers(self) -> Sequence[str]:
        """The values that the name has elsewhere in the manifest."""
        kind = self._kind
        return used_values(self.session, kind, self._typed) if kind is not None else []

    @property
    def _typed(self) -> str:
        return self.control.typed_key if isinstance(self.control, Pairs) else ""

    def show_value(self) -> None:
        unfinished = self.unfinished
        pairs = _rows_in(unfinished.text) if unfinished is not None else None
        if pairs is None:
            pairs = [(key, self._text(value)) for key, value in self._mapping.items()]
        if isinstance(self.control, Pairs):
            self.control.fixed = frozenset(self._parts)
            if self.control.items != pairs:
                self.control.items = pairs

    # The rows of another place

    def own_notes(self) -> Sequence[FieldNote]:
        source = self._source
        if self.has_cursor:
            self.screen.refresh_bindings()
        if source is None:
            return super().own_notes()
        place = place_name(self.session, source, self.path)
        return (*super().own_notes(), FieldNote(f"=: the same as in {place}"))

    @property
    def _source(self) -> Path | None:
        """Where there are rows that this empty list could have, too; None unless a person is at it."""
        is_empty = isinstance(self.control, Pairs) and not self.control.items and not self.control.is_typing
        return reusable(self.session, self.path) if is_empty and self.has_cursor else None

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Only what another place has can be taken."""
        return self._source is not None if action == "reuse" else super().check_action(action, parameters)

    def action_reuse(self) -> None:
        """Take the rows of another place."""
        source = self._source
        if source is not None:
            self.session.sharing.copy_to(source, (self.path,))
            self.session.seal()

    @property
    def _mapping(self) -> dict[str, Any]:
        value = self.value
        return {str(key): item for key, item in value.items()} if isinstance(value, dict) else {}

    @on(Pairs.Changed)
    def _changed(self, event: Pairs.Changed) -> None:
        event.stop()
        reason = self._why_unfinished(event.items)
        if reason:
            self.keep_unfinished(orjson.dumps(event.items).decode(), reason)
            self.session.seal()
            return
        value = self._value_of(event.items)
        slot = field_at(self.session.view, self.path)
        self.write(value if value or (slot is not None and slot.required) else None)
        self.session.seal()

    def _why_unfinished(self, pairs: Sequence[tuple[str, str]]) -> str:
        """Why the rows can't be a mapping; empty when they can."""
        if any(not key for key, _ in pairs):
            return "A value has no name yet."
        duplicates = self.control.duplicates if isinstance(self.control, Pairs) else ()
        return f"{', '.join(sorted(duplicates))} is there twice. Only one can be kept." if duplicates else ""

    def _value_of(self, pairs: Sequence[tuple[str, str]]) -> dict[str, Any]:
        """The value of the rows: what was not edited stays as it is written, references in it included."""
        shown, written = self._mapping, self.session.view.unwrapped(self.path)
        present = {**shown, **{str(key): item for key, item in written.items()}} if isinstance(written, dict) else shown
        value, names, before = {}, {key for key, _ in pairs}, list(shown)
        for index, (key, text) in enumerate(pairs):
            renamed = key not in shown and index < len(before) and before[index] not in names
            old = before[index] if renamed else key
            as_it_is = old in shown and text == self._text(shown[old])
            value[key] = present[old] if as_it_is else _parsed(text, shown.get(old))
        return value

    def _text(self, value: Any) -> str:
        part = class_at(value, self.spec) if self.spec.types else None
        if part is not None:
            text = summary(value)
            return f"{type_label(part)}: {text}" if text else type_label(part)
        return value if isinstance(value, str) else compact_json(value)

    # Components among the values

    @property
    def _parts(self) -> list[str]:
        mapping = self._mapping if self.spec.types else {}
        return [name for name, value in mapping.items() if isinstance(value, Mapping)]

    @property
    def can_fold(self) -> bool:
        """Never: each section below folds on its own."""
        return False

    @property
    def shape(self) -> str:
        return "\n".join(self._parts)

    def places(self) -> Sequence[FieldPlace]:
        """A place for each component, which text may replace."""
        only = self.spec.types[0].help if len(self.spec.types) == 1 else self.spec.help
        spec = replace(self.spec, kind=Kind.COMPONENT, required=True, or_text=True, help=only)
        return [FieldPlace((*self.path, name), spec, name, self.place.depth + 1, name=name) for name in self._parts]

    @property
    def current_key(self) -> str:
        """The name in the row under the cursor."""
        return self.control.current_key if isinstance(self.control, Pairs) else ""

    def part_name_problem(self, name: str) -> str | None:
        """What is wrong with a name for a new component, which may take the place of a text."""
        if not name.strip():
            return "It needs a name."
        return f"{name.strip()} is one already." if name.strip() in self._parts else None

    def add_part(self, name: str, component_type: str) -> None:
        """Put a fresh component under a name."""
        self.session.choose_type((*self.path, name), component_type)
        self.session.seal()
        self._go_to(name)

    @on(Pairs.Opened)
    def _open(self, event: Pairs.Opened) -> None:
        event.stop()
        self._go_to(event.key)

    def _go_to(self, name: str) -> None:
        """Open the section of a component, once it is there, and go to it."""

        def go() -> None:
            row = next((one for one in self.rows if one.place.name == name), None)
            if isinstance(row, FoldingRow):
                row.unfold()
                row.focus_field()
                row.call_after_refresh(row.scroll_visible, animate=False)

        self.context.host.after_sync(go)

    @on(SectionHead.Added)
    async def _add_row(self, event: SectionHead.Added) -> None:
        event.stop()
        self.focus_field()
        if isinstance(self.control, Pairs):
            await self.control.action_add()

    def label_clicked(self) -> None:
        self.focus_field()


def _parsed(text: str, present: Any) -> Any:
    """The value of a text that was typed over `present`: of the same type if it can be parsed as such, else text."""
    if present is None or isinstance(present, str):
        return text
    try:
        value = orjson.loads(text)
    except orjson.JSONDecodeError:
        return text
    return value if isinstance(value, type(present)) else text


def _rows_in(text: str) -> list[tuple[str, str]] | None:
    """The rows that were kept as text; None where another kind of field has kept its own."""
    try:
        rows = orjson.loads(text)
        return [(str(key), str(value)) for key, value in rows] if isinstance(rows, list) else None
    except (orjson.JSONDecodeError, TypeError, ValueError):
        return None
