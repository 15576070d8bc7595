"""The base of what the widgets say to their parents."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic, TypeVar

from textual.message import Message
from textual.widget import Widget

Sender = TypeVar("Sender", bound=Widget)


@dataclass
class WidgetMessage(Message, Generic[Sender]):
    """A message that knows its widget, so that `@on(Message, "#selector")` can tell senders apart."""

    widget: Sender

    @property
    def control(self) -> Sender:
        """The widget that sent it."""
        return self.widget
