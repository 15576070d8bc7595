"""Rows that hold rows: a component with its fields, and the advanced fields of one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.content import Content
from textual.widget import Widget

from core.connector.registry import component_types
from core.manifest.problems import Path
from tui.forms.field_row import FieldRow, Note
from tui.forms.section_head import OFF, ItemHead, SectionHead
from tui.forms.tools import FormTools, Place
from tui.forms.wording import summary
from tui.model.problems import Finding
from tui.model.specs import FieldSpec, FormSpec, Kind, form_spec
from tui.model.type_memory import TEXT, TEXTS, name_of
from tui.model.view import class_at
from tui.widgets.base import shown
from tui.widgets.choice_dialog import ChoiceDialog, ChoiceOption

_AS_TEXT = "As text"
_AS_LIST = "As a list"
_IN_PLACE = {_AS_TEXT: TEXT, _AS_LIST: TEXTS}
_UNKNOWN = "unknown"
_AS_ONE_FIELD = {_AS_TEXT: (Kind.TEXT, "Text"), _AS_LIST: (Kind.STRINGS, "List")}


class Holder(FieldRow):
    """A row with rows below it, which are there only while it is unfolded."""

    is_section = True

    def __init__(self, tools: FormTools, place: Place) -> None:
        self._shape: str | None = None
        self._unfolded: bool | None = None
        super().__init__(tools, place)

    # What a kind of section says

    @property
    def shape(self) -> str:
        """What the rows below depend on; when it changes they are made anew."""
        return ""

    def places(self) -> Sequence[Place]:
        """The fields that are always shown while it is unfolded."""
        return ()

    def advanced(self) -> Sequence[Place]:
        """The fields that are shown on demand."""
        return ()

    # Folding

    @property
    def unfolded(self) -> bool:
        """Whether the rows below are shown; at first, whether there is room for them."""
        if self._unfolded is None:
            self._unfolded = not self.can_fold or self.tools.room.take(
                self.tools.rows_for(self.places(), self.advanced())
            )
        return self._unfolded

    def unfold(self, unfolded: bool = True) -> None:
        """Show the rows below soon, or not."""
        self._unfolded = unfolded
        self.tools.conductor.after_sync(lambda: None)

    @on(SectionHead.Folded)
    def _fold(self, event: SectionHead.Folded) -> None:
        event.stop()
        self.unfold(not self.unfolded)

    def label_clicked(self) -> None:
        """A click on the heading folds."""
        self.focus_field()
        self.unfold(not self.unfolded)

    @property
    def can_fold(self) -> bool:
        """Whether there is anything below."""
        return bool(self.places() or self.advanced())

    # Life

    def compose(self) -> ComposeResult:
        """The control, and the rows below as they are at first."""
        yield self.control
        if self.unfolded:
            self._shape = self.shape
            self.rows = self._made_rows()
            yield from self.rows

    async def sync(self) -> None:
        """Show the session, with other rows where others are needed."""
        shape = self.shape if self.unfolded else None
        if shape != self._shape or not all(row.fits() for row in self.rows):
            await self._rebuild(shape)
        else:
            for row in self.rows:
                await row.sync()
        self.show_own()

    def show_own(self) -> None:
        """Show what the session says now, here only."""
        self.fold_mark = "" if not self.can_fold else "▾ " if self.unfolded else "▸ "
        super().show_own()

    async def _rebuild(self, shape: str | None) -> None:
        had_focus = any(row.has_focus_within for row in self.rows)
        at = self.screen.focused
        path = next((row.path for one in self.rows for row in one.walk() if at and at in row.walk_children()), None)
        old, self.rows, self._shape = self.rows, self._made_rows() if shape is not None else [], shape
        if old:
            await self.remove_children(old)
        if self.rows:
            await self.mount_all(self.rows)
        if had_focus:
            (next((row for row in self.rows if row.path == path), self)).focus_field()

    def _made_rows(self) -> list[FieldRow]:
        rows = [self.tools.row(place) for place in self.places()]
        advanced = self.advanced()
        return [*rows, Advanced(self.tools, self.place, advanced)] if advanced else rows

    async def reveal(self, path: Path) -> FieldRow:
        """Unfold on the way to a path."""
        places = (*self.places(), *self.advanced())
        if path == self.path or not any(path[: len(place.path)] == place.path for place in places):
            return self
        if not self.unfolded:
            self._unfolded = True
            await self.tools.conductor.catch_up()
        for row in self.rows:
            if isinstance(row, Advanced):
                if row.holds(path):
                    return await row.reveal(path)
            elif path[: len(row.path)] == row.path:
                return await row.reveal(path)
        return self

    def problems(self) -> list[Finding]:
        """The problems that no row below shows."""
        found = super().problems()
        below = [row for row in self.rows if row.path != self.path or isinstance(row, Advanced)]
        return [one for one in found if not any(_shows(row, one.path) for row in below)]


def _shows(row: FieldRow, path: Path) -> bool:
    return row.holds(path) if isinstance(row, Advanced) else path[: len(row.path)] == row.path


class Section(Holder):
    """A component: the choice of its type, and below it the fields of the chosen one."""

    def make_control(self) -> Widget:
        """The head."""
        options = [
            ChoiceOption(one.name, one.label, one.help + ("" if one.portable else " (not portable to Airbyte)"))
            for one in self.spec.types
        ]
        if self.spec.or_texts:
            options.insert(0, ChoiceOption(_AS_LIST, _AS_LIST, "The texts themselves"))
        options[:0] = [ChoiceOption(one, one) for one in self.spec.options]
        if self.spec.or_text:
            options.append(ChoiceOption(_AS_TEXT, _AS_TEXT, "A template in place of these fields"))
        is_item = self.place.index is not None or self.place.name is not None
        head = ItemHead if is_item else SectionHead
        optional = not self.spec.required and not is_item
        grows = is_item or self.spec.or_list
        return head(options, title=self.place.title, optional=optional, grows=grows, unset=self.spec.unset)

    @property
    def shape(self) -> str:
        """The type of the component."""
        value = self.value
        if value is None:
            return OFF
        if isinstance(value, str):
            return value if value in self.spec.options else _AS_TEXT
        if isinstance(value, list):
            return _AS_LIST
        known = class_at(value, self.spec)
        return known.__name__ if known else _UNKNOWN

    @property
    def _form(self) -> FormSpec | None:
        known = class_at(self.value, self.spec)
        return form_spec(known) if known else None

    def places(self) -> Sequence[Place]:
        """The fields of the component; text, or what is unknown, as one field."""
        shape, place = self.shape, self.place
        if shape == OFF or shape in self.spec.options:
            return ()
        if self._form is None:
            kind, title = _AS_ONE_FIELD.get(shape, (Kind.JSON, "As JSON"))
            is_list = kind is Kind.STRINGS
            spec = FieldSpec(
                self.spec.key,
                self.spec.title,
                self.spec.help,
                kind,
                required=is_list,
                or_text=not is_list,
                templates=not is_list,
            )
            return (Place(place.path, spec, title, place.depth + 1),)
        return [self._below(field) for field in self._form.fields if not field.advanced]

    def advanced(self) -> Sequence[Place]:
        """The advanced fields of the component."""
        return [self._below(field) for field in self._form.fields if field.advanced] if self._form else ()

    def _below(self, field: FieldSpec) -> Place:
        return Place((*self.path, field.key), field, field.title, self.place.depth + 1)

    def show_value(self) -> None:
        """Show the type, and what is inside while that is folded."""
        if not isinstance(self.control, SectionHead):
            return
        shape = self.shape
        value = str(self.value.get("type", "")) if shape == _UNKNOWN else shape
        told = summary(self.value) if not self.unfolded else ""
        if not told and len(self.control.options) < 2 and self._form:
            told = self._form.help
        self.control.show(value, told)

    def own_notes(self) -> Sequence[Note]:
        """That a component of an unknown type is kept."""
        known = component_types().get(str(self.value.get("type"))) if self.shape == _UNKNOWN else None
        if self.shape == _UNKNOWN and known is None:
            return (*super().own_notes(), Note("This type has no form: it is kept as it is."))
        return super().own_notes()

    @on(SectionHead.Changed)
    def _chosen(self, event: SectionHead.Changed) -> None:
        event.stop()
        session, value = self.session, self.value
        self._unfolded = True
        if event.value == OFF:
            session.types.remember(self.path, name_of(value), session.view.unwrapped(self.path))
            session.unset(self.path)
        elif event.value in self.spec.options:
            session.set(self.path, event.value)
        elif event.value is not None:
            session.choose_type(self.path, _IN_PLACE.get(event.value, event.value))
        session.seal()

    @on(SectionHead.Added)
    def _grow(self, event: SectionHead.Added) -> None:
        """Make a list of the component and another one; items leave that to their list."""
        if self.spec.or_list:
            event.stop()
            options = [ChoiceOption(one.name, one.label, one.help) for one in self.spec.types]
            self.app.push_screen(ChoiceDialog(f"Add to {self.place.title}", options), self._grown)

    def _grown(self, name: str | None) -> None:
        if name is not None:
            self.session.add_component(self.path, name)
            self.session.seal()

    def left(self) -> None:
        """What is inside was not seen yet, so its problems stay quiet."""
        if self.value is None:
            super().left()


class AdvancedHead(SectionHead):
    """The heading over advanced fields."""

    BINDING_GROUP_TITLE = "Advanced"
    BINDINGS: ClassVar[list[BindingType]] = [
        shown("enter,space", "fold", "Show", "Show or hide the advanced fields", "advanced.fold"),
    ]

    def __init__(self) -> None:
        super().__init__([], title="Advanced", optional=False)

    def render(self) -> Content:
        """The words."""
        return Content.styled(self._summary, "dim").truncate(max(4, self.content_size.width), ellipsis=True)


class Advanced(Holder):
    """Fields for less common cases: hidden until asked for, or until one holds a value or an error."""

    is_section = False

    def __init__(self, tools: FormTools, place: Place, places: Sequence[Place]) -> None:
        self._places = places
        spec = replace(place.spec, required=False, unit="")
        super().__init__(tools, Place(place.path, spec, "Advanced", places[0].depth))

    def go_along(self, base: Path) -> None:
        """The fields are elsewhere too."""
        super().go_along(base)
        self._places = [place.below(base) for place in self._places]

    def make_control(self) -> Widget:
        """The heading."""
        return AdvancedHead()

    @property
    def shape(self) -> str:
        """Always the same."""
        return "advanced"

    def places(self) -> Sequence[Place]:
        """The fields."""
        return self._places

    @property
    def is_set(self) -> bool:
        """The fields say for themselves whether they are."""
        return False

    @property
    def unfolded(self) -> bool:
        """Whether the fields are shown; by itself as soon as one of them holds a value or an error."""
        if self._unfolded is None and (self._set_fields or self._hidden_problems()):
            self._unfolded = True
        return bool(self._unfolded)

    def fits(self) -> bool:
        """It goes with the section that made it."""
        return True

    @property
    def _set_fields(self) -> int:
        return sum(map(self.tools.holds_value, self._places))

    def _hidden_problems(self) -> list[Finding]:
        return [one for place in self._places for one in self.session.problems(place.path) if one.is_error]

    def sharing_notes(self) -> Sequence[Note]:
        """The section says it."""
        return ()

    def holds(self, path: Path) -> bool:
        """Whether one of the fields is at a path, or above it."""
        return any(path[: len(place.path)] == place.path for place in self._places)

    def show_value(self) -> None:
        """Say how many fields there are."""
        count = self._set_fields
        if isinstance(self.control, AdvancedHead):
            more = f", {count} set" if count else ""
            fields = f"{len(self._places)} field" + "s" * (len(self._places) != 1)
            self.control.show("", f"{fields}{more}")

    def problems(self) -> list[Finding]:
        """The problems of hidden fields."""
        return [] if self.rows else self._hidden_problems()

    def left(self) -> None:
        """Nothing was touched."""
