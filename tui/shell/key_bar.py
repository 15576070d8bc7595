"""The last line of a screen: the few keys that matter most here, fitted to the width."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

from rich.cells import cell_len
from textual import events
from textual.binding import ActiveBinding, Binding
from textual.content import Content
from textual.widget import Widget

from tui.shell.actions import APP, BUILDER, has_key

MOST = 8
"""The highest number of keys that are shown."""
_LOCAL_MOST = 3
"""The highest number of keys of the focused widget that are shown where there are global ones too."""
_GAP = "  "
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
    """Shows the keys of the focused widget first, then those that work anywhere; a click presses one."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {"key-bar--key", "key-bar--label"}

    def __init__(self) -> None:
        super().__init__(classes="key-bar")
        self._keys: tuple[ShownKey, ...] = ()

    def on_mount(self) -> None:
        self.screen.bindings_updated_signal.subscribe(self, lambda _: self.call_after_refresh(self._update))
        self._update()

    @property
    def keys(self) -> tuple[ShownKey, ...]:
        """What is shown, as far as there is room for it."""
        return fitting(self._keys, self.content_size.width)

    def _update(self) -> None:
        if self.is_attached and self.screen.is_current:
            found = keys_here(list(self.screen.active_bindings.values()), self.app.get_key_display)
            if found != self._keys:
                self._keys = found
                self.refresh()

    def render(self) -> Content:
        key_style = self.get_visual_style("key-bar--key")
        label_style = self.get_visual_style("key-bar--label")
        parts = [Content.assemble((one.key, key_style), " ", (one.label, label_style)) for one in self.keys]
        return Content(_GAP).join(parts)

    def on_click(self, event: events.Click) -> None:
        offset = event.get_content_offset(self)
        x = offset.x if offset else -1
        for one in self.keys:
            if 0 <= x < one.width:
                self.app.simulate_key(one.binding.key)
                return
            x -= one.width + len(_GAP)


def keys_here(active: list[ActiveBinding], display: Displayed) -> tuple[ShownKey, ...]:
    """The keys to show out of those that work: some of the focused widget, then those that work anywhere, by rank."""
    shown: dict[str, ShownKey] = {}
    for node, binding, enabled, _ in active:
        if binding.show and enabled and has_key(binding.key):
            name = binding.id or f"{node.id}:{binding.action}"
            shown.setdefault(name, ShownKey(display(binding), binding.description, binding))
    local = [one for name, one in shown.items() if name not in _RANKS]
    anywhere = sorted((name for name in shown if name in _RANKS), key=_RANKS.__getitem__)
    room = MOST - min(len(local), _LOCAL_MOST if anywhere else MOST)
    return (*local[: MOST - min(room, len(anywhere))], *(shown[name] for name in anywhere[:room]))


def fitting(keys: tuple[ShownKey, ...], width: int) -> tuple[ShownKey, ...]:
    """The first keys that fit side by side."""
    taken = 0
    for number, one in enumerate(keys):
        taken += one.width + len(_GAP) * bool(number)
        if taken > width:
            return keys[:number]
    return keys
