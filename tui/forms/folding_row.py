"""Rows that hold rows: the base of all sections, and the advanced fields of one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.content import Content
from textual.widget import Widget

from core.manifest.problems import Path
from tui.forms.field_row import FieldNote, FieldPlace, FieldRow, FormContext
from tui.forms.section_head import SectionHead
from tui.model.problems import Finding
from tui.model.type_memory import is_brought
from tui.widgets.base import shown


class FoldingRow(FieldRow):
    """A row with rows below it, which are there only while it is unfolded."""

    is_section = True

    def __init__(self, context: FormContext, place: FieldPlace) -> None:
        self._shape: str | None = None
        self._unfolded: bool | None = None
        super().__init__(context, place)

    # What a kind of section overrides

    @property
    def shape(self) -> str:
        """What the rows below depend on: when it changes they are rebuilt."""
        return ""

    def places(self) -> Sequence[FieldPlace]:
        """The fields that are always shown while it is unfolded."""
        return ()

    def advanced(self) -> Sequence[FieldPlace]:
        return ()

    # Folding

    @property
    def unfolded(self) -> bool:
        """Whether the rows below are shown; at first, whether the budget has room for them."""
        if self._unfolded is None:
            self._unfolded = not self.can_fold or self.context.budget.take(
                self.context.count_rows(self.places(), self.advanced())
            )
        return self._unfolded

    def unfold(self, unfolded: bool = True) -> None:
        """Show the rows below soon, or not."""
        self._unfolded = unfolded
        self.context.host.after_sync(lambda: None)

    @on(SectionHead.Folded)
    def _fold(self, event: SectionHead.Folded) -> None:
        event.stop()
        self.unfold(not self.unfolded)

    def label_clicked(self) -> None:
        self.focus_field()
        self.unfold(not self.unfolded)

    @property
    def can_fold(self) -> bool:
        return bool(self.places() or self.advanced())

    # Life

    def compose(self) -> ComposeResult:
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
        rows = [self.context.row(place) for place in self.places()]
        advanced = self.advanced()
        return [*rows, Advanced(self.context, self.place, advanced)] if advanced else rows

    async def reveal(self, path: Path) -> FieldRow:
        """Unfold on the way to a path."""
        places = (*self.places(), *self.advanced())
        if path == self.path or not any(path[: len(place.path)] == place.path for place in places):
            return self
        if not self.unfolded:
            self._unfolded = True
            await self.context.host.catch_up()
        for row in self.rows:
            if row.holds(path):
                return await row.reveal(path)
        return self

    def problems(self) -> list[Finding]:
        """The problems that no row below shows."""
        found = super().problems()
        below = [row for row in self.rows if row.path != self.path or isinstance(row, Advanced)]
        return [one for one in found if not any(row.holds(one.path) for row in below)]


class AdvancedHead(SectionHead):
    """The heading over advanced fields."""

    BINDING_GROUP_TITLE = "Advanced"
    BINDINGS: ClassVar[list[BindingType]] = [
        shown("enter,space", "fold", "Show", "Show or hide the advanced fields", "advanced.fold"),
    ]

    def __init__(self) -> None:
        super().__init__([], title="Advanced", optional=False)

    def render(self) -> Content:
        return Content.styled(self._summary, "$foreground-muted").truncate(
            max(4, self.content_size.width), ellipsis=True
        )


class Advanced(FoldingRow):
    """Fields for less common cases: hidden until asked for, or until one holds a value of its own or an error."""

    is_section = False

    def __init__(self, context: FormContext, place: FieldPlace, places: Sequence[FieldPlace]) -> None:
        first = places[0]
        self._places = [replace(one, depth=one.depth + 1) if one.depth else one for one in places]
        spec = replace(place.spec, required=False, unit="")
        heading = None if first.depth else ""
        super().__init__(context, FieldPlace(place.path, spec, "Advanced", first.depth, heading=heading))

    def rebase(self, base: Path) -> None:
        super().rebase(base)
        self._places = [place.below(base) for place in self._places]

    def make_control(self) -> Widget:
        return AdvancedHead()

    @property
    def shape(self) -> str:
        return "advanced"

    def places(self) -> Sequence[FieldPlace]:
        return self._places

    @property
    def is_set(self) -> bool:
        """Never: its fields show for themselves whether they are set."""
        return False

    @property
    def unfolded(self) -> bool:
        """Whether the fields are shown; by itself as soon as one of them holds a value of its own or an error."""
        if self._unfolded is None and (self._has_own_values or self._hidden_problems()):
            self._unfolded = True
        return bool(self._unfolded)

    @property
    def _has_own_values(self) -> bool:
        owner = self.value
        return any(self.context.holds_value(one) and not is_brought(owner, one.spec.key) for one in self._places)

    def fits(self) -> bool:
        """Always: it is replaced together with the section that made it."""
        return True

    @property
    def _set_fields(self) -> int:
        return sum(map(self.context.holds_value, self._places))

    def _hidden_problems(self) -> list[Finding]:
        return [one for place in self._places for one in self.session.problems(place.path) if one.is_error]

    def sharing_notes(self) -> Sequence[FieldNote]:
        """None: the section has them."""
        return ()

    def holds(self, path: Path) -> bool:
        return any(path[: len(place.path)] == place.path for place in self._places)

    def show_value(self) -> None:
        count = self._set_fields
        if isinstance(self.control, AdvancedHead):
            more = f", {count} set" if count else ""
            fields = f"{len(self._places)} field" + "s" * (len(self._places) != 1)
            self.control.show("", f"{fields}{more}")

    def problems(self) -> list[Finding]:
        return [] if self.rows else self._hidden_problems()

    def cursor_left(self) -> None:
        """There is nothing that could have been touched."""
