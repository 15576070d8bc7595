"""What the widgets share: key bindings with ids and tooltips, messages that know their sender, pending edits."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar, runtime_checkable

from textual.binding import Binding
from textual.message import Message
from textual.widget import Widget

_COMMIT_TIMEOUT = 1.0
"""Seconds to wait for a widget that may be on its way out."""


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
        return self.widget


@runtime_checkable
class PendingEdit(Protocol):
    """A widget that keeps what is typed to itself until enter is pressed or the focus leaves."""

    def commit_edit(self) -> None:
        """Post what is typed as if enter had been pressed; typing can go on."""


@runtime_checkable
class SelfExplaining(Protocol):
    """A widget whose line of help depends on what it shows; others have `HELP`."""

    @property
    def explanation(self) -> str:
        """What the line of help says now."""


class CommitMarker(Message):
    """Bubbles up behind everything that a widget has posted; the screen answers by setting `received`."""

    def __init__(self) -> None:
        super().__init__()
        self.received = asyncio.Event()


async def commit_edits(widget: Widget) -> None:
    """Commit the pending edits of a widget and its ancestors, and wait until their messages reached the screen."""
    for one in widget.ancestors_with_self:
        if isinstance(one, PendingEdit):
            one.commit_edit()
    marker = CommitMarker()
    if widget.post_message(marker):
        with suppress(TimeoutError):
            await asyncio.wait_for(marker.received.wait(), _COMMIT_TIMEOUT)
