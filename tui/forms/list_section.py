"""Rows for several components: lists of them, in an order, and mappings of names to them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, ClassVar

from textual import on
from textual.binding import BindingType
from textual.content import Content
from textual.widget import Widget

from tui.forms.field_row import FieldPlace
from tui.forms.folding_row import FoldingRow
from tui.forms.section_head import OFF, ItemHead, SectionHead, type_options
from tui.forms.wording import summary
from tui.model.new_components import default_type
from tui.model.specs import Kind, as_phrase, form_spec
from tui.model.view import component_at
from tui.widgets.base import shown
from tui.widgets.choice import DEFAULT
from tui.widgets.choice_dialog import ChoiceDialog, ChoiceOption
from tui.widgets.dialog import PromptDialog

_ON = "On"


class ListHead(SectionHead):
    """Says how many items there are, and adds one."""

    BINDING_GROUP_TITLE = "List"
    BINDINGS: ClassVar[list[BindingType]] = [
        shown("enter,space,a,plus", "add_item", "Add", "Add an item at the end", "list.add"),
    ]

    def __init__(self, title: str) -> None:
        super().__init__([], title=title, optional=False, grows=True)

    def render(self) -> Content:
        count = self._summary or "None"
        width = max(4, self.content_size.width)
        label = Content.styled(count, "" if self._summary else DEFAULT).truncate(max(1, width - 6), ellipsis=True)
        return Content.assemble(label, " " * max(1, width - label.cell_length - 5), ("+ Add", "$foreground-muted"))

    def on_click(self) -> None:
        self.action_add_item()


class ListSection(FoldingRow):
    """A list of components, which are added, removed, moved and folded."""

    def make_control(self) -> Widget:
        return ListHead(self.place.title)

    @property
    def items(self) -> Sequence[Any]:
        value = self.value
        return value if isinstance(value, list) else ()

    @property
    def shape(self) -> str:
        """Always the same: rows are added and removed at the end, and never rebuilt."""
        return "list"

    def places(self) -> Sequence[FieldPlace]:
        spec = replace(self.spec, kind=Kind.COMPONENT, required=True, or_list=False)
        return [
            FieldPlace((*self.path, index), spec, f"{index + 1}", self.place.depth + 1, index=index)
            for index in range(len(self.items))
        ]

    def show_value(self) -> None:
        if isinstance(self.control, SectionHead):
            self.control.show("", summary(list(self.items)) if self.items else "")

    async def sync(self) -> None:
        """Show the session; the number of rows follows that of the items."""
        places = self.places() if self.unfolded else ()
        if self._shape == self.shape and self.unfolded and len(places) != len(self.rows):
            gone, self.rows = self.rows[len(places) :], self.rows[: len(places)]
            new = [self.context.row(place) for place in places[len(self.rows) :]]
            self.rows += new
            if gone:
                await self.remove_children(gone)
            if new:
                await self.mount_all(new)
        await super().sync()

    @on(SectionHead.Added)
    def _add(self, event: SectionHead.Added) -> None:
        event.stop()
        self._unfolded = True
        types = self.spec.types
        if len(types) == 1:
            self._added(types[0].name)
        else:
            self.app.push_screen(ChoiceDialog(f"Add to {self.place.title}", type_options(types)), self._added)

    def _added(self, name: str | None) -> None:
        if name is not None:
            path = self.session.add_component(self.path, name)
            self.session.seal()
            self._go_to(int(path[-1]), unfold=True)

    @on(ItemHead.Removed)
    def _remove(self, event: ItemHead.Removed) -> None:
        event.stop()
        index = self._index_of(event.widget)
        if index is not None:
            self.session.remove((*self.path, index))
            self.session.seal()
            self._go_to(index)

    @on(ItemHead.Moved)
    def _move(self, event: ItemHead.Moved) -> None:
        event.stop()
        index = self._index_of(event.widget)
        if index is not None and 0 <= index + event.step < len(self.rows):
            self.session.move(self.path, index, index + event.step)
            self.session.seal()
            self._go_to(index + event.step)

    def _go_to(self, index: int, *, unfold: bool = False) -> None:
        """Go to an item once it is shown, or to the nearest one."""

        def go() -> None:
            row = self.rows[min(index, len(self.rows) - 1)] if self.rows else self
            if unfold and isinstance(row, FoldingRow):
                row.unfold()
            row.focus_field()

        self.context.host.after_sync(go)

    def _index_of(self, head: Widget) -> int | None:
        return next((index for index, row in enumerate(self.rows) if row.control is head), None)

    def cursor_left(self) -> None:
        """What is inside was not seen yet, so its problems stay hidden."""
        if not self.items:
            super().cursor_left()


class NamedSection(FoldingRow):
    """A mapping of names to values; components among them have sections below."""

    @property
    def names(self) -> list[str]:
        value = self.value
        return [str(key) for key in value] if isinstance(value, dict) else []

    def name_problem(self, name: str) -> str | None:
        """What is wrong with a name for an entry."""
        if not name.strip():
            return "It needs a name."
        return f"There is already one named {name.strip()}." if name.strip() in self.names else None

    def rename(self, name: str, new: str) -> None:
        """Give an entry another name. Raises ValueError when the name is taken."""
        self.session.rename_key((*self.path, name), new)
        self.session.seal()

    @on(ItemHead.Removed)
    def _remove(self, event: ItemHead.Removed) -> None:
        event.stop()
        row = next((row for row in self.rows if row.control is event.widget), None)
        if row is not None:
            self.session.remove(row.path)
            self.session.seal()
            self.focus_field()

    @on(ItemHead.Moved)
    def _stay(self, event: ItemHead.Moved) -> None:
        event.stop()


class MapSection(NamedSection):
    """A mapping of names to components."""

    def make_control(self) -> Widget:
        return ListHead(self.place.title)

    @property
    def shape(self) -> str:
        return "\n".join(self.names)

    def places(self) -> Sequence[FieldPlace]:
        spec = replace(self.spec, kind=Kind.COMPONENT, required=True)
        return [FieldPlace((*self.path, name), spec, name, self.place.depth + 1, name=name) for name in self.names]

    def show_value(self) -> None:
        if isinstance(self.control, SectionHead):
            self.control.show("", summary([*self.names]) if self.names else "")

    @on(SectionHead.Added)
    def _add(self, event: SectionHead.Added) -> None:
        event.stop()
        self._unfolded = True
        title = f"Add to {self.place.title}"
        self.app.push_screen(PromptDialog(title, "Name", confirm="Add", validate=self.name_problem), self._named)

    def _named(self, name: str | None) -> None:
        owner = component_at(self.session.view, self.path[:-1])
        if name is not None and owner is not None:
            self.session.choose_type((*self.path, name.strip()), default_type(owner, self.spec).__name__)
            self.session.seal()
            self.context.host.after_sync(self._go_to_last)

    def _go_to_last(self) -> None:
        (self.rows[-1] if self.rows else self).focus_field()

    def cursor_left(self) -> None:
        """What is inside was not seen yet, so its problems stay hidden."""
        if not self.names:
            super().cursor_left()


class GroupSection(FoldingRow):
    """A mapping with fields of its own, which is no component."""

    def make_control(self) -> Widget:
        options = [ChoiceOption(_ON, _ON)]
        return SectionHead(options, title=self.place.title, optional=not self.spec.required)

    @property
    def shape(self) -> str:
        return OFF if self.value is None else _ON

    def places(self) -> Sequence[FieldPlace]:
        if self.value is None or self.spec.group is None:
            return ()
        fields = form_spec(self.spec.group).fields
        return [FieldPlace((*self.path, one.key), one, one.title, self.place.depth + 1) for one in fields]

    def show_value(self) -> None:
        """Show whether it is there, and what is inside while that is folded."""
        if isinstance(self.control, SectionHead):
            value = self.value
            text = "" if self.unfolded or not isinstance(value, dict) else ", ".join(map(as_phrase, value))
            self.control.show(self.shape, text)

    @on(SectionHead.Changed)
    def _switched(self, event: SectionHead.Changed) -> None:
        event.stop()
        self._unfolded = True
        if event.value == OFF:
            self.session.types.remember(self.path, "group", self.session.view.unwrapped(self.path))
            self.session.unset(self.path)
        else:
            self.session.set(self.path, self.session.types.recall(self.path, "group") or {})
        self.session.seal()
