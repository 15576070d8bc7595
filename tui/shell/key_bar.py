"""The last line of a screen: what can be done here, and at its right end the keys that always work."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import ClassVar

from rich.cells import cell_len
from textual import events
from textual.binding import ActiveBinding, Binding
from textual.content import Content
from textual.widget import Widget

from tui.shell.actions import APP, BUILDER, has_key
from tui.shell.keys import active_keys

_ALWAYS = ("test.run", "file.save", "app.palette", "help.show")
"""The actions at the right end, by id."""
_GAP = "  "
_BETWEEN = 3
"""Cells that are free before the right end."""
_RANKS = {action.id: action.rank for action in (*APP, *BUILDER) if action.rank is not None}
Displayed = Callable[[Binding], str]


@dataclass(frozen=True, slots=True)
class ShownKey:
    """A key and what it does here."""

    key: str
    label: str
    binding: Binding

    @property
    def width(self) -> int:
        """In cells."""
        return cell_len(self.key) + 1 + cell_len(self.label)


class KeyBar(Widget):
    """Shows what can be done here, and at the right end the keys that always work; a click presses one."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {"key-bar--key", "key-bar--label"}

    def __init__(self) -> None:
        super().__init__(classes="key-bar")
        self._here: tuple[ShownKey, ...] = ()
        self._always: tuple[ShownKey, ...] = ()

    def on_mount(self) -> None:
        self.screen.bindings_updated_signal.subscribe(self, lambda _: self.call_after_refresh(self._update))
        self._update()

    def show_behind(self, *, behind: bool) -> None:
        """Show whether a dialog is in front, in which these keys do nothing."""
        self.set_class(behind, "-behind")

    @property
    def keys(self) -> tuple[ShownKey, ...]:
        """What is shown, as far as there is room for it."""
        return tuple(key for key, _ in self._placed())

    def _placed(self) -> list[tuple[ShownKey, int]]:
        """The keys that are shown, each with the column where it begins."""
        width = self.content_size.width
        always = fitting(self._always, width)
        begin = width - _width(always)
        here = fitting(self._here, begin - _BETWEEN if always else width)
        return [*_columns(here, 0), *_columns(always, begin)]

    def _update(self) -> None:
        if self.is_attached and self.screen.is_current:
            found = keys_here(active_keys(self.screen), self.app.get_key_display)
            if found != (self._here, self._always):
                self._here, self._always = found
                self.refresh()

    def render(self) -> Content:
        key_style = self.get_visual_style("key-bar--key")
        label_style = self.get_visual_style("key-bar--label")
        line = Content("")
        for one, column in self._placed():
            space = " " * (column - line.cell_length)
            line = Content.assemble(line, space, (one.key, key_style), " ", (one.label, label_style))
        return line

    def on_click(self, event: events.Click) -> None:
        offset = event.get_content_offset(self)
        x = offset.x if offset else -1
        for one, column in self._placed():
            if column <= x < column + one.width:
                self.app.simulate_key(one.binding.key)
                return


def keys_here(active: list[ActiveBinding], display: Displayed) -> tuple[tuple[ShownKey, ...], tuple[ShownKey, ...]]:
    """The keys to show out of those that work: those of the focused widget and others by rank, and those at the end."""
    shown: dict[str, ShownKey] = {}
    for node, binding, enabled, _ in active:
        if binding.show and enabled and has_key(binding.key):
            name = binding.id or f"{node.id}:{binding.action}"
            shown.setdefault(name, ShownKey(display(binding), binding.description, binding))
    always = [shown.pop(name) for name in _ALWAYS if name in shown]
    local = [one for name, one in shown.items() if name not in _RANKS]
    anywhere = sorted((name for name in shown if name in _RANKS), key=_RANKS.__getitem__)
    return (*local, *(shown[name] for name in anywhere)), tuple(always)


def fitting(keys: tuple[ShownKey, ...], width: int) -> tuple[ShownKey, ...]:
    """The first keys that fit side by side."""
    number = len(keys)
    while number and _width(keys[:number]) > width:
        number -= 1
    return keys[:number]


def _width(keys: Sequence[ShownKey]) -> int:
    """In cells, side by side."""
    return sum(one.width for one in keys) + len(_GAP) * max(0, len(keys) - 1)


def _columns(keys: Sequence[ShownKey], begin: int) -> Iterator[tuple[ShownKey, int]]:
    for number, one in enumerate(keys):
        yield one, begin + _width(keys[:number]) + len(_GAP) * bool(number)
