"""What the widgets share: key bindings with ids and tooltips, and the base of what they say to their parents."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic, TypeVar

from textual.binding import Binding
from textual.message import Message
from textual.widget import Widget


def shown(key: str, action: str, description: str, tooltip: str, id: str, *, display: str | None = None) -> Binding:
    """A binding that the footer shows."""
    return Binding(key, action, description, tooltip=tooltip, id=id, key_display=display)


def hidden(
    key: str, action: str, description: str, tooltip: str, id: str, *, display: str | None = None, first: bool = False
) -> Binding:
    """A binding that only the help shows; with `first` no widget below may take the key for something else."""
    return Binding(key, action, description, show=False, tooltip=tooltip, id=id, key_display=display, priority=first)


Sender = TypeVar("Sender", bound=Widget)


@dataclass
class WidgetMessage(Message, Generic[Sender]):
    """A message that knows its widget, so that `@on(Message, "#selector")` can tell senders apart."""

    widget: Sender

    @property
    def control(self) -> Sender:
        """The widget that sent it."""
        return self.widget
