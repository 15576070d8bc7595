"""The control of a section: what kind of component it is, whether it is there at all, and what can be done with it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import ClassVar

from textual.binding import BindingType
from textual.content import Content

from tui.model.specs import TypeChoice
from tui.widgets.base import WidgetMessage, hidden, shown
from tui.widgets.choice import DEFAULT, Choice, switch, with_arrow
from tui.widgets.choice_dialog import ChoiceOption
from tui.widgets.syntax import with_templates

OFF = "Off"
"""The value of a section that is not there."""


def type_options(types: Iterable[TypeChoice]) -> list[ChoiceOption]:
    """Component types to choose from."""
    return [
        ChoiceOption(one.name, one.label, one.help + ("" if one.portable else " (not portable to Airbyte)"))
        for one in types
    ]


class SectionHead(Choice):
    """A choice of types that also folds its section. With one type it is a switch, or a heading without a well."""

    BINDING_GROUP_TITLE = "Section"
    BINDINGS: ClassVar[list[BindingType]] = [
        shown("f", "fold", "Fold", "Fold or unfold this section", "section.fold"),
        shown("a,plus", "add_item", "Add another", "Make a list of it, with one more", "section.add"),
        shown("s", "reuse(True)", "Same", "Take what another place has, shared with it", "section.reuse"),
        hidden("S", "reuse(False)", "Copy", "Take a copy of what another place has", "section.reuse-copy"),
    ]

    @dataclass
    class Folded(WidgetMessage["SectionHead"]):
        """A person wants the section folded or unfolded."""

    @dataclass
    class Added(WidgetMessage["SectionHead"]):
        """A person wants another of these."""

    @dataclass
    class Reused(WidgetMessage["SectionHead"]):
        """A person wants what another place has: shared with it, or a copy."""

        shared: bool

    def __init__(
        self, options: Sequence[ChoiceOption], *, title: str, optional: bool, grows: bool = False, unset: str = ""
    ) -> None:
        """`grows`: there may be several of these, in a list. `unset` says what counts while it is off."""
        left_out = ChoiceOption(OFF, f"{unset} (default)" if unset else OFF, "Leave it out")
        off = [left_out] if optional else []
        offered = [*off, *options]
        looks = "section-head" if len(offered) > 1 or grows else "section-head -plain"
        super().__init__(offered, title=title, clearable=False, classes=looks)
        self._summary = ""
        self._grows = grows
        self.is_reusing = False
        """Whether another place has something to take."""

    @property
    def is_switch(self) -> bool:
        """Whether there is nothing to choose but on and off."""
        return len(self.options) == 2 and self.options[0].value == OFF

    def show(self, value: str, summary: str) -> None:
        """Show the type, and a summary of what is in the section."""
        if (value, summary) != (self.value, self._summary):
            self._summary = summary
            self.value = value

    def render(self) -> Content:
        width = max(4, self.content_size.width)
        off = self.value == OFF
        unknown = "Choose one" if off else self.value or ""
        title = next((one.label for one in self.options if one.value == self.value), unknown)
        if self.is_switch:
            label = switch(not off)
        elif len(self.options) == 1 and self._summary:
            label = Content()
        else:
            label = Content.styled(title, DEFAULT if off else "")
        if self._summary:
            gap = "  " if label else ""
            label = Content.assemble(label, gap, with_templates(self._summary, "$foreground-muted"))
        if self.is_switch or len(self.options) < 2:
            return label.truncate(width, ellipsis=True)
        return with_arrow(label, width)

    def action_open(self) -> None:
        """List the types; switch where there is only one; fold where there is nothing to choose."""
        if self.is_switch:
            self.action_cycle(1 if self.value == OFF else -1)
        elif len(self.options) < 2:
            self.action_fold()
        else:
            super().action_open()

    def action_cycle(self, step: int) -> None:
        if len(self.options) > 1:
            super().action_cycle(step)

    def action_clear(self) -> None:
        """Switch the section off, where that is possible."""
        if self.options and self.options[0].value == OFF and self.value != OFF:
            self.value = OFF
            self.post_message(self.Changed(self, OFF))

    def action_fold(self) -> None:
        self.post_message(self.Folded(self))

    def action_add_item(self) -> None:
        self.post_message(self.Added(self))

    def action_reuse(self, shared: bool) -> None:
        self.post_message(self.Reused(self, shared))

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Another one can be added only where there may be several, and where there is one."""
        if action == "reuse":
            return self.is_reusing and self.value == OFF
        return action != "add_item" or (self._grows and self.value != OFF)


class ItemHead(SectionHead):
    """The head of a section in a list, which can be moved and taken out."""

    BINDING_GROUP_TITLE = "Item"
    BINDINGS: ClassVar[list[BindingType]] = [
        shown("delete,backspace", "remove_item", "Remove", "Take this item out of the list", "item.remove"),
        shown("ctrl+up,left_square_bracket", "move_item(-1)", "Move up", "Put it before the one above", "item.up"),
        hidden(
            "ctrl+down,right_square_bracket", "move_item(1)", "Move down", "Put it after the one below", "item.down"
        ),
        shown("a,plus", "add_item", "Add", "Add an item at the end of the list", "item.add"),
    ]

    @dataclass
    class Removed(WidgetMessage["ItemHead"]):
        """A person wants the item gone."""

    @dataclass
    class Moved(WidgetMessage["ItemHead"]):
        """A person wants the item elsewhere."""

        step: int

    def action_remove_item(self) -> None:
        self.post_message(self.Removed(self))

    def action_move_item(self, step: int) -> None:
        self.post_message(self.Moved(self, step))
